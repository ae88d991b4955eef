"""The dead letters: which are meant, what would mend them, and what a person can do about one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from processors.message import Outgoing
from processors.progress import instance_name
from processors.register import OpenLetter, reading
from schemas.dead import DeadLetter, Reason, Resolution, letter_id
from schemas.envelope import ATTEMPTS, envelope
from schemas.settings import Settings
from schemas.streams import producing, streams

# What was retried so often is not cured by trying: somebody has to look first.
MOST_RETRIES = 3

# What would mend the letters of each reason, for a person.
MENDS: dict[Reason, str] = {
    "not_json": "publish it as the JSON of a raw article; then drop these",
    "invalid": "mend who publishes it: the detail names the field; then drop these",
    "unknown_version": "update Wiredesk, which is older than who publishes it; then retry",
    "no_text": "look at the page, which may need a source of another kind; then retry or drop",
    "bad_envelope": "mend who publishes it: the key must be the article's id; then drop these",
    "refused": "mend what Elasticsearch names in the detail, as a mapping or a limit; then retry",
    "too_large": "raise the limit that the detail names, or drop it",
    "failed": "an error of Wiredesk: report the detail, update, then retry",
    "undeliverable": "look whether Kafka takes messages of that size; then retry",
}


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

    def among(self, letters: Iterable[OpenLetter]) -> list[OpenLetter]:
        """Those of them that are meant now, in their order."""
        now = datetime.now(UTC)
        return [one for one in letters if self.takes(one, now)]


def open_letters(settings: Settings, selection: Selection | None = None) -> list[OpenLetter]:
    """The letters that nobody retried or dropped, the oldest first, without their originals.

    Raises:
        NoSuchStreamError: the streams were not made yet.
        KafkaError: Kafka does not answer.
    """
    with reading(settings) as register:
        return (selection or Selection()).among(register.open())


@dataclass(frozen=True, slots=True)
class Group:
    """Open letters of one cause: how many, from when to when, the newest as a sample, and what would mend it."""

    name: str
    count: int
    first: datetime
    last: datetime
    sample: OpenLetter
    mend: str


def grouped(letters: Iterable[OpenLetter], by: Literal["reason", "source", "stage"]) -> list[Group]:
    """Letters by what they have in common, the largest group first. Letters without a source are under `(none)`."""
    found: dict[str, list[OpenLetter]] = {}
    for one in letters:
        found.setdefault(str(getattr(one, by) or "(none)"), []).append(one)
    return sorted((_group(name, ones) for name, ones in found.items()), key=lambda group: (-group.count, group.name))


def _group(name: str, letters: Sequence[OpenLetter]) -> Group:
    newest = max(letters, key=lambda one: (one.at, one.id))
    mends = dict.fromkeys(MENDS[one.reason] for one in letters)
    mend = next(iter(mends)) if len(mends) == 1 else "of several reasons: see them with --by reason"
    return Group(name, len(letters), min(one.at for one in letters), newest.at, newest, mend)


class Undertaker:
    """Retries and drops letters.

    Args:
        producer: a kafka-python producer.
        settings: names of the streams.
    """

    def __init__(self, producer: Any, settings: Settings) -> None:
        self._producer, self._dead = producer, streams(settings).dead.name

    def retry(self, letter: DeadLetter) -> str:
        """Sends the original bytes back to their stream, with the count of attempts, and closes the letter.

        Returns:
            The id that the message's letter has if it ends here again.

        Raises:
            KafkaError: one of the two was not acknowledged; the letter is then still open, or open no more and sent.
            ValueError: the original is not in the letter.
        """
        if letter.value is None:
            raise ValueError(f"letter {letter.id} holds no original: it was a tombstone, or too large to keep")
        headers = {**letter.headers, ATTEMPTS: str(letter.attempts)}
        original = [(name, value.encode("utf-8")) for name, value in headers.items()]
        sent = self._send(Outgoing(letter.stream, letter.original_key or b"", letter.original_value or b"", original))
        self._close(letter, "retried")
        return letter_id(letter.stream, sent.partition, sent.offset)

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

    def _send(self, out: Outgoing) -> Any:
        return self._producer.send(out.stream, value=out.value, key=out.key or None, headers=out.headers).get(30)


@contextmanager
def undertaking(settings: Settings) -> Iterator[Undertaker]:
    """An undertaker while the block runs, with a producer of its own.

    Raises:
        KafkaError: Kafka does not answer.
    """
    with producing(settings) as producer:
        yield Undertaker(producer, settings)
