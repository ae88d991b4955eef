"""Enriches raw articles again with today's enrichers, and sends them on to the sink as any other article.

The raw stream stays as it is: published again, its articles would be new ones by Kafka's time, kept longer than they
should be, and found twice by the next replay. Key and version are those of before, so the sink puts the article in the
place of the one that stands, unless a newer version came.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from elasticsearch import Elasticsearch
from kafka import KafkaProducer
from pydantic import BaseModel, Field

from desk.places import Log
from desk.rebuilding.begin import client
from desk.rebuilding.remake import Remaker, pieces
from desk.rebuilding.walk import documents
from desk.reconcile import named
from processors.enrich import ENRICHERS
from processors.message import Message, Outgoing
from schemas.envelope import RAW_TIME
from schemas.settings import Settings
from schemas.streams import NoSuchStreamError, producer_options, streams

Tell = Callable[[int, int], None]
_SECONDS = 60


class Replay(BaseModel):
    """Which articles are replayed, and how far that is; kept in a file, so that one can go on.

    Attributes:
        source: only of this one.
        enricher: only those whose stored document says an older version of it than today's.
        parts: of each partition of the raw stream the next offset, and where to end.
        sent: articles that were sent on; `refused` those that today's enrichers refuse; `passed` those not meant, or
            of which a newer version stands.
    """

    source: str | None = None
    enricher: str | None = None
    parts: dict[int, tuple[int, int]] = Field(default_factory=dict)
    read: int = 0
    sent: int = 0
    refused: int = 0
    passed: int = 0

    @property
    def left(self) -> int:
        """How many raw messages are left to look at."""
        return sum(max(0, end - start) for start, end in self.parts.values())


def parts(settings: Settings, since: int | None, until: int | None) -> dict[int, tuple[int, int]]:
    """Of each partition of the raw stream the first offset and the one after the last, as it stands now.

    Args:
        settings: servers and names.
        since: only what was published from this moment on, in milliseconds since 1970.
        until: only what was published up to and with this one.

    Raises:
        NoSuchStreamError: there is no raw stream.
    """
    stream = streams(settings).raw.name
    with Log(settings) as log:
        numbers = log.partitions(stream)
        if not numbers:
            raise NoSuchStreamError(f"there is no stream {stream}: make the streams with `wiredesk setup`")
        found = {}
        for number in numbers:
            start, end = log.bounds(stream, number)
            first = start if since is None else log.since(stream, number, since)
            last = end if until is None else log.since(stream, number, until + 1)
            found[number] = (end if first is None else first, end if last is None else last)
        return found


class Kept:
    """The file that tells how far the last replay came."""

    def __init__(self, settings: Settings) -> None:
        self._path: Path = settings.data_dir / "replay.json"

    def load(self) -> Replay | None:
        """The replay that was not finished; none where there is none."""
        try:
            return Replay.model_validate(json.loads(self._path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return None

    def save(self, replay: Replay) -> None:
        """Keeps how far it is."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".part")
        fresh.write_text(replay.model_dump_json(), encoding="utf-8")
        fresh.replace(self._path)

    def clear(self) -> None:
        """It is finished."""
        self._path.unlink(missing_ok=True)


class Chooser:
    """Tells which raw messages are meant."""

    def __init__(self, elasticsearch: Elasticsearch, alias: str, replay: Replay) -> None:
        self._elasticsearch, self._alias, self._replay = elasticsearch, alias, replay
        self._today = {enricher.name: enricher.version for enricher in ENRICHERS}

    def __call__(self, messages: Sequence[Message]) -> list[Message]:
        """Those of these messages that are meant."""
        mine = [(message, *named(message)) for message in messages if self._of_source(message)]
        ids = list({one for _, one, _ in mine if one})
        standing = documents(self._elasticsearch, self._alias, ids, source=["enrichers"])
        return [message for message, one, version in mine if self.is_meant(version, standing.get(one or ""))]

    def _of_source(self, message: Message) -> bool:
        wanted = self._replay.source
        return wanted is None or message.attributes.get("ce_source") == f"/wiredesk/sources/{wanted}"

    def is_meant(self, version: int | None, standing: tuple[int, dict[str, Any]] | None) -> bool:
        """Whether a raw article of that version is replayed, by the version and document that stand.

        One that is not in the index is replayed with all, and not where an older enricher is asked for.
        """
        if standing is None or version is None:
            return self._replay.enricher is None
        stands, document = standing
        if version < stands:
            return False
        name = self._replay.enricher
        made_by = document.get("enrichers") or {}
        return name is None or (version == stands and made_by.get(name, 0) < self._today[name])


class Sender:
    """Sends enriched articles on, and waits until they are acknowledged. Use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._producer = KafkaProducer(**producer_options(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close(timeout=5)

    def send(self, articles: Iterable[Outgoing]) -> None:
        """Sends these.

        Raises:
            KafkaError: one was not acknowledged.
        """
        # How long an article took from being published does not mean anything for one that was replayed.
        sent = [
            self._producer.send(
                out.stream, key=out.key, value=out.value, headers=[one for one in out.headers if one[0] != RAW_TIME]
            )
            for out in articles
        ]
        for future in sent:
            future.get(_SECONDS)


def run(settings: Settings, replay: Replay, tell: Tell, processes: int = 1) -> Replay:
    """Replays what is left, and returns the counts. Safe while everything runs.

    Args:
        settings: servers and names.
        replay: what is meant, and how far it is.
        tell: is told how many raw messages of how many were looked at.
        processes: how many enrich.

    Raises:
        Failure: an enriching process ended.
        KafkaError: Kafka does not answer.
        ApiError: Elasticsearch refuses, as where there is no index.
        TransportError: it does not answer.
    """
    kept, total = Kept(settings), replay.read + replay.left
    with ExitStack() as stack:
        elasticsearch = stack.enter_context(client(settings))
        log = stack.enter_context(Log(settings))
        sender = stack.enter_context(Sender(settings))
        remaker = stack.enter_context(Remaker(settings, processes))
        kept.save(replay)
        spans = [(number, start, end) for number, (start, end) in replay.parts.items()]
        meant = Chooser(elasticsearch, settings.index_alias, replay)
        for one in remaker.remade(pieces(log, streams(settings).raw.name, spans, meant)):
            sender.send(one.articles)
            replay.parts[one.piece.partition] = one.piece.following, replay.parts[one.piece.partition][1]
            replay.read += one.piece.read
            replay.sent += len(one.articles)
            replay.refused += one.refused
            replay.passed += one.piece.read - len(one.piece.messages)
            kept.save(replay)
            tell(replay.read, total)
    kept.clear()
    return replay
