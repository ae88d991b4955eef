"""What the desk tells Prometheus, and its probes, beside the pages."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from desk.metrics import desk_registry, exposition, ready
from desk.web.parts import desk_of
from schemas.telemetry import checked

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """The flow and the desk's own process, for Prometheus."""
    body, kind = exposition(desk_registry(desk_of(request).pulse.facts))
    return Response(body, media_type=kind)


@router.get("/livez")
def livez() -> Response:
    """That this process answers: that servers are away never fails it."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Whether the servers answer; with `verbose` in the query, each check by its name."""
    checks = ready(desk_of(request).pulse.facts())
    status, text = checked(checks, verbose="verbose" in request.query_params)
    return PlainTextResponse(text, status)
