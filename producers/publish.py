"""Delivers articles to Kafka: every future is checked, and what was delivered before is left alone."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError
from pydantic_core import to_json

from producers import seen
from producers.known import Records
from producers.others import MINE
from producers.partition import Partitions
from producers.reading import Refusal
from schemas.article import RawArticle
from schemas.envelope import Headers, envelope
from schemas.settings import Settings
from schemas.streams import producer_options, streams

# How many deliveries, and of how many bytes, are under way before the oldest is waited for: bounds memory, keeps
# batches full.
_WINDOW, _WINDOW_BYTES = 5000, 64 * 2**20


class Producer(Protocol):
    """What is used of a kafka-python producer."""

    def send(self, topic: str, value: bytes | None, key: bytes, headers: Headers) -> Any:
        """Queues one message; the future resolves when it is acknowledged by all replicas, or fails."""

    def flush(self) -> None:
        """Waits until nothing is queued."""

    def close(self) -> None:
        """Ends the connection."""


@dataclass
class Report:
    """What became of what was read."""

    published: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    failed: list[Refusal] = field(default_factory=list)

    @property
    def delivered_all(self) -> bool:
        """Whether no article was lost on the way to Kafka."""
        return not self.failed


class _Delivery(NamedTuple):
    """An article on its way, and what is known of it when it arrives, if all that was known at its start stands."""

    future: Any
    article: RawArticle
    mark: str
    listed: str | None
    previous: bytes | None
    record: bytes
    size: int


@dataclass(slots=True)
class _UnderWay:
    """Versions of one article on their way, the first one first, and the record of what Kafka holds of it."""

    acknowledged: bytes | None
    deliveries: deque[_Delivery] = field(default_factory=deque)

    def arrived(self, one: _Delivery) -> bytes:
        """The record with what has just arrived; it says nothing of what was lost before."""
        stands = one.previous == self.acknowledged
        self.acknowledged = one.record if stands else _with(self.acknowledged, one)
        return self.acknowledged

    def expected(self) -> bytes | None:
        """The record once all that is still on its way has arrived."""
        return reduce(_with, self.deliveries, self.acknowledged)


def _with(record: bytes | None, one: _Delivery) -> bytes:
    return seen.Seen.read(record).after(one.article, one.mark).record()


class Publisher:
    """Publishes raw articles. Use it as a context manager: leaving it waits for every delivery.

    `known` maps ids to the records of what was published before (`producers.seen`).
    """

    def __init__(self, producer: Producer, settings: Settings, known: Records) -> None:
        self.report = Report()
        self._producer, self._known = producer, known
        self._streams = streams(settings)
        self._order: deque[bytes] = deque()
        self._under_way: dict[bytes, _UnderWay] = {}
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.settle()

    def publish(self, article: RawArticle, mark: str = "", listed: str | None = None) -> None:
        """Queues an article, unless its source gave this very one before.

        What another source gave first stays that source's, and names this one too. `mark` is what a listing said of
        it; `listed` its id by the listing's address, where the page calls another its own: both are remembered.
        """
        key = article.id.encode("ascii")
        previous = self._known.get(key)
        before = seen.Seen.read(previous)
        after = before.after(article, mark)
        record = after.record()
        if before.said == after.said:
            self.report.unchanged += 1
            # What is still under way may never arrive: nothing is remembered of it before.
            if before.marks != after.marks and key not in self._under_way:
                self._known[key] = record
                self._remember(key, record)
                self._remember_listed(listed, record)
            return
        value = to_json(_owned(article, after))
        try:
            future = self._producer.send(self._streams.raw.name, value, key, raw_headers(article))
        except KafkaError as error:
            self._fail(article, error)
            return
        self._known[key] = record
        self._bytes += len(value)
        self._order.append(key)
        way = self._under_way.setdefault(key, _UnderWay(previous))
        way.deliveries.append(_Delivery(future, article, mark, listed, previous, record, len(value)))
        while len(self._order) >= _WINDOW or self._bytes > _WINDOW_BYTES:
            self._settle_oldest()

    def refuse(self, refusal: Refusal) -> None:
        """Counts something that was no article."""
        self.report.refused.append(refusal)

    def settle(self) -> Report:
        """Waits until every article is acknowledged or has failed, and returns the counts."""
        self._producer.flush()
        while self._order:
            self._settle_oldest()
        self._producer.flush()
        return self.report

    def _settle_oldest(self) -> None:
        key = self._order.popleft()
        way = self._under_way[key]
        delivery = way.deliveries.popleft()
        self._bytes -= delivery.size
        try:
            delivery.future.get()
        except KafkaError as error:
            self._fail(delivery.article, error)
            seen.keep(self._known, key, way.expected())
        else:
            self.report.published += 1
            record = way.arrived(delivery)
            self._remember(key, record)
            self._remember_listed(delivery.listed, record)
        if not way.deliveries:
            del self._under_way[key]

    def _remember_listed(self, listed: str | None, record: bytes) -> None:
        if listed:
            self._known[listed.encode("ascii")] = record
            self._remember(listed.encode("ascii"), record)

    def _remember(self, key: bytes, record: bytes) -> None:
        # Only what Kafka holds counts as seen; when this record is lost, the article is published twice, which is
        # harmless, and never not at all.
        with contextlib.suppress(KafkaError):
            self._producer.send(self._streams.seen.name, record, key, MINE)

    def _fail(self, article: RawArticle, error: Exception) -> None:
        self.report.failed.append(Refusal(article.origin, f"not delivered: {failure_in_words(error)}"))


def _owned(article: RawArticle, known: seen.Seen) -> RawArticle:
    """The article as the first source's own, with the others that gave it."""
    owner, *others = known.said
    if owner == article.source and tuple(others) == article.also_from:
        return article
    return article.model_copy(update={"source": owner, "also_from": tuple(others)})


def failure_in_words(error: Exception) -> str:
    """Why Kafka did not take a message, in a sentence."""
    if isinstance(error, MessageSizeTooLargeError):
        return "larger than the stream's max.message.bytes"
    return f"Kafka: {type(error).__name__}: {error}".strip(": ")


def raw_headers(article: RawArticle) -> Headers:
    """The envelope of an article on `articles.raw`."""
    return envelope(
        "article.raw",
        f"{article.id}-{article.version}",
        f"/wiredesk/sources/{article.source}",
        article.schema_version,
        articleversion=article.version,
    )


def feed(
    items: Iterable[RawArticle | Refusal], publisher: Publisher, progress: Callable[[Report], None] | None = None
) -> Report:
    """Publishes all articles and counts all refusals, telling `progress` after each."""
    with publisher:
        for item in items:
            if isinstance(item, Refusal):
                publisher.refuse(item)
            else:
                publisher.publish(item)
            if progress:
                progress(publisher.report)
    return publisher.report


def producer(settings: Settings) -> KafkaProducer:
    """A producer for many articles.

    It waits longer for larger batches than the other producers do, which costs a third less for each article; what
    settles does not wait, for flushing sends at once.
    """
    fuller = {"linger_ms": 50, "batch_size": 2**20, "partitioner": Partitions()}
    return KafkaProducer(**{**producer_options(settings), **fuller})


def open_publisher(settings: Settings) -> Publisher:
    """A publisher on the Kafka that the settings name, knowing what was published before.

    Raises:
        KafkaError: Kafka does not answer.
    """
    return Publisher(producer(settings), settings, seen.load(settings))
