"""Attention over time: bars of one length, without gaps, that take in everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.search import histogram
from desk.search.histogram import INTERVALS, MOST_BARS, Axis, Interval, axis, floor, following
from tests.fakes import quick

START = datetime(1900, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=73_000)).map(lambda age: START + age)
DAY = datetime(2026, 11, 18, 15, 42, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "interval"),
    [
        (timedelta(0), "hour"),
        (timedelta(days=2), "hour"),
        (timedelta(days=3), "day"),
        (timedelta(days=57), "day"),
        (timedelta(days=90), "week"),
        (timedelta(days=800), "month"),
        (timedelta(days=9000), "year"),
    ],
)
def test_the_interval_suits_the_span(length: timedelta, interval: str) -> None:
    """The shortest interval is taken that makes at most sixty bars."""
    found = axis(DAY, DAY + length)
    assert found.interval == interval
    assert len(found.starts) <= MOST_BARS


@quick
@given(MOMENTS, MOMENTS)
def test_the_bars_take_in_both_ends_and_leave_no_gap(one: datetime, other: datetime) -> None:
    """The first date lies in the first bar, the last in the last one, and each bar starts where the one before ends."""
    first, last = sorted((one, other))
    found = axis(first, last)
    starts = [*found.starts, found.end]
    assert len(starts) <= MOST_BARS + 1
    assert last < found.end
    assert starts[-2] <= last
    assert first >= starts[0] or found.interval == "year"
    assert all(following(start, found.interval) == after for start, after in pairwise(starts))


@quick
@given(MOMENTS, st.sampled_from(INTERVALS))
def test_a_moment_lies_in_its_own_bar(moment: datetime, interval: Interval) -> None:
    """The start of a bar is not after the moment, the next one is, and the start of a start is itself."""
    start = floor(moment, interval)
    assert start <= moment < following(start, interval)
    assert floor(start, interval) == start


def test_weeks_start_on_monday_and_months_on_the_first() -> None:
    """Bars start where calendars do."""
    assert floor(DAY, "week") == datetime(2026, 11, 16, tzinfo=UTC)
    assert floor(DAY, "month") == datetime(2026, 11, 1, tzinfo=UTC)
    assert following(datetime(2026, 12, 1, tzinfo=UTC), "month") == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_end_of_the_calendar_is_an_end(interval: Interval) -> None:
    """A date in the year 9999 makes a picture, and so does one in the year 1."""
    last = datetime.max.replace(tzinfo=UTC)
    assert axis(last, last, interval).starts == [floor(last, interval)]
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert axis(first, first, interval).starts == [first]


def test_of_too_many_bars_the_latest_stay() -> None:
    """One article dated two thousand years ago does not make a picture of two thousand bars."""
    found = axis(datetime(20, 1, 1, tzinfo=UTC), DAY)
    assert (found.interval, len(found.starts)) == ("year", MOST_BARS)
    assert found.starts[-1] == datetime(2026, 1, 1, tzinfo=UTC)
    assert len(axis(datetime(20, 1, 1, tzinfo=UTC), DAY, "hour").starts) <= 24 * MOST_BARS


def test_an_unknown_interval_is_refused_with_the_known_ones() -> None:
    """Who asks for decades is told what there is."""
    with pytest.raises(ValueError, match="'decade' is no interval: it can be hour, day, week, month, year"):
        axis(DAY, DAY, "decade")


def test_each_bar_leads_to_its_own_articles() -> None:
    """A bar has its count, the count of all, and the query narrowed to its time; one without articles has none."""
    days = Axis("day", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC))
    first, second, third = days.starts
    found = histogram.drawn(days, "grain", {first: 3, third: 1}, {first: 5, second: 2, third: 1})
    assert [(bar.count, bar.all) for bar in found.bars] == [(3, 5), (0, 2), (1, 1)]
    assert [bar.text for bar in found.bars][1] == "grain date:2026-11-02"


def test_bars_are_read_by_their_start() -> None:
    """Elasticsearch's milliseconds become moments, those before 1970, too."""
    buckets = [{"key": 0, "doc_count": 2}, {"key": -86_400_000, "doc_count": 1}]
    found = histogram.counts({"aggregations": {"bars": {"buckets": buckets}}})
    assert found == {datetime(1970, 1, 1, tzinfo=UTC): 2, datetime(1969, 12, 31, tzinfo=UTC): 1}
