"""Reads single messages and spans of the streams by their place, and tells how far each stage has committed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Self, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError, RetriableError
from kafka.partitioner import murmur2

from schemas.settings import Settings
from schemas.streams import SMALL_FETCH_BYTES, client_options, reader_options

# A fetch gives at least one whole batch, however large: small fetches make single reads quick and cost no message.
_SILENCE = 30.0
_Value = TypeVar("_Value")
_COORDINATOR_TRIES = 8


def partition_of(key: bytes, count: int) -> int:
    """The partition that Kafka's clients, kafka-python and Faust's among them, give a key out of so many."""
    return int((murmur2(key) & 0x7FFFFFFF) % count)


def windows(start: int, end: int, size: int, first: int | None = None) -> Iterator[tuple[int, int]]:
    """Spans of offsets that together cover `start` to `end`: the one that begins at `first`, then the newest first."""
    if first is not None and first < end:
        yield max(start, first), min(end, first + size)
    while end > start:
        yield max(start, end - size), end
        end -= size


def chunks(values: Iterable[_Value], size: int) -> Iterator[list[_Value]]:
    """The values in lists of so many, the last with what is left."""
    left = iter(values)
    while some := list(islice(left, size)):
        yield some


class Log:
    """The streams, read by place. Use it as a context manager.

    Raises:
        KafkaError: Kafka does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self._consumer = KafkaConsumer(**reader_options(settings, SMALL_FETCH_BYTES))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def partitions(self, stream: str) -> list[int]:
        """The numbers of a stream's partitions; none where there is no such stream."""
        return sorted(self._consumer.partitions_for_topic(stream) or ())

    def bounds(self, stream: str, partition: int) -> tuple[int, int]:
        """The first offset that a partition still holds, and the one after its last."""
        place = TopicPartition(stream, partition)
        return self._consumer.beginning_offsets([place])[place], self._consumer.end_offsets([place])[place]

    def since(self, stream: str, partition: int, milliseconds: int) -> int | None:
        """The first offset at or after a moment, in milliseconds since 1970; none when nothing is that late."""
        place = TopicPartition(stream, partition)
        found = self._consumer.offsets_for_times({place: max(0, milliseconds)}).get(place)
        return found.offset if found else None

    def span(self, stream: str, partition: int, start: int, end: int) -> Iterator[Any]:
        """The records from `start` up to `end`, which must lie within the partition's bounds.

        Raises:
            KafkaTimeoutError: no record came for half a minute.
        """
        place = TopicPartition(stream, partition)
        self._consumer.assign([place])
        self._consumer.seek(place, start)
        heard = time.monotonic()
        while self._consumer.position(place) < end:
            for record in self._consumer.poll(timeout_ms=500).get(place, ()):
                if record.offset >= end:
                    return
                yield record
                heard = time.monotonic()  # after who reads was busy with it: that is no silence of the stream
            if time.monotonic() - heard > _SILENCE:
                raise KafkaTimeoutError(f"{stream} gives no record from offset {self._consumer.position(place)} on")

    def at(self, stream: str, partition: int, offset: int) -> Any:
        """The record at a place; none where the stream holds it no more."""
        if partition not in self.partitions(stream):
            return None
        start, end = self.bounds(stream, partition)
        if not start <= offset < end:
            return None
        found = next(self.span(stream, partition, offset, end), None)
        return found if found is not None and found.offset == offset else None


def committed(settings: Settings, groups: Mapping[str, str]) -> dict[tuple[str, int], int]:
    """The next offset that each group reads, by stream and partition; a group that never committed has none.

    Args:
        settings: where Kafka is.
        groups: the stream of each group.

    Raises:
        KafkaError: Kafka does not answer.
    """
    admin = KafkaAdminClient(**client_options(settings))
    try:
        found = {group: _group_offsets(admin, group) for group in groups}
    finally:
        admin.close()
    return {
        (place.topic, place.partition): stood.offset
        for group, offsets in found.items()
        for place, stood in offsets.items()
        if place.topic == groups[group] and stood.offset >= 0
    }


def _group_offsets(admin: KafkaAdminClient, group: str) -> dict[Any, Any]:
    """What a group committed. A Kafka that has just started needs a moment before it can tell."""
    for attempt in range(_COORDINATOR_TRIES):
        try:
            return dict(admin.list_group_offsets({group: None})[group])
        except RetriableError:
            if attempt == _COORDINATOR_TRIES - 1:
                raise
            time.sleep(0.2 * (attempt + 1))
    return {}
