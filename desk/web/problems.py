"""What goes wrong in the API, as problem details (RFC 9457): what, where, and the next step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import ApiError
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from desk.failure import Exit, Failure, in_words, is_misfit
from desk.search.cursor import CursorError
from desk.search.language import QueryError
from desk.web.data import encoded
from producers.sources import SourcesError
from schemas.settings import Settings

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
TITLES = {
    "query": "The query cannot be understood",
    "page": "The mark of the next page does not fit",
    "parameters": "A parameter does not fit",
    "not-found": "There is no such thing",
    "site": "The site does not give what is needed",
    "conflict": "This cannot be done as things stand",
    "method": "This address does not take that method",
    "down": "A server that is needed does not answer",
    "defect": "Something went wrong in the desk itself",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """A problem as it is told. `kind` is one of `TITLES`; `more` are members beyond those of the standard."""

    kind: str
    status: int
    detail: str
    next: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, path: str) -> Response:
        """The problem as an answer."""
        said = {
            "type": f"/api#problem-{self.kind}",
            "title": TITLES[self.kind],
            "status": self.status,
            "detail": self.detail,
            "instance": path,
            "next": self.next,
            **self.more,
        }
        return Response(encoded(said), self.status, self.headers, MEDIA_TYPE)


class NoSuchError(Exception):
    """What was asked for by its name or id is not there; `next` says where to look instead."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what)
        self.next = next_step


class SiteError(Exception):
    """A site of the web cannot be read, or nothing there can be followed; `next` is the way out."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.next = failure.way_out


def told(error: Exception, settings: Settings) -> Told:
    """What to tell of an error; the log gets all of one that is a defect of ours."""
    for kind, tell in _KNOWN.items():
        if isinstance(error, kind) and (known := tell(error)):
            return known
    failure = in_words(error, settings)
    if failure:
        return _failed(failure)
    _log.error("an error of the desk itself", exc_info=error)
    return Told("defect", 500, f"{type(error).__name__} in the desk.", "look into the log of `wiredesk web`")


def _query(error: QueryError) -> Told:
    place = {"at": error.at, "length": error.length, "mend": error.mend}
    step = f"ask for {error.mend}" if error.mend else "see `wiredesk search --help` for how to write one"
    return Told("query", 400, str(error), step, {"place": place})


def _parameters(error: RequestValidationError) -> Told:
    wrong = [
        {"parameter": ".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0]), "problem": one["msg"]}
        for one in error.errors()[:10]
    ]
    detail = "; ".join(f"{one['parameter']}: {one['problem']}" for one in wrong)
    return Told("parameters", 422, detail, "see /api for what each takes", {"parameters": wrong})


def _http(error: HTTPException) -> Told:
    kinds = {404: "not-found", 405: "method", 409: "conflict"}
    return Told(kinds.get(error.status_code, "parameters"), error.status_code, str(error.detail), "see /api")


def _failed(failure: Failure) -> Told:
    kind, status = {Exit.USAGE: ("parameters", 422), Exit.NOT_FOUND: ("not-found", 404)}.get(
        failure.code, ("down", 503)
    )
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    return Told(kind, status, f"{failure.message}.", failure.way_out, headers=headers)


def _refused(error: ApiError) -> Told | None:
    if error.meta.status != 400 or is_misfit(error):
        return None
    return Told("query", 400, "Elasticsearch cannot carry out this search.", "make it shorter or plainer")


_KNOWN: dict[type[Exception], Callable[[Any], Told | None]] = {
    QueryError: _query,
    CursorError: lambda error: Told("page", 400, str(error), "ask for the first page, without `after`"),
    RequestValidationError: _parameters,
    NoSuchError: lambda error: Told("not-found", 404, str(error), error.next),
    SiteError: lambda error: Told("site", 422, str(error), error.next),
    HTTPException: _http,
    SourcesError: lambda error: Told("conflict", 409, str(error), "wiredesk feed list"),
    Failure: _failed,
    ApiError: _refused,
}


class ProblemRoute(APIRoute):
    """A route whose every error is a problem detail."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with errors told."""
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except Exception as error:  # noqa: BLE001 (no error of the API is anything but a problem detail)
                return told(error, request.app.state.desk.settings).response(request.url.path)

        return answered

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or says which methods the address takes."""
        methods = self.methods or set()
        if scope["method"] in methods:
            await super().handle(scope, receive, send)
            return
        allowed = ", ".join(sorted(methods))
        refusal = Told("method", 405, f"It takes {allowed}.", "see /api", headers={"Allow": allowed})
        await refusal.response(scope["path"])(scope, receive, send)
