"""Is everything that was published accounted for: from the raw stream to the index and the dead letters.

The raw stream is read once, in chunks. Each chunk's ids are asked of the index at once, for their versions alone, so
that of millions of messages only those are kept that the index does not account for. What these wait for, or which
letter holds them, is looked up at the end, when the stages have had time to come to them; and only after that the index
is asked once more, so that nothing that moves meanwhile is taken for missing.
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch, TransportError
from pydantic import ValidationError

from desk.evidence import raw_spot
from desk.failure import Exit, Failure
from desk.places import Log, chunks, committed
from desk.republish import republish
from desk.suspects import Suspects, Verdict, verdict
from processors import index
from processors.message import raw_version
from schemas.dead import DEAD_RECORD, DeadLetter
from schemas.envelope import ARTICLE_VERSION, attributes
from schemas.identity import HEARTBEAT_SOURCE
from schemas.settings import Settings
from schemas.streams import NoSuchStreamError, streams

_CHUNK = 2000
_ASKED_AT_ONCE = 2
_MOST_LISTED = 1000
_ID = re.compile(rb"[0-9a-f]{32}")
_HEARTBEAT = ("ce_source", f"/wiredesk/sources/{HEARTBEAT_SOURCE}".encode())

Progress = Callable[[int, int], None]
_Named = tuple[int, int, str | None, int | None]  # partition, offset, article and version
_Asked = tuple[list[_Named], Future[dict[str, int]]]


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """Messages of one partition, from offset `start` up to `end`, which counts no more."""

    partition: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the raw stream: by Kafka's time, or by offsets of partitions; all that is kept where none is given.

    `until` counts in. `offsets` may name a partition more than once; what stands in several of them is counted once.
    """

    since: datetime | None = None
    until: datetime | None = None
    offsets: Sequence[Part] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """One raw message that is nowhere; id and version are none where it names none."""

    partition: int
    offset: int
    article_id: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the raw messages of a span; `read` is the sum of the others.

    `listed` holds the first of the missing. `republished` counts those that were sent again.
    """

    at: datetime
    seconds: float
    stream: str
    parts: tuple[Part, ...]
    read: int
    stored: int
    stale: int
    dead: int
    in_flight: int
    missing: int
    heartbeats: int
    listed: tuple[Missing, ...] = ()
    republished: int = 0


def reconcile(
    settings: Settings, span: Span | None = None, *, repair: bool = False, progress: Progress | None = None
) -> Report:
    """Accounts for every message of the raw stream. Safe while everything runs.

    Args:
        settings: servers and names.
        span: which part of the stream.
        repair: publish again what is missing: key, bytes and headers as they were.
        progress: is told how many messages of how many were read.

    Raises:
        NoSuchStreamError: there is no raw stream.
        Failure: it has no partition that the span names.
        KafkaError: Kafka does not answer.
        NotFoundError: there is no index.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    started, at = time.monotonic(), datetime.now(UTC)
    elasticsearch = index.client(settings)
    try:
        with Log(settings) as log:
            run = _Run(settings, log, Versions(elasticsearch, settings.index_alias))
            parts = run.parts(span or Span())
            run.read(parts, progress or (lambda _done, _all: None))
            missing = run.settle()
            again = republish(settings, log, missing) if repair else 0
    finally:
        elasticsearch.close()
    counts = {one.value: run.counts[one] for one in Verdict}
    return Report(
        at=at,
        seconds=round(time.monotonic() - started, 3),
        stream=streams(settings).raw.name,
        parts=tuple(parts),
        read=sum(counts.values()) + run.heartbeats,
        heartbeats=run.heartbeats,
        listed=tuple(Missing(*spot) for spot in _first(missing)),
        republished=again,
        **counts,
    )


def _first(missing: Suspects) -> Iterator[tuple[int, int, str | None, int | None]]:
    for _, one in zip(range(_MOST_LISTED), missing, strict=False):
        yield one.partition, one.offset, one.article_id, one.version


def joined(parts: Iterable[Part]) -> list[Part]:
    """Parts that together hold the same messages, by partition and rising offset, none of them in two."""
    found: list[Part] = []
    for part in sorted(parts):
        last = found[-1] if found else None
        if last and last.partition == part.partition and part.start <= last.end:
            found[-1] = replace(last, end=max(last.end, part.end))
        else:
            found.append(part)
    return found


def _no_partition(stream: str, number: int, numbers: Sequence[int]) -> Failure:
    has = f"partitions {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"partition {numbers[0]} alone"
    return Failure(
        f"{stream} has no partition {number}: it has {has}",
        f"wiredesk reconcile --offsets {numbers[0]}:0-100 (without --offsets all partitions are read)",
        Exit.USAGE,
    )


class Versions:
    """Which version of each article stands in the index."""

    def __init__(self, elasticsearch: Elasticsearch, alias: str) -> None:
        self._elasticsearch = elasticsearch
        behind = elasticsearch.indices.get_alias(name=alias).body
        # While an index is rebuilt two may stand behind the alias: the one that is written to counts.
        written = [name for name, one in behind.items() if one["aliases"][alias].get("is_write_index")]
        self._index = max(written or behind)

    def searchable(self, ids: Sequence[str]) -> dict[str, int]:
        """The versions by id as of the index's last refresh: one search reads them from columns, and no document."""
        if not ids:
            return {}
        answer = self._elasticsearch.search(
            index=self._index,
            query={"ids": {"values": ids}},
            size=len(ids),
            sort="_doc",
            source=False,
            stored_fields="_none_",
            docvalue_fields=[{"field": "id"}, {"field": "version"}],
            track_total_hits=False,
            filter_path="hits.hits.fields,_shards.failed",
        )
        if answer["_shards"]["failed"]:
            raise TransportError("a part of the index did not answer")
        hits = (hit["fields"] for hit in answer.get("hits", {}).get("hits", ()))
        return {fields["id"][0]: fields["version"][0] for fields in hits}

    def now(self, ids: Sequence[str]) -> dict[str, int]:
        """The versions by id as they stand at this moment."""
        if not ids:
            return {}
        answer = self._elasticsearch.mget(
            index=self._index, ids=ids, source=False, filter_path="docs._id,docs.found,docs._version"
        )
        return {one["_id"]: one["_version"] for one in answer["docs"] if one.get("found")}


class _Run:
    """One reconciliation."""

    def __init__(self, settings: Settings, log: Log, versions: Versions) -> None:
        self._settings, self._log, self._versions = settings, log, versions
        self._names = streams(settings)
        self._suspects = Suspects()
        self.counts: Counter[Verdict] = Counter()
        self.heartbeats = 0

    def parts(self, span: Span) -> list[Part]:
        """The offsets that a span means, as the stream stands now, in rising order and each once.

        Raises:
            NoSuchStreamError: there is no raw stream.
            Failure: it has no such partition.
        """
        stream = self._names.raw.name
        numbers = self._log.partitions(stream)
        if not numbers:
            raise NoSuchStreamError(
                f"there is no stream {stream}: make the streams and the index with `wiredesk setup`"
            )
        if strange := sorted({part.partition for part in span.offsets}.difference(numbers)):
            raise _no_partition(stream, strange[0], numbers)
        wanted = map(self._kept, joined(span.offsets)) if span.offsets else (self._during(one, span) for one in numbers)
        return [part for part in wanted if part.start < part.end]

    def _kept(self, part: Part) -> Part:
        """What the stream still holds of a part."""
        start, end = self._log.bounds(self._names.raw.name, part.partition)
        return Part(part.partition, max(start, part.start), min(end, part.end))

    def _during(self, number: int, span: Span) -> Part:
        start, end = self._log.bounds(self._names.raw.name, number)
        return Part(number, self._at(number, span.since, 0, start, end), self._at(number, span.until, 1, end, end))

    def _at(self, number: int, moment: datetime | None, later: int, otherwise: int, end: int) -> int:
        """The first offset at or after a moment and so many milliseconds."""
        if moment is None:
            return otherwise
        found = self._log.since(self._names.raw.name, number, int(moment.timestamp() * 1000) + later)
        return end if found is None else found

    def read(self, parts: Sequence[Part], progress: Progress) -> None:
        """Reads the messages, and keeps those that the index does not account for.

        While the index answers for one chunk the next is read.
        """
        total, done = sum(part.end - part.start for part in parts), 0
        asked: deque[_Asked] = deque()
        with ThreadPoolExecutor(1) as asking:
            for records in self._chunks(parts):
                named_ones = self._named(records)
                ids = [article for *_, article, _ in named_ones if article]
                asked.append((named_ones, asking.submit(self._versions.searchable, ids)))
                if len(asked) > _ASKED_AT_ONCE:
                    self._judge(*asked.popleft())
                done += len(records)
                progress(done, total)
            for one in asked:
                self._judge(*one)

    def _chunks(self, parts: Sequence[Part]) -> Iterator[list[Any]]:
        for part in parts:
            yield from chunks(self._log.span(self._names.raw.name, part.partition, part.start, part.end), _CHUNK)

    def _named(self, records: Iterable[Any]) -> list[_Named]:
        """What each message names, without the heartbeats, which are counted."""
        found: list[_Named] = []
        for record in records:
            if _HEARTBEAT in record.headers:
                self.heartbeats += 1
            else:
                found.append((record.partition, record.offset, *named(record)))
        return found

    def _judge(self, named_ones: list[_Named], answer: Future[dict[str, int]]) -> None:
        standing = answer.result()
        for partition, offset, article, version in named_ones:
            judged = verdict(version, standing.get(article or ""), is_dead=False, is_waiting=False)
            if judged is Verdict.MISSING:
                self._suspects.add(partition, offset, article, version)
            else:
                self.counts[judged] += 1

    def settle(self) -> Suspects:
        """Finds out what became of the others, and returns those that are missing."""
        missing = Suspects()
        if not len(self._suspects):
            return missing
        self._mark_waiting()
        self._mark_dead()
        for chunk in chunks(self._suspects, _CHUNK):
            standing = self._versions.now([one.article_id for one in chunk if one.article_id])
            for one in chunk:
                indexed = standing.get(one.article_id or "")
                found = verdict(one.version, indexed, is_dead=one.is_dead, is_waiting=one.is_waiting)
                self.counts[found] += 1
                if found is Verdict.MISSING:
                    missing.add(one.partition, one.offset, one.article_id, one.version)
        return missing

    def _mark_waiting(self) -> None:
        """What a stage committed before this moment is stored or buried already; what not is in flight."""
        raw, enriched = self._names.raw.name, self._names.enriched.name
        groups = {self._names.enricher_group: raw, self._names.sink_group: enriched}
        positions = committed(self._settings, groups)
        for number in self._log.partitions(raw):
            self._suspects.mark_waiting_from(number, positions.get((raw, number), 0))
        for number in self._log.partitions(enriched):
            start, end = self._log.bounds(enriched, number)
            start = max(start, positions.get((enriched, number), 0))
            for record in self._log.span(enriched, number, start, end):
                if spot := raw_spot(attributes(record.headers)):
                    self._suspects.mark_waiting(*spot)

    def _mark_dead(self) -> None:
        stream = self._names.dead.name
        for number in self._log.partitions(stream):
            for record in self._log.span(stream, number, *self._log.bounds(stream, number)):
                if spot := buried_spot(record.value, self._names.raw.name):
                    self._suspects.mark_dead(*spot)


def named(record: Any) -> tuple[str, int] | tuple[None, None]:
    """The article and version that a raw message names; none of them where it does not name both."""
    if not record.key or not _ID.fullmatch(record.key) or (version := version_of(record)) is None:
        return None, None
    return record.key.decode("ascii"), version


def version_of(record: Any) -> int | None:
    """The version of a raw message, by its header, else by its body; none where neither says it."""
    said = next((value or b"" for name, value in record.headers if name == ARTICLE_VERSION), None)
    return raw_version(None if said is None else said.decode("utf-8", "replace"), record.value)


def buried_spot(value: bytes | None, raw: str) -> tuple[int, int] | None:
    """Where on the raw stream the message stands that a dead letter holds, whichever stage wrote it."""
    try:
        letter = DEAD_RECORD.validate_json(value or b"")
    except ValidationError:
        return None
    if not isinstance(letter, DeadLetter):
        return None
    return (letter.partition, letter.offset) if letter.stream == raw else raw_spot(letter.headers)
