"""The web desk for tests: its pages on a hand-made archive, and streams that are as a test says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch
from fastapi import FastAPI
from fastapi.testclient import TestClient

from desk.search.attention import Attention, Line
from desk.search.found import Ask, Bar, Found, Histogram, Hit, Sort
from desk.search.suggest import Suggestion
from desk.search.walk import Walk
from desk.web.app import create
from desk.web.archive import archive_of
from desk.web.parts import Desk
from desk.web.pulse import Facts, Pulse
from tests.fakes import unit_settings

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
HOME = "http://127.0.0.1:8600"
TEXT = "Maria Zakharova spoke in Geneva on Monday.\nShe said that arms control talks would go on.\nThe talks ended."


def article(**changes: Any) -> dict[str, Any]:
    """An article as the index gives it, with plain title and text."""
    return {
        "id": "a" * 32,
        "version": 1_772_368_215_250,
        "source": "herald",
        "also_from": (),
        "origin": "https://news.example/feed",
        "url": "https://news.example/1",
        "fetched_at": "2026-11-22T13:00:00Z",
        "title": "Talks in Geneva",
        "text": TEXT,
        "summary": (),
        "authors": ("A. Writer",),
        "published_at": "2026-11-22T12:00:00Z",
        "published_precision": "second",
        "date": "2026-11-22T12:00:00Z",
        "language": "en",
        "language_confidence": 0.98,
        "content_hash": "c" * 64,
        "near": ("00:aa",),
        "entities": (
            {
                "id": "Q4092510",
                "name": "Maria Zakharova",
                "type": "person",
                "score": 0.9,
                "mentions": ({"start": 0, "end": 15, "text": "Maria Zakharova"},),
            },
            {
                "id": "place:geneva",
                "name": "Geneva",
                "type": "place",
                "score": 0.9,
                "mentions": ({"start": 25, "end": 31, "text": "Geneva"},),
            },
        ),
        "topics": (
            {
                "id": "medtop:20000639",
                "name": "diplomacy",
                "score": 0.8,
                "parents": ("medtop:11000000",),
                "terms": ("arms control", "talks"),
            },
        ),
        "keywords": ("arms control talks",),
        "cuts": ({"start": 0, "end": 12, "text": "Share on all", "rule": "share-bar", "reason": "names of networks"},),
        "words": 18,
        "truncated": False,
        "notes": ({"enricher": "dates", "message": "the zone is not known"},),
        "enrichers": {"extract": 2, "topics": 3},
        "tagger": "wiredesk",
        "learned": 3,
        **changes,
    }


def histogram(*counts: int) -> Histogram:
    """Days of November with so many articles, of twice as many in all."""
    starts = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, len(counts) + 1)]
    bars = zip(starts, counts, strict=True)
    return Histogram(
        "day", tuple(Bar(start, count, f"date:2026-11-{start.day:02}", 2 * count) for start, count in bars)
    )


def hit(**changes: Any) -> Hit:
    """One article that was found, with its match marked."""
    found = article(**changes)
    return Hit(found, 1.0, found["title"], ("spoke of \ue000talks\ue001 & more",))


@dataclass
class FakeArchive:
    """Holds articles, gives what it was told to give, and remembers what it was asked.

    `error` is raised by every method, where there is one.
    """

    articles: list[dict[str, Any]] = field(default_factory=list)
    found: Found | None = None
    near: tuple[Hit, ...] = ()
    error: Exception | None = None
    asked: list[Ask] = field(default_factory=list)

    def find(self, ask: Ask) -> Found:
        """What it was told to find; else all of its articles."""
        self._fail()
        self.asked.append(ask)
        hits = tuple(Hit(one, 1.0, one["title"]) for one in self.articles)
        return self.found or Found("everything", len(hits), hits, histogram=histogram(1, 3, 2))

    def get(self, article_id: str) -> dict[str, Any] | None:
        """One of its articles."""
        self._fail()
        return next((one for one in self.articles if one["id"] == article_id), None)

    def alike(self, article: dict[str, Any]) -> tuple[Hit, ...]:
        """What it was told."""
        return self.near

    def copies(self, article: dict[str, Any]) -> tuple[Hit, ...]:
        """None."""
        return ()

    def attention(self, texts: Sequence[str], interval: str | None) -> Attention:
        """Three days for every search."""
        self._fail()
        return Attention("day", tuple(Line(text, text, 6, histogram(1, 3, 2)) for text in texts))

    def suggest(self, start: str, limit: int) -> tuple[Suggestion, ...]:
        """One person."""
        return (Suggestion("Maria Zakharova", "person", "Q4092510", 7, "person:Q4092510"),)

    def walking(self, text: str, sort: Sort) -> AbstractContextManager[Walk]:
        """No test of the pages walks."""
        raise NotImplementedError

    def _fail(self) -> None:
        if self.error:
            raise self.error


@dataclass
class FakeWatch:
    """Gives the facts it holds, or raises the error."""

    held: Facts = field(default_factory=lambda: facts())
    error: Exception | None = None
    closed: int = 0

    def facts(self) -> Facts:
        """The facts."""
        if self.error:
            raise self.error
        return self.held

    def close(self) -> None:
        """Counts."""
        self.closed += 1


def facts(**changes: Any) -> Facts:
    """The facts of streams that flow."""
    return {
        "verdict": "everything that was published is through",
        "wrong": [],
        "servers": {"kafka": {"ok": True, "since": None, "words": ""}},
        "dead": {"open": 2, "by_reason": {"too long": 2}},
        **changes,
    }


def web(archive: FakeArchive | None = None, watch: FakeWatch | None = None, **named: Any) -> FastAPI:
    """The application on an archive, with streams that were looked at once."""
    settings = unit_settings(**named)
    watch = watch or FakeWatch()
    pulse = Pulse(lambda: watch, lambda: NOW)
    pulse.look()
    app = create(settings, Desk(settings, Elasticsearch(settings.elasticsearch_url), pulse, now=lambda: NOW))
    held = archive or FakeArchive([article()])
    app.dependency_overrides[archive_of] = lambda: held
    return app


def client(archive: FakeArchive | None = None, watch: FakeWatch | None = None, **named: Any) -> TestClient:
    """Asks the application without a browser; an error of ours comes as the page that it makes."""
    return TestClient(
        web(archive, watch, **named), base_url=HOME, raise_server_exceptions=False, follow_redirects=False
    )
