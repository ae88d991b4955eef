"""Which offset may be committed: never past the first message that is not finished."""

from __future__ import annotations

from collections import deque


class OffsetTracker:
    """The messages of one partition that were taken and not all finished. Offsets are taken in rising order."""

    def __init__(self) -> None:
        self._taken: deque[int] = deque()
        self._finished: set[int] = set()
        self._next: int | None = None
        self._committed: int | None = None

    def take(self, offset: int) -> None:
        """Notes that work on a message began.

        Raises:
            ValueError: it is not above every offset taken before.
        """
        if self._next is not None and offset < self._next:
            raise ValueError(f"offset {offset} taken after {self._next - 1}")
        self._taken.append(offset)
        self._next = offset + 1

    def finish(self, offset: int) -> None:
        """Notes that a message needs nothing more: it is stored, stale or dead-lettered."""
        self._finished.add(offset)
        while self._taken and self._taken[0] in self._finished:
            self._finished.discard(self._taken.popleft())

    @property
    def unfinished(self) -> int:
        """How many messages stand before or behind an unfinished one."""
        return len(self._taken)

    def committable(self) -> int | None:
        """The offset to commit, which is the next to read after a restart; none when nothing new is finished."""
        position = self._taken[0] if self._taken else self._next
        return position if position != self._committed else None

    def committed(self, offset: int) -> None:
        """Notes what was committed."""
        self._committed = offset
