"""Whether a worker lives and is ready: what its probes answer, looked at in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from elasticsearch import ApiError, Elasticsearch, TransportError
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from processors.progress import Progress
from schemas.settings import Settings
from schemas.streams import NoSuchStreamError, partitions_of, reader_options

log = structlog.get_logger(__name__)

Lags = dict[int, int]
STALLED_SECONDS = 60.0
_EVERY = 5.0
# A process that was frozen and goes on has this many looks to show it, before it is ended for standing still.
_LOOKS_TO_MOVE = 3
_TIMEOUT_MS = 5000
_BLOCKS = ("index.blocks.write", "index.blocks.read_only", "index.blocks.read_only_allow_delete")


class GroupLag:
    """How many messages of a stream wait for a group, by partition: asked of Kafka, not of who reads there.

    Args:
        settings: which Kafka.
        stream: what is read.
        group: who reads it.
    """

    def __init__(self, settings: Settings, stream: str, group: str) -> None:
        self._options = {**reader_options(settings), "group_id": group, "bootstrap_timeout_ms": _TIMEOUT_MS}
        self._stream = stream
        self._consumer: Any = None

    def __call__(self) -> Lags:
        """The lag of each partition.

        Raises:
            KafkaError: Kafka does not answer.
            NoSuchStreamError: there is no such stream.
        """
        self._consumer = self._consumer or KafkaConsumer(**self._options)
        partitions = partitions_of(self._consumer, self._stream)
        starts = self._consumer.beginning_offsets(partitions, _TIMEOUT_MS)
        ends = self._consumer.end_offsets(partitions, _TIMEOUT_MS)
        return {one.partition: max(0, ends[one] - max(starts[one], self._committed(one))) for one in partitions}

    def _committed(self, partition: TopicPartition) -> int:
        return self._consumer.committed(partition, timeout_ms=_TIMEOUT_MS) or 0

    def close(self) -> None:
        """Ends the connection."""
        if self._consumer:
            self._consumer.close(autocommit=False, timeout_ms=500)


def index_problem(elasticsearch: Elasticsearch, alias: str) -> str:
    """What keeps articles from being written to the index, in words; empty where nothing does."""
    try:
        found = elasticsearch.indices.get_settings(index=alias, name="index.blocks.*", flat_settings=True).body
    except ApiError as error:
        return f"there is no index {alias}" if error.meta.status == 404 else f"Elasticsearch refuses: {error.message}"
    except TransportError as error:
        return f"Elasticsearch does not answer: {error.message}"
    return blocks(found)


def blocks(found: dict[str, Any]) -> str:
    """Which indexes are blocked, in words, by the answer to what their blocks are; empty for none."""
    blocked = {
        name: [block for block in _BLOCKS if one["settings"].get(block) == "true"] for name, one in found.items()
    }
    return "; ".join(f"{name} is blocked by {', '.join(by)}" for name, by in sorted(blocked.items()) if by)


class Health:
    """Looks at a worker from aside.

    A worker does not live when its loop stands still, or when messages wait on its partitions and none came to its end
    for a minute. That nothing waits, or that Elasticsearch is away, is no fault of its own.

    Args:
        progress: what the worker tells of itself.
        lag: how many messages wait for its group, by partition; raises KafkaError.
        index: what is wrong with the index, in words; none where the worker writes to none.
        clock: seconds by a clock that never goes back.
        end: ends the process that does not live, in words; its supervisor starts another.
    """

    def __init__(
        self,
        progress: Progress,
        lag: Callable[[], Lags],
        index: Callable[[], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        end: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._progress, self._ask_lag, self._ask_index, self._clock = progress, lag, index, clock
        self._end, self._dead_looks = end, 0
        self.lags: Lags = {}
        self._finished, self._moved_at = progress.finished, clock()
        self._ready = {"kafka": "it was not asked yet"}
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begins to look, until `stop`."""
        threading.Thread(target=self._run, name="health", daemon=True).start()

    def stop(self) -> None:
        """Ends the looking."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception:
                log.exception("the worker's health could not be looked at")
            self._stopping.wait(_EVERY)

    def look(self) -> None:
        """Looks once: at Kafka, at the index, and whether there is progress."""
        found = {"kafka": self._kafka()}
        if self._ask_index:
            found["index"] = self._ask_index()
        self._ready = found
        self._notice_progress()
        self._end_if_dead()

    def _end_if_dead(self) -> None:
        wrong = [f"{name}: {words}" for name, words in self.live().items() if words]
        self._dead_looks = self._dead_looks + 1 if wrong else 0
        if self._dead_looks == _LOOKS_TO_MOVE:
            self._end("; ".join(wrong))

    def _kafka(self) -> str:
        try:
            lags = self._ask_lag()
        except (KafkaError, NoSuchStreamError) as error:
            self.lags = {}
            return f"{type(error).__name__}: {error}"
        mine = self._progress.partitions
        self.lags = {partition: lag for partition, lag in lags.items() if partition in mine}
        return ""

    def _notice_progress(self) -> None:
        """An idle worker, and one that waits for Elasticsearch, is not held to finish anything."""
        told = self._progress
        excused = not any(self.lags.values()) or told.asking or told.waiting
        if excused or told.finished != self._finished:
            self._finished, self._moved_at = told.finished, self._clock()

    def live(self) -> dict[str, str]:
        """The checks of `/livez`: what is wrong by name, empty for nothing."""
        still, stalled = self._clock() - self._progress.turned_at, self._clock() - self._moved_at
        waiting = sum(self.lags.values())
        return {
            "loop": f"it has stood still for {still:.0f} s" if still > STALLED_SECONDS else "",
            "progress": f"{waiting:,} messages wait, and none was finished for {stalled:.0f} s"
            if stalled > STALLED_SECONDS and waiting
            else "",
        }

    def ready(self) -> dict[str, str]:
        """The checks of `/readyz`: those of `/livez`, and Kafka, partitions and index as they were seen last."""
        told = self._progress
        return {
            **self.live(),
            **self._ready,
            "partitions": "" if told.partitions else "none are assigned to it",
            "waiting": told.waiting or "",
        }
