"""What becomes of dead letters that were retried: stored this time, or dead again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from kafka import KafkaConsumer
from pydantic import ValidationError

from processors.dead import undertaking
from processors.message import raw_version
from schemas.dead import DEAD_RECORD, DeadLetter, letter_id
from schemas.envelope import ARTICLE_VERSION, RAW_PLACE
from schemas.receipt import Receipt
from schemas.settings import Settings
from schemas.streams import partitions_of, reader_options, streams

Outcome = DeadLetter | Literal["stored", "stale"]


def outcomes(records: Iterable[Any], sent: Mapping[str, DeadLetter], settings: Settings) -> dict[str, Outcome]:
    """What became of retried letters, as far as these records of the dead letters and the receipts tell.

    Args:
        records: of `articles.dead` and `articles.stored`, written after the retry.
        sent: the retried letters by the id that a letter of their new message would have.
        settings: names of the streams.
    """
    names = streams(settings)
    found: dict[str, Outcome] = {}
    for record in records:
        if record.topic == names.dead.name:
            found.update(_buried(record.value, sent, names.raw.name))
        else:
            found.update(_receipted(record.value, sent, names.enriched.name))
    return found


def _buried(value: bytes | None, sent: Mapping[str, DeadLetter], raw: str) -> dict[str, Outcome]:
    try:
        letter = DEAD_RECORD.validate_json(value or b"")
    except ValidationError:
        return {}
    if not isinstance(letter, DeadLetter):
        return {}
    partition, _, offset = letter.headers.get(RAW_PLACE, "").partition(":")
    return {place: letter for place in (letter.id, f"{raw}-{partition}-{offset}") if place in sent}


def _receipted(value: bytes | None, sent: Mapping[str, DeadLetter], enriched: str) -> dict[str, Outcome]:
    """A receipt names an enriched message by its place, and a raw one by its article and version."""
    try:
        receipt = Receipt.model_validate_json(value or b"")
    except ValidationError:
        return {}
    ended: dict[str, Outcome] = {}
    articles: dict[str, dict[int | None, Outcome]] = {}
    for item in receipt.items:
        if item.verdict != "dead":  # its letter says more
            ended[letter_id(enriched, item.partition, item.offset)] = item.verdict
            articles.setdefault(item.id or "", {})[item.version] = item.verdict
    found: dict[str, Outcome] = {}
    for place, letter in sent.items():
        by_article = None if letter.stream == enriched else _of_version(letter, articles.get(letter.article_id or ""))
        if verdict := ended.get(place) or by_article:
            found[place] = verdict
    return found


def _of_version(letter: DeadLetter, told: Mapping[int | None, Outcome] | None) -> Outcome | None:
    """What is told of the version that a letter holds; another version of its article says nothing of it."""
    if not letter.article_id or not told:
        return None
    version = raw_version(letter.headers.get(ARTICLE_VERSION), letter.original_value)
    return None if version is None else told.get(version)


class Follower:
    """Follows retried letters to their end. Make it before the retry; use it as a context manager.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: the streams were not made yet.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, names = settings, streams(settings)
        self._consumer = KafkaConsumer(**reader_options(settings))
        told = (names.dead.name, names.stored.name)
        places = [place for stream in told for place in partitions_of(self._consumer, stream)]
        self._consumer.assign(places)
        for place, end in self._consumer.end_offsets(places).items():
            self._consumer.seek(place, end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def follow(self, sent: Mapping[str, DeadLetter], seconds: float) -> dict[str, Outcome]:
        """What became of retried letters within so many seconds; what is still on its way is missing."""
        found: dict[str, Outcome] = {}
        deadline = time.monotonic() + seconds
        while sent.keys() - found.keys() and time.monotonic() < deadline:
            for records in self._consumer.poll(timeout_ms=200).values():
                found.update(outcomes(records, sent, self._settings))
        return found


@dataclass(frozen=True, slots=True)
class Retried:
    """What was done with letters.

    Those `sent` again stand under the id that a letter of their new message would have; what `became` of them, as far
    as it was seen, under the same; `left` says in words why the others were not sent.
    """

    sent: Mapping[str, DeadLetter]
    became: Mapping[str, Outcome]
    left: Sequence[str]


def retry(settings: Settings, letters: Iterable[DeadLetter], seconds: float) -> Retried:
    """Sends the originals of letters again, and follows them for so many seconds.

    Raises:
        KafkaError: Kafka does not answer; those that were sent are closed.
        NoSuchStreamError: the streams were not made yet.
    """
    sent: dict[str, DeadLetter] = {}
    left: list[str] = []
    with Follower(settings) as follower:
        with undertaking(settings) as undertaker:
            for letter in letters:
                try:
                    sent[undertaker.retry(letter)] = letter
                except ValueError as error:
                    left.append(str(error))
        return Retried(sent, follower.follow(sent, seconds) if seconds else {}, left)
