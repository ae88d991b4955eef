"""Messages that the index does not account for yet, held in few bytes each, so that millions of them fit."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

_ID_BYTES = 16
_NO_VERSION = -1
_DEAD, _WAITING = 1, 2


class Verdict(Enum):
    """What became of a raw message."""

    STORED = "stored"  # its version stands in the index
    STALE = "stale"  # a newer one does
    DEAD = "dead"  # a dead letter holds it, open or closed
    IN_FLIGHT = "in_flight"  # a stage has not come to it yet
    MISSING = "missing"  # none of these


def verdict(version: int | None, indexed: int | None, *, is_dead: bool, is_waiting: bool) -> Verdict:
    """What became of a message.

    Args:
        version: of its article; none where the message names none.
        indexed: the version of that article that stands in the index; none where none does.
        is_dead: whether a dead letter holds it.
        is_waiting: whether a stage has not come to it yet.
    """
    if version is not None and indexed is not None and indexed >= version:
        return Verdict.STORED if indexed == version else Verdict.STALE
    if is_dead:
        return Verdict.DEAD
    return Verdict.IN_FLIGHT if is_waiting else Verdict.MISSING


@dataclass(frozen=True, slots=True)
class Suspect:
    """One message that was looked into: where it stands on the raw stream, and what is known of it."""

    partition: int
    offset: int
    article_id: str | None
    version: int | None
    is_dead: bool
    is_waiting: bool


@dataclass(slots=True)
class _Column:
    """The suspects of one partition, by rising offset."""

    offsets: array[int] = field(default_factory=lambda: array("q"))
    versions: array[int] = field(default_factory=lambda: array("q"))
    ids: bytearray = field(default_factory=bytearray)
    marks: bytearray = field(default_factory=bytearray)


class Suspects:
    """Messages by partition and offset; those of a partition are added by rising offset. 33 bytes each."""

    def __init__(self) -> None:
        self._columns: dict[int, _Column] = {}

    def __len__(self) -> int:
        return sum(len(column.offsets) for column in self._columns.values())

    def add(self, partition: int, offset: int, article_id: str | None, version: int | None) -> None:
        """Takes one more."""
        column = self._columns.setdefault(partition, _Column())
        column.offsets.append(offset)
        column.versions.append(_NO_VERSION if version is None or article_id is None else version)
        column.ids += bytes.fromhex(article_id) if article_id else bytes(_ID_BYTES)
        column.marks.append(0)

    def mark_dead(self, partition: int, offset: int) -> None:
        """Notes that a dead letter holds that message, where it is among these."""
        self._mark(partition, offset, _DEAD)

    def mark_waiting(self, partition: int, offset: int) -> None:
        """Notes that a stage has not come to that message yet, where it is among these."""
        self._mark(partition, offset, _WAITING)

    def mark_waiting_from(self, partition: int, offset: int) -> None:
        """The same for all of a partition from that offset on."""
        if column := self._columns.get(partition):
            for number in range(bisect_left(column.offsets, offset), len(column.offsets)):
                column.marks[number] |= _WAITING

    def _mark(self, partition: int, offset: int, mark: int) -> None:
        if column := self._columns.get(partition):
            number = bisect_left(column.offsets, offset)
            if number < len(column.offsets) and column.offsets[number] == offset:
                column.marks[number] |= mark

    def __iter__(self) -> Iterator[Suspect]:
        """Each of them, by partition and offset."""
        for partition, column in sorted(self._columns.items()):
            for number, offset in enumerate(column.offsets):
                version, mark = column.versions[number], column.marks[number]
                named = version != _NO_VERSION
                yield Suspect(
                    partition,
                    offset,
                    column.ids[number * _ID_BYTES : (number + 1) * _ID_BYTES].hex() if named else None,
                    version if named else None,
                    bool(mark & _DEAD),
                    bool(mark & _WAITING),
                )
