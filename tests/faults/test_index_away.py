"""The index on a real Elasticsearch is blocked, red, deleted; the stream of the dead letters is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.structs import TopicPartition

from processors import index
from processors.setup import ensure_streams
from schemas.index import index_body
from schemas.settings import Settings
from schemas.streams import client_options, reader_options, streams
from tests.faults.oracle import Oracle, lightly, raw_articles
from tests.faults.rig import DEADLINE, Faulty, drain_sink, is_through, sink_on
from tests.faults.scale import scaled
from tests.integration.pipeline import drain, made, stored, until
from tests.table import Row

ARTICLES = scaled(100, 5000)
BLOCK = "index.blocks.read_only_allow_delete"


def settled(settings: Settings, **found: Any) -> None:
    """Changes settings of the index."""
    with _asking(settings) as elasticsearch:
        elasticsearch.indices.put_settings(index=settings.index_alias, settings=found)


@contextmanager
def _asking(settings: Settings) -> Iterator[Any]:
    elasticsearch = index.client(settings)
    try:
        yield elasticsearch
    finally:
        elasticsearch.close()


def test_a_blocked_index_is_waited_for(settings: Settings, row: Row) -> None:
    """Under the block of a full disk the sink pauses and says that it is not ready; cleared, it goes on by itself."""
    row("index blocked as by flood stage, on a real node")
    with made(settings), closing(Oracle(settings, lightly)) as oracle, sink_on(settings) as sink:
        settled(settings, **{BLOCK: True})
        oracle.enriched(lightly(one) for one in raw_articles(ARTICLES))
        oracle.settle()
        until(lambda: f"is blocked by {BLOCK}" in sink.asked("readyz")[1], "not ready, and the block named", 60)
        until(lambda: "cluster_block_exception" in sink.asked("readyz")[1], "the sink says what it waits for", 60)
        time.sleep(scaled(0, 60))
        settled(settings, **{BLOCK: None})
        row.is_at_most("seconds from clearing to all stored", drain_sink(settings), 60)
        until(lambda: sink.asked("readyz")[0] == 200, "ready again", 60)
        drain(settings)
        oracle.judge(stored(settings), row)


def test_a_red_index_at_the_start_is_waited_for(settings: Settings, row: Row) -> None:
    """A sink that starts before an index whose shard is nowhere waits, and indexes all when the shard is there."""
    row("Elasticsearch red at the start, on a real node")
    with made(settings), closing(Oracle(settings, lightly)) as oracle:
        with _asking(settings) as elasticsearch:
            name = f"{settings.index_alias}-000001"
            elasticsearch.indices.delete(index=name)
            body = index_body(settings)
            body["settings"]["index.routing.allocation.require._name"] = "nobody"
            alias = {settings.index_alias: {"is_write_index": True}}
            elasticsearch.indices.create(index=name, aliases=alias, wait_for_active_shards=0, **body)
            assert elasticsearch.cluster.health(index=name)["status"] == "red"
        with sink_on(settings) as sink:
            oracle.enriched(lightly(one) for one in raw_articles(ARTICLES))
            oracle.settle()
            until(lambda: "[-]waiting" in sink.asked("readyz")[1], "the sink says that it waits", 60)
            settled(settings, **{"index.routing.allocation.require._name": None})
            row.is_at_most("seconds from green to all stored", drain_sink(settings), 60)
            drain(settings)
        oracle.judge(stored(settings), row)


def test_the_sink_waits_for_a_lost_alias_and_makes_no_index_by_itself(settings: Settings, row: Row) -> None:
    """While the alias is gone nothing is lost, dead-lettered or indexed elsewhere; when it is back, all is stored."""
    row("alias deleted mid-run")
    name = f"{settings.index_alias}-000001"
    with made(settings), closing(Oracle(settings, lightly)) as oracle, sink_on(settings) as sink:
        articles = [lightly(one) for one in raw_articles(ARTICLES)]
        oracle.enriched(articles[: ARTICLES // 2])
        oracle.settle()
        drain_sink(settings)
        with _asking(settings) as elasticsearch:
            elasticsearch.indices.delete_alias(index=name, name=settings.index_alias)
            oracle.enriched(articles[ARTICLES // 2 :])
            oracle.settle()
            until(lambda: "[-]waiting" in sink.asked("readyz")[1], "the sink says that it waits", 60)
            assert not elasticsearch.indices.exists(index=settings.index_alias), "an index of the alias's name"
            elasticsearch.indices.put_alias(index=name, name=settings.index_alias, is_write_index=True)
        row.is_at_most("seconds from the alias to all stored", drain_sink(settings), 60)
        drain(settings)
        oracle.judge(stored(settings), row)


@pytest.mark.timeout(600)
def test_nothing_is_committed_past_a_letter_that_cannot_be_written(settings: Settings, row: Row) -> None:
    """Without the stream of the dead letters, what is dead holds all behind it; with it again, all comes through."""
    row("dead-letter topic unavailable")
    names = streams(settings)
    with made(settings), closing(Oracle(settings, lightly)) as oracle, sink_on(settings) as sink:
        admin = KafkaAdminClient(**client_options(settings))
        admin.delete_topics([names.dead.name])
        for number in range(32):
            oracle.poison(names.raw.name, b"poison %d" % number)
            oracle.poison(names.enriched.name, b"no document", f"{number:032x}")
        until(
            lambda: "dead letters cannot be written" in sink.asked("readyz")[1], "the sink says what it waits for", 90
        )
        oracle.raw(raw_articles(ARTICLES, 41))
        oracle.enriched(lightly(one) for one in raw_articles(ARTICLES, 42))
        with Faulty(settings):
            time.sleep(scaled(8, 60))
            past = committed(settings, names.enriched.name, names.sink_group)
            past += committed(settings, names.raw.name, names.enricher_group)
            row.is_exactly("committed past a letter that was not written", past, 0)
            ensure_streams(settings)
            admin.close()
            until(lambda: is_through(settings), "all articles through", DEADLINE)
        drain(settings)
        oracle.judge(stored(settings), row)


def committed(settings: Settings, stream: str, group: str) -> int:
    """How many messages a group has committed of the partitions whose first message is poison."""
    consumer = KafkaConsumer(**reader_options(settings), group_id=group)
    try:
        partitions = [TopicPartition(stream, one) for one in consumer.partitions_for_topic(stream)]
        return sum(consumer.committed(one) or 0 for one in partitions)
    finally:
        consumer.close()
