"""Everything that a search finds, streamed over HTTP; and lists as feeds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from anyio import CancelScope
from elasticsearch import ApiError, TransportError
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from desk.exports.about import About
from desk.exports.formats import FORMATS, FormatName, pieces
from desk.search.found import Ask, Sort
from desk.search.walk import IncompleteError
from desk.web.archive import Archive, TheArchive
from desk.web.asked import V1, TheCopies, TheLimit, TheQuery, named, problems
from desk.web.problems import ProblemRoute

router = APIRouter(route_class=ProblemRoute, generate_unique_id_function=named)

TheSort = Annotated[Sort, Query(description="Which come first.")]
_LONGEST_HEADER = 4000

_log = logging.getLogger(__name__)


class Download(StreamingResponse):
    """A stream of articles: `close` lets go of where they come from, whether all were taken or the client went away.

    What breaks after the first byte breaks the connection, so that nobody takes a part for the whole.
    """

    def __init__(
        self, name: FormatName, about: About, content: Generator[bytes, None, None], close: Callable[[], None]
    ) -> None:
        super().__init__(content, headers=_headers(name, about), media_type=FORMATS[name].media_type)
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            await super().__call__(scope, receive, send)
        except ClientDisconnect:
            _log.debug("the client went away before the end of an export")
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self._close)

    async def stream_response(self, send: Send) -> None:
        """Sends what there is."""
        try:
            await super().stream_response(send)
        except (ApiError, TransportError, IncompleteError) as error:
            _log.warning("an export ended before its end: %s", error)


def _headers(name: FormatName, about: About) -> dict[str, str]:
    asked = quote(about.query, safe=" ")
    return {
        "X-Wiredesk-Total": str(about.total),
        "X-Wiredesk-At": about.time,
        "X-Wiredesk-Query": asked[:_LONGEST_HEADER],
        "Content-Disposition": f'attachment; filename="wiredesk-{about.at:%Y%m%dT%H%M%SZ}.{FORMATS[name].suffix}"',
        "Content-Type": FORMATS[name].media_type,
    }


_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The articles. The headers say the query (percent-encoded), when, and how many were found.",
        "content": {
            kind.media_type.partition(";")[0]: {"schema": {"type": "object" if name == "ninjs" else "string"}}
            for name, kind in FORMATS.items()
        },
        "headers": {
            f"X-Wiredesk-{name}": {"description": said, "schema": {"type": "string"}}
            for name, said in (("Query", "What was asked."), ("At", "When."), ("Total", "How many articles."))
        },
    },
    **problems(400, 422, 503),
}


@router.get(f"{V1}/export", responses=_STREAMED, response_class=StreamingResponse, tags=["Search"])
def export(
    request: Request,
    archive: TheArchive,
    text: TheQuery = "",
    format: Annotated[FormatName, Query(description="What to write.")] = "jsonl",  # noqa: A002 (its name in the address)
    sort: TheSort = "relevance",
) -> Download:
    """Everything that a search finds, from one point in time, copies included.

    A stream that breaks off does not end as HTTP ends one, and has fewer articles than `X-Wiredesk-Total` says.
    """
    return everything(request, archive, text, sort, format)


def everything(request: Request, archive: Archive, text: str, sort: Sort, name: FormatName) -> Download:
    """All that a search finds, in a format."""
    with ExitStack() as opening:
        walk = opening.enter_context(archive.walking(text, sort))
        about = _about(request, text, sort, walk.read_as, walk.total, walk.at)
        content = pieces(name, about, walk.articles)
        return Download(name, about, content, _all(content.close, opening.pop_all().close))


def _all(*calls: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        for call in calls:
            call()

    return run


def _about(request: Request, text: str, sort: Sort, read_as: str, total: int, at: datetime) -> About:
    desk = str(request.base_url).rstrip("/")
    asked = {"q": text, **({} if sort == "relevance" else {"sort": sort})}
    return About(text, read_as, total, at, desk, f"{desk}/?{urlencode(asked)}", str(request.url))


@router.get("/search.atom", responses=_STREAMED, response_class=StreamingResponse, tags=["Search"])
@router.get(f"{V1}/search.atom", response_class=StreamingResponse, include_in_schema=False)
def as_atom(
    request: Request,
    archive: TheArchive,
    text: TheQuery = "",
    sort: TheSort = "newest",
    limit: TheLimit = 50,
    copies: TheCopies = False,
) -> Download:
    """The first of the search page's list as a feed to subscribe to, the newest where nothing else is asked."""
    return feed(request, archive, "atom", Ask(text, sort, limit, None, copies))


@router.get("/search.rss", responses=_STREAMED, response_class=StreamingResponse, tags=["Search"])
@router.get(f"{V1}/search.rss", response_class=StreamingResponse, include_in_schema=False)
def as_rss(
    request: Request,
    archive: TheArchive,
    text: TheQuery = "",
    sort: TheSort = "newest",
    limit: TheLimit = 50,
    copies: TheCopies = False,
) -> Download:
    """The same as RSS."""
    return feed(request, archive, "rss", Ask(text, sort, limit, None, copies))


@router.get("/search.{kind}", responses=_STREAMED, response_class=StreamingResponse, tags=["Search"])
@router.get(f"{V1}/search.{{kind}}", response_class=StreamingResponse, include_in_schema=False)
def listed(
    request: Request,
    archive: TheArchive,
    kind: Literal["csv", "jsonl", "ninjs"],
    text: TheQuery = "",
    sort: TheSort = "relevance",
) -> Download:
    """The list of the search page as data: the same as the export."""
    return everything(request, archive, text, sort, kind)


def feed(request: Request, archive: Archive, name: FormatName, ask: Ask) -> Download:
    """The first of what a search finds, as a feed."""
    found = archive.find(ask)
    about = _about(request, ask.text, ask.sort, found.read_as, found.total, datetime.now(UTC))
    content = pieces(name, about, (hit.article for hit in found.hits))
    return Download(name, about, content, content.close)
