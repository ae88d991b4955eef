"""Writes into the index that is being made: what was enriched again, what is new, and what is brought over as it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from elasticsearch import Elasticsearch, TransportError

from desk.failure import Exit, Failure
from desk.places import Log, chunks
from desk.rebuilding.indexes import Indexes
from desk.rebuilding.walk import documents, versions, walk
from processors import index
from processors.bulk import Verdict
from processors.intake import admitted
from processors.letters import PermanentError
from processors.message import Message, Outgoing
from processors.progress import Progress
from processors.store import BatchSize, Entry, Store
from schemas.settings import Settings

_COPIED_AT_ONCE = 50
_READ_AT_ONCE = 200
_LISTED = 20

Missing = dict[str, int]


@dataclass(slots=True)
class Refused:
    """Messages that did not come into the index.

    Attributes:
        count: of them all.
        articles: the versions, by id, of those that the index refuses. The others are no articles at all: the sink
            buries them, whichever index it writes to.
    """

    count: int = 0
    articles: Missing = field(default_factory=dict)

    def add(self, more: Refused) -> None:
        """Counts what came of further messages."""
        self.count += more.count
        merge(self.articles, more.articles)


def merge(articles: Missing, more: Missing) -> None:
    """Adds articles to those that are there; of two versions of one the newer stays."""
    for article_id, version in more.items():
        articles[article_id] = max(version, articles.get(article_id, version))


class Filler:
    """Brings documents into the index behind an alias, and waits for an Elasticsearch that is away.

    Args:
        elasticsearch: who is written to.
        settings: batch sizes.
        indexes: tells whether the index is still being made.
    """

    def __init__(self, elasticsearch: Elasticsearch, settings: Settings, indexes: Indexes) -> None:
        self._elasticsearch, self._indexes = elasticsearch, indexes
        self._progress = Progress("sink")
        size = BatchSize(settings.sink_batch_articles)
        self._store = Store(index.bulk_sender(elasticsearch, indexes.making), self._wait, size, self._progress)

    def _wait(self, seconds: float) -> bool:
        """Waits, unless what is waited for will never come."""
        time.sleep(seconds)
        try:
            target = self._indexes.target()
        except TransportError:
            return False
        if target is None:
            raise Failure("the index that was being made is gone", "wiredesk rebuild", Exit.FINDING)
        return False

    def write(self, messages: Iterable[Message]) -> Refused:
        """Indexes messages of the enriched stream, and returns what is refused for good."""
        entries, refused = list[Entry](), Refused()
        for message in messages:
            try:
                entries.append(admitted(message))
            except PermanentError:
                refused.count += 1
        for entry, answer in zip(entries, self._store.write(entries), strict=True):
            if answer.verdict is Verdict.DEAD:
                refused.add(Refused(1, {entry.article_id: entry.version}))
        return refused

    def follow(
        self, log: Log, stream: str, partition: int, span: tuple[int, int], at: Callable[[int], None]
    ) -> tuple[Refused, bool]:
        """Indexes what stands on a partition of the enriched stream.

        Args:
            log: reads it.
            stream: its name.
            partition: which.
            span: from this offset up to that one.
            at: is told the next offset after each step.

        Returns:
            What was refused, and whether the stream holds the first of them no more.
        """
        start, refused = max(span[0], log.bounds(stream, partition)[0]), Refused()
        for records in chunks(log.span(stream, partition, start, max(start, span[1])), _READ_AT_ONCE):
            refused.add(self.write(map(Message.of, records)))
            at(records[-1].offset + 1)
        return refused, start > span[0]

    def carry(self, origin: str, target: str, picture: str, after: str) -> Iterator[tuple[str, int, int]]:
        """Brings over from a picture of the old index what the new one lacks, as it is.

        A document that stands in the new index in the same version stays as it was made there.

        Yields:
            After each step: the last id, how many articles were looked at, and how many brought over.
        """
        for found in walk(self._elasticsearch, picture, after):
            lacking = self._lacking(target, found)
            for ids in chunks(lacking, _COPIED_AT_ONCE):
                self._store.write([copied(one, *got) for one, got in self._documents(origin, ids).items()])
            yield max(found), len(found), len(lacking)

    def _documents(self, origin: str, ids: list[str]) -> dict[str, tuple[int, dict[str, object]]]:
        return documents(self._elasticsearch, origin, ids)

    def _lacking(self, target: str, found: Missing) -> Missing:
        standing = versions(self._elasticsearch, target, list(found))
        return {one: version for one, version in found.items() if standing.get(one, -1) < version}

    def missing(self, target: str, picture: str, at: Callable[[int], None]) -> tuple[int, Missing]:
        """How many articles of a picture the new index lacks, and the first of them."""
        return self._missing(target, walk(self._elasticsearch, picture), at)

    def lacking(self, target: str, articles: Missing) -> tuple[int, Missing]:
        """How many of these articles the new index lacks, and the first of them."""
        return self._missing(target, map(dict, chunks(articles.items(), _READ_AT_ONCE)), lambda _: None)

    def standing(self, origin: str, articles: Missing) -> Missing:
        """Those of these articles that stand in the old index now, in the version that stands."""
        found = Missing()
        for ids in chunks(articles, _READ_AT_ONCE):
            found.update(versions(self._elasticsearch, origin, ids))
        return found

    def _missing(self, target: str, pages: Iterable[Missing], at: Callable[[int], None]) -> tuple[int, Missing]:
        count, first, seen = 0, Missing(), 0
        for found in pages:
            lacking = self._lacking(target, found)
            count, seen = count + len(lacking), seen + len(found)
            first.update(list(lacking.items())[: _LISTED - len(first)])
            at(seen)
        return count, first


def copied(article_id: str, version: int, document: dict[str, object]) -> Entry:
    """The entry of a bulk that indexes a document unless the same version, or a newer one, stands."""
    action = {"index": {"_id": article_id, "version": version, "version_type": "external"}}
    lines = b"%b\n%b\n" % (_json(action), _json(document))
    return Entry(Message("", 0, 0, 0, article_id.encode("ascii"), None), lines, article_id, version)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def as_message(out: Outgoing) -> Message:
    """What would be sent, as who reads the stream would see it."""
    return Message(out.stream, 0, 0, 0, out.key, out.value, tuple(out.headers))
