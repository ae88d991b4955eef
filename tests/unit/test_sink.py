"""The sink commits only what is finished, loses nothing, and takes no more than it can hand on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import CommitFailedError, KafkaConnectionError

from processors.bulk import Answer, Verdict
from processors.message import Message, Outgoing
from processors.progress import Progress
from processors.sink import Sink
from processors.store import Entry, Store
from schemas.dead import DeadLetter
from tests.fakes import FakeConsumer, FakeElasticsearch, Future, Waits, enriched_message, timed_out, unit_settings

P0, P1 = TopicPartition("articles.enriched", 0), TopicPartition("articles.enriched", 1)
NOT_PARSED = (400, {"type": "document_parsing_exception", "reason": "failed to parse"})


class Scripted:
    """A store that answers as it is told, and notes what it was given."""

    def __init__(self, answer: Callable[[Entry], Verdict] = lambda _: Verdict.STORED) -> None:
        self.written: list[list[Entry]] = []
        self._answer = answer

    def write(self, entries: Iterable[Entry]) -> list[Answer]:
        """One answer for each entry."""
        self.written.append(list(entries))
        return [Answer(self._answer(one), "as told") for one in self.written[-1]]

    @property
    def offsets(self) -> list[int]:
        """The offsets of everything that was written."""
        return [one.message.offset for batch in self.written for one in batch]


class Rig:
    """A sink on fakes."""

    def __init__(
        self, messages: Iterable[Message], store: Any = None, post: Any = None, send: Any = None, **named: Any
    ) -> None:
        self.consumer = FakeConsumer(messages, most=named.pop("most", 500))
        self.store = store or Scripted()
        self.posted: list[Outgoing] = []
        self.receipts: list[Outgoing] = []
        self.progress = Progress("sink")
        self.told = 0
        self.published: list[int] = []
        settings = unit_settings(**{"sink_batch_seconds": 0.01, "sink_bulks_in_flight": 1, **named})
        self.sink = Sink(
            settings,
            self.consumer,
            lambda *_: self.store,
            post or self.posted.append,
            send or self._delivered,
            self.progress,
            self._tell,
            self.published.extend,
        )

    def _tell(self) -> None:
        self.told += 1

    def _delivered(self, out: Outgoing) -> Future:
        self.receipts.append(out)
        return Future()

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Runs until so much is counted, or the condition holds."""
        until = until or self._nothing_left

        def each_poll(_: int) -> None:
            if until():
                self.sink.stop()

        self.consumer.each_poll = each_poll
        self.sink.run()

    def _nothing_left(self) -> bool:
        return not any(self.consumer.waiting.values()) and not self.sink._unfinished()

    def letters(self) -> list[DeadLetter]:
        """The dead letters that were written."""
        return [DeadLetter.model_validate_json(out.value) for out in self.posted]


def messages(count: int, **changes: Any) -> list[Message]:
    """Good messages number 0 to `count`."""
    return [enriched_message(number, **changes) for number in range(count)]


def test_everything_is_stored_and_the_end_is_committed() -> None:
    """All messages of all partitions are written, counted and committed up to the end, and the consumer is closed."""
    other = [enriched_message(number, partition=1) for number in range(3)]
    rig = Rig([*messages(20), *other], sink_batch_articles=4, sink_bulks_in_flight=2)
    rig.run()
    assert sorted(rig.store.offsets) == sorted([*range(20), *range(3)])
    assert rig.consumer.committed == {P0: 20, P1: 3}
    assert (rig.progress.done, rig.progress.dead, rig.progress.stale) == (23, 0, 0)
    assert rig.consumer.closed
    assert rig.told > 0


def test_a_batch_holds_no_more_than_is_set() -> None:
    """Batches hold at most the set number of articles, and what comes in one poll is spread over several."""
    rig = Rig(messages(23), sink_batch_articles=5, most=5)
    rig.run()
    assert max(len(batch) for batch in rig.store.written) <= 5
    assert rig.store.offsets == list(range(23))


def test_a_batch_is_handed_over_when_it_is_large_in_bytes() -> None:
    """A batch that has grown to the set bytes is not filled further."""
    rig = Rig(messages(6, value=b'{"t":"%b"}' % (b"x" * 600)), sink_batch_bytes=1024, sink_bulks_in_flight=8)
    rig.run()
    assert max(len(batch) for batch in rig.store.written) == 2


def test_stale_articles_are_finished_and_counted() -> None:
    """An article whose newer version stands is done with, and counted as stale."""
    rig = Rig(messages(3), Scripted(lambda entry: Verdict.STALE if entry.message.offset == 1 else Verdict.STORED))
    rig.run()
    assert (rig.progress.done, rig.progress.stale) == (3, 1)
    assert rig.consumer.committed == {P0: 3}


def test_an_unfinished_message_holds_the_commit() -> None:
    """What stays unfinished at the stop is not committed, nor anything behind it, though that was stored."""
    rig = Rig(messages(6), Scripted(lambda entry: Verdict.RETRY if entry.message.offset == 2 else Verdict.STORED))
    rig.run(until=lambda: rig.progress.done == 5)
    assert rig.consumer.committed == {P0: 2}


def test_a_dead_document_is_buried_with_the_servers_words() -> None:
    """A document that Elasticsearch refuses for good becomes a letter with its original, and is committed past."""
    rig = Rig(messages(3), Scripted(lambda entry: Verdict.DEAD if entry.message.offset == 1 else Verdict.STORED))
    rig.run()
    (letter,) = rig.letters()
    assert (letter.stage, letter.reason, letter.detail) == ("sink", "refused", "as told")
    assert (letter.id, letter.article_id) == ("articles.enriched-0-1", f"{1:032x}")
    assert letter.original_value == enriched_message(1).value
    assert (rig.progress.done, rig.progress.dead) == (2, 1)
    assert rig.consumer.committed == {P0: 3}


def test_a_message_that_is_no_document_never_reaches_the_store() -> None:
    """A message without an article's key goes to the dead letters with its reason, and its neighbours are stored."""
    rig = Rig([enriched_message(0), enriched_message(1, key=b"nonsense"), enriched_message(2)])
    rig.run()
    assert rig.store.offsets == [0, 2]
    assert [(letter.reason, letter.offset) for letter in rig.letters()] == [("bad_envelope", 1)]
    assert rig.consumer.committed == {P0: 3}


def test_while_dead_letters_cannot_be_written_nothing_past_is_committed() -> None:
    """A letter that Kafka does not take is tried again and again, and until then its message holds the commit."""
    tried = []

    def post(out: Outgoing) -> None:
        tried.append(out)
        raise timed_out()

    rig = Rig([enriched_message(0), enriched_message(1, value=None), enriched_message(2)], post=post)
    rig.run(until=lambda: len(tried) == 1 and rig.progress.waiting is not None)
    assert "dead letters cannot be written: KafkaTimeoutError" in str(rig.progress.waiting)
    assert rig.consumer.committed.get(P0, 0) <= 1
    assert rig.progress.dead == 0


def test_a_letter_that_is_taken_at_the_second_attempt_is_counted_once() -> None:
    """A dead letter's stream that fails once costs a wait, and no article."""
    errors = [KafkaConnectionError("broker away")]
    sent: list[Outgoing] = []

    def post(out: Outgoing) -> None:
        if errors:
            raise errors.pop()
        sent.append(out)

    rig = Rig([enriched_message(0, value=None)], post=post)
    rig.run()
    assert len(sent) == 1
    assert (rig.progress.dead, rig.progress.waiting) == (1, None)
    assert rig.consumer.committed == {P0: 1}


def test_back_pressure_pauses_and_then_resumes() -> None:
    """While no writer has room the partitions are paused, and when one has, they are read on: nothing is lost."""
    gate = threading.Event()
    held = Scripted()
    write = held.write

    def slow(entries: Iterable[Entry]) -> list[Answer]:
        assert gate.wait(10)
        return write(entries)

    held.write = slow  # type: ignore[method-assign]
    rig = Rig(messages(40), held, sink_batch_articles=2, most=2)

    def until() -> bool:
        if rig.consumer.ever_paused:
            gate.set()
        return rig._nothing_left()

    rig.run(until)
    assert rig.consumer.ever_paused == {P0}
    assert rig.consumer.resumed == {P0}
    assert sorted(held.offsets) == list(range(40))
    assert rig.consumer.committed == {P0: 40}


def test_while_paused_little_is_held() -> None:
    """A store that stands still holds back the stream: only some batches' worth of messages is ever taken."""
    gate = threading.Event()

    class Still(Scripted):
        def write(self, entries: Iterable[Entry]) -> list[Answer]:
            assert gate.wait(10)
            return super().write(entries)

    rig = Rig(messages(1000), Still(), sink_batch_articles=5, most=5)
    polls_paused = []

    def until() -> bool:
        polls_paused.append(bool(rig.consumer.paused()))
        if sum(polls_paused) == 20:
            gate.set()
            return True
        return False

    rig.run(until)
    assert len(rig.consumer.waiting[P0]) > 950


def test_a_revoked_partition_is_committed_and_forgotten() -> None:
    """What was finished of a partition is committed as it goes; what is unfinished is left to its next owner."""
    stuck = Scripted(lambda entry: Verdict.RETRY if entry.message.offset >= 3 else Verdict.STORED)
    other = [enriched_message(number + 100, offset=number, partition=1) for number in range(2)]
    rig = Rig([*messages(5), *other], stuck)
    gone: list[int] = []

    def until() -> bool:
        if rig.progress.done == 5 and not gone:
            rig.consumer.revoke(P0)
            gone.append(len(rig.consumer.commits))
            return False
        return bool(gone)

    rig.run(until)
    assert rig.consumer.committed == {P0: 3, P1: 2}
    assert not any(P0 in one for one in rig.consumer.commits[gone[0] :])
    assert rig.sink._unfinished() == 0


def test_messages_of_a_revoked_partition_are_not_written_any_more() -> None:
    """Messages that wait for a batch are dropped with their partition: its next owner writes them."""
    rig = Rig(messages(3), sink_batch_seconds=60)
    rig.sink.on_partitions_assigned([P0])
    rig.sink._take(P0, rig.consumer.waiting[P0])
    rig.sink.on_partitions_revoked([P0])
    assert rig.sink._batch.items == []
    assert rig.sink._unfinished() == 0


def test_a_partition_that_comes_back_starts_afresh() -> None:
    """A partition that was lost and is assigned again may begin at an earlier offset."""
    rig = Rig([])
    rig.sink.on_partitions_assigned([P0])
    rig.sink._take(P0, FakeConsumer([enriched_message(9)]).waiting[P0])
    rig.sink.on_partitions_lost([P0])
    rig.sink.on_partitions_assigned([P0])
    rig.sink._take(P0, FakeConsumer([enriched_message(4)]).waiting[P0])
    assert rig.sink._unfinished() == 1


def test_a_commit_that_fails_is_tried_again_and_told() -> None:
    """A commit that Kafka does not take is told as long as that lasts, and what is due is committed later."""
    rig = Rig(messages(2))
    errors, told = [timed_out()], []

    def refuse() -> Exception | None:
        return errors.pop() if errors else None

    def until() -> bool:
        told.append(rig.progress.waiting)
        return rig.progress.done == 2

    rig.consumer.refuse_commit = refuse
    rig.run(until)
    assert errors == []
    assert rig.consumer.committed == {P0: 2}
    assert "offsets cannot be committed: KafkaTimeoutError" in told
    assert rig.progress.waiting is None


def test_a_commit_after_the_group_moved_on_is_no_error() -> None:
    """Kafka refuses the commit of a member that was put out of its group: nothing is told, and nothing breaks."""
    rig = Rig(messages(1))
    rig.consumer.refuse_commit = CommitFailedError
    rig.run()
    assert rig.consumer.commits == []
    assert rig.progress.waiting is None


def test_a_defect_in_a_writer_ends_the_run_with_it() -> None:
    """An error of our own ends the sink with that error, and nothing of its batch is committed."""

    def broken(_: Entry) -> Verdict:
        raise ZeroDivisionError("a defect")

    rig = Rig(messages(3), Scripted(broken))
    with pytest.raises(ZeroDivisionError, match="a defect"):
        rig.run(until=lambda: False)
    assert rig.consumer.committed.get(P0, 0) == 0
    assert rig.consumer.closed


def test_with_the_real_store_trouble_costs_nothing() -> None:
    """Refused, busy and too large documents beside good ones: each ends stored or buried, and all is committed."""
    busy = {"left": 30}

    def refuse(article: str) -> Any:
        number = int(article, 16)
        if number % 10 == 3:
            return NOT_PARSED
        busy["left"] -= 1
        return (429, {"type": "es_rejected_execution_exception"}) if busy["left"] > 0 and number % 2 else None

    elastic = FakeElasticsearch(refuse=refuse, most_bytes=3000)
    rig = Rig(messages(60), sink_batch_articles=16, sink_bulks_in_flight=1)
    store = Store(elastic, Waits(), rig.sink._size, rig.progress)
    rig.store.write = store.write
    rig.run()
    buried = [number for number in range(60) if number % 10 == 3]
    assert sorted(letter.offset for letter in rig.letters()) == buried
    assert sorted(elastic.stored) == [f"{number:032x}" for number in range(60) if number not in buried]
    assert (rig.progress.done, rig.progress.dead) == (54, 6)
    assert rig.consumer.committed == {P0: 60}


def test_what_was_written_is_told_with_when_it_was_published() -> None:
    """Articles that the index took tell when they were published raw; dead ones do not."""

    def answer(entry: Entry) -> Verdict:
        return (Verdict.STORED, Verdict.STALE, Verdict.DEAD)[entry.message.offset]

    published = [(*enriched_message(n).headers, ("ce_rawtime", b"%d" % (1000 + n))) for n in range(3)]
    rig = Rig([enriched_message(n, headers=headers) for n, headers in enumerate(published)], Scripted(answer))
    rig.run()
    assert rig.published == [1000, 1001]


@pytest.mark.parametrize(("age", "gathered"), [(60.0, True), (0.0, False)])
def test_what_is_late_waits_for_more_of_it(age: float, gathered: bool) -> None:
    """A backlog that comes one by one is written in one request; what is fresh is not held up for others."""
    raw_time = ("ce_rawtime", b"%d" % int((time.time() - age) * 1000))
    late = [enriched_message(n, headers=(*enriched_message(n).headers, raw_time)) for n in range(20)]
    rig = Rig(late, most=1, sink_batch_seconds=1e-6)
    rig.run()
    assert (len(rig.store.written) == 1) is gathered


def test_asked_to_stop_before_it_begins_it_ends() -> None:
    """A stop that comes before the first round ends the run without taking anything."""
    rig = Rig(messages(3))
    rig.sink.stop()
    rig.sink.run()
    assert rig.store.written == []
    assert rig.consumer.closed
