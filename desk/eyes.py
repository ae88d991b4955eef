"""What looks at Kafka and Elasticsearch: connections stay open, and only what is new is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import NotFoundError
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, RetriableError

from desk import flow
from desk.flow import IndexSeen, KafkaSeen, Part
from desk.tails import STATUS_KEPT, Letters, Receipts, Statuses
from processors import index
from processors.health import index_problem
from schemas.identity import HEARTBEAT_SOURCE
from schemas.settings import Settings
from schemas.streams import SMALL_FETCH_BYTES, NoSuchStreamError, client_options, partitions_of, reader_options, streams

_TIMEOUT_MS = 5000
_COORDINATOR_SECONDS = 5.0
_TOPICS_EVERY = 30.0
_PEEK_BYTES = 2**10
_NEWEST = 10
_SOURCES = 50


class KafkaEye:
    """Looks at Kafka again and again; used by one thread at a time.

    Args:
        settings: which Kafka, and the names of the streams.

    Raises:
        KafkaError: Kafka does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self._names = streams(settings)
        patience = {"bootstrap_timeout_ms": _TIMEOUT_MS, "request_timeout_ms": _TIMEOUT_MS}
        self._consumer = KafkaConsumer(**reader_options(settings, SMALL_FETCH_BYTES), **patience)
        self._peeker: Any = None
        self._peek_options = {**reader_options(settings, _PEEK_BYTES), **patience}
        self._admin = KafkaAdminClient(**client_options(settings), **patience)
        self._letters, self._statuses, self._receipts = Letters(), Statuses(), Receipts()
        self._tails: dict[TopicPartition, Callable[[Any], None]] = {}
        self._peeked: dict[TopicPartition, tuple[int, datetime]] = {}
        self._sick, self._sick_at = (0, 0), float("-inf")

    def close(self) -> None:
        """Ends the connections."""
        for consumer in filter(None, (self._consumer, self._peeker)):
            consumer.close(autocommit=False, timeout_ms=500)
        self._admin.close()

    def look(self) -> KafkaSeen:
        """What Kafka holds now.

        Raises:
            KafkaError: Kafka does not answer.
            NoSuchStreamError: the streams were not made yet.
        """
        names = self._names
        # The offsets that were committed come first: what was read by then is written by the time that is counted.
        committed = self._committed()
        parts = {stream.name: self._parts(stream.name) for stream in (names.raw, names.enriched, names.dead)}
        self._follow()
        now = datetime.now(UTC)
        return KafkaSeen(
            at=now,
            parts=parts,
            committed=committed,
            oldest=self._oldest(parts, committed),
            statuses=self._statuses.lately(now),
            letters=self._letters.open,
            buried=self._letters.buried,
            stored_per_minute=self._receipts.since(now - flow.RATE_WINDOW) if self._has_receipts() else None,
            beats=self._statuses.beats,
            account=self._statuses.account,
            changes=self._statuses.all_changes(now),
            offline=self._unwell()[0],
            under_replicated=self._unwell()[1],
        )

    def _parts(self, stream: str) -> list[Part]:
        partitions = partitions_of(self._consumer, stream)
        starts = self._consumer.beginning_offsets(partitions, _TIMEOUT_MS)
        ends = self._consumer.end_offsets(partitions, _TIMEOUT_MS)
        then = self._at(partitions, flow.RATE_WINDOW)
        return [
            Part(one.partition, starts[one], ends[one], then[one].offset if then.get(one) else ends[one])
            for one in partitions
        ]

    def _at(self, partitions: Iterable[TopicPartition], ago: timedelta) -> dict[TopicPartition, Any]:
        since = int((time.time() - ago.total_seconds()) * 1000)
        found: dict[TopicPartition, Any] = self._consumer.offsets_for_times(
            dict.fromkeys(partitions, since), _TIMEOUT_MS
        )
        return found

    def _committed(self) -> dict[tuple[str, int], int]:
        wanted = {self._names.enricher_group: self._names.raw.name, self._names.sink_group: self._names.enriched.name}
        return {
            (partition.topic, partition.partition): committed.offset
            for group, stream in wanted.items()
            for partition, committed in _group_offsets(self._admin, group).items()
            if partition.topic == stream and committed.offset >= 0
        }

    def _follow(self) -> None:
        """Takes what is new on the streams that are read whole."""
        if not self._tails:
            self._begin()
        ends = self._consumer.end_offsets(list(self._tails), _TIMEOUT_MS)
        deadline = time.monotonic() + 12 * _TIMEOUT_MS / 1000
        while any(self._consumer.position(one, _TIMEOUT_MS) < ends[one] for one in self._tails):
            for partition, records in self._consumer.poll(timeout_ms=500, max_records=10_000).items():
                for record in records:
                    self._tails[partition](record)
            if time.monotonic() > deadline:
                raise KafkaError("its records do not come")

    def _begin(self) -> None:
        """Dead letters from the start; the rest from as long ago as it matters."""
        names = self._names
        dead = partitions_of(self._consumer, names.dead.name)
        status = partitions_of(self._consumer, names.status.name)
        stored = self._there(names.stored.name)
        self._tails = {
            **dict.fromkeys(dead, self._letters.take),
            **dict.fromkeys(status, self._statuses.take),
            **dict.fromkeys(stored, self._receipts.take),
        }
        self._consumer.assign(list(self._tails))
        self._consumer.seek_to_beginning(*dead)
        for partitions, ago in ((status, STATUS_KEPT), (stored, flow.RATE_WINDOW)):
            self._seek(partitions, ago)

    def _there(self, stream: str) -> list[TopicPartition]:
        """The partitions of a stream that a Wiredesk of an earlier version has not made."""
        try:
            return partitions_of(self._consumer, stream)
        except NoSuchStreamError:
            return []

    def _seek(self, partitions: list[TopicPartition], ago: timedelta) -> None:
        then = self._at(partitions, ago) if partitions else {}
        for one in partitions:
            if found := then.get(one):
                self._consumer.seek(one, found.offset)
            else:
                self._consumer.seek_to_end(one)

    def _has_receipts(self) -> bool:
        return any(partition.topic == self._names.stored.name for partition in self._tails)

    def _oldest(self, parts: dict[str, list[Part]], committed: dict[tuple[str, int], int]) -> dict[str, datetime]:
        """When the oldest message was written that waits, by stream."""
        found: dict[str, datetime] = {}
        for name in (self._names.raw.name, self._names.enriched.name):
            waiting = (
                (TopicPartition(name, part.partition), max(part.start, committed.get((name, part.partition), 0)))
                for part in parts[name]
            )
            ends = {part.partition: part.end for part in parts[name]}
            times = [self._written(one, offset) for one, offset in waiting if offset < ends[one.partition]]
            if known := [moment for moment in times if moment]:
                found[name] = min(known)
        return found

    def _written(self, partition: TopicPartition, offset: int) -> datetime | None:
        """When the message at an offset was written; asked once for as long as nothing moves."""
        if self._peeked.get(partition, (-1,))[0] != offset:
            moment = self._peek(partition, offset)
            if moment is None:
                return None
            self._peeked[partition] = offset, moment
        return self._peeked[partition][1]

    def _peek(self, partition: TopicPartition, offset: int) -> datetime | None:
        self._peeker = self._peeker or KafkaConsumer(**self._peek_options)
        self._peeker.assign([partition])
        self._peeker.seek(partition, offset)
        for records in self._peeker.poll(timeout_ms=2000, max_records=1).values():
            return datetime.fromtimestamp(records[0].timestamp / 1000, UTC)
        return None

    def _unwell(self) -> tuple[int, int]:
        """How many partitions have no leader, and how many lack a replica; asked twice a minute."""
        if time.monotonic() >= self._sick_at + _TOPICS_EVERY:
            self._sick_at = time.monotonic()
            described = self._admin.describe_topics([stream.name for stream in self._names.all])
            self._sick = unwell(described)
        return self._sick


def unwell(described: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """How many partitions have no leader, and how many lack a replica, as Kafka describes its topics."""
    partitions = [one for topic in described for one in topic.get("partitions", ())]
    offline = sum(one.get("leader_id", one.get("leader", 0)) < 0 for one in partitions)
    lacking = sum(
        len(one.get("isr_nodes", one.get("isr", ()))) < len(one.get("replica_nodes", one.get("replicas", ())))
        for one in partitions
    )
    return offline, lacking


def _group_offsets(admin: KafkaAdminClient, group: str) -> dict[Any, Any]:
    """What a group committed. A Kafka that has just started needs a moment before it can tell."""
    deadline = time.monotonic() + _COORDINATOR_SECONDS
    while True:
        try:
            found: dict[Any, Any] = admin.list_group_offsets({group: None})[group]
        except RetriableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return found


class IndexEye:
    """Looks at the index again and again."""

    def __init__(self, settings: Settings) -> None:
        self._alias = settings.index_alias
        self._elasticsearch = index.client(settings, timeout=10)

    def close(self) -> None:
        """Ends the connection."""
        self._elasticsearch.close()

    def look(self) -> IndexSeen:
        """What the index holds now; the heartbeat counts nowhere.

        Raises:
            ApiError: Elasticsearch refuses.
            TransportError: it does not answer.
        """
        try:
            found = self._elasticsearch.search(index=self._alias, **_request()).body
        except NotFoundError:
            return IndexSeen(datetime.now(UTC), exists=False)
        return index_seen(found, index_problem(self._elasticsearch, self._alias))


def _request() -> dict[str, Any]:
    lately = {"range": {"fetched_at": {"gte": f"now-{int(flow.RECENT.total_seconds())}s"}}}
    return {
        "size": _NEWEST,
        "track_total_hits": True,
        "query": {"bool": {"must_not": [{"term": {"source": HEARTBEAT_SOURCE}}]}},
        "sort": [{"fetched_at": "desc"}],
        "source_includes": ["id", "title", "source", "date", "fetched_at"],
        "aggs": {
            "newest": {"max": {"field": "fetched_at"}},
            "lately": {"filter": lately, "aggs": {"sources": {"terms": {"field": "source", "size": _SOURCES}}}},
        },
    }


def index_seen(found: Any, problem: str) -> IndexSeen:
    """What an answer of Elasticsearch to the look says."""
    newest = found["aggregations"]["newest"].get("value")
    hits = [hit["_source"] for hit in found["hits"]["hits"]]
    return IndexSeen(
        at=datetime.now(UTC),
        documents=found["hits"]["total"]["value"],
        newest_fetched_at=datetime.fromtimestamp(newest / 1000, UTC) if newest else None,
        sources={one["key"]: one["doc_count"] for one in found["aggregations"]["lately"]["sources"]["buckets"]},
        newest=[{**one, "title": next(iter(one["title"].values()), "")} for one in hits],
        problem=problem,
    )
