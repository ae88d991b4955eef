"""The facts of the streams, read in a thread of their own: no page waits for Kafka."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

Facts = dict[str, Any]

_EVERY = 2.0
# Nobody looked for this long: Kafka is left alone until somebody does.
_IDLE = timedelta(seconds=60)


class Watching(Protocol):
    """What reads the facts, and may take its time; used by one thread alone."""

    def facts(self) -> Facts:
        """All facts as they stand now."""

    def close(self) -> None:
        """Lets go of its connections."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Something does not answer: what was said of it, and since when."""

    since: datetime
    why: str


class Pulse:
    """Keeps the newest facts at hand.

    Args:
        connect: makes what reads the facts; raises when Kafka is away.
        now: the time.
        every: seconds between two looks.
    """

    def __init__(self, connect: Callable[[], Watching], now: Callable[[], datetime], every: float = _EVERY) -> None:
        self._connect, self._now, self._every = connect, now, every
        self._watch: Watching | None = None
        self._newest: Facts | None = None
        self._asked = now()
        self._wanted, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self.outage: Outage | None = None

    def start(self) -> None:
        """Begins to look."""
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the looking, and lets go of the connections."""
        self._stopping.set()
        self._wanted.set()
        if self._thread:
            self._thread.join(self._every + 3)

    def facts(self) -> Facts | None:
        """The newest facts, at most some seconds old while somebody asks; none before the first of them."""
        self._asked = self._now()
        self._wanted.set()
        return self._newest

    def look(self) -> None:
        """Reads the facts once; where that fails, remembers why and since when."""
        try:
            self._watch = self._watch or self._connect()
            self._newest = self._watch.facts()
            self.outage = _outage(self._newest["servers"]["kafka"])
        except Exception as error:  # noqa: BLE001 (whatever is wrong with Kafka, the pages stay and say so)
            since = self.outage.since if self.outage else self._now()
            self.outage = Outage(since, f"{type(error).__name__}: {error}")
            self._let_go()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(self._every)
            if self._now() - self._asked > _IDLE:
                self._wanted.clear()
                self._wanted.wait()
        self._let_go()

    def _let_go(self) -> None:
        watch, self._watch = self._watch, None
        if watch:
            watch.close()


def _outage(kafka: Facts) -> Outage | None:
    """Since when Kafka does not answer, as the facts say it."""
    if kafka["ok"] or not kafka["since"]:
        return None
    return Outage(datetime.fromisoformat(kafka["since"]), kafka["words"])
