"""From any address of a site to what can be followed there: its feeds, its news sitemaps, or the page itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from producers import feed, page, sitemap
from producers.fetched import Fetched, FetchError
from producers.items import Listing, NotAListing, absolute, dated
from producers.links import base_of, html_tree
from producers.site import host
from producers.sources import LISTINGS
from producers.trees import Element
from schemas.identity import canonical_url
from schemas.source import SourceKind, SourceSpec

Parse = Callable[[bytes, str, str | None], Listing]

MOST_TRIED = 16
_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "text/xml",
        "application/xml",
    }
)
_FEED_ADDRESS = re.compile(
    r"(?:^|[/._?=&-])(?:rss|atom|feeds?|rdf)(?:$|[/._?=&-]|2(?:\.0)?)|\.(?:rss|rdf|atom)$", re.IGNORECASE
)
# Where sites keep a feed without a word about it on the page, the commonest first.
_FEED_PATHS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feeds/posts/default")
_SITEMAP_PATHS = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_news.xml", "/sitemap.xml")
_NEWS = re.compile(r"news", re.IGNORECASE)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Web(Protocol):
    """What is used of `producers.polite.Web`."""

    async def get(self, url: str) -> Fetched:
        """Fetches an address, or raises FetchError."""

    async def sitemaps(self, url: str) -> tuple[str, ...]:
        """The sitemaps that robots.txt names, or raises FetchError."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that can be followed: what it is, where, what it calls itself, and what it lists now."""

    kind: SourceKind
    url: str
    title: str | None
    items: int
    newest: datetime | None
    listing: Listing


async def discover(web: Web, url: str) -> list[Candidate]:
    """What can be followed at an address, the most useful first; empty where nothing lists articles.

    A feed or sitemap stands for itself. On a page, the feeds that it names are looked at, then the usual places of
    feeds and of news sitemaps, then the page's own links.

    Raises:
        FetchError: the address itself cannot be read.
    """
    first = await web.get(url)
    if itself := _itself(first):
        return [itself]
    found: dict[str, Candidate] = {}
    async for candidate in _around(web, first):
        found.setdefault(canonical_url(candidate.url), candidate)
    if not found and (listed := _candidate("page", page.parse, first)):
        return [listed]
    ranked = sorted(found.values(), key=_rank, reverse=True)
    return [*ranked, *filter(None, [_candidate("page", page.parse, first)])]


async def as_told(web: Web, url: str, kind: SourceKind, links: str = "") -> Candidate:
    """What an address is said to be.

    Args:
        web: asks for it.
        url: where it is.
        kind: what it is, of those that stand at an address.
        links: for a page, what chooses its links.

    Raises:
        FetchError: the address cannot be read.
        NotAListing: it is not of that kind.
    """
    fetched = await web.get(url)
    spec = SourceSpec(name="source", kind=kind, url=url, links=links)
    listing = LISTINGS[kind](fetched.body, fetched.url, fetched.headers.get("content-type"), spec)
    return _told(kind, fetched, listing)


def _itself(first: Fetched) -> Candidate | None:
    return _candidate("feed", feed.parse, first) or _candidate("sitemap", sitemap.parse, first)


async def _around(web: Web, first: Fetched) -> AsyncIterator[Candidate]:
    """The site's feeds, and the first of its sitemaps that lists anything."""
    async for one in _feeds(web, first):
        yield one
    for address in _each_once([*await _sitemaps_named(web, first), *_paths(first.url, _SITEMAP_PATHS)]):
        if candidate := await _tried(web, "sitemap", address):
            yield candidate
            return


async def _feeds(web: Web, first: Fetched) -> AsyncIterator[Candidate]:
    """All feeds that the page names: these the site wants to be followed. Else the first in a usual place."""
    found = 0
    for address in _each_once(_feeds_named(first)):
        if candidate := await _tried(web, "feed", address):
            found += 1
            yield candidate
    for address in () if found else _paths(first.url, _FEED_PATHS):
        if candidate := await _tried(web, "feed", address):
            yield candidate
            return


async def _sitemaps_named(web: Web, first: Fetched) -> list[str]:
    try:
        return sorted(await web.sitemaps(first.url), key=lambda one: not _NEWS.search(one))
    except FetchError:
        return []


async def _tried(web: Web, kind: SourceKind, url: str) -> Candidate | None:
    try:
        fetched = await web.get(url)
    except FetchError:
        return None
    parse = feed.parse if kind == "feed" else sitemap.parse
    return await asyncio.to_thread(_candidate, kind, parse, fetched)


def _candidate(kind: SourceKind, parse: Parse, fetched: Fetched) -> Candidate | None:
    try:
        listing = parse(fetched.body, fetched.url, fetched.headers.get("content-type"))
    except NotAListing:
        return None
    if not listing.items and not listing.more:
        return None
    return _told(kind, fetched, listing)


def _told(kind: SourceKind, fetched: Fetched, listing: Listing) -> Candidate:
    newest = max(filter(None, map(dated, listing.items)), default=None)
    return Candidate(kind, fetched.moved_to or fetched.url, listing.title, len(listing.items), newest, listing)


def _rank(one: Candidate) -> tuple[bool, bool, datetime, int]:
    """Feeds before sitemaps, those that list articles before those that do not, then the newest and longest."""
    return one.kind == "feed", one.items > 0, one.newest or _LONG_AGO, one.items


def _feeds_named(first: Fetched) -> Iterator[str]:
    """Feeds that a page names in its head, then those that it links to on the same site."""
    try:
        root, _ = html_tree(first.body, first.headers.get("content-type"))
    except NotAListing:
        return
    base = base_of(root, first.url)
    links = [*root.iterfind(".//link[@href]"), *root.iterfind(".//a[@href]")]
    for link in links:
        address = absolute(link.get("href"), base)
        if address and (_is_alternate(link) or _looks_like_feed(link, address, first.url)):
            yield address


def _is_alternate(link: Element) -> bool:
    rel, kind = (link.get("rel") or "").lower().split(), (link.get("type") or "").partition(";")[0].strip().lower()
    return link.tag == "link" and "alternate" in rel and kind in _FEED_TYPES


def _looks_like_feed(link: Element, address: str, url: str) -> bool:
    parts = urlsplit(address)
    is_named = _FEED_ADDRESS.search(f"{parts.path}?{parts.query}")
    return link.tag == "a" and host(address).endswith(host(url)) and is_named is not None


def _paths(url: str, paths: tuple[str, ...]) -> list[str]:
    return [urljoin(url, path) for path in paths]


def _each_once(addresses: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for one in addresses:
        found.setdefault(canonical_url(one), one)
    return list(found.values())[:MOST_TRIED]
