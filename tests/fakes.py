"""Hand-made stand-ins for Kafka and Elasticsearch, and the messages that tests feed them."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from processors.message import Message
from processors.store import Reply
from schemas.article import RawArticle
from schemas.envelope import envelope
from schemas.identity import article_id
from schemas.settings import Settings, load

FETCHED_AT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
TEXT = (
    "The ministers met in Geneva on Monday.\n\n"
    "They spoke about grain exports for two hours, and agreed to meet again in Warsaw next month. "
    "A spokesman for the European Union said that the talks had been useful."
)
# No deadline: a busy machine is no defect.
quick = settings(max_examples=50, deadline=None)


def unit_settings(**named: Any) -> Settings:
    """Settings that name servers nobody runs: a unit test never asks them."""
    return load(**{"kafka_servers": "kafka.invalid:9092", "elasticsearch_url": "http://elastic.invalid:9200", **named})


def raw_article(content: str = TEXT, **changes: Any) -> RawArticle:
    """A raw article that keeps the contract."""
    url = changes.get("url")
    given = {
        "id": article_id(url, content),
        "source": "herald",
        "origin": "herald/1.txt",
        "fetched_at": FETCHED_AT,
        "content": content,
    }
    return RawArticle.model_validate({**given, **changes})


def raw_message(article: RawArticle | None = None, **changes: Any) -> Message:
    """A message of `articles.raw` as a consumer sees it."""
    article = article or raw_article()
    given: dict[str, Any] = {
        "stream": "articles.raw",
        "partition": 2,
        "offset": 41,
        "timestamp": 1_772_368_215_250,
        "key": article.id.encode(),
        "value": article.model_dump_json().encode(),
        "headers": tuple(envelope("article.raw", "e", "/wiredesk/sources/herald", 1, articleversion=article.version)),
    }
    return Message(**{**given, **changes})


def enriched_message(number: int, version: int = 1, **changes: Any) -> Message:
    """A message of `articles.enriched` for the article with that number, whose offset is the number."""
    key = f"{number:032x}".encode()
    body = json.dumps({"id": key.decode(), "version": version})
    given: dict[str, Any] = {
        "stream": "articles.enriched",
        "partition": 0,
        "offset": number,
        "timestamp": 1_772_368_215_250,
        "key": key,
        "value": body.encode(),
        "headers": tuple(envelope("article.enriched", "e", "/wiredesk/sources/herald", 1, articleversion=version)),
    }
    return Message(**{**given, **changes})


@dataclass
class Sent:
    """One message that a producer was given."""

    stream: str
    value: bytes | None
    key: bytes | None
    headers: list[tuple[str, bytes]]


class Future:
    """What a producer returns: resolved, failed with an error, or not there yet."""

    def __init__(self, error: Exception | None = None, *, is_done: bool = True, found: Any = None) -> None:
        self._error, self.is_done, self._found = error, is_done, found

    def succeeded(self) -> bool:
        """Whether it was delivered."""
        return self.is_done and self._error is None

    def get(self, timeout: float | None = None) -> Any:
        """Where it was delivered; raises the error of a failed delivery."""
        if self._error:
            raise self._error
        return self._found


class FakeProducer:
    """A kafka-python producer. `refuse` gives the error of the delivery of a message, or none; `raises` of `send`."""

    def __init__(
        self,
        refuse: Callable[[Sent], Exception | None] = lambda _: None,
        raises: Callable[[Sent], Exception | None] = lambda _: None,
    ) -> None:
        self.sent: list[Sent] = []
        self.flushes = 0
        self._ends = Counter[str]()
        self._refuse, self._raises = refuse, raises

    def send(self, topic: str, value: bytes | None = None, key: bytes | None = None, headers: Any = None) -> Future:
        """Notes the message."""
        message = Sent(topic, value, key, list(headers or []))
        if error := self._raises(message):
            raise error
        self.sent.append(message)
        place = SimpleNamespace(topic=topic, partition=0, offset=self._ends[topic])
        self._ends[topic] += 1
        return Future(self._refuse(message), found=place)

    def flush(self) -> None:
        """Counts the calls."""
        self.flushes += 1

    def close(self, timeout: float | None = None) -> None:
        """Does nothing."""

    def to(self, stream: str) -> list[Sent]:
        """The messages of one stream."""
        return [one for one in self.sent if one.stream == stream]


@dataclass
class Record:
    """A record as kafka-python's consumer gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def record(message: Message) -> Record:
    """A message as a record."""
    return Record(
        message.stream,
        message.partition,
        message.offset,
        message.timestamp,
        message.key,
        message.value,
        [(name, value or b"") for name, value in message.headers],
    )


class FakeConsumer:
    """A kafka-python consumer with a group of its own, over records that stand there from the start.

    `each_poll` is called before every poll, with their count. A test that never stops fails after `patience` seconds.
    """

    def __init__(self, messages: Iterable[Message], most: int = 500, patience: float = 20.0) -> None:
        self.waiting: dict[TopicPartition, list[Record]] = defaultdict(list)
        for message in messages:
            self.waiting[TopicPartition(message.stream, message.partition)].append(record(message))
        self.each_poll: Callable[[int], None] = lambda _: None
        self.commits: list[dict[TopicPartition, int]] = []
        self.refuse_commit: Callable[[], Exception | None] = lambda: None
        self.ever_paused: set[TopicPartition] = set()
        self.resumed: set[TopicPartition] = set()
        self.closed = False
        self.listener: Any = None
        self._assigned = set(self.waiting)
        self._paused: set[TopicPartition] = set()
        self._most, self._polls = most, 0
        self._deadline = time.monotonic() + patience

    def subscribe(self, topics: list[str], listener: Any) -> None:
        """Assigns every partition at once."""
        self.listener = listener
        listener.on_partitions_assigned(sorted(self._assigned))

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Record]]:
        """The next records of every partition that is not paused."""
        assert time.monotonic() < self._deadline, "the sink was never asked to stop"
        self._polls += 1
        self.each_poll(self._polls)
        found = {}
        for partition in sorted(self._assigned - self._paused):
            if records := self.waiting[partition][: self._most]:
                found[partition] = records
                self.waiting[partition] = self.waiting[partition][self._most :]
        if not found:
            time.sleep(min(timeout_ms / 1000, 0.002))
        return found

    def revoke(self, partition: TopicPartition) -> None:
        """Gives a partition to another member of the group."""
        self.listener.on_partitions_revoked([partition])
        self._assigned.discard(partition)
        self._paused.discard(partition)

    def assignment(self) -> set[TopicPartition]:
        """The partitions of this consumer."""
        return set(self._assigned)

    def paused(self) -> set[TopicPartition]:
        """The partitions that are not polled."""
        return set(self._paused)

    def pause(self, *partitions: TopicPartition) -> None:
        """Stops polling them."""
        self._paused.update(partitions)
        self.ever_paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        """Polls them again."""
        self._paused.difference_update(partitions)
        self.resumed.update(partitions)

    def commit(self, offsets: dict[TopicPartition, Any], timeout_ms: int | None = None) -> None:
        """Notes the offsets."""
        if error := self.refuse_commit():
            raise error
        self.commits.append({partition: found.offset for partition, found in offsets.items()})

    def close(self, **_: Any) -> None:
        """Notes that it was closed."""
        self.closed = True

    @property
    def committed(self) -> dict[TopicPartition, int]:
        """The newest offset of each partition."""
        found: dict[TopicPartition, int] = {}
        for one in self.commits:
            found.update(one)
        return found


Chaos = Callable[[list[dict[str, Any]]], Reply | None]


@dataclass
class FakeElasticsearch:
    """An Elasticsearch in memory that knows bulk requests with `external_gte` versions.

    `chaos` may answer a whole request in its place; `refuse` may refuse one document with status and error. A body
    larger than `most_bytes` is refused with 413. `requests` holds the ids of each request that came.
    """

    most_bytes: int = 10**9
    chaos: Chaos = lambda _: None
    refuse: Callable[[str], tuple[int, dict[str, Any]] | None] = lambda _: None
    stored: dict[str, int] = field(default_factory=dict)
    requests: list[list[str]] = field(default_factory=list)

    def __call__(self, body: bytes) -> Reply:
        """Answers a bulk request."""
        lines = body.split(b"\n")[:-1]
        metas = [json.loads(line)["index"] for line in lines[::2]]
        for document in lines[1::2]:
            json.loads(document)
        self.requests.append([meta["_id"] for meta in metas])
        if len(body) > self.most_bytes:
            return Reply(413, None)
        if answer := self.chaos(metas):
            return answer
        return Reply(200, {"items": [{"index": self._item(meta)} for meta in metas]})

    def _item(self, meta: dict[str, Any]) -> dict[str, Any]:
        article, version = meta["_id"], meta["version"]
        if refused := self.refuse(article):
            return {"status": refused[0], "error": refused[1]}
        if self.stored.get(article, -1) > version:
            reason = f"[{article}]: version conflict, current version is higher"
            return {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": reason}}
        known = article in self.stored
        self.stored[article] = version
        return {"status": 200 if known else 201}


class Waits:
    """A wait that does not wait: it notes the seconds, and says stop after so many of them."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seconds: list[float] = []
        self._stop_after = stop_after

    def __call__(self, seconds: float) -> bool:
        """Whether the process is to stop."""
        self.seconds.append(seconds)
        return self._stop_after is not None and len(self.seconds) >= self._stop_after


def timed_out(_: object = None) -> KafkaTimeoutError:
    """Kafka's error for what took too long."""
    return KafkaTimeoutError("Failed to update metadata after 60.0 secs.")
