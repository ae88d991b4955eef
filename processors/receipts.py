"""Tells on `articles.stored` what became of each bulk: one message for all its articles."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kafka.errors import KafkaError

from processors.bulk import Verdict
from processors.intake import article_of, version_of
from processors.message import Message, Outgoing
from processors.store import Entry
from schemas.envelope import envelope
from schemas.receipt import Receipt

# A commit waits no longer than this for its receipt.
PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A receipt on its way: a kafka-python future, none where the producer did not take it, and since when."""

    future: Any
    since: float

    def is_over(self, now: float) -> bool:
        """Whether nothing is to be waited for any more: it arrived, failed, or took too long."""
        return self.future is None or self.future.is_done or now - self.since >= PATIENCE

    @property
    def arrived(self) -> bool:
        """Whether Kafka has it."""
        return self.future is not None and bool(self.future.succeeded())


class Receipts:
    """Sends receipts.

    Args:
        send: queues one message and returns a kafka-python future.
        stream: the name of `articles.stored`.
        by: the process, for the receipt to say.
    """

    def __init__(self, send: Callable[[Outgoing], Any], stream: str, by: str) -> None:
        self._send, self._stream, self._by = send, stream, by
        self._numbers = itertools.count()

    def tell(self, items: Iterable[dict[str, Any]], took_ms: float) -> Delivery:
        """Sends the receipt for what came to its end; an error of Kafka is a delivery that failed."""
        told = {"at": datetime.now(UTC), "took_ms": round(took_ms, 1), "by": self._by, "items": tuple(items)}
        receipt = Receipt.model_validate(told)
        event = f"{self._by}-{receipt.at.timestamp():.3f}-{next(self._numbers)}"
        headers = envelope("articles.stored", event, "/wiredesk/sink", receipt.schema_version)
        out = Outgoing(self._stream, self._by.encode("utf-8"), receipt.model_dump_json().encode("utf-8"), headers)
        try:
            return Delivery(self._send(out), time.monotonic())
        except KafkaError:
            return Delivery(None, time.monotonic())


def receipt_item(message: Message, entry: Entry | None, verdict: Verdict) -> dict[str, Any]:
    """What a receipt says of one message, which has no entry when it could be no document.

    Plain data, because models are quicker made all at once: receipts are to cost the sink next to nothing.
    """
    return {
        "id": entry.article_id if entry else article_of(message),
        "version": entry.version if entry else version_of(message),
        "verdict": verdict.value,
        "partition": message.partition,
        "offset": message.offset,
    }
