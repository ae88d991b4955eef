"""A clock that stands still until everybody waits, and then goes on to whoever waits least."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
# How often others get to run before it is taken that all of them wait.
_ROUNDS = 30


class FakeClock:
    """Time for tests: nothing takes any but what sleeps by it."""

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    def now(self) -> float:
        """Seconds."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Waits until the clock has gone on so far."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, next(self._number), woken))
        await woken

    async def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs work to its end, waking who sleeps in the order of their times."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(_ROUNDS):
                await asyncio.sleep(0)
            if not task.done():
                self._wake()
        return task.result()

    def _wake(self) -> None:
        while self._sleepers:
            time, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self.time = max(self.time, time)
                woken.set_result(None)
                return
        raise AssertionError("everybody waits, and nobody for the clock")
