"""The pages of the sources: all with the worst first, one with its last looks, and what can be done with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from desk import sources
from desk.exports.markup import DECLARATION, element
from desk.failure import Failure
from desk.sources import Known, Row
from desk.web import charts
from desk.web.errands import Errand
from desk.web.parts import Problem, address, page, segment, tell
from desk.web.roll import Roll, TheRoll
from desk.web.security import Form
from producers import editing
from producers.sources import SourcesError
from schemas.source import SourceSpec

router = APIRouter()

PAGE = 50
_MOST_PROBLEMS = 200
_FEED = "/sources/problems.atom"
# These words are pages of their own: a source of that name stands behind a slash more.
_TAKEN = ("add", "problems.atom", "do")
_SHAPES = {
    "stopped": ("■", "bad"),
    "failing": ("■", "bad"),
    "blocked": ("■", "bad"),
    "quiet": ("▲", "warn"),
    "new": ("○", "unknown"),
    "ok": ("●", "good"),
    "paused": ("◌", "unknown"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One source as the pages show it."""

    row: Row
    reasons: list[str]
    picture: Markup
    days: list[int]

    @property
    def shape(self) -> str:
        """A shape for the state, so that it is not told by colour alone."""
        return _SHAPES[self.row["state"]][0]

    @property
    def mood(self) -> str:
        """How good or bad the state is, as a class of the style."""
        return _SHAPES[self.row["state"]][1]

    @property
    def href(self) -> str:
        """The source's own page."""
        return page_of(self.row["name"])

    @property
    def refused(self) -> int:
        """How many of its articles were refused."""
        return sources.refused_of(self.row)

    @property
    def balances(self) -> bool:
        """Whether everything that was seen is accounted for."""
        return sources.balances(self.row)


def page_of(name: str) -> str:
    """The address of a source's page."""
    return f"/sources/{segment(name)}{'/' if name in _TAKEN else ''}"


def shown(roll: Roll, spec: SourceSpec, found: Known, number: int = 0) -> Shown:
    """A source with its picture; `number` tells the pictures of a page apart."""
    row = roll.row(spec, found)
    days = sources.daily(row, roll.now().date())
    title = f"New articles of {spec.name} on each of the last {sources.DAYS} days: {sum(days):,}"
    return Shown(row, sources.reasons(row), charts.sparkline(days, title, f"days-{number}"), days)


@router.get("/sources")
def all_sources(
    request: Request,
    roll: TheRoll,
    state: str = "",
    name: Annotated[str, Query(max_length=200)] = "",
    start: Annotated[int, Query(alias="from", ge=0, le=1_000_000)] = 0,
) -> Response:
    """All sources, the worst first."""
    found, is_known = roll.shown()
    states = roll.states(found)
    meant = [
        spec for spec, one in states if state in ("", one) and name.casefold() in f"{spec.name} {spec.place}".casefold()
    ]
    return page(
        request,
        "sources.html",
        counts=_counted(Counter(one for _, one in states), state, name),
        all=len(states),
        meant=len(meant),
        shown=[shown(roll, spec, found, at) for at, spec in enumerate(meant[start : start + PAGE])],
        state=state,
        name=name,
        start=start,
        before=address("/sources", state=state, name=name, **{"from": max(0, start - PAGE)}) if start else None,
        after=_after(state, name, start + PAGE) if start + PAGE < len(meant) else None,
        is_known=is_known,
        known=found,
        roll=roll,
        file=roll.settings.sources_file,
        feed=_FEED,
    )


def _after(state: str, name: str, start: int) -> str:
    return address("/sources", state=state, name=name, **{"from": start})


def _counted(counts: Counter[str], chosen: str, name: str) -> list[tuple[str, int, str, str, bool]]:
    """Each state that there is: its word, how many, its shape, where it leads, and whether it is chosen."""
    return [
        (state, counts[state], _SHAPES[state][0], address("/sources", state="" if is_on else state, name=name), is_on)
        for state in sources.WORST_FIRST
        if counts[state] or state == chosen
        for is_on in [state == chosen]
    ]


@router.get(_FEED)
def problems(request: Request, roll: TheRoll) -> Response:
    """The sources that fail, are blocked or stopped, or moved, as a feed."""
    found, _ = roll.shown()
    base = str(request.base_url).rstrip("/")
    feed = "".join(_atom(roll, found, base))
    return Response(feed, media_type="application/atom+xml")


def _atom(roll: Roll, found: Known, base: str) -> Iterator[str]:
    yield f'{DECLARATION}<feed xmlns="http://www.w3.org/2005/Atom">\n'
    yield element("id", "urn:wiredesk:problems") + element("title", "Wiredesk: problems of the sources")
    yield element("updated", found.at.isoformat()) + element("link", rel="self", href=f"{base}{_FEED}")
    yield element("link", rel="alternate", type="text/html", href=f"{base}/sources")
    yield "<author><name>Wiredesk</name></author>\n"
    told = 0
    for spec, state in roll.states(found):
        row = roll.row(spec, found) if state != "paused" and told < _MOST_PROBLEMS else None
        if row and (state in sources.AMISS or sources.has_moved(row)):
            told += 1
            yield _entry(row, state, base)
    yield "</feed>\n"


def _entry(row: Row, state: str, base: str) -> str:
    since = row["failing_since"] or row["looked_at"]
    word = state if state in sources.AMISS else "moved"
    parts = [
        # Each time that it begins to fail is an entry of its own; a longer failure stays the same.
        element("id", f"urn:wiredesk:problem:{segment(row['name'])}:{word}:{row['failing_since'] or row['moved_to']}"),
        element("title", f"{row['name']} {'has' if word == 'moved' else 'is'} {word}"),
        element("updated", str(since)),
        element("link", rel="alternate", type="text/html", href=f"{base}{page_of(row['name'])}"),
        element("summary", "; ".join(sources.amiss(row)), type="text"),
    ]
    return f"<entry>{''.join(parts)}</entry>\n"


@router.post("/sources/do")
def act(request: Request, roll: TheRoll, fields: Form) -> Response:
    """Pauses a source or lets it go on, looks at it now, checks it, or takes the address where it moved."""
    spec = roll.spec(fields.get("name", ""))
    does = _ACTIONS.get(fields.get("action", ""))
    if spec is None:
        return _absent(request, roll, fields.get("name", ""))
    if does is None:
        raise HTTPException(400, "There is no such thing to do with a source.")
    try:
        said = does(roll, spec)
    except Failure as failure:
        return tell(request, Problem(503, f"{failure.message}.", failure.way_out))
    except SourcesError as error:
        return tell(request, Problem(409, f"{error}", f"mend {roll.settings.sources_file}"))
    return RedirectResponse(f"{page_of(spec.name)}#{said}", 303)


def _pause(roll: Roll, spec: SourceSpec) -> str:
    editing.pause(roll.settings.sources_file, spec.name, paused=True)
    return "main"


def _resume(roll: Roll, spec: SourceSpec) -> str:
    editing.pause(roll.settings.sources_file, spec.name, paused=False)
    return "main"


def _look(roll: Roll, spec: SourceSpec) -> str:
    roll.look(spec)
    return "looked"


def _check(roll: Roll, spec: SourceSpec) -> str:
    roll.check(_on_the_web(spec))
    return "checked"


def _move(roll: Roll, spec: SourceSpec) -> str:
    found, _ = roll.shown()
    row = roll.row(spec, found)
    if not sources.has_moved(row):
        raise HTTPException(409, f"{spec.name} was not led to another address often enough to take it.")
    editing.move(roll.settings.sources_file, spec.name, row["moved_to"])
    return "main"


_ACTIONS: dict[str, Callable[[Roll, SourceSpec], str]] = {
    "pause": _pause,
    "resume": _resume,
    "look": _look,
    "check": _check,
    "move": _move,
}


def _on_the_web(spec: SourceSpec) -> SourceSpec:
    if not spec.url:
        raise HTTPException(409, f"{spec.name} stands at {spec.path}, not on the web: there is nothing to check.")
    return spec


@router.get("/sources/{name:path}")
def one_source(request: Request, roll: TheRoll, name: str) -> Response:
    """One source: its state, its last looks, and what robots.txt says."""
    spec = roll.spec(name) or roll.spec(name.rstrip("/"))
    if spec is None:
        return _absent(request, roll, name)
    found, is_known = roll.shown()
    robots = roll.robots(spec)
    return page(
        request,
        "source.html",
        spec=spec,
        one=shown(roll, spec, found),
        moved=sources.has_moved(roll.row(spec, found)),
        days=_days(roll, spec, found),
        known=found,
        is_known=is_known,
        roll=roll,
        robots=robots,
        looked=_running(roll, "look", spec),
        checked=_running(roll, "check", spec),
        file=roll.settings.sources_file,
    )


def _running(roll: Roll, kind: Any, spec: SourceSpec) -> Errand | None:
    return roll.errands.last(kind, spec.name)


def _days(roll: Roll, spec: SourceSpec, found: Known) -> list[tuple[str, int]]:
    """The last days with their new articles, the newest first."""
    row = roll.row(spec, found)
    return [(one["day"], one["published"]) for one in reversed(row["days"])]


def _absent(request: Request, roll: Roll, name: str) -> Response:
    problem = Problem(
        404,
        f"There is no source {name!r} in {roll.settings.sources_file}.",
        "/sources lists all; /sources/add adds one",
    )
    return tell(request, problem)
