"""Keeps an eye on Kafka and Elasticsearch, and tells the facts of the flow as often as anybody asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar

from elasticsearch import ApiError, TransportError
from kafka.errors import KafkaError

from desk import findings, flow
from desk.eyes import IndexEye, KafkaEye
from desk.flow import IndexSeen, KafkaSeen
from schemas.settings import Settings
from schemas.streams import NoSuchStreamError, streams

Seen = TypeVar("Seen")


class Side(Generic[Seen]):
    """One server as it was seen last, and since when it does not answer.

    Args:
        opened: opens the eye that looks at it.
        errors: what it raises when it does not answer.
    """

    def __init__(self, opened: Callable[[], Any], errors: tuple[type[Exception], ...]) -> None:
        self._opened, self._errors = opened, errors
        self._eye: Any = None
        self.seen: Seen | None = None
        self.since: datetime | None = None
        self.words = ""

    def look(self) -> Seen:
        """What there is now; it is kept, too.

        Raises:
            Exception: it does not answer; what was seen last stays.
        """
        try:
            self._eye = self._eye or self._opened()
            seen: Seen = self._eye.look()
        except self._errors as error:
            self.since = self.since or datetime.now(UTC)
            self.words = f"{type(error).__name__}: {error}"
            self.close()
            raise
        self.seen, self.since, self.words = seen, None, ""
        return seen

    def glance(self) -> None:
        """Looks, and leaves it at what was seen last when there is no answer."""
        try:
            self.look()
        except self._errors:
            return

    def close(self) -> None:
        """Ends the connections; the next look opens new ones."""
        eye, self._eye = self._eye, None
        if eye:
            eye.close()

    def told(self, seen_at: datetime | None, now: datetime) -> dict[str, Any]:
        """Whether it answers, and how old what is known is."""
        return {
            "ok": self.since is None and self.seen is not None,
            "since": flow.text(self.since) if self.since else None,
            "words": self.words,
            "seen_at": flow.text(seen_at) if seen_at else None,
            "age_seconds": flow.age(seen_at, now),
        }


class Watch:
    """The facts of the flow, cheap to ask for every other second; any thread may ask.

    It never fails for a server's being away: facts of that server stay as they were seen last, dated under `servers`,
    and `wrong` says what is down and since when.

    Args:
        settings: which servers, and the names of streams and index.
        kafka: opens what looks at Kafka.
        index: opens what looks at the index.
    """

    def __init__(
        self,
        settings: Settings,
        kafka: Callable[[Settings], Any] = KafkaEye,
        index: Callable[[Settings], Any] = IndexEye,
    ) -> None:
        self._settings, self._names = settings, streams(settings)
        self._kafka: Side[KafkaSeen] = Side(lambda: kafka(settings), (KafkaError, NoSuchStreamError, OSError))
        self._index: Side[IndexSeen] = Side(lambda: index(settings), (ApiError, TransportError))
        self._lock = threading.Lock()
        self._two = ThreadPoolExecutor(2, "watch")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def facts(self, limits: findings.Limits = findings.LIMITS) -> dict[str, Any]:
        """All facts as they stand now, as plain data for JSON."""
        with self._lock:
            list(self._two.map(lambda side: side.glance(), self._sides()))
            return self._told(limits)

    def demand(self, limits: findings.Limits = findings.LIMITS) -> dict[str, Any]:
        """The same, when both servers answer.

        Raises:
            NoSuchStreamError: the streams were not made yet.
            KafkaError: Kafka does not answer.
            ApiError: Elasticsearch refuses.
            TransportError: it does not answer.
        """
        with self._lock:
            for side in self._sides():
                side.look()
            return self._told(limits)

    def close(self) -> None:
        """Ends the connections."""
        with self._lock:
            self._two.shutdown()
            for side in self._sides():
                side.close()

    def _sides(self) -> Iterator[Side[Any]]:
        yield self._kafka
        yield self._index

    def _told(self, limits: findings.Limits) -> dict[str, Any]:
        now, kafka, stored = flow.utc_now(), self._kafka.seen, self._index.seen
        facts: dict[str, Any] = {
            "at": flow.text(now),
            "verdict": "",
            "wrong": [],
            "servers": {
                "kafka": self._kafka.told(kafka.at if kafka else None, now),
                "elasticsearch": self._index.told(stored.at if stored else None, now),
            },
            **flow.of_kafka(kafka, self._names, now),
            **flow.of_index(stored, self._settings.index_alias, now),
        }
        facts["wrong"] = findings.wrong(facts, limits)
        facts["verdict"] = findings.verdict(facts)
        return facts
