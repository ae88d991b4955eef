"""A watch reads only what is new, dates what it knows, and goes on when a server does not; heartbeats come through."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elastic_transport import ConnectionError as NoElasticsearch
from kafka.errors import KafkaConnectionError, KafkaTimeoutError

from desk import flow
from desk.eyes import index_seen, unwell
from desk.flow import IndexSeen, KafkaSeen, Part
from desk.heartbeat import ARTICLE_ID, Heart, beat
from desk.tails import Letters, Receipts, Statuses
from desk.watch import Watch
from processors.enrich import enrich
from processors.letters import letter
from processors.message import Message
from processors.progress import Progress
from schemas.article import RawArticle
from schemas.dead import Resolution
from schemas.identity import HEARTBEAT_SOURCE
from schemas.receipt import Receipt, ReceiptItem
from schemas.status import Heartbeat
from schemas.streams import streams
from tests.fakes import FakeProducer, Waits, raw_message, unit_settings

SETTINGS = unit_settings()
NAMES = streams(SETTINGS)
PARTS = {stream.name: [Part(0, 0, 0, 0)] for stream in (NAMES.raw, NAMES.enriched, NAMES.dead)}


@dataclass
class Record:
    """A record of a stream."""

    value: bytes | None
    key: bytes = b"k"
    partition: int = 0
    offset: int = 0


def taken(by: Any, *values: Any) -> Any:
    """What folds a stream, after it took these models or bytes."""
    for value in values:
        by.take(Record(value if isinstance(value, bytes) else value.model_dump_json().encode()))
    return by


LETTERS = [letter(replace(raw_message(), offset=number), "enrich", "no_text", "", "h") for number in range(4)]
CLOSED = [Resolution(letter=one.id, action="dropped", at=datetime.now(UTC), by="h") for one in LETTERS]


def test_open_letters_are_kept_without_their_originals() -> None:
    """What is kept of a letter does not grow with its article; a letter that was written twice counts once."""
    letters = taken(Letters(), LETTERS[0], LETTERS[1], LETTERS[0], CLOSED[1])
    assert [(one.id, one.value) for one in letters.open] == [(LETTERS[0].id, None)]
    assert letters.buried == 2


def told(statuses: Statuses, progress: Progress, at: datetime | None = None) -> None:
    """Lets a process tell of itself at a moment."""
    status = progress.status().model_copy(update={"at": at or datetime.now(UTC)})
    statuses.take(Record(status.model_dump_json().encode(), f"{progress.stage}/{progress.instance}".encode()))


def test_what_processes_do_is_noticed() -> None:
    """Starts, other partitions and silence are changes; telling the same again is none."""
    statuses, now = Statuses(), datetime.now(UTC)
    first = Progress("sink", "s-1", partitions=(0, 1), started=now - timedelta(minutes=9))
    told(statuses, first, now - timedelta(minutes=8))
    told(statuses, first, now - timedelta(minutes=7))
    first.partitions = (1,)
    told(statuses, first, now - timedelta(minutes=6))
    told(statuses, Progress("sink", "s-2"), now)
    assert [(one.instance, one.what) for one in statuses.all_changes(now)] == [
        ("s-1", "started"),
        ("s-1", "reads partitions 1"),
        ("s-2", "started"),
        ("s-1", "fell silent"),
    ]


def test_who_is_silent_for_an_hour_is_forgotten() -> None:
    """Processes of long ago are no news, and take no memory."""
    statuses, now = Statuses(), datetime.now(UTC)
    told(statuses, Progress("sink", "old"), now - timedelta(minutes=61))
    told(statuses, Progress("sink", "new"), now - timedelta(minutes=59))
    assert [one.instance for one in statuses.lately(now)] == ["new"]
    assert "old" not in {one.instance for one in statuses.all_changes(now) if one.what == "fell silent"}


def test_a_heartbeat_that_is_not_found_does_not_hide_the_last_that_was() -> None:
    """Of each publisher the last heartbeat and the last that was found are known."""
    statuses, now = Statuses(), datetime.now(UTC)
    for seconds, found in ((60, 900.0), (1, None)):
        one = Heartbeat(at=now - timedelta(seconds=seconds), by="h", searchable_ms=found)
        statuses.take(Record(one.model_dump_json().encode(), b"heartbeat/h"))
    statuses.take(Record(b"of a later version", b"heartbeat/h"))
    assert sorted(one.searchable_ms or 0 for one in statuses.beats) == [0, 900]


def test_receipts_count_what_came_to_its_end_lately() -> None:
    """The articles of receipts since a moment are counted, whatever else stands on the stream; heartbeats are none."""
    now = datetime.now(UTC)
    item = ReceiptItem(id="0" * 32, version=1, verdict="stored", partition=0, offset=1)
    own = item.model_copy(update={"id": ARTICLE_ID})
    ones = [
        Receipt(at=now - timedelta(seconds=age), took_ms=1, by="h", items=(item,) * count + (own,))
        for age, count in ((90, 5), (30, 2), (1, 1))
    ]
    assert taken(Receipts(), *ones, b"{}").since(now - timedelta(minutes=1)) == 3


def test_partitions_without_leader_or_replica_are_counted() -> None:
    """As Kafka describes its topics, partitions without a leader and with fewer copies in step are counted."""
    well = {"leader_id": 1, "replica_nodes": [1, 2], "isr_nodes": [1, 2]}
    described = [{"partitions": [well, {**well, "isr_nodes": [1]}]}, {"partitions": [{**well, "leader_id": -1}]}]
    assert unwell(described) == (1, 1)


def test_the_index_is_seen_as_elasticsearch_answers() -> None:
    """Count, newest moment, sources of the last minutes and newest titles are taken from one answer."""
    hit = {"id": "1", "title": {"en": "Talks"}, "source": "herald", "fetched_at": "2026-03-01T12:00:00.000Z"}
    answer = {
        "hits": {"total": {"value": 7}, "hits": [{"_source": hit}, {"_source": {**hit, "title": {}}}]},
        "aggregations": {
            "newest": {"value": 1_772_366_400_000},
            "lately": {"sources": {"buckets": [{"key": "herald", "doc_count": 5}]}},
        },
    }
    seen = index_seen(answer, "")
    assert (seen.documents, seen.sources) == (7, {"herald": 5})
    assert seen.newest_fetched_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert [one["title"] for one in seen.newest] == ["Talks", ""]


class Eye:
    """Something that is looked at: gives what it is told to see, or fails."""

    def __init__(self, seen: Any) -> None:
        self.seen, self.error = seen, None  # type: tuple[Any, Exception | None]
        self.looks = self.opened = self.closed = self.at_once = 0
        self._lock = threading.Lock()

    def open(self, _: Any) -> Eye:
        """Opens it, unless it is away."""
        self.opened += 1
        if self.error:
            raise self.error
        return self

    def look(self) -> Any:
        """What there is; two at once would be a fault."""
        assert self._lock.acquire(blocking=False), "two threads look at once"
        try:
            self.looks += 1
            if self.error:
                raise self.error
            return self.seen
        finally:
            self._lock.release()

    def close(self) -> None:
        """Counts."""
        self.closed += 1


def watching() -> tuple[Watch, Eye, Eye]:
    """A watch with its two eyes, Kafka's and the index's."""
    now = datetime.now(UTC)
    statuses = [Progress("enrich").status(), Progress("sink").status()]
    kafka, index = Eye(KafkaSeen(now, PARTS, {}, statuses=statuses)), Eye(IndexSeen(now, documents=3))
    return Watch(SETTINGS, kafka.open, index.open), kafka, index


def test_connections_stay_open_between_looks() -> None:
    """Facts are asked for again and again by the same eyes, and the eyes are closed at the end."""
    watch, kafka, index = watching()
    with watch:
        assert [watch.facts()["index"]["documents"] for _ in range(3)] == [3, 3, 3]
    assert (kafka.opened, kafka.looks, kafka.closed) == (1, 3, 1)
    assert (index.opened, index.looks, index.closed) == (1, 3, 1)


@pytest.mark.parametrize("error", [KafkaTimeoutError("no answer"), KafkaConnectionError("refused"), OSError("refused")])
def test_kafka_away_leaves_what_was_known_with_its_date(error: Exception) -> None:
    """The index is still looked at; Kafka's facts stay, dated, until it is back, which is noticed unaided."""
    watch, kafka, index = watching()
    with watch:
        before = watch.facts()
        kafka.error = error
        index.seen = replace(index.seen, documents=4)
        down, still = watch.facts(), watch.facts()
        kafka.error = None
        after = watch.facts()
    assert before["wrong"] == after["wrong"] == []
    assert (down["index"]["documents"], down["stages"].keys()) == (4, before["stages"].keys())
    assert down["wrong"][0]["code"] == "kafka_down"
    assert type(error).__name__ in down["verdict"]
    assert down["servers"]["kafka"]["since"] == still["servers"]["kafka"]["since"]
    assert down["servers"]["kafka"]["seen_at"] == before["servers"]["kafka"]["seen_at"]
    assert down["servers"]["elasticsearch"]["ok"]


def test_elasticsearch_away_leaves_kafkas_facts() -> None:
    """What Kafka tells goes on, and the index's facts are as they were."""
    watch, _, index = watching()
    with watch:
        watch.facts()
        index.error = NoElasticsearch("refused")
        down = watch.facts()
    assert [finding["code"] for finding in down["wrong"]] == ["elasticsearch_down"]
    assert (down["index"]["documents"], down["servers"]["kafka"]["ok"]) == (3, True)


def test_a_watch_that_never_saw_anything_says_so() -> None:
    """With both servers away from the start there are no facts but that."""
    watch, kafka, index = watching()
    kafka.error, index.error = KafkaConnectionError("refused"), NoElasticsearch("refused")
    with watch:
        found = watch.facts()
    assert {finding["code"] for finding in found["wrong"]} == {"kafka_down", "elasticsearch_down"}
    assert (found["stages"], found["index"]["documents"]) == ({}, None)


def test_who_demands_facts_gets_them_or_the_error() -> None:
    """One who needs both servers is told which failed."""
    watch, kafka, _ = watching()
    with watch:
        assert watch.demand()["index"]["documents"] == 3
        kafka.error = KafkaTimeoutError("no answer")
        with pytest.raises(KafkaTimeoutError):
            watch.demand()


def test_many_threads_may_ask() -> None:
    """Eyes are never used by two threads at once, whoever asks."""
    watch, kafka, _ = watching()
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(20):
                assert watch.facts()["wrong"] == []
        except BaseException as error:  # noqa: BLE001 (told to the test)
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    with watch:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (failed, kafka.looks) == ([], 80)


class Search:
    """A search that finds the version that was published last, after so many looks."""

    def __init__(self, producer: FakeProducer, after: int) -> None:
        self._producer, self._after, self.looks = producer, after, 0

    def __call__(self) -> int | None:
        """The version that is found now."""
        self.looks += 1
        published = [RawArticle.model_validate_json(one.value or b"") for one in self._producer.to(NAMES.raw.name)]
        return published[-1].version if self.looks > self._after else None


def test_a_heartbeat_is_published_found_and_told() -> None:
    """One article goes to the raw stream under the contract; when a search finds it, its milliseconds are told."""
    producer = FakeProducer()
    now = iter(datetime(2026, 3, 1, 12, 0, second, tzinfo=UTC) for second in (0, 2))
    found = Heart(SETTINGS, producer, Search(producer, 3), Waits(), lambda: next(now)).once()
    (raw,) = producer.to(NAMES.raw.name)
    assert raw.key == ARTICLE_ID.encode()
    assert found.searchable_ms == 2000
    beats = [Heartbeat.model_validate_json(one.value or b"") for one in producer.to(NAMES.status.name)]
    assert [one.searchable_ms for one in beats] == [None, 2000]


def test_a_heartbeat_that_nobody_finds_is_told_as_published_only() -> None:
    """Who is asked to stop while it looks tells only that a heartbeat was published."""
    producer = FakeProducer()
    heart = Heart(SETTINGS, producer, lambda: None, Waits(stop_after=3))
    assert heart.once().searchable_ms is None
    assert len(producer.to(NAMES.status.name)) == 1


def test_heartbeats_go_on_when_kafka_does_not() -> None:
    """A heartbeat that Kafka does not take is left, and the next one comes in its time."""
    producer = FakeProducer(raises=lambda _: KafkaTimeoutError("no answer"))
    waits = Waits(stop_after=4)
    Heart(SETTINGS, producer, lambda: None, waits).run()
    assert (producer.sent, len(waits.seconds)) == ([], 4)
    assert all(0 < seconds <= 60 for seconds in waits.seconds[1:])


def test_every_heartbeat_is_the_same_article_in_another_version() -> None:
    """Heartbeats have one id, rise in version, and can be enriched."""
    first, second = (beat(datetime(2026, 3, 1, 12, minute, tzinfo=UTC)) for minute in (0, 1))
    assert first.id == second.id == ARTICLE_ID
    assert first.version < second.version
    assert enrich(first).source == HEARTBEAT_SOURCE


def test_a_message_knows_that_it_is_a_heartbeat() -> None:
    """Both the raw and the enriched message of a heartbeat are known by their envelope, others are none."""
    producer = FakeProducer()
    Heart(SETTINGS, producer, lambda: None, Waits(stop_after=1)).once()
    raw = producer.to(NAMES.raw.name)[0]
    message = Message(NAMES.raw.name, 0, 0, 0, raw.key, raw.value, tuple(raw.headers))
    assert message.is_heartbeat
    assert not raw_message().is_heartbeat


def test_moments_of_facts_are_never_in_the_future() -> None:
    """An age is never negative, even when another machine's clock is ahead."""
    now = datetime.now(UTC)
    assert flow.age(now + timedelta(seconds=5), now) == 0
    assert flow.age(None, now) is None
