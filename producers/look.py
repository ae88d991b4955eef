"""One look at one source: what it lists, what of that is new, and how the look went."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple, Protocol

from producers import pages, schedule, sources, warc
from producers.absent import Absent
from producers.archive import Archive
from producers.fetch import Stream
from producers.fetched import Fetched, FetchError, Hardness
from producers.further import Further, Known
from producers.items import Item, Listing, NotAListing, dated
from producers.known import Records
from producers.publish import Report
from producers.reading import Refusal
from producers.schedule import Outcome
from producers.seen import Seen
from schemas.article import RawArticle
from schemas.health import Look, SourceHealth
from schemas.identity import article_id, raw_fingerprint
from schemas.source import SourceSpec


class Marked(NamedTuple):
    """An article with what its listing said of it, and its id by the listing's address where that is another."""

    article: RawArticle
    mark: str = ""
    listed: str | None = None


# Articles go to Kafka in small groups, so that the first can be searched while the last are still fetched.
GROUP = 20
LONGEST_HELD = timedelta(seconds=2)
# What a listing holds beyond these is new again at the next look.
MOST_NEW = 200
MOST_LISTINGS = 10
# So many pages in a row that cannot be had are a sign to come back later.
MOST_FAILURES = 10
_REFUSED_STATUS = frozenset({401, 403, 451})


class Web(Protocol):
    """What is used of `producers.polite.Web`."""

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, max_bytes: int | None = None
    ) -> Fetched:
        """One page or listing, politely.

        Raises:
            FetchError: it could not be had; says at which stage and why.
        """

    def open(
        self, url: str, *, start: int = 0, etag: str | None = None, last_modified: str | None = None
    ) -> AbstractAsyncContextManager[Stream]:
        """An archive that is read while it comes; entering it raises FetchError."""


@dataclass(slots=True)
class Tools:
    """What a look works with.

    `deliver` publishes articles and returns once Kafka has acknowledged or refused each; `known` maps article ids to
    records of what was published before; `absent` knows the pages that could not be had, `further` the listings that
    others name.
    """

    web: Web
    deliver: Callable[[list[Marked]], Awaitable[Report]]
    known: Records
    max_bytes: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    absent: Absent = field(default_factory=Absent)
    further: Further = field(default_factory=Further)


@dataclass(slots=True)
class Counts:
    """What was met during one look. `is_whole` says that nothing has to be asked for again.

    `is_index` says that the listing names others, which may change while it does not; `further` holds those read.
    """

    discovered: int = 0
    new: int = 0
    known: int = 0
    fetched: int = 0
    published: int = 0
    undelivered: int = 0
    undated: int = 0
    is_whole: bool = True
    is_index: bool = False
    refused: Counter[str] = field(default_factory=Counter)
    further: dict[str, Known] = field(default_factory=dict)
    newest: datetime | None = None
    hub: str | None = None
    hub_topic: str | None = None

    def listed(self, item: Item) -> None:
        """Counts an article that a listing names."""
        self.discovered += 1
        date = dated(item)
        self.undated += date is None
        self.newest = max(filter(None, (self.newest, date)), default=None)

    def left_out(self, listing: Listing) -> None:
        """Counts what a listing names that is no article."""
        self.discovered += len(listing.refused)
        self.refuse("no article", len(listing.refused))

    def add(self, report: Report) -> None:
        """Counts what became of articles on their way to Kafka."""
        self.published += report.published
        self.known += report.unchanged
        self.undelivered += len(report.failed)

    def refuse(self, reason: str, count: int = 1) -> None:
        """Counts what was there and could not be taken."""
        if count:
            self.refused[reason] += count


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why nothing could be read, as `SourceHealth` tells it."""

    stage: str
    reason: str
    hardness: Hardness = "soft"
    wait: float = 0
    status: int | None = None


async def look(spec: SourceSpec, health: SourceHealth, tools: Tools) -> SourceHealth:
    """Looks once, publishes what is new, and returns what is known of the source then.

    Whatever goes wrong at the source becomes its state. What tells the source what we have (ETag) moves on only when
    Kafka has everything.
    """
    began, counts = tools.now(), Counts()
    try:
        fetched = await _taken(spec, health, tools, counts)
    except FetchError as error:
        failure = _Failure(error.stage, error.reason, error.hardness, error.retry_after or 0, error.status)
    except NotAListing as error:
        failure = _Failure("parse", str(error))
    else:
        if counts.is_whole and not counts.undelivered:
            tools.further.keep(counts.further)
        return _succeeded(spec, health, _told(tools, began, counts, fetched), counts, fetched)
    return _failed(spec, health, _told(tools, began, counts, failure=failure), failure)


async def _taken(spec: SourceSpec, health: SourceHealth, tools: Tools, counts: Counts) -> Fetched | None:
    """Reads and publishes all that is new; the listing's answer, or none for a source that has no listing."""
    reader = sources.READERS.get(spec.kind)
    if reader and spec.url:
        return await _archive(spec, health, tools, counts)
    if reader:
        await _published(_in_thread(reader(spec, tools.now(), tools.max_bytes), counts), tools, counts)
        return None
    fetched = await tools.web.get(spec.url or "", etag=health.etag, last_modified=health.last_modified)
    if not fetched.not_modified:
        await _published(_new(spec, fetched, tools, counts), tools, counts)
    return fetched


async def _archive(spec: SourceSpec, health: SourceHealth, tools: Tools, counts: Counts) -> Fetched:
    """Reads an archive that stands on the web while it comes; one that breaks off for good is asked for again."""
    url = spec.url or ""
    async with Archive(tools.web, url, etag=health.etag, last_modified=health.last_modified) as archive:
        if not archive.fetched.not_modified:
            found = warc.records(archive.stream, url, spec, tools.now(), tools.max_bytes)
            await _published(_in_thread(found, counts), tools, counts)
        counts.is_whole = archive.failure is None
        return replace(archive.fetched, wire_bytes=archive.size)


async def _in_thread(found: Iterator[RawArticle | Refusal], counts: Counts) -> AsyncIterator[Marked | Refusal]:
    """What a reader of files yields, read beside the loop."""
    while group := await asyncio.to_thread(lambda: list(islice(found, GROUP))):
        counts.discovered += len(group)
        for one in group:
            yield one if isinstance(one, Refusal) else Marked(one)


async def _published(found: AsyncIterator[Marked | Refusal], tools: Tools, counts: Counts) -> None:
    group, since = list[Marked](), tools.now()
    async for one in found:
        if isinstance(one, Refusal):
            counts.refuse("no article")
            continue
        group.append(one)
        if len(group) == GROUP or tools.now() - since >= LONGEST_HELD:
            counts.add(await tools.deliver(group))
            group, since = [], tools.now()
    if group:
        counts.add(await tools.deliver(group))


async def _new(spec: SourceSpec, fetched: Fetched, tools: Tools, counts: Counts) -> AsyncIterator[Marked | Refusal]:
    """What the listing names and was not published before as it is now."""
    failures = 0
    # What failed before comes last: pages that fail for ever must not keep the others waiting as long.
    for item in sorted(await _items(spec, fetched, tools, counts), key=lambda one: one.url in tools.absent):
        if counts.new >= MOST_NEW or failures >= MOST_FAILURES:
            counts.is_whole = False
            return
        counts.listed(item)
        mark = raw_fingerprint(item.title, item.published, item.content)
        if item.url == fetched.url:  # the page that was fetched is the article itself
            yield _marked(pages.article(item, fetched, spec, tools.now(), tools.max_bytes), item, mark)
        elif _is_known(item, mark, spec, tools):
            counts.known += 1
        elif reason := tools.absent.reason(item.url or "", tools.now()):
            counts.refuse(reason)
            counts.is_whole &= not tools.absent.is_hoped_for(item.url or "", tools.now())
        else:
            counts.new += 1
            found = await _article(item, spec, tools, counts)
            failures = 0 if found else failures + 1
            if found:
                yield _marked(found, item, mark)


async def _items(spec: SourceSpec, fetched: Fetched, tools: Tools, counts: Counts) -> list[Item]:
    """The articles of the listing and of those that it names; a further one that cannot be read is counted.

    Raises:
        NotAListing: the first is none.
    """
    first = await _parsed(fetched, spec)
    found, queue, asked = [*first.items], [(url, first) for url in tools.further.wanted(first, tools.now())], 0
    counts.hub, counts.hub_topic = first.hub, first.self_url
    counts.is_index = bool(first.more)
    counts.left_out(first)
    while queue and asked < MOST_LISTINGS:
        asked += 1
        url, parent = queue.pop(0)
        try:
            listing = await _further(url, parent, spec, tools, counts)
        except (FetchError, NotAListing) as error:
            counts.discovered += 1
            counts.refuse(error.stage if isinstance(error, FetchError) else "parse")
        else:
            found += listing.items
            queue += [(one, listing) for one in tools.further.wanted(listing, tools.now())]
            counts.left_out(listing)
    return found


async def _further(url: str, parent: Listing, spec: SourceSpec, tools: Tools, counts: Counts) -> Listing:
    """A listing that another names; an empty one where it did not change since all of it was in Kafka."""
    tools.further.asked(url, tools.now())
    etag, last_modified = tools.further.validators(url)
    fetched = await tools.web.get(url, etag=etag, last_modified=last_modified)
    listing = Listing() if fetched.not_modified else await _parsed(fetched, spec)
    if not listing.more:  # what an index names may change while it does not
        counts.further[url] = tools.further.read(url, fetched, parent, tools.now())
    return listing


async def _parsed(fetched: Fetched, spec: SourceSpec) -> Listing:
    parse = sources.LISTINGS[spec.kind]
    return await asyncio.to_thread(parse, fetched.body, fetched.url, fetched.headers.get("content-type"), spec)


async def _article(item: Item, spec: SourceSpec, tools: Tools, counts: Counts) -> RawArticle | Refusal | None:
    """The article of an item: from what the listing carries, or from its page; none when the page cannot be had."""
    if pages.is_whole(item, spec):
        return pages.article(item, None, spec, tools.now(), tools.max_bytes)
    url = item.url or ""
    try:
        page = await tools.web.get(url, max_bytes=tools.max_bytes)
    except FetchError as error:
        counts.refuse(error.stage)
        tools.absent.failed(url, error.stage, error.hardness, tools.now())
        counts.is_whole &= not tools.absent.is_hoped_for(url, tools.now())
        return None
    counts.fetched += 1
    tools.absent.had(url)
    found = pages.article(item, page, spec, tools.now(), tools.max_bytes)
    if isinstance(found, Refusal):
        tools.absent.is_none(url, "no article", tools.now())
    return found


def _marked(found: RawArticle | Refusal, item: Item, mark: str) -> Marked | Refusal:
    if isinstance(found, Refusal):
        return found
    listed = article_id(item.url, "") if item.url else found.id
    return Marked(found, mark, listed if listed != found.id else None)


def _is_known(item: Item, mark: str, spec: SourceSpec, tools: Tools) -> bool:
    """Whether this source's listing said the same of it when it was published."""
    if not item.url:
        return False
    record = tools.known.get(article_id(item.url, "").encode("ascii"))
    return record is not None and Seen.read(record).marks.get(spec.name) == mark


def _told(
    tools: Tools, began: datetime, counts: Counts, fetched: Fetched | None = None, failure: _Failure | None = None
) -> Look:
    """The look for people."""
    now = tools.now()
    return Look(
        at=now,
        seconds=max((now - began).total_seconds(), 0),
        status=fetched.status if fetched else failure.status if failure else None,
        bytes=fetched.wire_bytes if fetched else 0,
        discovered=counts.discovered,
        new=max(counts.new, counts.published),
        published=counts.published,
        refused=counts.refused.total(),
        stage=failure.stage if failure else None,
        error=failure.reason[:500] if failure else None,
    )


def _succeeded(
    spec: SourceSpec, health: SourceHealth, told: Look, counts: Counts, fetched: Fetched | None
) -> SourceHealth:
    is_done = counts.is_whole and not counts.undelivered
    # A listing that did not change still is what it was; one whose articles are not all in Kafka is asked for again.
    keep = fetched is not None and fetched.not_modified
    headers = fetched.headers if fetched and is_done and not counts.is_index else {}
    outcome = Outcome(
        look=told,
        known=counts.known,
        fetched=counts.fetched,
        undelivered=counts.undelivered,
        undated=counts.undated,
        refused=counts.refused,
        newest=counts.newest,
        etag=health.etag if keep else headers.get("etag"),
        last_modified=health.last_modified if keep else headers.get("last-modified"),
        moved_to=fetched.moved_to if fetched else None,
        hub=counts.hub,
        hub_topic=counts.hub_topic or spec.url,
    )
    return schedule.succeeded(health, outcome, spec)


def _failed(spec: SourceSpec, health: SourceHealth, told: Look, failure: _Failure) -> SourceHealth:
    is_refused = failure.stage == "robots" or failure.status in _REFUSED_STATUS
    return schedule.failed(health, told, spec, failure.hardness, is_refused=is_refused, wait=failure.wait)
