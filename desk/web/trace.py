"""An article's way through the house, and the article as it was fetched."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from desk.places import Log
from desk.trace import Trace, trace
from desk.web.parts import Problem, desk_of, page, tell
from schemas.settings import Settings

router = APIRouter()

# A person waits for the page: `wiredesk trace` looks longer.
_SECONDS = 8.0
_LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw article and where it stands."""

    stream: str
    partition: int
    offset: int
    body: dict[str, Any]


class Tracer:
    """Follows articles through the streams.

    Every method raises `KafkaError` where Kafka does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def trace(self, asked: str) -> Trace:
        """Where an article is; a `ValueError` says that it is neither an id nor an address."""
        return trace(self._settings, asked, _SECONDS)

    def raw(self, asked: str) -> Raw | None:
        """The newest version as it was fetched; none where the stream holds it no more."""
        places = [passage.published for passage in self.trace(asked).passages if passage.published]
        if not places:
            return None
        place = places[0]
        with Log(self._settings) as log:
            record = log.at(place.stream, place.partition, place.offset)
        body = _object(record.value) if record is not None else None
        return Raw(place.stream, place.partition, place.offset, body) if body is not None else None


def _object(value: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(value or b"")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def tracer_of(request: Request) -> Tracer:
    """What follows articles on this desk."""
    return Tracer(desk_of(request).settings)


TheTracer = Annotated[Tracer, Depends(tracer_of)]


@router.get("/articles/{article_id}/trace")
def article_trace(request: Request, tracer: TheTracer, article_id: str) -> Response:
    """Each stage that an article passed."""
    return _traced(request, tracer.trace, article_id)


@router.get("/trace")
def looked_for(request: Request, tracer: TheTracer, of: Annotated[str, Query(max_length=_LONGEST)] = "") -> Response:
    """Where an article is that is not found, by its id or address."""
    if not of.strip():
        return page(request, "trace.html", trace=None, of="", wrong="")
    return _traced(request, tracer.trace, of.strip())


def _traced(request: Request, follow: Callable[[str], Trace], of: str) -> Response:
    try:
        found = follow(of)
    except ValueError as error:
        return page(request, "trace.html", 400, trace=None, of=of, wrong=str(error))
    return page(request, "trace.html", 404 if found.state == "unknown" else 200, trace=found, of=of, wrong="")


@router.get("/articles/{article_id}/raw")
def raw(request: Request, tracer: TheTracer, article_id: str) -> Response:
    """An article as it was fetched, before anything was cut from it."""
    try:
        found = tracer.raw(article_id)
    except ValueError as error:
        return tell(request, Problem(400, str(error)))
    if found is None:
        what = f"The streams hold no raw article {article_id}, or no more."
        return tell(request, Problem(404, what, f"wiredesk trace {article_id}"))
    return page(request, "raw.html", raw=found, article_id=article_id)
