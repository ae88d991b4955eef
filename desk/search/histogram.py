"""Attention over time: how many articles of each hour, day, week, month or year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from desk.search import editing
from desk.search.dates import written
from desk.search.found import Bar, Histogram

Interval = Literal["hour", "day", "week", "month", "year"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)
MOST_BARS = 60
_LENGTHS: dict[str, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=28),
    "year": timedelta(days=365),
}
_SPAN = {"first": {"min": {"field": "date"}}, "last": {"max": {"field": "date"}}}


@dataclass(frozen=True, slots=True)
class Axis:
    """The bars of a picture: `interval`, the start of the first one, and the start after the last one; in UTC."""

    interval: Interval
    start: datetime
    end: datetime

    @property
    def starts(self) -> list[datetime]:
        """Where each bar starts."""
        return list(_starts(self))


def span_asked() -> dict[str, Any]:
    """The aggregations for the dates between which a picture lies."""
    return {f"span.{name}": one for name, one in _SPAN.items()}


def span(answer: dict[str, Any]) -> tuple[datetime, datetime] | None:
    """The earliest and the latest date of what was found; none where nothing was."""
    first, last = (answer[f"span.{name}"]["value"] for name in _SPAN)
    return None if first is None else (_moment(first), _moment(last))


def axis(first: datetime, last: datetime, interval: str | None = None) -> Axis:
    """The bars from one date to another, both included, of the shortest interval that takes at most `MOST_BARS`.

    Where even years are too many, or the interval asked for makes too many, the latest bars stay.

    Raises:
        ValueError: there is no such interval.
    """
    one = checked(interval) if interval else _suiting(last - first)
    return _bounded(Axis(one, floor(first, one), following(floor(last, one), one)))


def whole(interval: Interval) -> Axis:
    """All time."""
    return Axis(interval, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def checked(interval: str) -> Interval:
    """The interval of that name.

    Raises:
        ValueError: there is none.
    """
    for one in INTERVALS:
        if one == interval:
            return one
    raise ValueError(f"{interval!r} is no interval: it can be {', '.join(INTERVALS)}")


def _suiting(length: timedelta) -> Interval:
    fitting = (one for one in INTERVALS if length / _LENGTHS[one] < MOST_BARS - 1)
    return next(fitting, "year")


def _bounded(found: Axis) -> Axis:
    starts = found.starts
    most = MOST_BARS if found.interval == "year" else 24 * MOST_BARS
    return found if len(starts) <= most else Axis(found.interval, starts[-most], found.end)


def floor(moment: datetime, interval: Interval) -> datetime:
    """The start of the hour, day, week (Monday), month or year of a moment, in UTC."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    starts = {
        "hour": lambda: hour,
        "day": lambda: day,
        "week": lambda: max(day - timedelta(days=day.weekday()), day.replace(year=1, month=1, day=1)),
        "month": lambda: day.replace(day=1),
        "year": lambda: day.replace(month=1, day=1),
    }
    return starts[interval]()


def following(start: datetime, interval: Interval) -> datetime:
    """The start of the bar after one that starts there; the end of the calendar at the latest."""
    try:
        if interval == "month":
            return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        return start.replace(year=start.year + 1) if interval == "year" else start + _LENGTHS[interval]
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=UTC)


def _starts(axis: Axis) -> Iterator[datetime]:
    start = axis.start
    while start < axis.end:
        yield start
        start = following(start, axis.interval)


def asked(axis: Axis, query: dict[str, Any]) -> dict[str, Any]:
    """The request for the bars of what a query finds."""
    bounds = {"gte": axis.start.isoformat(), "lt": axis.end.isoformat()}
    return {
        "query": {"bool": {"filter": [query, {"range": {"date": bounds}}]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": bars_asked(axis.interval),
    }


def bars_asked(interval: Interval) -> dict[str, Any]:
    """The aggregation for the bars of whatever is found."""
    return {"bars": {"date_histogram": {"field": "date", "calendar_interval": interval, "min_doc_count": 1}}}


def counts(answer: dict[str, Any]) -> dict[datetime, int]:
    """How many articles each bar of an answer counts, by its start."""
    return {_moment(bar["key"]): bar["doc_count"] for bar in answer["aggregations"]["bars"]["buckets"]}


def drawn(axis: Axis, text: str, found: dict[datetime, int], everything: dict[datetime, int]) -> Histogram:
    """The picture: each bar with the query narrowed to its time, empty ones included."""
    before = _before_dates(text, axis)
    bars = (
        Bar(
            start,
            found.get(start, 0),
            before + written(start, following(start, axis.interval)),
            everything.get(start, 0),
        )
        for start in axis.starts
    )
    return Histogram(axis.interval, tuple(bars))


def _before_dates(text: str, axis: Axis) -> str:
    """What stands before the dates in the query narrowed to some; it is the same for each bar."""
    first = (axis.start, following(axis.start, axis.interval))
    return editing.with_dates(text, *first).removesuffix(written(*first))


def _moment(milliseconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
