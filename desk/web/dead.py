"""The pages of the dead letters: by cause, one with its original, and what can be done about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import click
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from desk.options import Age
from desk.printable import printable
from desk.web.letters import Letters, TheLetters, closing
from desk.web.parts import Problem, address, desk_of, page, segment, tell
from desk.web.security import Form
from processors.dead import MENDS, MOST_RETRIES, Group, Selection, grouped, undertaking
from processors.register import OpenLetter
from processors.retried import retry
from schemas.dead import DeadLetter
from schemas.settings import Settings

router = APIRouter(lifespan=closing)

By = Literal["reason", "source", "stage"]
Action = Literal["retry", "drop"]
PAGE = 50
# So much of an original is shown; all of it can be kept as a file.
MOST_SHOWN = 20_000
# So many are dealt with at once: a browser does not wait for more.
MOST_AT_ONCE = 1000
_FOLLOWED_SECONDS = 4.0
_AGES = ("1h", "12h", "1d", "7d", "30d")
_NONE = "(none)"


@dataclass(frozen=True, slots=True)
class State:
    """What the address of the page says: which letters are meant, and how they are grouped."""

    reason: str = ""
    source: str = ""
    stage: str = ""
    older: str = ""
    by: By = "reason"
    id: str = ""

    def values(self) -> dict[str, Any]:
        """What the address holds: what is as usual is left out of it."""
        by = None if self.by == "reason" else self.by
        return {**self.filter(), "by": by}

    def filter(self) -> dict[str, str]:
        """Which letters are meant."""
        return {
            "id": self.id,
            "reason": self.reason,
            "source": self.source,
            "stage": self.stage,
            "older": self.older,
        }

    @property
    def narrows(self) -> bool:
        """Whether fewer than all are meant."""
        return any(self.filter().values())

    def href(self, **changes: Any) -> str:
        """The address of the page with changes."""
        return address("/dead", **replace(self, **changes).values())

    def act(self, action: Action, **changes: Any) -> str:
        """Where an action on these letters is asked for: how many they are is said there first."""
        return address("/dead/confirm", action=action, **replace(self, **changes).filter())

    def words(self) -> str:
        """Which letters are meant, in words."""
        said = [
            self.id and f"letter {self.id}",
            self.reason and f"reason {self.reason}",
            self.source and f"source {self.source}",
            self.stage and f"stage {self.stage}",
            self.older and f"at least {self.older} old",
        ]
        return ", ".join(filter(None, said))

    def selection(self) -> Selection:
        """The same for the dead letters themselves.

        Raises:
            HTTPException: the age is none.
        """
        try:
            older = Age().convert(self.older, None, None) if self.older else None
        except click.UsageError as error:
            raise HTTPException(422, f"older: {error.message}") from None
        ids = (self.id,) if self.id else ()
        return Selection(ids, self.reason or None, self.source or None, self.stage or None, older)


def asked(
    reason: str = "",
    source: str = "",
    stage: str = "",
    older: str = "",
    by: By = "reason",
    id: str = "",  # noqa: A002 (the name in the address)
) -> State:
    """What the address says."""
    return State(reason, source, stage, older, by, id)


TheState = Annotated[State, Depends(asked)]


@dataclass(frozen=True, slots=True)
class Report:
    """What was done with letters: how many, what became of those, and why the others were left."""

    done: int
    left: Sequence[str] = ()
    stored: int = 0
    again: Sequence[DeadLetter] = ()


class Burials:
    """Deals with many letters at a time, as `wiredesk dead retry` and `drop` do."""

    def __init__(self, settings: Settings, letters: Letters) -> None:
        self._settings, self._letters = settings, letters

    def retry(self, letters: Sequence[OpenLetter]) -> Report:
        """Sends the originals again, and follows them for some seconds.

        Raises:
            KafkaError: Kafka does not answer; those that were sent are closed.
        """
        done = retry(self._settings, self._letters.whole(letters), _FOLLOWED_SECONDS)
        again = [one for one in done.became.values() if isinstance(one, DeadLetter)]
        return Report(len(done.sent), done.left, len(done.became) - len(again), again)

    def drop(self, letters: Sequence[OpenLetter]) -> Report:
        """Closes them for good.

        Raises:
            KafkaError: Kafka does not answer.
        """
        with undertaking(self._settings) as undertaker:
            for letter in letters:
                undertaker.drop(letter)
        return Report(len(letters))


def burials_of(request: Request, letters: TheLetters) -> Burials:
    """What deals with the letters of this desk; another one in tests."""
    return Burials(desk_of(request).settings, letters)


TheBurials = Annotated[Burials, Depends(burials_of)]


def down(request: Request) -> Response | None:
    """What is told while Kafka is away, at once instead of after waiting for it."""
    desk = desk_of(request)
    if desk.kafka is None:
        return None
    facts = desk.pulse.facts()
    told = facts["dead"]["open"] if facts else None
    last = f" {told:,} were open when it last did." if told is not None else ""
    problem = Problem(
        503,
        f"Kafka at {desk.settings.kafka_servers} does not answer, and the dead letters lie there.{last}",
        "wiredesk servers status",
        "Search works. No letter is lost.",
        desk.kafka.since,
    )
    return tell(request, problem)


@dataclass(frozen=True, slots=True)
class Told:
    """What an action came to, as the address tells it after the action."""

    action: str = ""
    done: int = 0
    left: int = 0
    stored: int = 0
    again: int = 0

    def words(self) -> str:
        """The same as a sentence."""
        if self.action == "drop":
            return f"{self.done:,} dropped."
        way = self.done - self.stored - self.again
        parts = [f"{self.stored:,} stored" * bool(self.stored), f"{self.again:,} dead again" * bool(self.again)]
        became = ", ".join(filter(None, [*parts, f"{way:,} on their way" * bool(way)]))
        left = f" {self.left:,} were left as they were." if self.left else ""
        return f"{self.done:,} retried{': ' if became else ''}{became}.{left}"


Counted = Annotated[int, Query(ge=0, le=10**9)]


def told_of(action: str = "", done: Counted = 0, left: Counted = 0, stored: Counted = 0, again: Counted = 0) -> Told:
    """What the address says of an action."""
    return Told(action, done, left, stored, again)


@router.get("/dead")
def dead(
    request: Request,
    letters: TheLetters,
    state: TheState,
    told: Annotated[Told, Depends(told_of)],
    start: Annotated[int, Query(alias="from", ge=0, le=10**9)] = 0,
) -> Response:
    """The open letters by cause, and one by one."""
    selection = state.selection()
    if away := down(request):
        return away
    everything = letters.open(Selection())
    now = desk_of(request).now()
    found = [one for one in everything if selection.takes(one, now)]
    groups = [(group, _of_group(state, group)) for group in grouped(found, state.by)]
    return page(
        request,
        "dead.html",
        dead=len(everything),
        all=len(everything),
        found=len(found),
        shown=found[start : start + PAGE],
        start=start,
        before=_page(state, start - PAGE) if start else None,
        after=_page(state, start + PAGE) if start + PAGE < len(found) else None,
        groups=groups,
        state=state,
        told=told,
        values={name: sorted({str(getattr(one, name) or "") for one in everything} - {""}) for name in get_args(By)},
        ages=_AGES,
        bys=get_args(By),
        printable=printable,
        letter_page=letter_page,
    )


def _of_group(state: State, group: Group) -> State | None:
    """The letters of a group; none for those without a source, which no filter names."""
    named: dict[str, Any] = {state.by: group.name}
    return None if group.name == _NONE else replace(state, **named)


def _page(state: State, start: int) -> str:
    return address("/dead", **state.values(), **{"from": max(0, start) or None})


def letter_page(letter_id: str) -> str:
    """The address of a letter's page."""
    return f"/dead/{segment(letter_id)}"


@router.get("/dead/confirm")
def confirm(request: Request, letters: TheLetters, state: TheState, action: Action) -> Response:
    """How many letters an action would concern, before anything is done."""
    _must_narrow(state)
    if away := down(request):
        return away
    found = letters.open(state.selection())
    return page(
        request,
        "act.html",
        action=action,
        state=state,
        found=found,
        tired=sum(map(_is_tired, found)),
        without=sum(one.size is None for one in found),
        most=MOST_AT_ONCE,
        retries=MOST_RETRIES,
        until=desk_of(request).now().isoformat(),
        printable=printable,
        letter_page=letter_page,
    )


def _must_narrow(state: State) -> None:
    if not state.narrows:
        raise HTTPException(422, "Say which letters are meant: an id, a reason, a source, a stage or an age.")


@router.post("/dead/do")
def act(request: Request, letters: TheLetters, burials: TheBurials, fields: Form) -> Response:
    """Retries or drops the letters that are meant, and that were there when it was asked."""
    action = fields.get("action", "")
    if action not in get_args(Action):
        raise HTTPException(400, "There is no such thing to do with a dead letter.")
    state = asked(**{name: fields.get(name, "") for name in State().filter()})  # type: ignore[arg-type]
    _must_narrow(state)
    if away := down(request):
        return away
    until, is_forced = _moment(fields.get("until", "")), fields.get("force") == "yes"
    found = [one for one in letters.open(state.selection()) if until is None or one.at <= until]
    leaves_tired = action == "retry" and not is_forced
    chosen = [one for one in found if not (leaves_tired and _is_tired(one))][:MOST_AT_ONCE]
    report = burials.retry(chosen) if action == "retry" else burials.drop(chosen)
    told = {
        "action": action,
        "done": report.done,
        "left": len(found) - report.done,
        "stored": report.stored,
        "again": len(report.again),
    }
    back = State() if state.id else state
    return RedirectResponse(address("/dead", **back.values(), **told), 303)


def _is_tired(letter: DeadLetter) -> bool:
    return letter.attempts > MOST_RETRIES


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise HTTPException(400, "The form is not whole: load the page again.") from None
    if found and found.tzinfo is None:
        raise HTTPException(400, "The form is not whole: load the page again.")
    return found


@dataclass(frozen=True, slots=True)
class Original:
    """A message's bytes as a page may show them: nothing in them steers anything."""

    text: str
    size: int
    is_whole: bool = field(default=True)

    @classmethod
    def of(cls, value: bytes) -> Original:
        """From the bytes; what is no text stands as its number."""
        text = value[: 4 * MOST_SHOWN].decode("utf-8", "backslashreplace")
        return cls(printable(text[:MOST_SHOWN]), len(value), len(value) <= 4 * MOST_SHOWN and len(text) <= MOST_SHOWN)


@router.get("/dead/{letter_id}")
def letter(request: Request, letters: TheLetters, letter_id: str) -> Response:
    """One letter with its original."""
    if away := down(request):
        return away
    found = letters.one(letter_id)
    if found is None:
        return tell(request, _closed(letter_id))
    value = found.original_value
    return page(
        request,
        "letter.html",
        letter=found,
        original=None if value is None else Original.of(value),
        mend=MENDS[found.reason],
        is_tired=_is_tired(found),
        retries=MOST_RETRIES,
        state=State(id=found.id),
        printable=printable,
    )


@router.get("/dead/{letter_id}/original")
def original(request: Request, letters: TheLetters, letter_id: str) -> Response:
    """The original bytes, to be kept as a file and never shown."""
    if away := down(request):
        return away
    found = letters.one(letter_id)
    if found is None or found.original_value is None:
        return tell(request, _closed(letter_id))
    headers = {"content-disposition": 'attachment; filename="original.bin"'}
    return Response(found.original_value, media_type="application/octet-stream", headers=headers)


def _closed(letter_id: str) -> Problem:
    return Problem(
        404, f"There is no open dead letter {letter_id}: it was retried or dropped, or never was.", "see /dead"
    )
