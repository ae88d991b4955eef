"""What a site's robots.txt says to Wiredesk (RFC 9309), and the line that says it."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Protocol

from protego import Protego

from producers.fetched import Fetched, FetchError
from producers.target import parsed

AGENT = "wiredesk"
_MAX_BYTES = 500 * 1024
_DAY = 86_400.0
_CLOSED_SECONDS = 600.0
_LONGEST_CLOSED = 3_600.0
_MOST_SITES = 20_000
_MOST_KEPT_BYTES = 32 * 2**20
_MOST_PARSED = 64
_LARGE = 64 * 1024
_MOST_SITEMAPS = 100
_MOST_RULES_EXPLAINED = 2_000
_TOO_MANY_REQUESTS = 429
_AGENT_FIELDS = {"user-agent", "useragent", "user agent"}


class Asking(Protocol):
    """What is used of a Fetcher."""

    def get(
        self, url: str, *, accept: str = ..., max_bytes: int | None = ..., truncate: bool = ...
    ) -> Awaitable[Fetched]:
        """Fetches an address, or raises FetchError."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an address may be fetched.

    Attributes:
        allowed: whether it may.
        line: the line of robots.txt that decided, as it stands there; None where no line is about the address, or where
            it is allowed and nobody asked why.
        delay: seconds between two requests that the site asks for.
        retry_after: seconds until robots.txt, which could not be had, is asked for again; else None.
    """

    allowed: bool
    line: str | None = None
    delay: float | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A site's robots.txt; None is one that could not be had for a fault of the site."""

    packed: bytes | None
    until: float
    size: int = 0


class Robots:
    """Asks each site for its robots.txt once a day, and keeps what it said.

    No robots.txt (4xx) allows everything; a site with a fault (5xx, 429) nothing, and is asked again after a while.

    Args:
        fetcher: asks for it.
        now: seconds on a clock that never goes back.
    """

    def __init__(self, fetcher: Asking, now: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = fetcher
        self._now = now
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    async def verdict(self, url: str, *, explain: bool = False) -> Verdict:
        """Whether an address may be fetched.

        Args:
            url: http or https.
            explain: name the deciding line of an address that is allowed, too.

        Raises:
            FetchError: the site cannot be reached at all.
        """
        kept = await self._of(url)
        if kept.packed is None:
            return Verdict(allowed=False, retry_after=max(0.0, kept.until - self._now()))
        rules = await _rules_of(kept)
        allowed = rules.can_fetch(url, AGENT)
        line = None if allowed and not explain else deciding_line(_text(kept.packed), url, allowed=allowed)
        return Verdict(allowed, line, _delay(rules))

    async def sitemaps(self, url: str) -> tuple[str, ...]:
        """Addresses of sitemaps that the robots.txt of an address's site names; at most 100.

        Raises:
            FetchError: the site cannot be reached at all.
        """
        kept = await self._of(url)
        return tuple((await _rules_of(kept)).sitemaps)[:_MOST_SITEMAPS] if kept.packed else ()

    def __len__(self) -> int:
        return len(self._kept)

    async def _of(self, url: str) -> _Kept:
        site = str(parsed(url).origin())
        kept = self._kept.get(site)
        if kept is None or kept.until <= self._now():
            kept = await self._fetch(site)
            self._keep(site, kept)
        self._kept.move_to_end(site)
        return kept

    async def _fetch(self, site: str) -> _Kept:
        try:
            answer = await self._fetcher.get(
                f"{site}/robots.txt", accept="text/plain, */*;q=0.1", max_bytes=_MAX_BYTES, truncate=True
            )
        except FetchError as error:
            return self._without(error)
        return _Kept(zlib.compress(answer.body, 1), self._now() + _DAY, len(answer.body))

    def _without(self, error: FetchError) -> _Kept:
        status = error.status or 0
        if status >= 500 or status == _TOO_MANY_REQUESTS:
            return _Kept(None, self._now() + min(error.retry_after or _CLOSED_SECONDS, _LONGEST_CLOSED))
        if status or error.stage == "redirects" or (error.stage == "content" and error.hardness == "soft"):
            return _Kept(zlib.compress(b""), self._now() + _DAY)
        raise error

    def _keep(self, site: str, kept: _Kept) -> None:
        self._drop(site)
        self._kept[site] = kept
        self._bytes += len(kept.packed or b"")
        while len(self._kept) > _MOST_SITES or self._bytes > _MOST_KEPT_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, site: str) -> None:
        old = self._kept.pop(site, None)
        self._bytes -= len(old.packed or b"") if old else 0


async def _rules_of(kept: _Kept) -> Protego:
    """The rules; large ones, which nobody needs, take neither the event loop's time nor lasting memory."""
    packed = kept.packed or b""
    return _recent(packed) if kept.size <= _LARGE else await asyncio.to_thread(_parsed, packed)


def _parsed(packed: bytes) -> Protego:
    return Protego.parse(_text(packed))


_recent = lru_cache(maxsize=_MOST_PARSED)(_parsed)


def _text(packed: bytes) -> str:
    return zlib.decompress(packed).decode("utf-8-sig", "replace")


def _delay(rules: Protego) -> float | None:
    delay = rules.crawl_delay(AGENT)
    rate = rules.request_rate(AGENT)
    return delay if delay is not None or rate is None else rate.seconds / rate.requests


def deciding_line(text: str, url: str, *, allowed: bool) -> str | None:
    """The line of a robots.txt that allows or forbids an address to Wiredesk: the longest one that fits.

    It is looked for among the first 2,000 rules that are for Wiredesk; the decision itself is by all of them.

    Args:
        text: the robots.txt.
        url: the address.
        allowed: what was decided.
    """
    field = "allow" if allowed else "disallow"
    rules = islice(_rules(text), _MOST_RULES_EXPLAINED)
    fitting = [(len(value), line) for name, value, line in rules if _is(name, field) and _fits(value, url)]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def _is(name: str, field: str) -> bool:
    # Misspelt ones count as disallow (`dissallow`): the parser takes them for that, too.
    return (name == "allow") == (field == "allow")


def _fits(value: str, url: str) -> bool:
    return not Protego.parse(f"User-agent: *\nDisallow: {value}").can_fetch(url, AGENT)


def _rules(text: str) -> Iterator[tuple[str, str, str]]:
    """Field, value and line of every rule for Wiredesk: those that name it, else those for all."""
    groups = list(_groups(text))
    wanted = AGENT if any(AGENT in agents for agents, _ in groups) else "*"
    for agents, rules in groups:
        if wanted in agents:
            yield from rules


def _groups(text: str) -> Iterator[tuple[set[str], list[tuple[str, str, str]]]]:
    agents: set[str] = set()
    rules: list[tuple[str, str, str]] = []
    for line in text.splitlines():
        name, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        if name.lower() in _AGENT_FIELDS:
            if rules:
                yield agents, rules
                agents, rules = set(), []
            agents.add(value.lower().rstrip("*") or "*")
        elif value and name.lower().endswith(("allow", "alow", "allaw")):
            rules.append((name.lower(), value, line.strip()[:300]))
    yield agents, rules
