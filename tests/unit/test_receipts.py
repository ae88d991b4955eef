"""The sink tells of every bulk what became of its articles, and no receipt holds the pipeline up for long."""

from __future__ import annotations

from typing import Any

from kafka.errors import KafkaTimeoutError

from processors.bulk import Verdict
from processors.intake import admitted
from processors.message import Outgoing
from processors.receipts import PATIENCE, Delivery, Receipts, receipt_item
from schemas.receipt import Receipt
from tests.fakes import Future, enriched_message
from tests.unit.test_sink import P0, Rig, Scripted, messages


def told(outs: list[Outgoing]) -> list[Receipt]:
    """The receipts that were sent."""
    return [Receipt.model_validate_json(out.value) for out in outs]


def test_a_bulk_is_told_in_one_message() -> None:
    """One receipt names every article of a bulk with its version, verdict and place, and the process and its time."""
    sent: list[Outgoing] = []

    def send(out: Outgoing) -> Future:
        sent.append(out)
        return Future()

    good, stale = enriched_message(7, version=3), enriched_message(8, partition=2)
    items = [
        receipt_item(good, admitted(good), Verdict.STORED),
        receipt_item(stale, admitted(stale), Verdict.STALE),
        receipt_item(enriched_message(9, key=b"nonsense", headers=()), None, Verdict.DEAD),
    ]
    delivery = Receipts(send, "articles.stored", "host-1").tell(items, 12.34)
    (receipt,) = told(sent)
    assert delivery.arrived
    assert (receipt.by, receipt.took_ms, sent[0].stream) == ("host-1", 12.3, "articles.stored")
    assert [(item.id, item.version, item.verdict, item.partition, item.offset) for item in receipt.items] == [
        (f"{7:032x}", 3, "stored", 0, 7),
        (f"{8:032x}", 1, "stale", 2, 8),
        (None, None, "dead", 0, 9),
    ]


def test_what_the_producer_does_not_take_has_not_arrived() -> None:
    """A receipt that cannot even be queued is over at once, and did not arrive."""

    def send(_: Outgoing) -> Any:
        raise KafkaTimeoutError("no metadata")

    delivery = Receipts(send, "articles.stored", "host-1").tell([], 1.0)
    assert delivery.is_over(delivery.since)
    assert not delivery.arrived


def test_a_receipt_is_waited_for_only_so_long() -> None:
    """A receipt without an answer is over when patience ends, and counts as not arrived."""
    delivery = Delivery(Future(is_done=False), since=100.0)
    assert not delivery.is_over(100.0 + PATIENCE - 0.1)
    assert delivery.is_over(100.0 + PATIENCE)
    assert not delivery.arrived


def test_the_sink_tells_every_article_once() -> None:
    """Each article of a run stands in exactly one receipt, with what became of it."""
    verdicts = {3: Verdict.STALE, 5: Verdict.DEAD}
    rig = Rig(messages(12), Scripted(lambda entry: verdicts.get(entry.message.offset, Verdict.STORED)))
    rig.run()
    items = {item.offset: item.verdict for receipt in told(rig.receipts) for item in receipt.items}
    assert items == {number: {3: "stale", 5: "dead"}.get(number, "stored") for number in range(12)}
    assert sum(len(receipt.items) for receipt in told(rig.receipts)) == 12
    assert rig.progress.untold == 0


def test_what_is_not_finished_is_in_no_receipt() -> None:
    """An article that is left for the next start is not told of as if it had ended."""
    rig = Rig(messages(3), Scripted(lambda entry: Verdict.RETRY if entry.message.offset == 1 else Verdict.STORED))
    rig.run(until=lambda: rig.progress.done == 2)
    assert {item.offset for receipt in told(rig.receipts) for item in receipt.items} == {0, 2}


def test_offsets_wait_for_their_receipt() -> None:
    """Until its receipt is written an article is not committed, so that one that a kill loses is written again."""
    future, polls = Future(is_done=False), []
    rig = Rig(messages(2), send=lambda _: future, sink_batch_articles=2)

    def until() -> bool:
        polls.append(dict(rig.consumer.committed))
        if len(polls) == 60:
            future.is_done = True
        return rig.progress.done == 2

    rig.run(until)
    assert all(one.get(P0, 0) == 0 for one in polls[:60])
    assert rig.consumer.committed == {P0: 2}


def test_receipts_that_fail_are_counted_and_hold_nothing_up() -> None:
    """Where receipts cannot be written, articles are stored and committed all the same, and the loss is counted."""
    rig = Rig(messages(4), send=lambda _: Future(KafkaTimeoutError("expired")), sink_batch_articles=2)
    rig.run()
    assert rig.consumer.committed == {P0: 4}
    assert rig.progress.untold == len(rig.store.written)
    assert rig.progress.status().untold == rig.progress.untold
