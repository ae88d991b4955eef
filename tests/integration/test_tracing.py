"""Where an article is, told from real streams and a real index while they work."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer

from deploy.ladder import Servers
from desk.places import partition_of
from desk.trace import Trace, trace
from desk.workers import Worker
from schemas.identity import article_id
from schemas.receipt import Receipt
from schemas.settings import Settings, load
from schemas.streams import producer_options, read_to_end, reader_options, streams
from tests.generator import records
from tests.integration.pipeline import drain, feed_generated, json_lines, made, until, wiredesk, working

COUNT = 40


@pytest.fixture(scope="module")
def fed(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, dict[str, Worker]]]:
    """One pipeline at work for all tests of this file, with some articles through it."""
    settings = load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix="traced.",
        index_alias="traced-articles",
        data_dir=tmp_path_factory.mktemp("traced"),
    )
    with made(settings), working(settings) as workers:
        feed_generated(settings, COUNT, seed=5)
        drain(settings)
        yield settings, workers


def url(seed: int, number: int = 0) -> str:
    """The address of an article of the generator."""
    return f"https://news.example/{seed}/{number}"


def names_of(found: Trace) -> list[str]:
    """The names of the steps of the newest passage."""
    return [step.name for step in found.passages[0].steps]


def test_an_article_is_traced_from_its_source_to_the_index(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """Each stage is told with its place and time, in order, by the article's address as by its id."""
    settings, _ = fed
    found = trace(settings, url(5, 7))
    passage = found.passages[0]
    assert trace(settings, found.article_id.upper()).passages == found.passages
    assert (found.state, names_of(found)) == ("stored", ["fetched", "published", "enriched", "stored"])
    assert found.indexed is not None
    assert found.indexed.is_searchable
    assert passage.version == found.indexed.version
    assert passage.enriched is not None
    assert passage.enriched.enrichers == found.indexed.enrichers
    moments = [step.at for step in passage.steps if step.at]
    assert moments == sorted(moments)
    assert all(step.ms is not None and step.ms >= 0 for step in passage.steps[1:])


def test_places_are_where_the_messages_stand(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """The offsets that a trace gives hold that article, on both streams."""
    settings, _ = fed
    passage = trace(settings, url(5, 3)).passages[0]
    assert passage.published is not None
    assert passage.enriched is not None
    for place in (passage.published, passage.enriched.place):
        found = {(record.partition, record.offset): record.key for record in _all(settings, place.stream)}
        assert found[place.partition, place.offset] == article_id(url(5, 3), "").encode()


def test_every_client_gives_a_key_the_same_partition(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """Kafka-python, who publishes, and Faust, who enriches, both put a key where it is looked for."""
    settings, _ = fed
    names = streams(settings)
    for stream in (names.raw, names.enriched):
        records = _all(settings, stream.name)
        assert len(records) >= COUNT
        assert {record.partition for record in records} == set(range(stream.partitions))
        assert all(record.partition == partition_of(record.key, stream.partitions) for record in records)


def test_every_article_has_its_receipt(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """The receipts of the sink name each message of the enriched stream exactly once while nothing is killed."""
    settings, _ = fed
    names = streams(settings)
    drain(settings)
    told = [
        (item.partition, item.offset)
        for record in _all(settings, names.stored.name)
        for item in Receipt.model_validate_json(record.value).items
    ]
    assert sorted(told) == sorted((record.partition, record.offset) for record in _all(settings, names.enriched.name))


def test_a_killed_sink_owes_no_receipt(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """When the sink is killed before it could tell of a bulk, it reads it again and tells then."""
    settings, workers = fed
    feed_generated(settings, 250, seed=6)
    for _ in range(2):
        before = until(lambda: workers["sink"].seen().process, "a sink at work")
        os.kill(before, signal.SIGKILL)
        until(partial(_is_another, workers["sink"], before), "the next sink at work")
    drain(settings)
    names = streams(settings)
    receipts = [Receipt.model_validate_json(one.value) for one in _all(settings, names.stored.name)]
    told = {(item.partition, item.offset) for receipt in receipts for item in receipt.items}
    assert told == {(one.partition, one.offset) for one in _all(settings, names.enriched.name)}
    assert len({receipt.by for receipt in receipts}) >= 2


def _is_another(worker: Worker, process: int) -> bool:
    return worker.seen().process not in (None, process)


def test_an_older_version_is_told_beside_the_newer(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """Of an article that was fetched again both versions are traced, the newest first, and what became of each."""
    settings, _ = fed
    (record,) = records(1, seed=8)
    for moment in ("2025-11-03T00:00:00Z", "2025-11-02T00:00:00Z", "2025-11-04T00:00:00Z"):
        line = json.dumps({**record, "fetched_at": moment, "title": moment})
        assert wiredesk(settings, "feed", "files", "-", stdin=line).returncode == 0
        drain(settings)
    assert [passage.state for passage in trace(settings, url(8)).passages] == ["stored", "replaced", "stale"]


def test_what_died_is_traced_to_its_letter(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """A message that ended in the dead letters says at which stage, why, and how to look at it."""
    settings, _ = fed
    key = article_id(url(99), "")
    producer = KafkaProducer(**producer_options(settings))
    producer.send(streams(settings).raw.name, value=b"{}", key=key.encode()).get(30)
    producer.close()
    drain(settings)
    found = until(lambda: (one := trace(settings, key)).state == "dead" and one, "traced to its letter")
    assert found.passages[0].letter.stage == "enrich"
    assert found.way_out == f"wiredesk dead show {found.passages[0].letter.id}"
    answer = wiredesk(settings, "trace", url(99))
    assert (answer.returncode, "dead letters" in answer.stdout) == (1, True)
    assert wiredesk(settings, "dead", "drop", found.passages[0].letter.id, "--yes").returncode == 0
    assert trace(settings, key).state == "dropped"


def test_what_nobody_published_is_unknown(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """Of an address that never came the trace says how far it looked and what to do, and exits with 4."""
    settings, _ = fed
    answer = wiredesk(settings, "trace", "https://nowhere.example/", "--json")
    (told,) = json_lines(answer.stdout)
    assert (answer.returncode, told["state"]) == (4, "unknown")
    assert all(one["whole"] for one in told["looked"])
    assert wiredesk(settings, "trace", "not an id").returncode == 2


def test_what_waits_says_for_what_and_behind_how_many(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """While the sink stands still, an enriched article waits, with the number of messages ahead of it."""
    settings, workers = fed
    workers["sink"].stop()
    try:
        feed_generated(settings, 12, seed=11)
        until(lambda: _enriched(settings, 12, seed=11), "all enriched")
        found = [trace(settings, url(11, number)) for number in range(12)]
        assert {one.state for one in found} == {"waiting"}
        assert names_of(found[0]) == ["fetched", "published", "enriched"]
        place = {one.article_id: one.passages[0].enriched for one in found}
        ahead = sorted((p.place.partition, p.place.offset) for p in place.values() if p)
        queued = [sum(1 for one in ahead if one[0] == p and one[1] < o) for p, o in ahead]
        told = {
            (p.place.partition, p.place.offset): one.passages[0].ahead
            for one in found
            if (p := one.passages[0].enriched)
        }
        assert [told[spot] for spot in ahead] == queued
    finally:
        workers["sink"].start()
    drain(settings)
    assert trace(settings, url(11)).state == "stored"


def _enriched(settings: Settings, count: int, seed: int) -> bool:
    wanted = {article_id(url(seed, number), "").encode() for number in range(count)}
    return wanted <= {record.key for record in _all(settings, streams(settings).enriched.name)}


def _all(settings: Settings, stream: str) -> list[Any]:
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        return list(read_to_end(consumer, stream))
    finally:
        consumer.close()
