"""Live pages: what changed is drawn once for all who look, and sent as server-sent events."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from starlette.concurrency import run_in_threadpool

Parts = Mapping[str, str]

MOST_VIEWERS = 64
EVERY_SECONDS = 1.0
# A line that says nothing keeps the connection open, and shows soon who has left.
_QUIET_SECONDS = 10.0
_RETRY_MS = 3000


class Live:
    """Parts of a page by the id of their element, drawn at most once in `every` seconds however many look.

    Args:
        draw: draws all parts anew, as HTML.
        every: seconds that a drawing is good for.
        most: viewers at once.
        clock: seconds that only rise.
    """

    def __init__(
        self,
        draw: Callable[[], Parts],
        every: float = EVERY_SECONDS,
        most: int = MOST_VIEWERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._draw, self._every, self._most, self._clock = draw, every, most, clock
        self._lock = threading.Lock()
        self._drawn: tuple[float, Parts] | None = None
        self.viewers = 0

    @property
    def is_full(self) -> bool:
        """Whether nobody more may look now."""
        return self.viewers >= self._most

    def parts(self) -> Parts:
        """All parts as they are now."""
        with self._lock:
            if self._drawn is None or self._clock() >= self._drawn[0] + self._every:
                self._drawn = self._clock(), self._draw()
            return self._drawn[1]

    @contextmanager
    def _looking(self) -> Iterator[None]:
        self.viewers += 1
        try:
            yield
        finally:
            self.viewers -= 1

    async def events(self, has_left: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
        """What changes, as long as a viewer stays: first all parts, then those that are other than before.

        Args:
            has_left: whether the viewer is gone.
        """
        sent: dict[str, str] = {}
        quiet_since = self._clock()
        with self._looking():
            yield f"retry: {_RETRY_MS}\n\n"
            while not await has_left():
                found = await run_in_threadpool(self.parts)
                if changed := {name: html for name, html in found.items() if sent.get(name) != html}:
                    sent |= changed
                    quiet_since = self._clock()
                    yield event(changed)
                elif self._clock() >= quiet_since + _QUIET_SECONDS:
                    quiet_since = self._clock()
                    yield ": still here\n\n"
                await asyncio.sleep(self._every)


def event(parts: Parts) -> str:
    """One message: JSON on one line, in which no line of its own can begin."""
    return f"data: {json.dumps(dict(parts), separators=(',', ':'))}\n\n"
