"""Two or more queries compared over time, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch

from desk.search import histogram, request
from desk.search.asking import lacking, many
from desk.search.find import at_one_time, everything_on, wanted
from desk.search.found import Histogram
from desk.search.language import parse
from desk.search.readas import read_as
from desk.search.snapshot import KEPT

MOST_QUERIES = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One query over time. `total` counts all that it finds, exactly; `histogram` has the bars of the common axis."""

    text: str
    read_as: str
    total: int
    histogram: Histogram


@dataclass(frozen=True, slots=True)
class Attention:
    """Queries over time, each with as many bars, which start at the same moments.

    `interval` is none where nothing was found at all. `partial` says in words what is missing.
    """

    interval: str | None
    lines: tuple[Line, ...]
    partial: str | None = None


def attention(elasticsearch: Elasticsearch, alias: str, texts: Sequence[str], interval: str | None = None) -> Attention:
    """How many articles each query finds over time.

    Args:
        elasticsearch: the client.
        alias: the index.
        texts: the queries, at most `MOST_QUERIES`.
        interval: `hour`, `day`, `week`, `month` or `year`; none takes what suits the span.

    Raises:
        QueryError: a query cannot be understood.
        ValueError: there are none or too many queries, or there is no such interval.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    if not 1 <= len(texts) <= MOST_QUERIES:
        raise ValueError(f"{len(texts)} queries: 1 to {MOST_QUERIES} can be compared")
    if interval is not None:
        histogram.checked(interval)
    now = datetime.now(UTC)
    queries = [parse(text, now) for text in texts]
    clauses = [wanted(elasticsearch, alias, query) for query in queries]
    seen = at_one_time(elasticsearch, alias, lambda pit: _seen(elasticsearch, pit, clauses, interval))
    if seen.axis is None:
        empty = Histogram(interval or "day", ())
        lines = tuple(Line(query.text, read_as(query), 0, empty) for query in queries)
        return Attention(None, lines, lacking(seen.totals))
    everything = everything_on(elasticsearch, alias, seen.axis)
    drawn = [
        histogram.drawn(seen.axis, query.text, histogram.counts(bars), everything)
        for query, bars in zip(queries, seen.bars, strict=True)
    ]
    lines = tuple(
        Line(query.text, read_as(query), answer["hits"]["total"]["value"], picture)
        for query, answer, picture in zip(queries, seen.totals, drawn, strict=True)
    )
    return Attention(seen.axis.interval, lines, lacking([*seen.totals, *seen.bars]))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The answers for each query: its total with its span, and its bars on the axis that all have in common."""

    totals: list[dict[str, Any]]
    axis: histogram.Axis | None
    bars: list[dict[str, Any]]


def _seen(elasticsearch: Elasticsearch, pit: str, clauses: list[dict[str, Any]], interval: str | None) -> _Seen:
    spans = [{**request.counted(one), "aggs": histogram.span_asked()} for one in clauses]
    totals = many(elasticsearch, [{**body, **request.view(pit, KEPT)} for body in spans])
    axis = _axis(totals, interval)
    pictures = [{**histogram.asked(axis, one), **request.view(pit, KEPT)} for one in clauses] if axis else []
    return _Seen(totals, axis, many(elasticsearch, pictures))


def _axis(answers: Sequence[dict[str, Any]], interval: str | None) -> histogram.Axis | None:
    """The axis that takes in all that any of the queries finds."""
    spans = [span for answer in answers if (span := histogram.span(answer["aggregations"]))]
    if not spans:
        return None
    return histogram.axis(min(first for first, _ in spans), max(last for _, last in spans), interval)
