"""Fetches from the web. The only module that opens outbound connections: each is to an address that may be reached.

The rule of addresses is applied to the very socket that connects, so no name server can answer one thing to a check
and another to the connection; and to each redirect anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from producers import inflate
from producers.address import Allowed
from producers.fetched import Fetched, FetchError, refused_by_status
from producers.names import Names
from producers.target import allowed_target, checked, private, shown
from producers.wrong import in_words
from schemas.settings import Settings

__all__ = ["FetchError", "Fetched", "Fetcher", "Stream", "Turn"]

ACCEPT = "*/*"
MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_PERMANENT = {301, 308}
_SAME_METHOD = {307, 308}
_DNS_SECONDS = 60
_IDLE_SECONDS = 5
_LONGEST_VALIDATOR = 1024

Turn = Callable[[str], AbstractAsyncContextManager[None]]
"""Holds an address's turn while it is asked; may raise FetchError to refuse it."""


class AddressRefusedError(OSError):
    """A name led to an address that may not be connected to."""

    def __init__(self, words: str) -> None:
        super().__init__(errno.EACCES, "no public address")  # alike for all addresses of a name, or words are lost
        self.words = words


@dataclass
class _Ask:
    """What is asked for, and what was found on the way."""

    method: str
    headers: dict[str, str]
    form: Mapping[str, str] | None
    max_bytes: int
    truncate: bool
    seconds_left: float
    seconds: float = 0.0
    hops: int = 0
    moved_to: str | None = None
    moved_for_good: bool = True
    downgraded: bool = False
    wire_bytes: int = 0
    body: list[bytes] = field(default_factory=list)


@contextlib.asynccontextmanager
async def _no_turn(_: str) -> AsyncIterator[None]:
    yield


class Stream:
    """An answer that is read while it comes, as it comes: `bytes` at a time, each within `fetch_seconds`.

    Attributes:
        fetched: its head, as of an answer without a body.
    """

    def __init__(self, response: aiohttp.ClientResponse, ask: _Ask, settings: Settings) -> None:
        self.fetched = _fetched(response.url, response.status, _lower(response), ask)
        self._response, self._ask, self._settings = response, ask, settings

    async def read(self) -> bytes:
        """The next piece; empty at the end.

        Raises:
            FetchError: it broke off, stands still, or is larger than `fetch_archive_bytes`.
        """
        try:
            async with asyncio.timeout(self._settings.fetch_seconds):
                piece = await self._response.content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise in_words(shown(self._response.url), error, self._settings, self._ask.wire_bytes) from None
        self._ask.wire_bytes += len(piece)
        if self._ask.wire_bytes > self._ask.max_bytes:
            raise _too_large(self._response, self._ask, "WIREDESK_FETCH_ARCHIVE_BYTES")
        return piece


class Fetcher:
    """Asks web servers. Use it as an asynchronous context manager; one serves a whole process.

    Args:
        settings: limits, contact, and what may be private.
        resolver: what turns names into addresses; None: the system's own way.
        trust: whose certificates are trusted; None: those that the system trusts.
    """

    def __init__(
        self, settings: Settings, *, resolver: AbstractResolver | None = None, trust: ssl.SSLContext | None = None
    ) -> None:
        self._settings = settings
        self._allowed = Allowed.of(settings.fetch_allow_hosts)
        self._resolver = resolver
        self._trust = trust
        self._slots = asyncio.Semaphore(settings.fetch_connections)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._agent = _agent(settings.fetch_contact)

    async def __aenter__(self) -> Self:
        trust = self._trust or ssl.create_default_context()
        resolver = self._resolver or Names()
        self._sessions = {False: _session(trust, resolver, self._socket), True: _session(trust, resolver, None)}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            await session.close()

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = ACCEPT,
        max_bytes: int | None = None,
        truncate: bool = False,
        turn: Turn = _no_turn,
    ) -> Fetched:
        """Fetches an address, over at most five redirects.

        Args:
            url: http or https.
            etag: `ETag` of the answer that is known; the server may then say that nothing changed.
            last_modified: that answer's `Last-Modified`, as the server wrote it.
            accept: media types that are asked for.
            max_bytes: the largest answer, both as it comes and decompressed; None: as the settings say.
            truncate: keep the first `max_bytes` of a larger answer, instead of refusing it.
            turn: is held around each request, redirects' included.

        Raises:
            FetchError: there is no answer with status 200 to 299 or 304 within the limits.
        """
        headers = {"Accept": accept, **_validators(etag, last_modified)}
        return await self._fetch(url, self._ask("GET", headers, None, max_bytes, truncate=truncate), turn)

    @contextlib.asynccontextmanager
    async def open(
        self,
        url: str,
        *,
        start: int = 0,
        etag: str | None = None,
        last_modified: str | None = None,
        turn: Turn = _no_turn,
    ) -> AsyncIterator[Stream]:
        """An answer that is read while it comes, however long that takes; its turn is held as long.

        Args:
            url: http or https.
            start: how many bytes of the answer that `etag` names are there already; without it, of any.
            etag: `ETag` of the answer that is known, or that was broken off at `start`.
            last_modified: that answer's `Last-Modified`; it counts where nothing was broken off.
            turn: as for `get`.

        Raises:
            FetchError: as for `get`.
        """
        rest = {"Range": f"bytes={start}-", **({"If-Range": etag} if etag else {})} if start else {}
        known = {} if start else _validators(etag, last_modified)
        headers = {"Accept": ACCEPT, **rest, **known}
        ask = self._ask("GET", headers, None, self._settings.fetch_archive_bytes, truncate=False)
        ask.headers["Accept-Encoding"] = "identity"
        next_url: URL | None = checked(url, self._allowed)
        while found := next_url:
            async with turn(str(found)), self._slots, contextlib.AsyncExitStack() as stack:
                response = await self._begun(found, ask, stack)
                target = _target(found, response.status, _lower(response), ask)
                next_url = _next_hop(found, response.status, target, ask, self._allowed) if target else None
                if not target:
                    yield Stream(response, ask, self._settings)

    async def _begun(self, url: URL, ask: _Ask, stack: contextlib.AsyncExitStack) -> aiohttp.ClientResponse:
        """The head of an answer, whose body is still to come."""
        session = self._sessions[self._allowed.name(url.raw_host or "")]
        limits = aiohttp.ClientTimeout(total=None, sock_connect=self._settings.fetch_connect_seconds)
        try:
            async with asyncio.timeout(ask.seconds_left):
                asked = session.request("GET", url, headers=ask.headers, allow_redirects=False, timeout=limits)
                response = await stack.enter_async_context(asked)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._error(shown(url), error, ask) from None
        if response.status not in {*_REDIRECTS, *range(200, 300), 304}:
            raise refused_by_status(shown(url), response.status, _lower(response))
        return response

    async def post(self, url: str, form: Mapping[str, str], *, turn: Turn = _no_turn) -> Fetched:
        """Sends a form, as WebSub wants it; a redirect is followed only where it keeps the method (307, 308).

        Raises:
            FetchError: as for `get`.
        """
        return await self._fetch(url, self._ask("POST", {"Accept": ACCEPT}, form, None, truncate=False), turn)

    def _ask(
        self,
        method: str,
        headers: dict[str, str],
        form: Mapping[str, str] | None,
        max_bytes: int | None,
        *,
        truncate: bool,
    ) -> _Ask:
        headers = {"User-Agent": self._agent, "Accept-Encoding": inflate.ACCEPTED, **headers}
        limit = max_bytes or self._settings.fetch_max_bytes
        return _Ask(method, headers, form, limit, truncate, self._settings.fetch_seconds)

    async def _fetch(self, text: str, ask: _Ask, turn: Turn) -> Fetched:
        url = checked(text, self._allowed)
        while True:
            async with turn(str(url)), self._slots:
                status, headers = await self._timed(url, ask)
            target = _target(url, status, headers, ask)
            if target is None:
                return _fetched(url, status, headers, ask)
            url = _next_hop(url, status, target, ask, self._allowed)

    async def _timed(self, url: URL, ask: _Ask) -> tuple[int, dict[str, str]]:
        clock = asyncio.get_running_loop().time
        start = clock()
        try:
            async with asyncio.timeout(ask.seconds_left):
                return await self._hop(url, ask)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._error(shown(url), error, ask) from None
        finally:
            took = clock() - start
            ask.seconds += took
            ask.seconds_left = max(0.0, ask.seconds_left - took)

    async def _hop(self, url: URL, ask: _Ask) -> tuple[int, dict[str, str]]:
        session = self._sessions[self._allowed.name(url.raw_host or "")]
        limits = aiohttp.ClientTimeout(total=None, sock_connect=self._settings.fetch_connect_seconds)
        async with session.request(
            ask.method, url, headers=ask.headers, data=ask.form, allow_redirects=False, timeout=limits
        ) as response:
            headers = _lower(response)
            if response.status in range(200, 300):
                await _read(response, ask)
            elif response.status not in {*_REDIRECTS, 304}:
                raise refused_by_status(shown(url), response.status, headers)
            return response.status, headers

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket for an address that may be connected to: aiohttp asks here for every connection it makes."""
        family, kind, protocol, _, address = info
        if words := self._allowed.refusal(str(address[0])):
            raise AddressRefusedError(words)
        return socket.socket(family, kind, protocol)

    def _error(self, host: str, error: Exception, ask: _Ask) -> FetchError:
        inner = getattr(error, "os_error", error)
        if isinstance(inner, AddressRefusedError):
            return private(host, inner.words)
        return in_words(host, error, self._settings, ask.wire_bytes)


def _agent(contact: str) -> str:
    """Who Wiredesk says it is."""
    return f"Wiredesk/{version('wiredesk')}" + (f" (+{contact})" if contact else "")


def _session(trust: ssl.SSLContext, resolver: AbstractResolver, factory: Any) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        ssl=trust,
        resolver=resolver,
        socket_factory=factory,
        ttl_dns_cache=_DNS_SECONDS,
        keepalive_timeout=_IDLE_SECONDS,
        limit=0,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        raise_for_status=False,
    )


def _validators(etag: str | None, last_modified: str | None) -> dict[str, str]:
    """Headers for a conditional request; what a server once sent goes back only if it can stand in a header."""
    given = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {
        name: value
        for name, value in given.items()
        if value and value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALIDATOR
    }


def _lower(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        low = name.lower()
        headers[low] = f"{headers[low]}, {value}" if low in headers else value
    return headers


async def _read(response: aiohttp.ClientResponse, ask: _Ask) -> None:
    """Reads a body within its limits, decompressing as it comes.

    Raises:
        FetchError: it is too large, or not compressed as it says.
    """
    try:
        decoder = inflate.decoder(response.headers.get("Content-Encoding", ""))
        if not ask.truncate and (response.content_length or 0) > ask.max_bytes:
            raise _too_large(response, ask)
        left = ask.max_bytes
        async for chunk in response.content.iter_any():
            ask.wire_bytes += len(chunk)
            for piece in decoder.feed(chunk):
                ask.body.append(piece[:left])
                left -= len(piece)
                if left < 0:
                    break
            if left < 0 or ask.wire_bytes > ask.max_bytes:
                if ask.truncate:
                    return
                raise _too_large(response, ask)
        decoder.finish()
    except inflate.InflateError as error:
        words = f"{shown(response.url)}: the answer cannot be decompressed: {error}; the site's owner can mend that"
        raise FetchError("content", words, "soft") from None


def _too_large(response: aiohttp.ClientResponse, ask: _Ask, setting: str = "WIREDESK_FETCH_MAX_BYTES") -> FetchError:
    size = f"{ask.max_bytes / 2**20:.3g} MB"
    words = f"{shown(response.url)}: the answer is larger than {size}; {setting} may allow more"
    return FetchError("content", words, "soft")


def _fetched(url: URL, status: int, headers: Mapping[str, str], ask: _Ask) -> Fetched:
    return Fetched(
        url=str(url),
        status=status,
        headers=headers,
        body=b"".join(ask.body),
        moved_to=ask.moved_to,
        downgraded=ask.downgraded,
        seconds=ask.seconds,
        wire_bytes=ask.wire_bytes,
    )


def _target(url: URL, status: int, headers: Mapping[str, str], ask: _Ask) -> str | None:
    """Where a redirect leads, as the server wrote it; None for an answer that is none."""
    if status not in _REDIRECTS:
        return None
    target = headers.get("location", "").strip()
    if not target or (ask.method != "GET" and status not in _SAME_METHOD):
        raise _redirects(url, f"answered {status} without an address to go on to")
    return target


def _next_hop(url: URL, status: int, target: str, ask: _Ask, allowed: Allowed) -> URL:
    ask.hops += 1
    if ask.hops > MOST_REDIRECTS:
        raise _redirects(url, f"is redirected more than {MOST_REDIRECTS} times")
    try:
        found = url.join(URL(target)).with_fragment(None)
    except ValueError:
        raise _redirects(url, "is redirected to something that is no address") from None
    found = allowed_target(found, allowed)
    ask.downgraded = ask.downgraded or (url.scheme == "https" and found.scheme == "http")
    ask.moved_for_good = ask.moved_for_good and status in _PERMANENT
    if ask.moved_for_good and not ask.downgraded:
        ask.moved_to = str(found)
    return found


def _redirects(url: URL, what: str) -> FetchError:
    return FetchError(
        "redirects", f"{shown(url)} {what}: open it in a browser, and take the address it ends at", "soft"
    )
