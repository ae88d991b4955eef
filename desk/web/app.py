"""The web desk: routers, security and errors put together."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import uvicorn
from elasticsearch import ApiError
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.failure import Failure, in_words, is_misfit
from desk.watch import Watch
from desk.web import (
    adding,
    api,
    article,
    dead,
    exporting,
    following,
    login,
    operating,
    probes,
    reference,
    search,
    sources,
    stream,
    trace,
)
from desk.web.parts import HERE, Desk, Problem, desk_of, tell, utc_now
from desk.web.pulse import Pulse
from desk.web.roll import Roll
from desk.web.security import Door, Shield
from processors import index
from schemas.settings import Settings

ROUTERS: tuple[APIRouter, ...] = (
    search.router,
    article.router,
    trace.router,
    adding.router,
    sources.router,
    stream.router,
    dead.router,
    login.router,
    api.router,
    exporting.router,
    operating.router,
    following.router,
    reference.router,
    probes.router,
)

_log = logging.getLogger(__name__)
_OUTAGE = "Elasticsearch"


def create(settings: Settings, desk: Desk | None = None) -> FastAPI:
    """The web application.

    Args:
        settings: with the servers' addresses in them.
        desk: what the routes stand on; made from the settings where none is given.
    """
    made, roll = desk or desk_for(settings), Roll(settings)
    if desk is None:
        made.failing = roll.failing
    app = FastAPI(title="Wiredesk", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.desk, app.state.roll = made, roll
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.state.paths = paths()
    app.state.door = Door(settings)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misasked)
    app.add_middleware(Catching)
    app.add_middleware(Shield, door=app.state.door, tell=tell)
    return app


def paths() -> frozenset[str]:
    """The path of every route there is."""
    return frozenset(getattr(route, "path", "") for router in ROUTERS for route in router.routes)


def desk_for(settings: Settings) -> Desk:
    """What the routes stand on, from the settings."""
    elasticsearch = index.client(settings, timeout=20)
    return Desk(settings, elasticsearch, Pulse(lambda: Watch(settings), utc_now))


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    desk: Desk = app.state.desk
    desk.pulse.start()
    app.state.roll.start()
    try:
        yield
    finally:
        await run_in_threadpool(desk.pulse.stop)
        await run_in_threadpool(app.state.roll.stop)
        desk.es.close()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101 (it is registered for nothing else)
    what = f"There is no page {request.url.path}." if error.detail == "Not Found" else str(error.detail)
    return await run_in_threadpool(tell, request, Problem(error.status_code, what, "start at the search page, /"))


async def _misasked(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (it is registered for nothing else)
    wrong = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()[:5])
    return await run_in_threadpool(tell, request, Problem(422, f"The address does not fit: {wrong}"))


class Catching:
    """Turns every error into a page that says what, since when, what still works, and the next command."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            request = Request(scope)
            response = await run_in_threadpool(tell, request, problem_of(error, desk_of(request)))
            await response(scope, receive, send)


def problem_of(error: Exception, desk: Desk) -> Problem:
    """What to tell a person of an error; the log gets all of an error that is our own."""
    if isinstance(error, ApiError) and error.meta.status == 400 and not is_misfit(error):
        return Problem(400, "Elasticsearch cannot carry out this search.", "make it shorter or plainer")
    failure = in_words(error, desk.settings)
    if failure is None:
        _log.error("an error of the desk itself", exc_info=error)
        return Problem(500, "Something went wrong in the desk itself.", "look into the log of `wiredesk web`")
    if failure.message.startswith(_OUTAGE):
        works = "Sources, Stream and Dead letters work; nothing that is on its way is lost."
        return _down(failure, works, desk.since(_OUTAGE))
    return _down(failure, "Search works.", desk.since("Kafka"))


def _down(failure: Failure, works: str, since: datetime) -> Problem:
    what, _, detail = failure.message.partition(": ")
    return Problem(503, f"{what}.", failure.way_out, works, since, detail)


def serve(settings: Settings, said: Callable[[], None]) -> None:
    """Serves the desk until it is asked to stop; `said` is called as soon as it listens."""
    config = uvicorn.Config(
        create(settings),
        host=settings.web_host,
        port=settings.web_port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    _Server(config, said).run()


class _Server(uvicorn.Server):
    """Says where it listens."""

    def __init__(self, config: uvicorn.Config, said: Callable[[], None]) -> None:
        super().__init__(config)
        self._said = said

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Listens, and says so."""
        await super().startup(sockets)
        if self.started:
            self._said()
