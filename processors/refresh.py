"""Makes what was written searchable soon, as often as that costs little."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import structlog
from elasticsearch import ApiError, TransportError

from processors.backlog import may_wait

log = structlog.get_logger(__name__)

PAUSE = 0.2
REST = 9  # a refresh is followed by so many times its own length without one, so that it costs little
LONGEST = 1.0  # but by no more seconds than this: where much is written, a refresh for each second costs little too
LONGEST_BEHIND = 5.0  # of what is late anyway: there are fewer, larger segments
_RETRY = 2.0


class Refresher:
    """Asks for a refresh after what was written, in a thread of its own.

    At low rates each bulk is searchable a moment later; where refreshing takes long, as while much is written, or while
    a backlog is worked through, it is asked for less often. Without it the index's own interval holds.

    Args:
        refresh: makes all that is written searchable, or raises what Elasticsearch or the network says.
        took: is told, for each article that became searchable, the milliseconds since it was published.
        clock: the time in seconds since 1970.
    """

    def __init__(
        self, refresh: Callable[[], object], took: Callable[[float], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._refresh, self._took, self._clock = refresh, took, clock
        self._written: list[float] = []
        self._lock = threading.Lock()
        self._wanted, self._stopping = threading.Event(), threading.Event()
        self._is_refused = False
        self._last = 0.0
        self._thread = threading.Thread(target=self._run, name="refresh", daemon=True)

    def written(self, published: Iterable[float]) -> None:
        """Elasticsearch took articles that were published at these times, in milliseconds since 1970."""
        with self._lock:
            self._written += published
        self._wanted.set()

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; what was written last is left to the index's own interval."""
        self._stopping.set()
        self._wanted.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.wait()
            self._wanted.clear()
            self._stopping.wait(self.turn())

    def turn(self) -> float:
        """Refreshes, unless all that was written can wait, and says how many seconds to leave before the next turn."""
        with self._lock:
            if self._can_wait():
                self._wanted.set()
                return PAUSE
            written, self._written = self._written, []
        began = time.monotonic()
        try:
            self._refresh()
        except (ApiError, TransportError) as error:
            self._refused(error)
            return _RETRY
        self._last = self._clock()
        for published in written:
            self._took(self._last * 1000 - published)
        self._is_refused = False
        return min(LONGEST, max(PAUSE, REST * (time.monotonic() - began)))

    def _can_wait(self) -> bool:
        """Whether even the youngest of what was written was old, for as long as the last refresh is past."""
        if not self._written:
            return False
        now = self._clock()
        return now - self._last < may_wait(now - max(self._written) / 1000, LONGEST_BEHIND)

    def _refused(self, error: Exception) -> None:
        """What it was asked for is searchable after the index's own interval, and its age is not told."""
        if not self._is_refused:
            log.warning("the index was not refreshed: its own interval holds", error=type(error).__name__)
        self._is_refused = True
