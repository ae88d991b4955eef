"""The heartbeat: an article that goes through the whole pipeline every minute, and how soon a search finds it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from elasticsearch import ApiError, Elasticsearch, TransportError
from kafka.errors import KafkaError

from processors import index
from processors.progress import instance_name
from producers.publish import raw_headers
from schemas.article import RawArticle
from schemas.envelope import envelope
from schemas.identity import HEARTBEAT_SOURCE, article_id
from schemas.settings import Settings
from schemas.status import Heartbeat
from schemas.streams import producing, streams

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
KEY = b"heartbeat/"
TEXT = (
    "Wiredesk publishes this article to itself every minute, and looks how soon a search finds it. "
    "It is in no search, no count and no list."
)
ARTICLE_ID = article_id(None, TEXT)
_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 50.0
_DELIVERY_SECONDS = 10
_MAX_BLOCK_MS = 5000


def beat(now: datetime) -> RawArticle:
    """The heartbeat of a moment: always the same article, in another version."""
    return RawArticle(
        id=ARTICLE_ID,
        source=HEARTBEAT_SOURCE,
        origin="",
        fetched_at=now,
        content=TEXT,
        title="Heartbeat",
        language="en",
    )


def found_version(elasticsearch: Elasticsearch, alias: str) -> int | None:
    """Which heartbeat a search finds, by its version; none where it finds none or does not answer."""
    try:
        hits = elasticsearch.search(
            index=alias, query={"ids": {"values": [ARTICLE_ID]}}, version=True, source=False, size=1
        ).body["hits"]["hits"]
    except (ApiError, TransportError):
        return None
    return int(hits[0]["_version"]) if hits else None


class Heart:
    """Publishes heartbeats and tells on `pipeline.status` when each could be found.

    Args:
        settings: names of the streams.
        producer: a kafka-python producer.
        found: the version of the heartbeat that a search finds now.
        wait: waits so many seconds; true when it is to stop.
        now: the time.
    """

    def __init__(
        self,
        settings: Settings,
        producer: Any,
        found: Callable[[], int | None],
        wait: Callable[[float], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._names, self._producer, self._found = streams(settings), producer, found
        self._wait, self._now = wait, now
        self._by = instance_name()

    def run(self) -> None:
        """A heartbeat every minute, until it is to stop; what Kafka does not take comes a minute later."""
        pause = 0.0
        while not self._wait(pause):
            started = time.monotonic()
            try:
                self.once()
            except KafkaError as error:
                log.warning("a heartbeat was not published", error=type(error).__name__)
            pause = max(0.0, EVERY_SECONDS - (time.monotonic() - started))

    def once(self) -> Heartbeat:
        """Publishes one heartbeat, waits for a search to find it, and tells of both.

        Raises:
            KafkaError: Kafka did not take it.
        """
        article = beat(self._now())
        key, value = article.id.encode("ascii"), article.model_dump_json().encode("utf-8")
        self._send(self._names.raw.name, value, key, raw_headers(article))
        told = Heartbeat(at=article.fetched_at, by=self._by)
        self._tell(told)
        milliseconds = self._until_found(article)
        if milliseconds is not None:
            told = told.model_copy(update={"searchable_ms": milliseconds})
            self._tell(told)
        return told

    def _until_found(self, article: RawArticle) -> float | None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if (self._found() or 0) >= article.version:
                return round((self._now() - article.fetched_at).total_seconds() * 1000, 1)
            if self._wait(_LOOK_SECONDS):
                break
        return None

    def _tell(self, told: Heartbeat) -> None:
        kind = envelope("heartbeat", f"{told.by}-{told.at.timestamp()}", "/wiredesk/desk", told.schema_version)
        self._send(self._names.status.name, told.model_dump_json().encode("utf-8"), KEY + told.by.encode("utf-8"), kind)

    def _send(self, stream: str, value: bytes, key: bytes, headers: Any) -> None:
        self._producer.send(stream, value=value, key=key, headers=headers).get(_DELIVERY_SECONDS)


@contextmanager
def beating(settings: Settings) -> Iterator[None]:
    """Heartbeats while the block runs, from a thread of their own."""
    stopping = threading.Event()
    thread = threading.Thread(target=_run, args=(settings, stopping), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(_DELIVERY_SECONDS)


def _run(settings: Settings, stopping: threading.Event) -> None:
    elasticsearch = index.client(settings, timeout=5)
    while not stopping.is_set():
        with (
            contextlib.suppress(KafkaError),
            producing(settings, patience=3, max_block_ms=_MAX_BLOCK_MS) as producer,
        ):
            Heart(settings, producer, lambda: found_version(elasticsearch, settings.index_alias), stopping.wait).run()
        stopping.wait(EVERY_SECONDS)
    elasticsearch.close()
