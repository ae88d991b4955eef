"""Ages and dates as people write them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.options import Age, Moment
from tests.fakes import quick


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("45s", timedelta(seconds=45)),
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("0d", timedelta()),
    ],
)
def test_an_age_is_a_number_with_its_unit(written: str, meant: timedelta) -> None:
    """Seconds, minutes, hours, days and weeks are each one letter."""
    assert Age().convert(written, None, None) == meant
    assert Age().convert(meant, None, None) == meant


@pytest.mark.parametrize("written", ["", "7", "d", "7 d", "-7d", "7y", "1.5h", "7days", "9999999d", "7D"])
def test_what_is_no_age_is_refused_with_the_form(written: str) -> None:
    """The refusal shows how an age is written."""
    with pytest.raises(click.BadParameter, match="write it as 30m, 12h or 7d"):
        Age().convert(written, None, None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T08:00Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22 08:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22T08:00+02:00", datetime(2026, 11, 22, 6, tzinfo=UTC)),
    ],
)
def test_a_date_is_a_moment_in_utc(written: str, meant: datetime) -> None:
    """A date without a zone is UTC; one with a zone keeps it."""
    assert Moment().convert(written, None, None) == meant
    assert Moment().convert(meant, None, None) == meant


def test_until_a_day_means_to_its_end() -> None:
    """A day alone, as an upper bound, takes all of that day in; a time stays as it is."""
    until = Moment(end_of_day=True)
    assert until.convert("2026-11-22", None, None) == datetime(2026, 11, 22, 23, 59, 59, 999_000, tzinfo=UTC)
    assert until.convert("2026-11-22T08:00Z", None, None) == datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_an_age_as_a_date_is_so_long_ago() -> None:
    """`7d` means a week ago."""
    before = datetime.now(UTC)
    found = Moment().convert("7d", None, None)
    assert before <= found + timedelta(days=7) <= datetime.now(UTC)


@pytest.mark.parametrize("written", ["", "yesterday", "22.11.2026", "2026-13-01", "999999w", "2026-02-30"])
def test_what_is_no_date_is_refused_with_the_form(written: str) -> None:
    """The refusal shows how a date is written; a time before the calendar is none."""
    with pytest.raises(click.BadParameter, match="write it as 2026-11-22"):
        Moment().convert(written, None, None)


@quick
@given(st.text(max_size=12) | st.from_regex(r"\d{1,6}[smhdw]|\d{4}-\d\d-\d\d", fullmatch=True), st.booleans())
def test_any_text_is_a_moment_with_a_zone_or_refused(written: str, end_of_day: bool) -> None:
    """Whatever is typed, it is a moment with a zone, or a refusal in words."""
    with contextlib.suppress(click.BadParameter):
        assert Moment(end_of_day=end_of_day).convert(written, None, None).tzinfo is not None


def test_the_last_day_of_the_calendar_has_an_end() -> None:
    """The greatest date that can be written is taken or refused like any other."""
    with contextlib.suppress(click.BadParameter):
        assert Moment(end_of_day=True).convert("9999-12-31", None, None).year == 9999
