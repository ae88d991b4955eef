"""Every hit of a search, one after the other, from one point in time and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch

from desk.search import request, snapshot
from desk.search.asking import lacking, many
from desk.search.find import matching
from desk.search.found import Sort
from desk.search.language import parse
from desk.search.page import flat
from desk.search.readas import read_as

BATCH = 500


class IncompleteError(RuntimeError):
    """Elasticsearch could not give all that was found; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Walk:
    """All that a search finds at one moment: `total` articles, copies included, in `articles` one after the other."""

    read_as: str
    at: datetime
    total: int
    articles: Iterator[dict[str, Any]]


@contextmanager
def walking(
    elasticsearch: Elasticsearch, alias: str, text: str, sort: Sort = "relevance", batch: int = BATCH
) -> Iterator[Walk]:
    """A walk through all that is found; its point in time is open as long as the block runs.

    Raises:
        QueryError: the text cannot be understood.
        IncompleteError: a part of the index did not answer, or not in time; while walking, too.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    now = datetime.now(UTC)
    query = parse(text, now)
    sought = matching(elasticsearch, alias, query, sort, now)
    pit = snapshot.own(elasticsearch, alias)
    try:
        (answer,) = _whole(many(elasticsearch, [{**request.counted(sought.query), **_view(pit)}]))
        total = answer["hits"]["total"]["value"]
        yield Walk(read_as(query), now, total, _articles(elasticsearch, sought, pit, batch))
    finally:
        elasticsearch.options(ignore_status=404).close_point_in_time(id=pit)


def walk(
    elasticsearch: Elasticsearch, alias: str, text: str, sort: Sort = "relevance", batch: int = BATCH
) -> Iterator[dict[str, Any]]:
    """Every article that a search finds, copies included, as `walking` gives them."""
    with walking(elasticsearch, alias, text, sort, batch) as found:
        yield from found.articles


def _articles(elasticsearch: Elasticsearch, sought: request.Matching, pit: str, batch: int) -> Iterator[dict[str, Any]]:
    after: list[Any] = []
    while True:
        body = {"query": sought.scored, "sort": sought.order, "size": batch, "track_total_hits": False, **_view(pit)}
        (answer,) = _whole(many(elasticsearch, [{**body, **({"search_after": after} if after else {})}]))
        found = answer["hits"]["hits"]
        yield from (flat(hit["_source"]) for hit in found)
        if len(found) < batch:
            return
        after = found[-1]["sort"]


def _view(pit: str) -> dict[str, Any]:
    return request.view(pit, snapshot.KEPT)


def _whole(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if lack := lacking(answers):
        raise IncompleteError(lack)
    return answers
