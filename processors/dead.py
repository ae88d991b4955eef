"""The dead letters: which are open, and what a person can do about one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import KafkaConsumer
from pydantic import ValidationError

from processors.message import Outgoing
from processors.progress import instance_name
from schemas.dead import DEAD_RECORD, DeadLetter, Resolution
from schemas.envelope import ATTEMPTS, envelope
from schemas.settings import Settings
from schemas.streams import read_to_end, reader_options, streams


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant; what is not given does not narrow. `ids` are letters' or articles' ids."""

    ids: tuple[str, ...] = ()
    reason: str | None = None
    source: str | None = None
    stage: str | None = None
    older_than: timedelta | None = None

    def takes(self, letter: DeadLetter, now: datetime) -> bool:
        """Whether a letter is among those meant."""
        return (
            (not self.ids or letter.id in self.ids or letter.article_id in self.ids)
            and self.reason in (None, letter.reason)
            and self.source in (None, letter.source)
            and self.stage in (None, letter.stage)
            and (self.older_than is None or now - letter.at >= self.older_than)
        )


def open_letters(settings: Settings, selection: Selection | None = None) -> list[DeadLetter]:
    """The letters that nobody retried or dropped, the oldest first.

    Raises:
        NoSuchStreamError: the streams were not made yet.
        KafkaError: Kafka does not answer.
    """
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        records = read_to_end(consumer, streams(settings).dead.name)
        found = fold(record.value for record in records)
    finally:
        consumer.close()
    now, wanted = datetime.now(UTC), selection or Selection()
    return sorted((one for one in found if wanted.takes(one, now)), key=lambda one: (one.at, one.id))


def fold(values: Iterable[bytes | None]) -> list[DeadLetter]:
    """The letters of a stream that no resolution closed.

    A letter and its resolution stand in one partition, in order: a letter that is written again after its resolution,
    as by a sink that was killed before it could commit, stays closed.
    """
    letters: dict[str, DeadLetter] = {}
    closed: set[str] = set()
    for value in values:
        record = _parsed(value)
        if isinstance(record, Resolution):
            closed.add(record.letter)
        elif record is not None:
            letters[record.id] = record
    return [one for one in letters.values() if one.id not in closed]


def _parsed(value: bytes | None) -> DeadLetter | Resolution | None:
    """A record of a later version than this software knows is left alone."""
    try:
        return None if value is None else DEAD_RECORD.validate_json(value)
    except ValidationError:
        return None


class Undertaker:
    """Retries and drops letters.

    Args:
        producer: a kafka-python producer.
        settings: names of the streams.
    """

    def __init__(self, producer: Any, settings: Settings) -> None:
        self._producer, self._dead = producer, streams(settings).dead.name

    def retry(self, letter: DeadLetter) -> None:
        """Sends the original bytes back to their stream, with the count of attempts, and closes the letter.

        Raises:
            KafkaError: one of the two was not acknowledged; the letter is then still open, or open no more and sent.
            ValueError: the original is not in the letter.
        """
        if letter.value is None:
            raise ValueError(f"letter {letter.id} holds no original: it was a tombstone, or too large to keep")
        headers = {**letter.headers, ATTEMPTS: str(letter.attempts)}
        original = [(name, value.encode("utf-8")) for name, value in headers.items()]
        self._send(Outgoing(letter.stream, letter.original_key or b"", letter.original_value or b"", original))
        self._close(letter, "retried")

    def drop(self, letter: DeadLetter) -> None:
        """Closes the letter for good; it stays on the stream as a record.

        Raises:
            KafkaError: that was not acknowledged.
        """
        self._close(letter, "dropped")

    def _close(self, letter: DeadLetter, action: Any) -> None:
        done = Resolution(letter=letter.id, action=action, at=datetime.now(UTC), by=instance_name())
        key = (letter.article_id or letter.id).encode("utf-8")
        headers = envelope(f"article.dead.{action}", f"{letter.id}-{action}", "/wiredesk/desk", done.schema_version)
        self._send(Outgoing(self._dead, key, done.model_dump_json().encode("utf-8"), headers))

    def _send(self, out: Outgoing) -> None:
        self._producer.send(out.stream, value=out.value, key=out.key or None, headers=out.headers).get(30)
