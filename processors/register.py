"""Which dead letters are open: their stream is read once, then only what came since the last look."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError
from pydantic import ValidationError

from schemas.dead import DEAD_RECORD, DeadLetter, Resolution
from schemas.settings import Settings
from schemas.streams import partitions_of, reader_options, streams

_TIMEOUT_MS = 5000
_POLL_MS = 500
_MOST_POLLED = 500
# Kafka answers at once where it holds records: so many polls without any are ten seconds of silence.
_MOST_EMPTY_POLLS = 20
_FETCH_BYTES = 2**18
_MOST_LOADED = 8 * 2**20
_BESIDES = 2**10


class OpenLetter(DeadLetter):
    """A letter without its original, as it is kept while it is open: `key` and `value` are none, `headers` empty.

    `place` is the partition and the offset of `articles.dead` where all of it stands, `size` how long `value` is there;
    none where the letter holds no original.
    """

    place: tuple[int, int]
    size: int | None

    @classmethod
    def of(cls, letter: DeadLetter, place: tuple[int, int]) -> OpenLetter:
        """What is kept of a letter that stands there; text that many letters share is held once."""
        kept = {
            **vars(letter),
            **_WITHOUT_ORIGINAL,
            "by": sys.intern(letter.by),
            "stream": sys.intern(letter.stream),
            "source": letter.source and sys.intern(letter.source),
            "place": place,
            "size": None if letter.value is None else len(letter.value),
        }
        # It was validated when it was read; a set of names for each would take as much memory as the letter.
        return cls.model_construct(_NAMES, **kept)


_NAMES = set(OpenLetter.model_fields)
_WITHOUT_ORIGINAL: dict[str, Any] = {"key": None, "value": None, "headers": {}}


class OpenLetters:
    """The letters that no resolution closed, as their stream goes on, without their originals.

    A letter and its resolution stand in one partition, in order: a letter that is written again after its resolution,
    as by a sink that was killed before it could commit, stays closed.
    """

    def __init__(self) -> None:
        self._open: dict[str, OpenLetter] = {}
        self._closed: set[str] = set()

    def take(self, record: Any) -> DeadLetter | Resolution | None:
        """Takes one record of the stream, and gives what it was; none for one of a version that is not known."""
        found = _parsed(record.value)
        if isinstance(found, Resolution):
            self._closed.add(found.letter)
            self._open.pop(found.letter, None)
        elif found is not None and found.id not in self._closed:
            self._open[found.id] = OpenLetter.of(found, (record.partition, record.offset))
        return found

    @property
    def open(self) -> list[OpenLetter]:
        """Those that nobody retried or dropped."""
        return list(self._open.values())


def _parsed(value: bytes | None) -> DeadLetter | Resolution | None:
    """A record of a later version than this software knows is left alone."""
    try:
        return None if value is None else DEAD_RECORD.validate_json(value)
    except ValidationError:
        return None


def reader(settings: Settings) -> Any:
    """A kafka-python consumer that holds little of what it reads at a time, and waits for seconds only.

    Raises:
        KafkaError: Kafka does not answer.
    """
    patience = {"bootstrap_timeout_ms": _TIMEOUT_MS, "request_timeout_ms": _TIMEOUT_MS}
    return KafkaConsumer(**{**reader_options(settings, _FETCH_BYTES), **patience})


class Register:
    """The open letters of one Kafka, always as they are now; any thread may ask.

    What is known stays when Kafka goes away; a stream that was made anew is read anew.

    Args:
        settings: which Kafka, and the names of the streams.
        connect: makes a kafka-python consumer without a group.
    """

    def __init__(self, settings: Settings, connect: Callable[[Settings], Any] = reader) -> None:
        self._settings, self._connect = settings, connect
        self._stream = streams(settings).dead.name
        self._lock = threading.Lock()
        self._consumer: Any = None
        self._letters = OpenLetters()
        self._next: dict[TopicPartition, int] = {}

    def close(self) -> None:
        """Ends the connection; the next question opens another one."""
        with self._lock:
            self._let_go()

    def open(self) -> list[OpenLetter]:
        """The letters that nobody retried or dropped, the oldest first.

        Raises:
            NoSuchStreamError: the streams were not made yet.
            KafkaError: Kafka does not answer.
        """
        with self._connected() as consumer:
            self._follow(consumer)
            found = self._letters.open
        return sorted(found, key=lambda one: (one.at, one.id))

    def whole(self, letters: Iterable[OpenLetter]) -> Iterator[DeadLetter]:
        """These letters with their originals, in the same order; some megabytes of them are held at a time.

        One that stands on the stream no more, as when that was made anew, is left out.

        Raises:
            NoSuchStreamError: the streams were not made yet.
            KafkaError: Kafka does not answer.
        """
        for load in _loads(letters):
            with self._connected() as consumer:
                found = self._fetched(consumer, load)
                if any(one.id not in found for one in load):
                    self._forget()
            yield from (found[one.id] for one in load if one.id in found)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        with self._lock:
            try:
                self._consumer = self._consumer or self._connect(self._settings)
                yield self._consumer
            except Exception:
                self._let_go()
                raise

    def _let_go(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer:
            consumer.close(autocommit=False, timeout_ms=500)

    def _forget(self) -> None:
        self._letters, self._next = OpenLetters(), {}

    def _follow(self, consumer: Any) -> None:
        """Takes what is new; the ends are asked for first, so that nothing is missed that was acknowledged by then."""
        ends = self._ends(consumer)
        if any(ends.get(one, -1) < position for one, position in self._next.items()):
            self._forget()
        behind = {one: self._next.get(one, 0) for one, end in ends.items() if self._next.get(one, 0) < end}
        if behind:
            consumer.assign(list(behind))
        for partition, position in behind.items():
            consumer.seek(partition, position)
        for partition, records in _read(consumer, {one: ends[one] for one in behind}):
            for record in records:
                self._letters.take(record)
            self._next[partition] = consumer.position(partition, _TIMEOUT_MS)

    def _ends(self, consumer: Any) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = consumer.end_offsets(partitions_of(consumer, self._stream), _TIMEOUT_MS)
        return found

    def _fetched(self, consumer: Any, letters: Sequence[OpenLetter]) -> dict[str, DeadLetter]:
        ends = self._ends(consumer)
        found: dict[str, DeadLetter] = {}
        for partition in {TopicPartition(self._stream, one.place[0]) for one in letters} & ends.keys():
            offsets = {one.place[1] for one in letters if one.place[0] == partition.partition}
            for record in _at(consumer, partition, {one for one in offsets if one < ends[partition]}):
                if isinstance(letter := _parsed(record.value), DeadLetter):
                    found[letter.id] = letter
        return found


@contextmanager
def reading(settings: Settings) -> Iterator[Register]:
    """A register while the block runs.

    Raises:
        NoSuchStreamError: the streams were not made yet.
        KafkaError: Kafka does not answer.
    """
    register = Register(settings)
    try:
        yield register
    finally:
        register.close()


def _loads(letters: Iterable[OpenLetter]) -> Iterator[list[OpenLetter]]:
    """Letters in turn, as many at a time as are some megabytes together."""
    load: list[OpenLetter] = []
    size = 0
    for one in letters:
        size += (one.size or 0) + _BESIDES
        if load and size > _MOST_LOADED:
            yield load
            load, size = [], (one.size or 0) + _BESIDES
        load.append(one)
    if load:
        yield load


def _at(consumer: Any, partition: TopicPartition, offsets: set[int]) -> Iterator[Any]:
    """The records at some offsets of a partition: what lies far between two of them is passed over."""
    consumer.assign([partition])
    left = sorted(offsets)
    while left:
        if consumer.position(partition, _TIMEOUT_MS) != left[0]:
            consumer.seek(partition, left[0])
        for _, records in _read(consumer, {partition: left[0] + 1}, len(left)):
            yield from (record for record in records if record.offset in offsets)
        left = [one for one in left if one >= consumer.position(partition, _TIMEOUT_MS)]


def _read(
    consumer: Any, ends: dict[TopicPartition, int], most: int = _MOST_POLLED
) -> Iterator[tuple[TopicPartition, list[Any]]]:
    """Records by partition, from where the consumer stands up to these offsets or somewhat beyond."""
    empty = 0
    while any(consumer.position(one, _TIMEOUT_MS) < end for one, end in ends.items()):
        found = consumer.poll(timeout_ms=_POLL_MS, max_records=min(most, _MOST_POLLED))
        empty = 0 if found else empty + 1
        if empty > _MOST_EMPTY_POLLS:
            raise KafkaTimeoutError("the dead letters do not come")
        yield from found.items()
