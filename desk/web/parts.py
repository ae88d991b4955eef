"""What every page needs: the desk's clients, the templates, the facts of the header, and how things are written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jinja2
from elasticsearch import Elasticsearch
from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from markupsafe import Markup

from desk.search.found import MATCH_END, MATCH_START
from desk.web.pulse import Facts, Outage, Pulse
from schemas.settings import Settings

HERE = Path(__file__).parent
API = "/api"
# The header names those of them that are there.
_SECTIONS = (("/", "Search"), ("/sources", "Sources"), ("/stream", "Stream"), ("/dead", "Dead letters"))
# What is wrong, as a word for the header; anything else that is wrong stands in the way of everything.
_WORDS = {
    "elasticsearch_down": ("index away", "bad"),
    "index_blocked": ("index full", "bad"),
    "lag_growing": ("falling behind", "warn"),
    "dead_growing": ("articles fail", "warn"),
    "not_fresh": ("late", "warn"),
    "heartbeat_lost": ("no heartbeat", "warn"),
    "articles_lost": ("gap", "warn"),
}
_SECONDS = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"))


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Desk:
    """What the routes stand on: `request.app.state.desk`.

    `es` is one client for all. `watch` gives the facts of the streams (`desk.watch.facts()`, which never waits), and is
    none while Kafka is away; `kafka` then says why and since when. `failing` counts the sources that fail, where that
    is known. `outages` remembers since when something else does not answer.
    """

    settings: Settings
    es: Elasticsearch
    pulse: Pulse
    failing: Callable[[], int | None] = lambda: None
    now: Callable[[], datetime] = utc_now
    outages: dict[str, datetime] = field(default_factory=dict)

    @property
    def watch(self) -> Pulse | None:
        """What gives the facts of the streams; none while there are none."""
        return self.pulse if self.pulse.facts() is not None and self.pulse.outage is None else None

    @property
    def kafka(self) -> Outage | None:
        """Since when Kafka does not answer; none while it does."""
        return self.pulse.outage

    def since(self, name: str) -> datetime:
        """When something was first seen not to answer."""
        return self.outages.setdefault(name, self.now())

    def answers(self, name: str) -> None:
        """Something answers, or does again."""
        self.outages.pop(name, None)


def desk_of(request: Request) -> Desk:
    """What the routes stand on."""
    desk: Desk = request.app.state.desk
    return desk


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a page: what, since when, what still works, and the next command."""

    status: int
    what: str
    next: str = ""
    works: str = ""
    since: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it flows: a word for the header, one of `good`, `warn`, `bad`, `unknown`, and the sentence."""

    word: str
    state: str
    sentence: str

    @property
    def shape(self) -> str:
        """A shape for the state, so that it is not told by colour alone."""
        return {"good": "●", "warn": "▲", "bad": "■"}.get(self.state, "○")


def verdict(facts: Facts | None, outage: Outage | None) -> Verdict:
    """Whether it flows, from the facts of the streams."""
    if outage:
        return Verdict("unknown", "unknown", f"Kafka does not answer: {outage.why}")
    if facts is None:
        return Verdict("looking", "unknown", "The streams are being looked at.")
    code = facts["wrong"][0]["code"] if facts["wrong"] else None
    word, state = _WORDS.get(code, ("stuck", "bad")) if code else ("flowing", "good")
    return Verdict(word, state, facts["verdict"])


def page(request: Request, template: str, /, status: int = 200, **context: Any) -> HTMLResponse:
    """A page: the template with its own values, and what every page has."""
    desk = desk_of(request)
    found = {"csrf": request.scope.get("state", {}).get("csrf", ""), "q": "", **header(request), **context}
    return HTMLResponse(templates().get_template(template).render(now=desk.now(), **found), status)


def header(request: Request) -> dict[str, Any]:
    """What the header of every page says."""
    desk, there = desk_of(request), request.app.state.paths
    facts = desk.pulse.facts()
    return {
        "sections": [(path, name) for path, name in _SECTIONS if path in there],
        "paths": there,
        "path": request.url.path,
        "verdict": verdict(facts, desk.kafka),
        "dead": facts["dead"]["open"] if facts else None,
        "failing": desk.failing(),
        "kafka": desk.kafka,
        "kafka_servers": desk.settings.kafka_servers,
        "has_token": bool(desk.settings.web_token),
    }


def tell(request: Request, problem: Problem) -> Response:
    """An error as a page, or as data where the API was asked."""
    if request.url.path.startswith(API):
        told = {"error": problem.what, "next": problem.next, "status": problem.status}
        return JSONResponse(told, problem.status)
    return page(request, "error.html", problem.status, problem=problem)


@cache
def templates() -> jinja2.Environment:
    """The templates: everything is escaped, and a value that is missing is an error."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(static=static, address=address)
    found.filters.update(
        moment=moment, ago=ago, day=day, marked=marked, outside=outside, number=number, segment=segment, count=count
    )
    found.filters.update(due=due, span=span, clock=clock, sentence=sentence)
    return found


@cache
def static(name: str) -> str:
    """The address of a static file, another one whenever the file changes."""
    made = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={made}"


def address(path: str, **values: Any) -> str:
    """An address on the desk with these values; those that are none or empty are left out, lists are repeated."""
    kept = {name: value for name, value in values.items() if value not in (None, "", (), [], False)}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path


def segment(text: str) -> str:
    """A text as one segment of an address's path."""
    return quote(text, safe="")


def outside(url: str | None) -> str | None:
    """An address that a link may lead to: http or https and nothing else."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def number(value: float) -> str:
    """A number with its thousands apart."""
    return f"{value:,}"


def count(value: int, one: str, many: str | None = None) -> str:
    """So many of something, in words."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def _as_moment(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def day(value: datetime | str) -> str:
    """A day, as 22 Nov 2026."""
    found = _as_moment(value).astimezone(UTC)
    return f"{found.day} {found:%b} {found.year}"


def moment(value: datetime | str | None, precision: str | None = None) -> Markup:
    """A moment with its zone, for people and programs; without the hours where only the day is known."""
    if value is None:
        return Markup("unknown")
    found = _as_moment(value).astimezone(UTC)
    shown = day(found) if precision in ("day", "month", "year") else f"{day(found)}, {found:%H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(), shown)


def ago(value: datetime | str | None, now: datetime) -> str:
    """How long ago, in words."""
    if value is None:
        return ""
    seconds = (now - _as_moment(value)).total_seconds()
    for length, unit in _SECONDS:
        if abs(seconds) >= length:
            told = count(int(abs(seconds) // length), unit)
            return f"{told} ago" if seconds > 0 else f"in {told}"
    return "just now"


def due(value: datetime | str, now: datetime) -> str:
    """When something will be, in words."""
    return ago(value, now) if _as_moment(value) > now else "now"


def span(seconds: float) -> str:
    """A length of time, in the unit that fits."""
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:,.0f} s"


def clock(value: datetime | str) -> Markup:
    """A moment to the second, for what changes while one looks."""
    found = _as_moment(value).astimezone(UTC)
    return Markup('<time datetime="{}">{} UTC</time>').format(found.isoformat(), f"{found:%H:%M:%S}")


def sentence(text: str) -> Markup:
    """Words as a sentence: with a capital and a full stop; what stands in backticks is a command."""
    whole = f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"
    command = Markup("<code>{}</code>")
    return Markup("").join(command.format(one) if place % 2 else one for place, one in enumerate(whole.split("`")))


def marked(text: str) -> Markup:
    """A text whose matches stand out: all of it escaped, the matches in `<mark>`."""
    pieces = []
    for piece in text.split(MATCH_START):
        match, found, rest = piece.partition(MATCH_END)
        pieces.append(Markup("<mark>{}</mark>{}").format(match, rest) if found else Markup.escape(match))
    return Markup("").join(pieces)
