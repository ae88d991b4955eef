"""A made-up wire of any length for measuring: real enriched articles, recombined, with names and words as in life."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from processors.enrich import enrich
from schemas.article import RawArticle
from schemas.identity import article_id
from tests.bench.words import Pool, names, vocabulary
from tests.generator import records

_SEEDS = Path(__file__).parents[2] / "seeds" / "articles"
_PEOPLE, _ORGANISATIONS, _PLACES, _WORDS = 20_000, 5_000, 2_000, 100_000
_SOURCES = 200
_LANGUAGES = ("en",) * 12 + ("de", "fr", "es", "ru", "ar", "pt", "it", "sv")
_COPIES = 0.08
_SPAN = timedelta(days=365)


class Wire:
    """Documents of an index, one after the other, the same every time for one seed.

    `articles` are recombined; without any, those that the repository holds.
    """

    def __init__(self, seed: int = 1, now: datetime | None = None, articles: Iterable[RawArticle] = ()) -> None:
        self._chance = random.Random(seed)
        self._now = now or datetime.now(UTC)
        self._bases = [_as_enriched(one) for one in articles] or _bases()
        self._sentences = [one for base in self._bases for one in re.split(r"(?<=[.?!])\s+", _text(base)) if one]
        self._pools = {
            "person": Pool(names("person", _PEOPLE, 2), self._chance),
            "organisation": Pool(names("organisation", _ORGANISATIONS, 3), self._chance),
            "place": Pool(names("place", _PLACES, 1), self._chance),
        }
        self._words = Pool(vocabulary(_WORDS), self._chance)
        self._last: dict[str, Any] | None = None

    def documents(self, count: int, *, is_live: bool = False) -> Iterator[dict[str, Any]]:
        """So many documents, dated over the last year; with `is_live`, of now."""
        for _ in range(count):
            yield self._document(is_live)

    def word(self, rank: int) -> str:
        """The word of that rank by how often it is used."""
        return self._words.names[rank]

    def person(self) -> str:
        """Someone, the well-known more often."""
        return self._pools["person"].some(1)[0]

    def _document(self, is_live: bool) -> dict[str, Any]:
        chance = self._chance
        date = datetime.now(UTC) if is_live else self._now - _SPAN * chance.random() ** 2
        made = dict(self._last if self._last and chance.random() < _COPIES else self._article())
        self._last = made
        number = f"{chance.getrandbits(128):032x}"
        stamp = date.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {
            **made,
            "id": number,
            "version": int(date.timestamp() * 1000),
            "source": f"source-{int(_SOURCES * chance.random() ** 3)}",
            "url": f"https://news.example/{number}",
            **dict.fromkeys(("date", "published_at", "fetched_at"), stamp),
        }

    def _article(self) -> dict[str, Any]:
        """A base with sentences of others, words of its own and other names."""
        chance = self._chance
        base = chance.choice(self._bases)
        sentences = [f"{one} {' '.join(self._words.some(14))}." for one in self._some_sentences()]
        named = [self._entity(kind) for kind in self._pools for _ in range(chance.randint(1, 5))]
        entities = list({one["id"]: one for one in named}.values())
        for entity in entities:
            place = chance.randrange(len(sentences))
            sentences[place] += f" {entity['name']} {' '.join(self._words.some(6))}."
        title = f"{entities[0]['name']} {' '.join(self._words.some(3))} {sentences[0][:40]}"
        text = " ".join(sentences)
        topics, language = chance.choice(self._bases), chance.choice(_LANGUAGES)
        named_as = {kind: [one["name"] for one in entities if one["type"] == kind] for kind in self._pools}
        return {
            **base,
            "language": language,
            "title": {language: title},
            "text": {language: text},
            "content_hash": hashlib.sha256(text.encode()).hexdigest(),
            "near": [f"{band:02x}:{chance.getrandbits(48):012x}" for band in range(16)],
            "entities": entities,
            "people": named_as["person"],
            "organisations": named_as["organisation"],
            "places": named_as["place"],
            "topics": topics["topics"],
            "topic_ids": topics["topic_ids"],
            "keywords": self._words.some(10),
        }

    def _some_sentences(self) -> list[str]:
        return self._chance.sample(self._sentences, self._chance.randint(8, 24))

    def _entity(self, kind: str) -> dict[str, Any]:
        (name,) = self._pools[kind].some(1)
        mentions = [
            {"start": 10 * n, "end": 10 * n + len(name), "text": name} for n in range(self._chance.randint(1, 5))
        ]
        code = f"{kind}:{name.lower().replace(' ', '-')}"
        return {"id": code, "name": name, "type": kind, "score": 0.9, "mentions": mentions, "evidence": ["tagger"]}


def _bases() -> list[dict[str, Any]]:
    """Articles as the enrichers make them: the seeds, and some that a generator wrote."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(_SEEDS.glob("*.txt"))]
    return [_enriched(text) for text in (*texts, *(one["text"] for one in records(40)))]


def _enriched(text: str) -> dict[str, Any]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    named = {"id": article_id(None, text), "source": "bench", "origin": "bench", "fetched_at": now, "content": text}
    return _as_enriched(RawArticle.model_validate(named))


def _as_enriched(raw: RawArticle) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(enrich(raw).model_dump_json())
    return found


def _text(document: dict[str, Any]) -> str:
    (text,) = document["text"].values()
    return str(text)
