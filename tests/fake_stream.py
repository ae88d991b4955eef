"""One stream of Kafka in memory, for what reads it from places of its own choice; it counts what is taken."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaConnectionError

from schemas.envelope import Headers
from schemas.settings import Settings


class FakeStream:
    """The partitions of one stream.

    `taken` counts records that were given to readers, `readers` those that were connected. `down` refuses everything;
    `silent` gives no records.
    """

    def __init__(self, name: str = "articles.dead", partitions: int = 2) -> None:
        self.name = name
        self.taken = 0
        self.readers: list[FakeReader] = []
        self.down = self.silent = False
        self.starts = [0] * partitions
        self.values: list[list[bytes]] = [[] for _ in range(partitions)]
        self.headers: dict[tuple[int, int], Headers] = {}

    def write(self, value: bytes, partition: int = 0, headers: Headers | None = None) -> None:
        """Appends a record."""
        self.headers[partition, len(self.values[partition])] = headers or []
        self.values[partition].append(value)

    def connect(self, _: Settings) -> FakeReader:
        """A kafka-python consumer without a group."""
        self.answer()
        self.readers.append(FakeReader(self))
        return self.readers[-1]

    def answer(self) -> None:
        """Raises Kafka's error while it is down."""
        if self.down:
            raise KafkaConnectionError("nobody")


class FakeReader:
    """A kafka-python consumer of that stream."""

    def __init__(self, stream: FakeStream) -> None:
        self._stream = stream
        self._positions: dict[TopicPartition, int] = {}
        self.closed = False

    def partitions_for_topic(self, name: str) -> set[int]:
        """The numbers of the partitions; none of another stream."""
        self._stream.answer()
        return set(range(len(self._stream.values))) if name == self._stream.name else set()

    def end_offsets(self, partitions: Sequence[TopicPartition], _timeout_ms: int = 0) -> dict[TopicPartition, int]:
        """The offset after the last record of each."""
        self._stream.answer()
        return {one: len(self._stream.values[one.partition]) for one in partitions}

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Reads these from now on, from their starts."""
        self._positions = {one: self._positions.get(one, 0) for one in partitions}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Goes on from there."""
        assert partition in self._positions, "what is not assigned cannot be sought in"
        self._positions[partition] = offset

    def position(self, partition: TopicPartition, _timeout_ms: int) -> int:
        """The offset of the next record; what lies before the start is passed over."""
        return max(self._positions[partition], self._stream.starts[partition.partition])

    def poll(self, timeout_ms: int, max_records: int = 500) -> dict[TopicPartition, list[Any]]:
        """The next records of one partition that has some."""
        self._stream.answer()
        for partition in [] if self._stream.silent else self._positions:
            start = self.position(partition, timeout_ms)
            values = self._stream.values[partition.partition][start : start + max_records]
            if values:
                self._positions[partition] = start + len(values)
                self._stream.taken += len(values)
                return {partition: [self._record(partition, start + at, value) for at, value in enumerate(values)]}
        return {}

    def _record(self, partition: TopicPartition, offset: int, value: bytes) -> Any:
        number = partition.partition
        headers = self._stream.headers.get((number, offset), [])
        return SimpleNamespace(topic=partition.topic, partition=number, offset=offset, value=value, headers=headers)

    def close(self, **_: Any) -> None:
        """Notes that it was closed."""
        self.closed = True
