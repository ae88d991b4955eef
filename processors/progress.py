"""What a stage counts while it works, and how it is told to the desk."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from processors.message import Outgoing
from schemas.envelope import envelope
from schemas.status import StageStatus

_LATENCIES = 1000
_SOON = 1.0
_HEARTBEAT = 10.0


def instance_name() -> str:
    """This process among all: host and process id."""
    return f"{socket.gethostname()}-{os.getpid()}"


@dataclass
class Progress:
    """Counts since the start of this process. One thread writes each count; readers may see one a moment old."""

    stage: Literal["enrich", "sink"]
    instance: str = field(default_factory=instance_name)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    done: int = 0
    stale: int = 0
    retries: int = 0
    dead: int = 0
    untold: int = 0
    waiting: str | None = None
    _latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENCIES))
    _told: tuple[object, ...] = ()
    _told_at: float = float("-inf")

    def took(self, milliseconds: float) -> None:
        """Notes how long one article took from being published to here."""
        self._latencies.append(max(0.0, milliseconds))

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
            latency_ms=_percentiles(sorted(self._latencies)),
        )

    def report(self, stream: str) -> Outgoing | None:
        """A message for `pipeline.status`, when it is time for one: soon after a change, else as a heartbeat."""
        now, facts = time.monotonic(), (self.done, self.stale, self.retries, self.dead, self.untold, self.waiting)
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
