"""An index made by hand, for tests of what stands on it: articles, and searches that understand one word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from elastic_transport import ConnectionError as NotReached

from desk.search.attention import Attention, Line
from desk.search.cursor import CursorError
from desk.search.found import (
    MATCH_END,
    MATCH_START,
    Ask,
    Bar,
    Copies,
    Facet,
    FacetValue,
    Found,
    Histogram,
    Hit,
    Loosened,
    Sort,
)
from desk.search.language import parse
from desk.search.suggest import Suggestion
from desk.search.walk import Walk

AT = datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC)


def indexed(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An article as it is found, with plain title and text."""
    given: dict[str, Any] = {
        "schema_version": 1,
        "id": f"{number:032x}",
        "version": 1_772_368_215_250 + number,
        "source": "herald",
        "also_from": ["wire"],
        "origin": "https://herald.example/feed.xml",
        "url": f"https://herald.example/{number}?b=1&c=2",
        "fetched_at": "2026-11-22T07:00:00.250000Z",
        "title": "Ministers & envoys <meet>",
        "text": "The ministers met in Geneva.\nThey spoke of grain.",
        "summary": ["The ministers met in Geneva."],
        "authors": ["Ada Byron", "Émile Zola"],
        "published_at": "2026-11-21T19:24:00Z",
        "published_precision": "second",
        "date": "2026-11-21T19:24:00Z",
        "language": "en",
        "language_confidence": 1.0,
        "content_hash": "ab" * 32,
        "near": ["00:9f3bb89b9111"],
        "entities": [
            _entity("Q7747", "Vladimir Putin", "person"),
            _entity("person:ada-byron", "Ada Byron", "person"),
            _entity("Q71", "Geneva", "place"),
            _entity("Q458", "European Union", "organisation"),
            _entity("event:grain-talks", "Grain Talks", "event"),
        ],
        "people": ["Vladimir Putin", "Ada Byron"],
        "organisations": ["European Union"],
        "places": ["Geneva"],
        "events": ["Grain Talks"],
        "topics": [{"id": "medtop:20000639", "name": "diplomacy", "score": 0.875, "parents": [], "terms": ["talks"]}],
        "topic_ids": ["medtop:20000639"],
        "keywords": ["grain"],
        "cuts": [],
        "words": 9,
        "truncated": False,
        "notes": [],
        "enrichers": {"topics": 3},
        "tagger": "wiredesk",
        "learned": 0,
    }
    return {**given, **changes}


def _entity(code: str, name: str, kind: str) -> dict[str, Any]:
    mention = {"start": 4, "end": 13, "text": "ministers"}
    return {"id": code, "name": name, "type": kind, "score": 0.9, "mentions": [mention], "evidence": ["tagger"]}


class FakeArchive:
    """Articles in a list. Every search finds those whose text holds it; a query is read as the real one is.

    `down` lets every call fail as one that Elasticsearch does not answer; `breaks_after` lets a walk do so after so
    many articles. `walks_open` counts the walks that nobody closed.
    """

    def __init__(self, articles: Sequence[dict[str, Any]] = (), breaks_after: int | None = None) -> None:
        self.articles = list(articles)
        self.down = False
        self.breaks_after = breaks_after
        self.walks_open = 0
        self.given = 0
        self.asked: list[Any] = []

    def find(self, ask: Ask) -> Found:
        """Carries out a search, by a mark that counts pages."""
        found = self._holding(ask.text, ask)
        if ask.after and not (ask.after.isascii() and ask.after.isdecimal() and len(ask.after) < 6):
            raise CursorError("this is no mark of a page")
        start = int(ask.after or 0)
        hits = tuple(self._hit(one) for one in found[start : start + ask.limit])
        more = str(start + ask.limit) if start + ask.limit < len(found) else None
        bar = Bar(AT, len(found), ask.text, len(self.articles))
        value = FacetValue("herald", "herald", len(found), f"{ask.text} source:herald")
        return Found(
            read_as=f"text: {ask.text}",
            total=len(found),
            hits=hits,
            next=more,
            newest=AT,
            facets=(Facet("source", "Source", (value,)),) if ask.facets else (),
            histogram=Histogram("day", (bar,)) if ask.facets else None,
            loosened=() if found else (Loosened("without it", "", len(self.articles)),),
        )

    def get(self, article_id: str) -> dict[str, Any] | None:
        """One article."""
        return next((one for one in self._holding("", article_id) if one["id"] == article_id), None)

    def alike(self, article: dict[str, Any]) -> tuple[Hit, ...]:
        """All others."""
        others = [one for one in self._holding("", article) if one["id"] != article["id"]]
        return tuple(Hit(one, 1.0, one["title"], shares=("Geneva",)) for one in others)

    copies = alike

    def attention(self, texts: Sequence[str], interval: str | None) -> Attention:
        """One bar for each."""
        lines = []
        for text in texts:
            count = len(self._holding(text, (text, interval)))
            lines.append(Line(text, text, count, Histogram(interval or "day", (Bar(AT, count, text),))))
        return Attention(interval or "day", tuple(lines))

    def suggest(self, start: str, limit: int) -> tuple[Suggestion, ...]:
        """What has a name that starts so."""
        named = {(one["name"], one["type"], one["id"]) for held in self._holding("", start) for one in held["entities"]}
        found = [Suggestion(name, kind, code, 1, f"person:{code}") for name, kind, code in sorted(named)]
        return tuple(one for one in found if one.name.lower().startswith(start.lower()))[:limit]

    @contextmanager
    def walking(self, text: str, sort: Sort) -> Iterator[Walk]:
        """Everything that a search finds."""
        found = self._holding(text, (text, sort))
        self.walks_open += 1
        try:
            yield Walk(f"text: {text}", AT, len(found), self._walked(found))
        finally:
            self.walks_open -= 1

    def _walked(self, found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for number, one in enumerate(found):
            if number == self.breaks_after:
                raise NotReached("gone")
            self.given += 1
            yield one

    def _holding(self, text: str, asked: Any) -> list[dict[str, Any]]:
        self.asked.append(asked)
        if self.down:
            raise NotReached("nobody answers")
        parse(text)
        return [one for one in self.articles if text.lower() in one["text"].lower()]

    def _hit(self, one: dict[str, Any]) -> Hit:
        snippet = f"The {MATCH_START}ministers{MATCH_END} met"
        return Hit(one, 1.5, one["title"], (snippet,), Copies(1, ("wire",)))
