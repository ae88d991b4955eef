"""Searches the index, and gives what was found as plain facts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from desk.search import cursor as cursors
from desk.search import facets, histogram, mending, request, snapshot
from desk.search.asking import is_lost, lacking, many
from desk.search.clauses import boosts, elastic, nearly, spoken
from desk.search.cursor import Cursor
from desk.search.found import MATCH_END, MATCH_START, Ask, Copies, Found, Histogram, Hit, Sort
from desk.search.language import parse
from desk.search.nodes import Query
from desk.search.page import Page, Reader, flat
from desk.search.readas import read_as
from desk.search.snapshot import KEPT

# Where fewer are found, a word that no article holds is taken for misspelt.
FEW = 3
# Where fewer have all words, those that lack some fill up to so many.
MOST_NEARLY = 10
_ALL_SECONDS = 60.0
_NEWEST_SECONDS = 1.0

_Given = TypeVar("_Given")


def find(elasticsearch: Elasticsearch, alias: str, ask: Ask) -> Found:
    """Carries out a search.

    Raises:
        QueryError: its text cannot be understood; the error points at the place.
        CursorError: `ask.after` does not fit.
        ValueError: its limit is out of bounds.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    if not 1 <= ask.limit <= request.MOST_HITS:
        raise ValueError(f"a limit of {ask.limit}: it can be 1 to {request.MOST_HITS}")
    began = time.perf_counter()
    cursor = cursors.unpacked(ask.after, alias, ask) if ask.after else None
    now = cursor.now if cursor else datetime.now(UTC)
    query = parse(ask.text, now)
    search = _Search(elasticsearch, alias, ask, query, now)
    found = _continued(search, cursor) if cursor else at_one_time(elasticsearch, alias, search.page)
    return _timed(found, began)


def at_one_time(elasticsearch: Elasticsearch, alias: str, work: Callable[[str], _Given]) -> _Given:
    """What `work` gives for the shared point in time; for a new one where Elasticsearch does not know that any more."""

    def warm(pit: str) -> None:
        one = {"bool": {"filter": [elastic(parse("")), {"range": {"fetched_at": {"gte": "now-1m"}}}]}}
        many(elasticsearch, [{**request.counted(one), "aggs": facets.asked(parse("")), **request.view(pit, KEPT)}])

    try:
        return work(snapshot.opened(elasticsearch, alias, warm))
    except ApiError as error:
        if not is_lost(error):
            raise
        snapshot.lost(elasticsearch, alias)
        return work(snapshot.opened(elasticsearch, alias, warm))


def wanted(elasticsearch: Elasticsearch, alias: str, query: Query) -> dict[str, Any]:
    """The query in Elasticsearch's terms, for the languages that the index holds."""
    return elastic(query, snapshot.languages(elasticsearch, alias))


def matching(elasticsearch: Elasticsearch, alias: str, query: Query, sort: Sort, now: datetime) -> request.Matching:
    """The query as it is carried out: without words or names to rank by, the newest come first."""
    languages = snapshot.languages(elasticsearch, alias)
    raised = boosts(query, languages)
    order: Sort = "newest" if sort == "relevance" and not (raised or spoken(query)) else sort
    alone = {language: elastic(query, [language]) for language in languages}
    return request.Matching(elastic(query, languages), order, now, alone, raised)


def _nearly(elasticsearch: Elasticsearch, alias: str, query: Query, now: datetime) -> request.Matching | None:
    """What lacks some of the words; none where there are too few."""
    languages = snapshot.languages(elasticsearch, alias)
    alone = {language: clause for language in languages if (clause := nearly(query, [language]))}
    clause = nearly(query, languages)
    return request.Matching(clause, "relevance", now, alone, boosts(query, languages)) if clause else None


def count(elasticsearch: Elasticsearch, alias: str, text: str) -> int:
    """How many articles a query finds, exactly.

    Raises:
        QueryError: it cannot be understood.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    (answer,) = many(elasticsearch, [request.counted(wanted(elasticsearch, alias, parse(text)))], alias)
    total: int = answer["hits"]["total"]["value"]
    return total


def get(elasticsearch: Elasticsearch, alias: str, article_id: str) -> dict[str, Any] | None:
    """One article by its id; none where the index does not hold it."""
    try:
        return flat(elasticsearch.get(index=alias, id=article_id).body["_source"])
    except NotFoundError:
        return None


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as one JSON object: the article, with what the search says of it; matches stand in `<em>`.

    `score` and `highlights` are always there; `copies` and `shares` where there are any.
    """
    marked = [text for text in (hit.title, *hit.snippets) if MATCH_START in text]
    told: dict[str, Any] = {"score": hit.score, "highlights": [_emphasised(text) for text in marked]}
    if hit.copies != Copies():
        told["copies"] = {"count": hit.copies.count, "sources": list(hit.copies.sources)}
    if hit.shares:
        told["shares"] = list(hit.shares)
    return {**hit.article, **told}


def _emphasised(text: str) -> str:
    return text.replace(MATCH_START, "<em>").replace(MATCH_END, "</em>")


@dataclass(frozen=True, slots=True)
class _Search:
    elasticsearch: Elasticsearch
    alias: str
    ask: Ask
    query: Query
    now: datetime

    def page(self, pit: str, after: tuple[Any, ...] = ()) -> Found:
        """The page after that place, of that point in time."""
        sought = matching(self.elasticsearch, self.alias, self.query, self.ask.sort, self.now)
        reader = Reader(self.elasticsearch, sought, pit, with_copies=self.ask.copies)
        usual = usual_interval(self.elasticsearch, self.alias) if self.ask.facets else None
        beside = self._beside(usual) if usual else None
        page = reader.page(self.ask.limit, after, beside, lambda answer: self._along(answer, sought, usual))
        return self._told(page, reader.pit, self._is_own(page.counted, usual))

    def _beside(self, usual: histogram.Interval) -> dict[str, Any]:
        """The aggregations: facets, and the bars that most searches want."""
        return {**facets.asked(self.query), **histogram.span_asked(), **histogram.bars_asked(usual)}

    def _along(self, answer: dict[str, Any], sought: request.Matching, usual: str | None) -> list[dict[str, Any]]:
        """The requests that go with the documents: the picture in bars of its own, and what lacks some of the words."""
        axis = self._axis(answer)
        picture = [histogram.asked(axis, sought.query)] if axis and self._is_own(answer, usual) else []
        return [*picture, *self._nearly(answer, sought)]

    def _is_own(self, answer: dict[str, Any], usual: str | None) -> bool:
        """Whether the picture needs other bars than the usual ones."""
        axis = self._axis(answer)
        return axis is not None and axis.interval != usual

    def _axis(self, answer: dict[str, Any]) -> histogram.Axis | None:
        span = histogram.span(answer["aggregations"]) if self.ask.facets else None
        return histogram.axis(*span) if span else None

    def _nearly(self, answer: dict[str, Any], sought: request.Matching) -> list[dict[str, Any]]:
        """The request for as many that lack some of the words as are missing to fill the page; none where none are."""
        lacking = min(self.ask.limit, MOST_NEARLY) - answer["hits"]["total"]["value"]
        if lacking <= 0 or self.ask.after or not sought.is_ranked:
            return []
        alike = _nearly(self.elasticsearch, self.alias, self.query, self.now)
        return [request.first(alike, lacking, with_copies=self.ask.copies)] if alike else []

    def _told(self, page: Page, pit: str, has_own_bars: bool) -> Found:
        total = page.counted["hits"]["total"]["value"]
        cursor = Cursor(pit, tuple(page.end), self.now) if page.end else None
        bars, nearly = (page.along[0], page.along[1:]) if has_own_bars else (page.counted, page.along)
        better = mending.Better()
        if total < FEW and not self.ask.after:
            better = mending.better(self.elasticsearch, self.alias, self.query, total, self.now)
        return Found(
            read_as(self.query),
            total,
            tuple(page.hits),
            next=cursors.packed(cursor, self.alias, self.ask) if cursor else None,
            newest=newest(self.elasticsearch, self.alias),
            partial=lacking([page.counted, *page.along]),
            facets=facets.read(self.query, page.counted["aggregations"]) if self.ask.facets else (),
            histogram=self._picture(page.counted, bars),
            spelling=better.spelling,
            loosened=better.loosened,
            nearly=self._first(nearly, pit),
        )

    def _first(self, answers: list[dict[str, Any]], pit: str) -> tuple[Hit, ...]:
        alike = _nearly(self.elasticsearch, self.alias, self.query, self.now) if answers else None
        if not alike:
            return ()
        reader = Reader(self.elasticsearch, alike, pit, with_copies=self.ask.copies)
        return tuple(hit for answer in answers for hit in reader.first(answer))

    def _picture(self, counted: dict[str, Any], bars: dict[str, Any]) -> Histogram | None:
        axis = self._axis(counted)
        if not axis:
            return None
        everything = everything_on(self.elasticsearch, self.alias, axis)
        return histogram.drawn(axis, self.ask.text, histogram.counts(bars), everything)


def everything_on(elasticsearch: Elasticsearch, alias: str, axis: histogram.Axis) -> dict[datetime, int]:
    """How many articles there are at all in each bar, as known at most a minute ago."""
    whole = axis if axis.interval == "hour" else histogram.whole(axis.interval)

    def ask() -> dict[datetime, int]:
        (answer,) = many(elasticsearch, [histogram.asked(whole, elastic(parse("")))], alias)
        return histogram.counts(answer)

    return snapshot.remembered.get(elasticsearch, (alias, whole), _ALL_SECONDS, ask)


def usual_interval(elasticsearch: Elasticsearch, alias: str) -> histogram.Interval:
    """The interval of the bars that suit all articles together, as known at most a minute ago."""

    def ask() -> histogram.Interval:
        every = {**request.counted(elastic(parse(""))), "aggs": histogram.span_asked()}
        (answer,) = many(elasticsearch, [every], alias)
        span = histogram.span(answer["aggregations"])
        return histogram.axis(*span).interval if span else "day"

    return snapshot.remembered.get(elasticsearch, ("interval", alias), _ALL_SECONDS, ask)


def _continued(search: _Search, cursor: Cursor) -> Found:
    """A page after another. What Elasticsearch refuses here, it refuses for the cursor."""
    try:
        return search.page(cursor.pit, cursor.after)
    except ApiError as error:
        if error.meta.status in (400, 404):
            raise cursors.gone() from error
        raise


def newest(elasticsearch: Elasticsearch, alias: str) -> datetime | None:
    """When the newest article that can be searched was fetched, as known at most a second ago; none without any.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """

    def ask() -> datetime | None:
        (answer,) = many(elasticsearch, [request.newest(elastic(parse("")))], alias)
        moments = [found["fields"]["fetched_at"][0] for found in answer["hits"]["hits"]]
        return datetime.fromisoformat(moments[0]) if moments else None

    return snapshot.remembered.get(elasticsearch, ("newest", alias), _NEWEST_SECONDS, ask)


def _timed(found: Found, began: float) -> Found:
    return replace(found, took_ms=round((time.perf_counter() - began) * 1000))
