"""What the API asks of the index, in one place: made by hand in tests."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

from elasticsearch import Elasticsearch
from fastapi import Depends, Request

from desk.search.alike import alike, copies
from desk.search.attention import Attention, attention
from desk.search.find import find, get
from desk.search.found import Ask, Found, Hit, Sort
from desk.search.suggest import Suggestion, suggest
from desk.search.walk import Walk, walking


class Archive(Protocol):
    """The articles that can be searched.

    Every method raises `QueryError` for a query that cannot be understood, and `ApiError` or `TransportError` where
    Elasticsearch does not do its part.
    """

    def find(self, ask: Ask) -> Found:
        """Carries out a search."""

    def get(self, article_id: str) -> dict[str, Any] | None:
        """One article; none where the index does not hold it."""

    def alike(self, article: dict[str, Any]) -> tuple[Hit, ...]:
        """Articles that tell the same story."""

    def copies(self, article: dict[str, Any]) -> tuple[Hit, ...]:
        """Copies and near-duplicates."""

    def attention(self, texts: Sequence[str], interval: str | None) -> Attention:
        """How many articles each search finds over time."""

    def suggest(self, start: str, limit: int) -> tuple[Suggestion, ...]:
        """What begins so: people, organisations, places, events, topics and sources."""

    def walking(self, text: str, sort: Sort) -> AbstractContextManager[Walk]:
        """Everything that a search finds at one moment, as long as the block runs."""


class IndexArchive:
    """The index behind an alias."""

    def __init__(self, elasticsearch: Elasticsearch, alias: str) -> None:
        self._es, self._alias = elasticsearch, alias

    def find(self, ask: Ask) -> Found:
        """Carries out a search."""
        return find(self._es, self._alias, ask)

    def get(self, article_id: str) -> dict[str, Any] | None:
        """One article; none where the index does not hold it."""
        return get(self._es, self._alias, article_id)

    def alike(self, article: dict[str, Any]) -> tuple[Hit, ...]:
        """Articles that tell the same story."""
        return alike(self._es, self._alias, article)

    def copies(self, article: dict[str, Any]) -> tuple[Hit, ...]:
        """Copies and near-duplicates."""
        return copies(self._es, self._alias, article)

    def attention(self, texts: Sequence[str], interval: str | None) -> Attention:
        """How many articles each search finds over time."""
        return attention(self._es, self._alias, texts, interval)

    def suggest(self, start: str, limit: int) -> tuple[Suggestion, ...]:
        """What begins so: people, organisations, places, events, topics and sources."""
        return suggest(self._es, self._alias, start, limit)

    def walking(self, text: str, sort: Sort) -> AbstractContextManager[Walk]:
        """Everything that a search finds at one moment, as long as the block runs."""
        return walking(self._es, self._alias, text, sort)


def archive_of(request: Request) -> Archive:
    """The index that the desk stands on."""
    desk = request.app.state.desk
    return IndexArchive(desk.es, desk.settings.index_alias)


TheArchive = Annotated[Archive, Depends(archive_of)]
