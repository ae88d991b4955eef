"""Who may look, and what a browser may do: token, headers, Host check, and forms that nobody else can send."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.serving import is_loopback
from desk.web.parts import API, Problem, address
from schemas.settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Without any referrer a browser would send the forms of our own pages as those of nobody: `Origin: null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
SESSION, CSRF = "wiredesk_session", "wiredesk_csrf"
SESSION_SECONDS = 30 * 86_400
_SAFE = ("GET", "HEAD", "OPTIONS")
_CSRF_SHAPE = re.compile(r"[\w-]{43}")
_LARGEST_FORM = 65_536
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

Tell = Callable[[Request, Problem], Response]


def host_name(header: str) -> str:
    """The name in a Host header, without port and brackets."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


@dataclass(slots=True)
class Attempts:
    """Counts wrong tokens: of one client, and of all, so that nobody can go through many.

    Args:
        most: wrong ones that a client may show within `seconds`; of all clients together ten times as many.
        clock: seconds that only rise.
    """

    most: int = 5
    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _seen: deque[tuple[float, str]] = field(default_factory=deque)

    def may(self, client: str) -> bool:
        """Whether this client may try again now."""
        while self._seen and self._seen[0][0] <= self.clock() - self.seconds:
            self._seen.popleft()
        return len(self._seen) < 10 * self.most and sum(one == client for _, one in self._seen) < self.most

    def wrong(self, client: str) -> None:
        """Remembers that this client showed a wrong token."""
        self._seen.append((self.clock(), client))


class Door:
    """Decides who may look, by the token of the settings; without one, everybody who reaches the address may."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._token = settings.web_token.get_secret_value().encode() if settings.web_token else None
        self._clock = clock
        self._host = settings.web_host
        self.attempts = Attempts()

    @property
    def is_open(self) -> bool:
        """Whether no token is asked for."""
        return self._token is None

    def fits(self, token: str) -> bool:
        """Whether a token is the right one, in a time that says nothing of how much of it is."""
        return self._token is not None and hmac.compare_digest(_hashed(token.encode()), _hashed(self._token))

    def session(self) -> str:
        """A new session for who showed the token: when it began, signed with the token."""
        began = str(int(self._clock()))
        return f"{began}.{self._signed(began)}"

    def knows(self, session: str) -> bool:
        """Whether a session was given by us, and is not too old."""
        began, _, signature = session.partition(".")
        if self._token is None or not re.fullmatch(r"[0-9]{1,12}", began) or not signature.isascii():
            return False
        is_ours = hmac.compare_digest(signature, self._signed(began))
        return is_ours and 0 <= self._clock() - int(began) < SESSION_SECONDS

    def admits(self, request: Request) -> bool:
        """Whether a request shows the token, or a session."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return self.is_open or self.knows(request.cookies.get(SESSION, ""))
        client = client_of(request)
        if self.is_open or not self.attempts.may(client):
            return self.is_open
        is_right = self.fits(token.strip())
        if not is_right:
            self.attempts.wrong(client)
        return is_right

    def serves(self, header: str) -> bool:
        """Whether a request may name us so in its Host header.

        Without a token, only names of this machine are taken: else a page from elsewhere could have its own name lead
        here, and read everything.
        """
        name = host_name(header)
        return not self.is_open or name in _LOOPBACK_NAMES or is_loopback(name) or name == self._host.strip("[]")

    def _signed(self, text: str) -> str:
        return hmac.new(self._token or b"", b"wiredesk session " + text.encode(), hashlib.sha256).hexdigest()


def _hashed(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def client_of(request: Request) -> str:
    """The address of who asks."""
    return request.client.host if request.client else ""


class Shield:
    """Stands before everything: refuses what may not pass, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, door: Door, tell: Tell) -> None:
        self._app, self._door, self._tell = app, door, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        known = request.cookies.get(CSRF, "")
        csrf = known if _CSRF_SHAPE.fullmatch(known) else secrets.token_urlsafe(32)
        scope.setdefault("state", {})["csrf"] = csrf
        headers = dict(HEADERS) | _caching(request.url.path)
        if csrf != known and not request.url.path.startswith(("/static/", API)):
            headers["set-cookie"] = _cookie(request, CSRF, csrf)
        refusal = self._refusal(request)
        await (refusal or self._app)(scope, receive, _with(send, headers))

    def _refusal(self, request: Request) -> Response | None:
        if not self._door.serves(request.headers.get("host", "")):
            return JSONResponse({"error": "this desk does not go by that name", "next": "use its address"}, 421)
        if request.method not in _SAFE and not _same_origin(request):
            return self._tell(
                request, Problem(403, "This was sent by another site.", "open the page here, and try again")
            )
        if _is_for_all(request.url.path) or self._door.admits(request):
            return None
        return _ask(request)


def _is_for_all(path: str) -> bool:
    """Whether a path is needed to sign in, or says no more than whether the desk is up."""
    return path in ("/login", "/livez", "/readyz") or path.startswith("/static/")


def _ask(request: Request) -> Response:
    """Asks for the token: a person by the form, a program by its header."""
    if request.url.path.startswith(API) or request.method != "GET" or "authorization" in request.headers:
        told = {"error": "a token is needed", "next": "send it as `Authorization: Bearer …`", "status": 401}
        return JSONResponse(told, 401, {"www-authenticate": "Bearer"})
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(address("/login", next=request.url.path + query), 303)


def _caching(path: str) -> dict[str, str]:
    if path.startswith("/static/"):
        return {"cache-control": "public, max-age=31536000, immutable"}
    return {"cache-control": "private, no-cache"}


def _cookie(request: Request, name: str, value: str, seconds: int | None = None) -> str:
    secure = "; Secure" if request.url.scheme == "https" else ""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{age}{secure}"


def _with(send: Send, headers: dict[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message.get("headers", ())}
            added = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            kept = [one for one in added if one[0] not in own or one[0] == b"set-cookie"]
            message["headers"] = [*message.get("headers", ()), *kept]
        await send(message)

    return sending


def _same_origin(request: Request) -> bool:
    """Whether a request that changes something was sent by a page of ours, as far as its headers tell."""
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    return origin is None or (origin != "null" and urlsplit(origin).netloc == request.headers.get("host"))


async def form(request: Request) -> dict[str, str]:
    """The fields of a form of ours, for every route that changes something: `fields: security.Form`.

    The form holds the field `csrf` (`<input type="hidden" name="csrf" value="{{ csrf }}">`); a script may send the
    header `X-CSRF-Token` instead. It must equal the cookie, which no other site can read or set.

    Raises:
        HTTPException: the form is not ours, or too large.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            raise HTTPException(413, "The form is too large.")
    try:
        fields = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    shown = request.headers.get("x-csrf-token") or fields.pop("csrf", "")
    if not hmac.compare_digest(shown.encode(), request.cookies.get(CSRF, "").encode()) or not shown:
        raise HTTPException(403, "The form is too old, or was not sent from this page: load the page again.")
    return fields


Form = Annotated[dict[str, str], Depends(form)]


def session_cookie(request: Request, value: str) -> str:
    """The Set-Cookie header that starts a session, or with an empty value ends it."""
    return _cookie(request, SESSION, value, SESSION_SECONDS if value else 0)


def local_path(path: str) -> str:
    """Where to go after the login: a path on this desk and nowhere else."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_local else "/"
