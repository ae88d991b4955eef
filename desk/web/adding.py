"""Adding a source by the browser: what is at an address, three articles of it, and only then the entry."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import click
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from desk import sourcing
from desk.failure import Exit, Failure
from desk.sampling import told
from desk.web.parts import page
from desk.web.roll import TheRoll
from desk.web.security import Form
from desk.web.sources import page_of
from producers import editing
from producers.discover import Candidate
from producers.reading import Refusal
from producers.sources import SourcesError
from schemas.settings import Settings
from schemas.source import AT_AN_ADDRESS, SourceKind, SourceSpec

router = APIRouter()

ADD = "/sources/add"
# So many may be looked for at once, and for so long: a site may be slow, and articles are enriched.
MOST_AT_ONCE = 2
LONGEST_SECONDS = 120.0
_WAIT_SECONDS = 10.0
LONGEST_ADDRESS = 4096
KINDS = [kind for kind in get_args(SourceKind) if kind in AT_AN_ADDRESS]
_turns = threading.BoundedSemaphore(MOST_AT_ONCE)
_STATUS = {Exit.DOWN: 502, Exit.NOT_FOUND: 404, Exit.USAGE: 409}

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Entered:
    """What a person filled in so far; what is empty is left to what is found."""

    url: str = ""
    kind: str = ""
    name: str = ""
    links: str = ""
    every: str = ""
    language: str = ""

    @classmethod
    def of(cls, fields: dict[str, str]) -> Entered:
        """From the fields of a form, without what cannot be meant."""
        kept = {name: fields.get(name, "").strip()[:LONGEST_ADDRESS] for name in cls.__slots__}
        return cls(**{**kept, "kind": kept["kind"] if kept["kind"] in KINDS else ""})

    def given(self) -> dict[str, Any]:
        """The same as the options of `wiredesk feed add`."""
        return {
            "kind": self.kind or None,
            "name": self.name or None,
            "links": self.links if self.kind in ("", "page") else "",
            "every": self.every or "15m",
            "language": self.language or None,
        }


@router.get(ADD)
def ask(request: Request) -> Response:
    """The form that asks for an address."""
    return _page(request, Entered())


@router.post(f"{ADD}/find")
def find(request: Request, roll: TheRoll, fields: Form) -> Response:
    """What can be followed at an address."""
    entered = Entered.of(fields)
    if not entered.url:
        return _page(request, entered, 422, wrong=Failure("Say which address.", "as https://www.example.org"))
    try:
        found = bounded(sourcing.found_at(roll.settings, entered.url, entered.given()))
    except Failure as failure:
        return _wrong(request, entered, failure)
    return _page(request, entered, found=found)


@router.post(f"{ADD}/look")
def look(request: Request, roll: TheRoll, fields: Form) -> Response:
    """Three articles as they would be indexed, and what was cut from them."""
    entered = Entered.of(fields)
    try:
        _, spec, articles = bounded(sampled(roll.settings, entered))
    except Failure as failure:
        return _wrong(request, entered, failure)
    samples = [told(one) for one in articles if not isinstance(one, Refusal)]
    refused = [one for one in articles if isinstance(one, Refusal)]
    return _page(request, entered, spec=spec, samples=samples, refused=refused, file=roll.settings.sources_file)


async def sampled(settings: Settings, entered: Entered) -> tuple[list[Candidate], SourceSpec, list[Any]]:
    """What can be followed at an address, the entry that would be written, and its first articles.

    Raises:
        Failure: the address cannot be read, or what was entered does not fit.
    """
    candidates = await sourcing.found_at(settings, entered.url, entered.given())
    with in_words():
        spec = sourcing.spec_of(settings, candidates[0], entered.given())
    return candidates, spec, await sourcing.samples_of(settings, spec, candidates[0])


async def meant(settings: Settings, entered: Entered) -> SourceSpec:
    """The entry for what was entered; what is at the address is looked for where that does not say all.

    Raises:
        Failure: the address cannot be read, or what was entered does not fit.
    """
    if entered.kind and entered.name:
        with in_words():
            return sourcing.entry(entered.url, entered.kind, entered.given())
    candidates = await sourcing.found_at(settings, entered.url, entered.given())
    with in_words():
        return sourcing.spec_of(settings, candidates[0], entered.given())


@router.post(ADD)
def add(request: Request, roll: TheRoll, fields: Form) -> Response:
    """Writes the entry; nothing was published before, and the collector looks at it from now on."""
    entered = Entered.of(fields)
    try:
        with in_words():
            spec = sourcing.entry(entered.url, entered.kind or "feed", entered.given())
            editing.add(roll.settings.sources_file, [spec])
    except Failure as failure:
        return _wrong(request, entered, failure)
    return RedirectResponse(page_of(spec.name), 303)


@contextmanager
def in_words() -> Iterator[None]:
    """Turns what does not fit into a failure."""
    try:
        yield
    except click.UsageError as error:
        raise Failure(error.message, "mend it, and try again", Exit.USAGE) from None
    except SourcesError as error:
        raise Failure(str(error), "mend it, and try again", Exit.USAGE) from None


def bounded(work: Coroutine[Any, Any, Given]) -> Given:
    """Carries out work with the web: few at a time, and not for ever.

    Raises:
        Failure: too much is under way already, or it took too long.
    """
    if not _turns.acquire(timeout=_WAIT_SECONDS):
        work.close()
        raise Failure("Too many sites are being looked at already", "try again in a minute")
    try:
        return asyncio.run(asyncio.wait_for(work, LONGEST_SECONDS))
    except TimeoutError:
        raise Failure(f"The site did not give it within {LONGEST_SECONDS:.0f} s", "try again later") from None
    finally:
        _turns.release()


def _wrong(request: Request, entered: Entered, failure: Failure) -> Response:
    return _page(request, entered, _STATUS.get(failure.code, 502), wrong=failure)


def _page(request: Request, entered: Entered, status: int = 200, **shown: Any) -> Response:
    usual = {"found": None, "spec": None, "samples": (), "refused": (), "wrong": None, "file": "", "kinds": KINDS}
    return page(request, "add_source.html", status, entered=entered, **{**usual, **shown})
