"""Signing in with the token, and out again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from desk.web.parts import Problem, page, tell
from desk.web.security import Door, Form, client_of, local_path, session_cookie

router = APIRouter()


@router.get("/login")
def ask(request: Request, to: Annotated[str, Query(alias="next")] = "/") -> Response:
    """The form that asks for the token."""
    return page(request, "login.html", to=local_path(to), wrong="")


@router.post("/login")
def sign_in(request: Request, fields: Form) -> Response:
    """Starts a session for who shows the token."""
    door: Door = request.app.state.door
    client, to = client_of(request), local_path(fields.get("next", "/"))
    if not door.attempts.may(client):
        return tell(request, Problem(429, "There were too many wrong tokens.", "wait a minute, and try again"))
    if not door.fits(fields.get("token", "")):
        door.attempts.wrong(client)
        return page(request, "login.html", 403, to=to, wrong="This is not the token.")
    return RedirectResponse(to, 303, {"set-cookie": session_cookie(request, door.session())})


@router.post("/logout")
def sign_out(request: Request, fields: Form) -> Response:  # noqa: ARG001 (the form's token is checked)
    """Ends the session in this browser."""
    return RedirectResponse("/login", 303, {"set-cookie": session_cookie(request, "")})
