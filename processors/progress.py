"""What a stage counts while it works, and how it is told to the desk."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from processors.message import Outgoing
from schemas.envelope import envelope
from schemas.status import StageStatus

_LATENCIES = 1000
# Seconds: what was slow longer ago does not make the present look slow.
_RECENT = 300.0
_SOON = 1.0
_HEARTBEAT = 10.0


def instance_name() -> str:
    """This process among all: host and process id."""
    return f"{socket.gethostname()}-{os.getpid()}"


@dataclass
class Progress:
    """Counts since the start of this process. One thread writes each count; readers may see one a moment old.

    Attributes:
        beats: heartbeat articles, which are counted nowhere else.
        asking: requests to Elasticsearch that are under way.
        partitions: those that this process reads now.
        turned_at: when its loop last went round, by the monotonic clock.
        on_age: is told each article's age in seconds when it is finished.
    """

    stage: Literal["enrich", "sink"]
    instance: str = field(default_factory=instance_name)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    done: int = 0
    stale: int = 0
    retries: int = 0
    dead: int = 0
    untold: int = 0
    waiting: str | None = None
    beats: int = 0
    asking: int = 0
    partitions: tuple[int, ...] = ()
    turned_at: float = field(default_factory=time.monotonic)
    on_age: Callable[[float], None] = lambda _: None
    _latencies: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_LATENCIES))
    _told: tuple[object, ...] = ()
    _told_at: float = float("-inf")

    def took(self, milliseconds: float) -> None:
        """Notes how long one article took from being published to here."""
        self._latencies.append((time.monotonic(), max(0.0, milliseconds)))
        self.on_age(max(0.0, milliseconds / 1000))

    def turn(self, partitions: Iterable[int]) -> None:
        """Notes that the loop goes round, and which partitions are read."""
        self.partitions, self.turned_at = tuple(sorted(partitions)), time.monotonic()

    @property
    def finished(self) -> int:
        """Articles that came to their end; a heartbeat is none, so that it hides no article that stands still."""
        return self.done + self.dead

    def status(self) -> StageStatus:
        """The counts as they stand."""
        return StageStatus(
            stage=self.stage,
            instance=self.instance,
            started=self.started,
            at=datetime.now(UTC),
            done=self.done,
            stale=self.stale,
            retries=self.retries,
            dead=self.dead,
            untold=self.untold,
            waiting=self.waiting,
            latency_ms=_percentiles(sorted(self._recent())),
            partitions=self.partitions,
        )

    def _recent(self) -> list[float]:
        since = time.monotonic() - _RECENT
        return [milliseconds for at, milliseconds in tuple(self._latencies) if at >= since]

    def report(self, stream: str) -> Outgoing | None:
        """A message for `pipeline.status`, when it is time for one: soon after a change, else as a heartbeat."""
        now = time.monotonic()
        counts = (self.done, self.stale, self.retries, self.dead, self.untold)
        facts = (*counts, self.waiting, self.partitions, self._latencies[-1] if self._latencies else None)
        if now - self._told_at < (_SOON if facts != self._told else _HEARTBEAT):
            return None
        self._told, self._told_at = facts, now
        status = self.status()
        return Outgoing(
            stream=stream,
            key=f"{self.stage}/{self.instance}".encode(),
            value=status.model_dump_json().encode("utf-8"),
            headers=envelope(
                "stage.status", f"{self.instance}-{now}", f"/wiredesk/{self.stage}", status.schema_version
            ),
        )


def _percentiles(ordered: list[float]) -> dict[str, float]:
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {f"p{share}": round(ordered[round(last * share / 100)], 1) for share in (50, 95, 99)}
