"""The sink: takes enriched articles in batches, has several bulk requests under way, commits what is finished."""

from __future__ import annotations

import contextlib
import itertools
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from kafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from kafka.errors import CommitFailedError, KafkaError

from processors.backlog import may_wait
from processors.bulk import Answer, Verdict
from processors.intake import admitted
from processors.letters import PermanentError, letter, posted
from processors.message import Message, Outgoing
from processors.offsets import OffsetTracker
from processors.progress import Progress
from processors.receipts import Delivery, Receipts, receipt_item
from processors.store import BatchSize, Entry, Store, backoff
from schemas.dead import Reason
from schemas.envelope import RAW_TIME, whole_number
from schemas.settings import Settings
from schemas.streams import Streams, streams

log = structlog.get_logger(__name__)

_COMMIT_EVERY = 0.5
_IDLE_POLL_MS = 500
_FULL_POLL_MS = 20
_SETTLING_POLL_MS = 100
_GATHERING_POLL_MS = 200  # twice what Kafka itself waits for more: where nothing comes, a backlog is at its end
_STOP_GRACE = 8.0
_LONGEST_BEHIND = 1.0
_UNCOMMITTED = "offsets cannot be committed"


@dataclass(frozen=True, slots=True)
class Item:
    """One message that was taken, with the tracker that waits for it: a document, or why it can be none."""

    message: Message
    tracker: OffsetTracker
    entry: Entry | None
    problem: PermanentError | None = None


@dataclass
class Batch:
    """What goes into one bulk request, at the latest when it is `due` (`time.monotonic`).

    `wait` is how many seconds its first item waits for others, even if they are fresh.
    """

    wait: float
    items: list[Item] = field(default_factory=list)
    size: int = 0
    since: float = 0.0
    due: float = math.inf

    def add(self, item: Item, late: float) -> None:
        """Takes one more item, for which the first one may have waited so many seconds if that is longer."""
        if not self.items:
            self.since = time.monotonic()
        self.due = min(self.due, self.since + max(self.wait, late))
        self.items.append(item)
        self.size += len(item.entry.lines) if item.entry else 0

    def no_more(self) -> None:
        """There are no others to wait for any longer than for fresh ones."""
        self.due = min(self.due, self.since + self.wait)


@dataclass(frozen=True, slots=True)
class Ended:
    """What came to its end with one bulk, and the receipt that tells of it."""

    items: list[tuple[Item, Verdict]]
    receipt: Delivery


class Writer:
    """Brings batches to their end in a thread of its own: documents to the index, the rest to the dead letters."""

    def __init__(self, store: Store, post: Callable[[Outgoing], None], names: Streams, progress: Progress) -> None:
        self._store, self._post, self._names, self._progress = store, post, names, progress

    def finish(self, batch: Batch, wait: Callable[[float], bool]) -> list[tuple[Item, Verdict]]:
        """What became of each item that came to its end; others are left for the next start."""
        documents = [item for item in batch.items if item.entry]
        answers = iter(self._store.write([item.entry for item in documents if item.entry]))
        finished: list[tuple[Item, Verdict]] = []
        for item in batch.items:
            answer = next(answers) if item.entry else Answer(Verdict.DEAD)
            if answer.verdict is Verdict.DEAD and not self._bury(item, answer, wait):
                answer = Answer(Verdict.RETRY)
            if answer.verdict is not Verdict.RETRY:
                finished.append((item, answer.verdict))
        return finished

    def _bury(self, item: Item, answer: Answer, wait: Callable[[float], bool]) -> bool:
        """Writes the dead letter, waiting as long as its stream cannot be reached: nothing is committed past it.

        A heartbeat gets none: the next one comes in a minute.
        """
        if item.message.is_heartbeat:
            return True
        reason: Reason = item.problem.reason if item.problem else "refused"
        detail = item.problem.detail if item.problem else answer.detail
        dead = letter(item.message, "sink", reason, detail, self._progress.instance)
        for attempt in itertools.count():
            try:
                self._post(posted(dead, self._names.dead.name))
            except KafkaError as error:
                self._progress.waiting = f"the dead letters cannot be written: {type(error).__name__}"
                if wait(backoff(attempt)):
                    return False
            else:
                break
        self._progress.waiting = None
        return True


class Sink(ConsumerRebalanceListener):  # type: ignore[misc]
    """Moves articles from `articles.enriched` to the index until `stop` is called.

    Args:
        settings: batch sizes and names.
        consumer: a kafka-python consumer that commits nothing by itself; the sink subscribes it.
        store_for: makes the Store that the writers share, from a wait and the progress.
        post: sends one message and returns when it is acknowledged, or raises KafkaError.
        send: queues one message and returns a kafka-python future, or raises KafkaError.
        progress: what is counted.
        tell: is called in every round of the loop, to report.
        written: is told of each bulk that Elasticsearch took when its articles were published, in milliseconds since
            1970.
    """

    def __init__(
        self,
        settings: Settings,
        consumer: Any,
        store_for: Callable[[Callable[[float], bool], BatchSize, Progress], Store],
        post: Callable[[Outgoing], None],
        send: Callable[[Outgoing], Any],
        progress: Progress,
        tell: Callable[[], None],
        written: Callable[[list[int]], None],
    ) -> None:
        self._settings, self._consumer, self._progress, self._tell = settings, consumer, progress, tell
        self._written = written
        self._names = streams(settings)
        self._stopping = threading.Event()
        self._size = BatchSize(settings.sink_batch_articles)
        store = store_for(self._stopping.wait, self._size, progress)
        self._writer = Writer(store, post, self._names, progress)
        self._ready: queue.Queue[Batch | None] = queue.Queue(maxsize=settings.sink_bulks_in_flight)
        self._receipts = Receipts(send, self._names.stored.name, progress.instance)
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._unsettled: deque[Ended] = deque()
        self._trackers: dict[TopicPartition, OffsetTracker] = {}
        self._batch = Batch(settings.sink_batch_seconds)
        self._commit_at = 0.0
        self._failed: BaseException | None = None

    def stop(self) -> None:
        """Asks the loop to end soon; may be called from any thread or a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Works until `stop`; what is finished by then is committed, the rest is read again at the next start.

        Raises:
            Exception: a defect in a writer; nothing past the batch it happened in is committed.
        """
        writers = [
            threading.Thread(target=self._write, name=f"bulk-{number}", daemon=True)
            for number in range(self._settings.sink_bulks_in_flight)
        ]
        for writer in writers:
            writer.start()
        self._consumer.subscribe([self._names.enriched.name], listener=self)
        try:
            while not self._stopping.is_set():
                self._round()
        finally:
            self._close(writers)
        if self._failed:
            raise self._failed

    def _round(self) -> None:
        self._hand_over()
        found = self._consumer.poll(timeout_ms=self._patience())
        for partition, records in found.items():
            self._take(partition, records)
        if not found and self._batch.items:
            self._batch.no_more()
        self._hand_over()
        self._settle()
        if time.monotonic() >= self._commit_at:
            self._commit()
        self._tell()

    def _patience(self) -> int:
        """Milliseconds to wait for more messages; where no batch can be handed over, none are fetched."""
        paused = self._consumer.paused()
        if self._ready.full():
            self._consumer.pause(*(self._consumer.assignment() - paused))
            return _FULL_POLL_MS
        if paused:
            self._consumer.resume(*paused)
        if self._batch.items:
            return min(_GATHERING_POLL_MS, max(1, int((self._batch.due - time.monotonic()) * 1000)))
        return _IDLE_POLL_MS if not self._unfinished() else _SETTLING_POLL_MS

    def _unfinished(self) -> int:
        return sum(tracker.unfinished for tracker in self._trackers.values())

    def _take(self, partition: TopicPartition, records: list[Any]) -> None:
        tracker = self._trackers.setdefault(partition, OffsetTracker())
        for record in records:
            message = Message.of(record)
            tracker.take(record.offset)
            self._batch.add(_item(message, tracker), _late(message))
            if self._full() and not self._ready.full():
                self._hand_over()

    def _full(self) -> bool:
        return len(self._batch.items) >= self._size.now or self._batch.size >= self._settings.sink_batch_bytes

    def _hand_over(self) -> None:
        """Gives the batch to a writer when it is due and one has room for it."""
        if not self._batch.items or self._ready.full():
            return
        if self._full() or time.monotonic() >= self._batch.due:
            self._ready.put(self._batch)
            self._batch = Batch(self._settings.sink_batch_seconds)

    def _write(self) -> None:
        while (batch := self._ready.get()) is not None:
            try:
                self._bring_to_end(batch)
            except BaseException as error:  # noqa: BLE001 (a thread's end must not go unseen: it ends the process)
                self._failed = error
                self._stopping.set()
                return

    def _bring_to_end(self, batch: Batch) -> None:
        started = time.monotonic()
        finished = self._writer.finish(batch, self._stopping.wait)
        if not finished:
            return
        took_ms = (time.monotonic() - started) * 1000
        self._written([at for item, verdict in finished if (at := _published(item, verdict))])
        told = (receipt_item(item.message, item.entry, verdict) for item, verdict in finished)
        receipt = self._receipts.tell(told, took_ms)
        self._ended.put(Ended(finished, receipt))

    def _settle(self, *, wait: bool = False) -> None:
        """Counts what came to its end, and lets its offsets be committed, as soon as its receipt is written.

        A receipt that cannot be written holds them up only for a while, and is counted as untold.
        """
        with contextlib.suppress(queue.Empty):
            while True:
                self._unsettled.append(self._ended.get_nowait())
        waiting, self._unsettled = self._unsettled, deque()
        for ended in waiting:
            if self._is_told(ended.receipt, wait=wait):
                self._settle_one(ended)
            else:
                self._unsettled.append(ended)

    def _is_told(self, receipt: Delivery, *, wait: bool) -> bool:
        while wait and not receipt.is_over(time.monotonic()):
            time.sleep(0.005)
        return receipt.is_over(time.monotonic())

    def _settle_one(self, ended: Ended) -> None:
        self._progress.untold += not ended.receipt.arrived
        for item, verdict in ended.items:
            item.tracker.finish(item.message.offset)
            self._count(item.message, verdict)

    def _count(self, message: Message, verdict: Verdict) -> None:
        if message.is_heartbeat:
            self._progress.beats += 1
            return
        if verdict is Verdict.DEAD:
            self._progress.dead += 1
            return
        self._progress.done += 1
        self._progress.stale += verdict is Verdict.STALE

    def _commit(self) -> None:
        self._commit_at = time.monotonic() + _COMMIT_EVERY
        due = {partition: tracker.committable() for partition, tracker in self._trackers.items()}
        offsets = {partition: offset for partition, offset in due.items() if offset is not None}
        if not offsets:
            return
        try:
            self._consumer.commit({p: OffsetAndMetadata(offset, "", -1) for p, offset in offsets.items()}, 5000)
        except CommitFailedError:
            return  # the partitions were given to another member, who reads these messages again
        except KafkaError as error:
            self._progress.waiting = f"{_UNCOMMITTED}: {type(error).__name__}"
            return
        if (self._progress.waiting or "").startswith(_UNCOMMITTED):
            self._progress.waiting = None
        for partition, offset in offsets.items():
            self._trackers[partition].committed(offset)

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Commits what is finished; what is under way of these partitions goes on, and counts no more."""
        self._settle(wait=True)
        self._commit()
        for partition in revoked:
            self._trackers.pop(partition, None)
        gone = {(partition.topic, partition.partition) for partition in revoked}
        self._batch.items = [i for i in self._batch.items if (i.message.stream, i.message.partition) not in gone]

    def on_partitions_assigned(self, assigned: Any) -> None:
        """Starts each newly assigned partition afresh."""
        for partition in assigned:
            self._trackers[partition] = OffsetTracker()

    def on_partitions_lost(self, lost: Any) -> None:
        """Forgets partitions that another member holds by now."""
        for partition in lost:
            self._trackers.pop(partition, None)

    def _close(self, writers: list[threading.Thread]) -> None:
        deadline = time.monotonic() + _STOP_GRACE
        for _ in writers:
            with contextlib.suppress(queue.Full):
                self._ready.put(None, timeout=max(0.0, deadline - time.monotonic()))
        for writer in writers:
            writer.join(max(0.0, deadline - time.monotonic()))
        self._settle(wait=True)
        self._commit()
        self._consumer.close(autocommit=False, timeout_ms=3000)


def _item(message: Message, tracker: OffsetTracker) -> Item:
    try:
        return Item(message, tracker, admitted(message))
    except PermanentError as problem:
        return Item(message, tracker, None, problem)


def _late(message: Message) -> float:
    """How many seconds a message may wait for others because it waited long already."""
    published = whole_number(message.attributes.get(RAW_TIME))
    return may_wait(time.time() - published / 1000, _LONGEST_BEHIND) if published else 0.0


def _published(item: Item, verdict: Verdict) -> int | None:
    """When the article that is in the index now was published, in milliseconds since 1970; none for a heartbeat."""
    if item.message.is_heartbeat or verdict is Verdict.DEAD:
        return None
    return whole_number(item.message.attributes.get(RAW_TIME))
