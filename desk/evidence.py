"""What the streams and the index hold of one article, found by its key."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError
from pydantic import ValidationError

from desk.places import Log, committed, partition_of, windows
from processors import index
from schemas.dead import DEAD_RECORD, DeadLetter, Resolution
from schemas.envelope import RAW_PLACE, attributes, whole_number
from schemas.receipt import Receipt, ReceiptItem
from schemas.settings import Settings
from schemas.streams import streams

Spot = tuple[int, int]  # partition and offset

_WINDOW = 2000
# What is known already is not waited for: once something was found, the rest of the past gets this long.
_MORE_SECONDS = 0.75
_MOST_READ = 12
_INDEXED = ["version", "source", "origin", "url", "title", "fetched_at", "enrichers", "tagger", "learned"]


@dataclass(frozen=True, slots=True)
class Looked:
    """How far back a stream was looked through: whether all it holds, and the moment of the oldest record seen."""

    stream: str
    whole: bool
    since: datetime | None


@dataclass
class Evidence:
    """All that was found of one article. Records are kafka-python's, by partition and offset."""

    article_id: str
    document: dict[str, Any] | None = None
    is_searchable: bool = False
    index_problem: str | None = None
    letters: list[DeadLetter] = field(default_factory=list)
    resolutions: dict[str, Resolution] = field(default_factory=dict)
    receipts: dict[Spot, tuple[Receipt, ReceiptItem]] = field(default_factory=dict)
    raw: dict[Spot, Any] = field(default_factory=dict)
    enriched: dict[Spot, Any] = field(default_factory=dict)
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    looked: list[Looked] = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        """Whether any stream held something of it."""
        return bool(self.letters or self.receipts or self.raw or self.enriched)


def gather(settings: Settings, article_id: str, seconds: float, *, thorough: bool) -> Evidence:
    """Everything of an article that can be found within so many seconds.

    The receipts of the sink and the dead letters tell where it stands on the streams, what was not committed yet is
    looked through, and only what none of these tells of is looked for in all that the streams hold.

    Args:
        settings: servers and names.
        article_id: of the article.
        seconds: how long to look.
        thorough: look through all that the streams hold, even when something was found.

    Raises:
        KafkaError: Kafka does not answer.
    """
    found = Evidence(article_id)
    _from_index(settings, found)
    names = streams(settings)
    groups = {names.enricher_group: names.raw.name, names.sink_group: names.enriched.name}
    found.positions = committed(settings, groups)
    with Log(settings) as log:
        _Search(settings, log, found, time.monotonic() + seconds, thorough=thorough).run()
    return found


def _from_index(settings: Settings, found: Evidence) -> None:
    elasticsearch = index.client(settings, timeout=10)
    try:
        hit = _searched(elasticsearch, settings.index_alias, found.article_id)
        found.is_searchable = hit is not None
        found.document = hit or _stored(elasticsearch, settings.index_alias, found.article_id)
    except ApiError as error:
        found.index_problem = f"Elasticsearch at {settings.elasticsearch_url} refuses: {error.message}"
    except TransportError as error:
        found.index_problem = f"Elasticsearch at {settings.elasticsearch_url} does not answer: {error.message}"
    finally:
        elasticsearch.close()


def _searched(elasticsearch: Elasticsearch, alias: str, article_id: str) -> dict[str, Any] | None:
    answer = elasticsearch.search(
        index=alias, query={"ids": {"values": [article_id]}}, source_includes=_INDEXED, size=1
    )
    hits = answer["hits"]["hits"]
    return hits[0]["_source"] if hits else None


def _stored(elasticsearch: Elasticsearch, alias: str, article_id: str) -> dict[str, Any] | None:
    """A document that no search finds before the next refresh is there all the same."""
    answer = elasticsearch.options(ignore_status=404).get(index=alias, id=article_id, source_includes=_INDEXED)
    found: dict[str, Any] | None = answer.get("_source")
    return found


class _Search:
    """One search through the streams."""

    def __init__(self, settings: Settings, log: Log, found: Evidence, deadline: float, *, thorough: bool) -> None:
        self._names, self._log, self._found = streams(settings), log, found
        self._deadline, self._is_thorough = deadline, thorough
        self._key = found.article_id.encode("ascii")

    def run(self) -> None:
        """Fills the evidence."""
        self._letters()
        self._receipts()
        self._waiting(self._names.raw.name, self._found.raw)
        self._waiting(self._names.enriched.name, self._found.enriched)
        if self._is_thorough or not self._found.is_known:
            self._past(self._names.raw.name, self._found.raw)
            self._past(self._names.enriched.name, self._found.enriched)
        self._where_receipts_point()

    def _letters(self) -> None:
        stream = self._names.dead.name
        for partition in self._own_partition(stream):
            for record in self._log.span(stream, partition, *self._log.bounds(stream, partition)):
                if record.value and record.key == self._key:
                    self._letter(record.value)

    def _letter(self, value: bytes) -> None:
        try:
            record = DEAD_RECORD.validate_json(value)
        except ValidationError:
            return  # of a version that this software does not know
        if isinstance(record, Resolution):
            self._found.resolutions[record.letter] = record
        elif record.article_id == self._found.article_id:
            self._found.letters.append(record)

    def _own_partition(self, stream: str) -> list[int]:
        count = len(self._log.partitions(stream))
        return [partition_of(self._key, count)] if count else []

    def _receipts(self) -> None:
        stream = self._names.stored.name
        for partition in self._log.partitions(stream):
            self._through(stream, partition, self._receipt, lambda: bool(self._found.receipts))

    def _receipt(self, record: Any) -> None:
        if not record.value or self._key not in record.value:
            return
        receipt = Receipt.model_validate_json(record.value)
        for item in receipt.items:
            if item.id == self._found.article_id:
                self._found.receipts.setdefault((item.partition, item.offset), (receipt, item))

    def _waiting(self, stream: str, into: dict[Spot, Any]) -> None:
        """What its stage has not committed yet, as far as time allows, the first in the queue first."""
        for partition in self._own_partition(stream):
            start, end = self._log.bounds(stream, partition)
            start = max(start, self._found.positions.get((stream, partition), start))
            for record in self._log.span(stream, partition, start, end):
                self._take(record, into)
                if time.monotonic() > self._deadline:
                    break

    def _past(self, stream: str, into: dict[Spot, Any]) -> None:
        for partition in self._own_partition(stream):
            self._through(stream, partition, lambda record: self._take(record, into), lambda: bool(into))

    def _take(self, record: Any, into: dict[Spot, Any]) -> None:
        if record.key == self._key:
            into[record.partition, record.offset] = record

    def _through(self, stream: str, partition: int, take: Callable[[Any], None], has: Callable[[], bool]) -> None:
        """Looks through a partition from when the article was fetched on, then from its end backwards."""
        start, end = self._log.bounds(stream, partition)
        deadline, oldest, lowest = self._deadline, None, end
        for low, high in windows(start, end, _WINDOW, self._from(stream, partition)):
            if time.monotonic() > deadline:
                break
            for record in self._log.span(stream, partition, low, high):
                oldest = record.timestamp if oldest is None else min(oldest, record.timestamp)
                take(record)
            lowest = min(lowest, low) if high >= lowest else lowest
            if has() and not self._is_thorough:
                deadline = min(deadline, time.monotonic() + _MORE_SECONDS)
        since = datetime.fromtimestamp(oldest / 1000, UTC) if oldest else None
        self._found.looked.append(Looked(stream, lowest <= start, since))

    def _from(self, stream: str, partition: int) -> int | None:
        """Where to begin: an article is published soon after it was fetched, and goes on from there."""
        fetched = (self._found.document or {}).get("version")
        return None if fetched is None else self._log.since(stream, partition, fetched)

    def _where_receipts_point(self) -> None:
        """Reads the enriched articles that receipts tell of, and the raw ones that those were made of."""
        newest = sorted(self._found.receipts, key=lambda spot: self._found.receipts[spot][0].at, reverse=True)
        for spot in newest[:_MOST_READ]:
            self._read(self._names.enriched.name, spot, self._found.enriched)
        for record in list(self._found.enriched.values()):
            if of := raw_spot(attributes(record.headers)):
                self._read(self._names.raw.name, of, self._found.raw)
        for letter in self._found.letters:
            if letter.stream == self._names.raw.name:
                self._read(letter.stream, (letter.partition, letter.offset), self._found.raw)

    def _read(self, stream: str, spot: Spot, into: dict[Spot, Any]) -> None:
        if spot not in into and (record := self._log.at(stream, *spot)) is not None:
            self._take(record, into)


def raw_spot(said: dict[str, str]) -> Spot | None:
    """Where the raw article of an enriched one stands, by its headers."""
    partition, _, offset = said.get(RAW_PLACE, "").partition(":")
    number, place = whole_number(partition), whole_number(offset)
    return None if number is None or place is None else (number, place)
