"""What the enrichers have learned of each source, shared by all workers over one compacted stream.

What is learned comes into `enrich` as a value: an article says how many lines of its source were known when it was
made.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import structlog
from kafka import KafkaConsumer
from kafka.errors import KafkaError
from pydantic import ValidationError

from processors.enrich import Enrich, LearnedEnrich
from processors.enrichers.repeated import Learner
from processors.message import Outgoing
from schemas.article import EnrichedArticle, RawArticle
from schemas.repeated import RepeatedLine
from schemas.settings import Settings
from schemas.streams import partitions_of, reader_options, streams

log = structlog.get_logger(__name__)

_NOTHING: Mapping[str, RepeatedLine] = MappingProxyType({})
_POLL_MS = 1000


class Memory:
    """The repeated lines of every source, and what is being learned. One thread enriches, another takes records."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._known: dict[str, Mapping[str, RepeatedLine]] = {}
        self._learner = Learner()
        self._learned: list[RepeatedLine] = []
        self._lock = threading.Lock()

    def with_learned(self, make: LearnedEnrich) -> Enrich:
        """`make` with what is known of the article's source, learning from each article that it makes."""
        return partial(self._made, make)

    def of(self, source: str) -> Mapping[str, RepeatedLine]:
        """The repeated lines of a source, each under its `line`."""
        return self._known.get(source, _NOTHING)

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Takes one record of the stream; one that cannot be read is passed over, with a line in the log."""
        if value is None:
            source, _, line = (key or b"").decode("utf-8", "replace").partition("\x00")
            with self._lock:
                self._known[source] = {name: one for name, one in self.of(source).items() if name != line}
            return
        try:
            one = RepeatedLine.model_validate_json(value)
        except ValidationError as error:
            log.warning("a record of repeated lines cannot be read", stream=self._stream, problems=error.error_count())
            return
        self._know(one)

    def learned(self) -> list[Outgoing]:
        """What was learned since this was last asked, as messages for all workers; known here at once."""
        lines, self._learned = self._learned, []
        return [Outgoing(self._stream, one.key, one.model_dump_json().encode("utf-8"), []) for one in lines]

    def _made(self, make: LearnedEnrich, raw: RawArticle) -> EnrichedArticle:
        article = make(raw, repeated=self.of(raw.source))
        text = next(iter(article.text.values()), "")
        for one in self._learner.observe(raw.source, raw.id, text.split("\n")):
            if one.line not in self.of(one.source):
                self._know(one)
                self._learned.append(one)
        return article

    def _know(self, one: RepeatedLine) -> None:
        # Who enriches keeps reading the mapping it was given: a new one takes its place.
        with self._lock:
            self._known[one.source] = {**self.of(one.source), one.line: one}


def follow(settings: Settings, memory: Memory) -> None:
    """Reads what is known now, then goes on reading what others learn, on a thread that ends with the process.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: the stream was not made yet.
    """
    consumer = KafkaConsumer(**reader_options(settings))
    partitions = partitions_of(consumer, streams(settings).repeated.name)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(one) < ends[one] for one in partitions):
        _poll(consumer, memory)
    threading.Thread(target=_poll_for_ever, args=(consumer, memory), name="memory", daemon=True).start()


def _poll_for_ever(consumer: Any, memory: Memory) -> None:
    while True:
        try:
            _poll(consumer, memory)
        except KafkaError as error:
            log.warning("cannot read what others learned; trying again", error=f"{type(error).__name__}: {error}")


def _poll(consumer: Any, memory: Memory) -> None:
    for records in consumer.poll(timeout_ms=_POLL_MS).values():
        for record in records:
            memory.take(record.key, record.value)
