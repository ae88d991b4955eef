"""What every test of a fault is judged by: what was published is stored as it should be, or dead, never both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from kafka import KafkaProducer

from processors.enrich import Enrich, enrich
from processors.message import Message, Outgoing
from processors.outcome import enriched
from producers.publish import raw_headers
from producers.reading import article_of_record
from schemas.article import EnrichedArticle, RawArticle
from schemas.dead import letter_id
from schemas.envelope import envelope
from schemas.settings import Settings
from schemas.streams import producer_options, streams
from tests.generator import FETCHED_AT, records
from tests.integration.pipeline import buried
from tests.table import Row

Document = dict[str, Any]


class Oracle:
    """Publishes what is known, and tells at the end whether all of it came through.

    Args:
        settings: the streams.
        make: what the enricher makes of a raw article.
    """

    def __init__(self, settings: Settings, make: Enrich = enrich) -> None:
        self._settings, self._make, self._names = settings, make, streams(settings)
        self._producer = KafkaProducer(**producer_options(settings))
        self._under_way: list[tuple[Any, bool]] = []
        self.articles: dict[str, RawArticle] = {}
        self.documents: dict[str, Document] = {}
        self.lost: set[str] = set()

    def raw(self, articles: Iterable[RawArticle]) -> None:
        """Publishes raw articles, which are to be stored as `make` makes them."""
        for article in articles:
            self.articles[article.id] = article
            value = article.model_dump_json().encode()
            out = Outgoing(self._names.raw.name, article.id.encode(), value, raw_headers(article))
            self._send(out)

    def enriched(self, articles: Iterable[EnrichedArticle]) -> None:
        """Publishes enriched articles, which are to be stored as they are."""
        for article in articles:
            out = enriched(Message(self._names.raw.name, 0, 0, 0, article.id.encode(), b""), article, self._names)
            self.documents[article.id] = json.loads(out.value)
            self._send(out)

    def poison(self, stream: str, value: bytes | None, article_id: str | None = None) -> None:
        """Publishes what is to end in the dead letters: enriched where an article is named, else raw."""
        key = article_id.encode() if article_id else b"poison-%d" % len(self._under_way)
        said = envelope("article.enriched", str(article_id), "/wiredesk/sources/test", 1, articleversion=1)
        sent = self._producer.send(stream, value=value, key=key, headers=said if article_id else [])
        self._under_way.append((sent, article_id is None))
        self.lost |= {article_id} if article_id else set()

    def _send(self, out: Outgoing) -> None:
        sent = self._producer.send(out.stream, value=out.value, key=out.key, headers=out.headers)
        self._under_way.append((sent, False))

    def settle(self) -> None:
        """Waits until all that was published is acknowledged."""
        self._producer.flush()
        for future, is_poison in self._under_way:
            place = future.get(30)
            if is_poison:
                self.lost.add(letter_id(place.topic, place.partition, place.offset))
        self._under_way.clear()

    def close(self) -> None:
        """Ends the connection."""
        self.settle()
        self._producer.close()

    def expected(self) -> dict[str, Document]:
        """The documents that have to stand in the index, by id."""
        while self.articles:
            key, one = self.articles.popitem()
            self.documents[key] = json.loads(self._make(one).model_dump_json())
        return self.documents

    def judge(self, documents: Mapping[str, Document], row: Row) -> None:
        """Compares all that was published with what is in the index and in the dead letters."""
        self.settle()
        wanted, dead = self.expected(), buried(self._settings)
        published = wanted.keys() | self.lost
        assert not published - documents.keys() - dead, "lost"
        assert not (documents.keys() | dead) - published, "there, and never published"
        assert not documents.keys() & dead, "both stored and dead"
        assert dead == self.lost, "dead without need, or not though it had to be"
        assert not [one for one in wanted if documents[one] != wanted[one]], "stored, and not as expected"
        row.judged(len(wanted), len(dead))


def raw_articles(count: int, seed: int = 1, sentences: int = 6, **more: Any) -> list[RawArticle]:
    """So many articles, each with its number in its text."""
    return [
        article_of_record({**record, **more}, source="test", origin="test", now=FETCHED_AT, max_bytes=10**7)
        for record in records(count, seed, sentences)
    ]


def lightly(raw: RawArticle, **_: Any) -> EnrichedArticle:
    """An enriched article without the work of enriching: for faults that are not about what is made of an article."""
    return EnrichedArticle(
        id=raw.id,
        version=raw.version,
        source=raw.source,
        origin=raw.origin,
        url=raw.url,
        fetched_at=raw.fetched_at,
        title={"other": raw.title} if raw.title else {},
        text={"other": raw.content},
        date=raw.fetched_at,
        content_hash=raw.id,
    )
