"""The streams are made from the settings, and read whole from start to end."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition

from schemas.streams import (
    MAX_MESSAGE_BYTES,
    NoSuchStreamError,
    partitions_of,
    producer_options,
    read_to_end,
    reader_options,
    streams,
)
from tests.fakes import quick, unit_settings


class Log:
    """A consumer without a group, over partitions of which some offsets are gone."""

    def __init__(self, offsets: dict[int, list[int]], ends: dict[int, int], chunk: int = 3) -> None:
        self.offsets, self.ends, self.chunk = offsets, ends, chunk
        self.at: dict[TopicPartition, int] = defaultdict(int)

    def partitions_for_topic(self, stream: str) -> set[int] | None:
        """The partitions of the one stream that exists."""
        return set(self.ends) if stream == "s" else None

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Takes them all."""

    def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset behind the last record."""
        return {one: self.ends[one.partition] for one in partitions}

    def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        """Starts at the first."""
        for one in partitions:
            self.at[one] = 0

    def position(self, partition: TopicPartition) -> int:
        """The next offset to read."""
        return self.at[partition]

    def poll(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        """Some records of each partition; positions pass over what is gone."""
        found = {}
        for number, offsets in self.offsets.items():
            partition = TopicPartition("s", number)
            due = [one for one in offsets if one >= self.at[partition]][: self.chunk]
            found[partition] = [SimpleNamespace(partition=number, offset=one) for one in due]
            self.at[partition] = due[-1] + 1 if len(due) == self.chunk else self.ends[number]
        return found


@quick
@given(st.lists(st.lists(st.booleans(), max_size=12), min_size=1, max_size=4))
def test_every_record_is_read_once_and_then_it_ends(kept: list[list[bool]]) -> None:
    """Every record that stands is given once, whatever compaction took away, and the reading ends at the end."""
    offsets = {number: [at for at, stands in enumerate(one) if stands] for number, one in enumerate(kept)}
    log = Log(offsets, {number: len(one) for number, one in enumerate(kept)})
    found = sorted((one.partition, one.offset) for one in read_to_end(log, "s"))
    assert found == [(number, at) for number, one in offsets.items() for at in one]


def test_a_stream_that_was_not_made_is_named_with_the_command() -> None:
    """A stream that does not exist is named, with the command that makes it."""
    with pytest.raises(NoSuchStreamError, match=r"no stream other: .*`wiredesk setup`"):
        partitions_of(Log({}, {}), "other")


def test_names_carry_the_prefix() -> None:
    """Streams and consumer groups of one Wiredesk share its prefix, so that several stand on one Kafka."""
    found = streams(unit_settings(stream_prefix="blue."))
    names = [stream.name for stream in found.all] + [found.enricher_group, found.sink_group]
    assert all(name.startswith("blue.") for name in names)
    assert len(set(names)) == 10


def test_dead_letters_stay_for_ever_and_articles_as_long_as_is_set() -> None:
    """Retention follows the settings, in milliseconds; dead letters are never deleted by Kafka."""
    found = streams(unit_settings(raw_retention_days=30))
    kept = {stream.config["retention.ms"] for stream in (found.raw, found.enriched, found.stored)}
    assert kept == {str(30 * 86_400_000)}
    assert found.dead.config["retention.ms"] == "-1"
    assert "cleanup.policy" not in found.dead.config
    assert streams(unit_settings(raw_retention_days=-1)).raw.config["retention.ms"] == "-1"


def test_what_was_seen_and_how_stages_do_is_compacted() -> None:
    """Of each key the newest record is kept; the status needs no more than one partition."""
    found = streams(unit_settings(partitions=6))
    for stream in (found.seen, found.health, found.repeated, found.status):
        assert stream.config["cleanup.policy"] == "compact"
    assert (found.raw.partitions, found.dead.partitions, found.status.partitions) == (6, 6, 1)


def test_every_stream_takes_the_largest_message() -> None:
    """The limit of a message is the same for streams, producers and consumers."""
    settings = unit_settings()
    assert {stream.config["max.message.bytes"] for stream in streams(settings).all} == {str(MAX_MESSAGE_BYTES)}
    assert producer_options(settings)["max_request_size"] == MAX_MESSAGE_BYTES
    assert reader_options(settings)["max_partition_fetch_bytes"] == MAX_MESSAGE_BYTES


def test_clients_lose_nothing_and_make_nothing() -> None:
    """Producers wait for all replicas, consumers commit nothing by themselves, and naming a stream does not make it."""
    settings = unit_settings(kafka_servers="a:1,b:2")
    assert producer_options(settings)["acks"] == "all"
    assert reader_options(settings)["enable_auto_commit"] is False
    for options in (producer_options(settings), reader_options(settings)):
        assert options["bootstrap_servers"] == ["a:1", "b:2"]
        assert options["allow_auto_create_topics"] is False
