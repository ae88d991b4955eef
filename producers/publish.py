"""Delivers articles to Kafka: every future is checked, and what was delivered before is left alone."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError
from pydantic_core import to_json

from producers import seen
from producers.known import Records
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
    """An article on its way, with what was known of it before and what is known when it arrives."""

    future: Any
    article: RawArticle
    key: bytes
    previous: bytes | None
    record: bytes
    listed: str | None
    size: int


class Publisher:
    """Publishes raw articles. Use it as a context manager: leaving it waits for every delivery.

    `known` maps ids to the records of what was published before (`producers.seen`).
    """

    def __init__(self, producer: Producer, settings: Settings, known: Records) -> None:
        self.report = Report()
        self._producer, self._known = producer, known
        self._streams = streams(settings)
        self._under_way: deque[_Delivery] = deque()
        # Of records that were known while they were under way, and did not arrive: what had stood before each.
        self._undelivered: dict[tuple[bytes, bytes], bytes | None] = {}
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
        self._known[key] = record
        if before.said == after.said:
            self.report.unchanged += 1
            if before.marks != after.marks:
                self._remember(key, record)
                self._remember_listed(listed, record)
            return
        value = to_json(_owned(article, after))
        try:
            future = self._producer.send(self._streams.raw.name, value, key, raw_headers(article))
        except KafkaError as error:
            self._fail(article, record, previous, error)
            return
        self._bytes += len(value)
        self._under_way.append(_Delivery(future, article, key, previous, record, listed, len(value)))
        while len(self._under_way) >= _WINDOW or self._bytes > _WINDOW_BYTES:
            self._settle_oldest()

    def refuse(self, refusal: Refusal) -> None:
        """Counts something that was no article."""
        self.report.refused.append(refusal)

    def settle(self) -> Report:
        """Waits until every article is acknowledged or has failed, and returns the counts."""
        self._producer.flush()
        while self._under_way:
            self._settle_oldest()
        self._undelivered.clear()
        self._producer.flush()
        return self.report

    def _settle_oldest(self) -> None:
        delivery = self._under_way.popleft()
        self._bytes -= delivery.size
        try:
            delivery.future.get()
        except KafkaError as error:
            self._fail(delivery.article, delivery.record, delivery.previous, error)
            return
        self.report.published += 1
        self._remember(delivery.key, delivery.record)
        self._remember_listed(delivery.listed, delivery.record)

    def _remember_listed(self, listed: str | None, record: bytes) -> None:
        if listed:
            self._known[listed.encode("ascii")] = record
            self._remember(listed.encode("ascii"), record)

    def _remember(self, key: bytes, record: bytes) -> None:
        # Only what Kafka holds counts as seen; when this record is lost, the article is published twice, which is
        # harmless, and never not at all.
        with contextlib.suppress(KafkaError):
            self._producer.send(self._streams.seen.name, record, key, [])

    def _fail(self, article: RawArticle, record: bytes, previous: bytes | None, error: Exception) -> None:
        key = article.id.encode("ascii")
        while previous is not None and (key, previous) in self._undelivered:
            previous = self._undelivered.pop((key, previous))
        self._undelivered[key, record] = previous
        if previous is None:
            self._known.pop(key, None)
        else:
            self._known[key] = previous
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
