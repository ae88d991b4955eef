"""Asks the web politely: not what robots.txt forbids, and each host one thing at a time, with a pause."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from producers.fetch import ACCEPT, Fetcher, Stream, Turn
from producers.fetched import Fetched, FetchError
from producers.robots import Robots, Verdict
from producers.target import parsed
from schemas.settings import Settings

LONGEST_DELAY = 120.0
"""Most seconds between two requests that a site's robots.txt can ask for."""
PATIENCE = 30.0
"""Most seconds that a request waits for a host that wants to be left alone; beyond, it fails and says until when."""
_BUSY_SECONDS = 60.0
_TOO_MANY_REQUESTS = 429


class Clock:
    """Time as it goes by; tests hand in one of their own."""

    def now(self) -> float:
        """Seconds, on a clock that never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)


class Asking(Protocol):
    """What is used of a Fetcher."""

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = ACCEPT,
        max_bytes: int | None = None,
        truncate: bool = False,
        turn: Turn = ...,
    ) -> Fetched:
        """Fetches an address, or raises FetchError."""

    async def post(self, url: str, form: Mapping[str, str], *, turn: Turn = ...) -> Fetched:
        """Sends a form, or raises FetchError."""

    def open(
        self,
        url: str,
        *,
        start: int = 0,
        etag: str | None = None,
        last_modified: str | None = None,
        turn: Turn = ...,
    ) -> contextlib.AbstractAsyncContextManager[Stream]:
        """Opens an answer that is read while it comes, or raises FetchError."""


@dataclass(slots=True)
class Host:
    """A host that is being asked, was asked a moment ago, or wants to be left alone.

    `delay` is the pause that it asks for; `asked` whether a turn was used for a request, for only that calls for a
    pause; `free_at` and `shut_until` are times of the clock.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    delay: float = 0.0
    free_at: float = 0.0
    shut_until: float = 0.0
    asked: bool = False
    queued: bool = False

    @property
    def busy_until(self) -> float:
        """When nothing more needs to be known of it."""
        return max(self.free_at, self.shut_until)


class Turns:
    """One request at a time and a pause per host, first come first served. Idle hosts take no memory."""

    def __init__(self, pause: float, clock: Clock) -> None:
        self._pause = pause
        self._clock = clock
        self._hosts: dict[str, Host] = {}
        self._ending: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._hosts)

    @contextlib.asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Host]:
        """Holds a host's turn.

        Raises:
            FetchError: the host asked to be left alone for longer than `PATIENCE`.
        """
        host = self._hosts.setdefault(name, Host())
        host.users += 1
        try:
            async with host.lock:
                await self._wait(name, host)
                try:
                    yield host
                finally:
                    self._rest(host)
        finally:
            host.users -= 1
            self._queue(name, host)
            self._forget()

    def shut(self, host: Host, seconds: float) -> None:
        """Leaves a host alone, as it asks."""
        host.shut_until = max(host.shut_until, self._clock.now() + seconds)

    def _rest(self, host: Host) -> None:
        if host.asked:
            host.free_at = self._clock.now() + max(self._pause, host.delay)
        host.asked = False

    async def _wait(self, name: str, host: Host) -> None:
        now = self._clock.now()
        left = host.shut_until - now
        if left > PATIENCE:
            words = f"{name} asked to be left alone for another {left:.0f} s: it is asked again after that"
            raise FetchError("request", words, "temporary", retry_after=left)
        if host.busy_until > now:
            await self._clock.sleep(host.busy_until - now)

    def _queue(self, name: str, host: Host) -> None:
        if not host.users and not host.queued:
            host.queued = True
            heapq.heappush(self._ending, (host.busy_until, name))

    def _forget(self) -> None:
        now = self._clock.now()
        while self._ending and self._ending[0][0] <= now:
            _, name = heapq.heappop(self._ending)
            host = self._hosts[name]
            host.queued = False
            if host.users:
                continue
            if host.busy_until <= now:
                del self._hosts[name]
            else:
                self._queue(name, host)


class Web:
    """What every kind of source reads the web through: robots.txt, turns, and the Fetcher.

    Args:
        fetcher: asks web servers.
        pause: least seconds between two requests to one host.
        clock: the time.
    """

    def __init__(self, fetcher: Asking, pause: float, clock: Clock | None = None) -> None:
        clock = clock or Clock()
        self._fetcher = fetcher
        self._robots = Robots(fetcher, clock.now)
        self._turns = Turns(pause, clock)

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = ACCEPT,
        max_bytes: int | None = None,
    ) -> Fetched:
        """Fetches an address as `Fetcher.get` does, in its host's turn, and if robots.txt lets it; redirects likewise.

        Raises:
            FetchError: there is no answer, robots.txt forbids it, or the host wants to be left alone.
        """
        return await self._fetcher.get(
            url, etag=etag, last_modified=last_modified, accept=accept, max_bytes=max_bytes, turn=self._turn
        )

    def open(
        self, url: str, *, start: int = 0, etag: str | None = None, last_modified: str | None = None
    ) -> contextlib.AbstractAsyncContextManager[Stream]:
        """Opens an answer as `Fetcher.open` does, in its host's turn, and if robots.txt lets it; redirects likewise.

        Entering it raises FetchError as for `get`.
        """
        return self._fetcher.open(url, start=start, etag=etag, last_modified=last_modified, turn=self._turn)

    async def post(self, url: str, form: Mapping[str, str]) -> Fetched:
        """Sends a form to a hub in its host's turn; robots.txt is about reading, and is not asked.

        Raises:
            FetchError: as for `get`.
        """
        return await self._fetcher.post(url, form, turn=self._hold)

    async def verdict(self, url: str) -> Verdict:
        """What robots.txt says about an address, with the line that decided.

        Raises:
            FetchError: the site cannot be reached at all.
        """
        async with self._hold(url):
            return await self._robots.verdict(url, explain=True)

    async def sitemaps(self, url: str) -> tuple[str, ...]:
        """Addresses of sitemaps that the robots.txt of an address's site names.

        Raises:
            FetchError: the site cannot be reached at all.
        """
        async with self._hold(url):
            return await self._robots.sitemaps(url)

    @contextlib.asynccontextmanager
    async def _hold(self, url: str) -> AsyncIterator[None]:
        async with self._turns.hold(_host(url)) as host:
            with self._listening(host):
                yield

    @contextlib.asynccontextmanager
    async def _turn(self, url: str) -> AsyncIterator[None]:
        name = _host(url)
        async with self._turns.hold(name) as host:
            verdict = await self._robots.verdict(url)
            host.delay = min(verdict.delay or 0.0, LONGEST_DELAY)
            if not verdict.allowed:
                raise _forbidden(name, verdict)
            with self._listening(host):
                yield

    @contextlib.contextmanager
    def _listening(self, host: Host) -> Any:
        """Remembers that a host is asked, and heeds it when it says that this is too often."""
        host.asked = True
        try:
            yield
        except FetchError as error:
            usual = _BUSY_SECONDS if error.status == _TOO_MANY_REQUESTS else 0.0
            self._turns.shut(host, usual if error.retry_after is None else error.retry_after)
            raise


def _host(url: str) -> str:
    return (parsed(url).raw_host or "").rstrip(".")


def _forbidden(host: str, verdict: Verdict) -> FetchError:
    if verdict.retry_after is not None:
        words = f"{host} has a fault and does not say what may be read (robots.txt): it is asked again later"
        return FetchError("robots", words, "temporary", retry_after=verdict.retry_after)
    line = f" ({verdict.line})" if verdict.line else ""
    words = f"{host} asks in its robots.txt not to be read here{line}: use another address, or ask the site's owner"
    return FetchError("robots", words, "soft")


@contextlib.asynccontextmanager
async def open_web(settings: Settings, **options: Any) -> AsyncIterator[Web]:
    """The web, as the settings have it; the options are those of `Fetcher`."""
    async with Fetcher(settings, **options) as fetcher:
        yield Web(fetcher, settings.fetch_pause)
