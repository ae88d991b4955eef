"""Dates as people type them, as spans of time in UTC; and spans as the query language writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_FORMS = "a date is written 2026-11-01, 2026-11, 2026, 2026-11-01T10:30, 7d, 24h, 2w, 3mo, today or yesterday"
_DAY = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?")
_SOLID = re.compile(r"(\d{4})(\d\d)(\d\d)")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d)(?::(\d\d)(?:\.\d+)?)?)?")
_ZONE = re.compile(r"(?P<time>.*?)(?P<zone>Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_AGO = re.compile(r"(\d{1,9}) ?([a-z]+)")
_UNITS = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
    **dict.fromkeys(("mo", "month", "months"), timedelta(days=30)),
    **dict.fromkeys(("y", "year", "years"), timedelta(days=365)),
}
_MONTHS_IN_A_YEAR = 12

Span = tuple[datetime, datetime | None]


class DateError(ValueError):
    """A date that cannot be read; `mend` is it put right, where that is evident."""

    def __init__(self, message: str, mend: str | None = None) -> None:
        super().__init__(message)
        self.mend = mend


def span(text: str, now: datetime) -> Span:
    """The time that a date names: from its first moment to the first one after it, which may be none.

    A length of time (`7d`) is that long ago until ever. Months are 30 days there, years 365. Without a zone it is UTC.

    Raises:
        DateError: it is no date; the message says how one is written.
    """
    small = text.strip().casefold()
    try:
        return _named(small, now) or _ago(small, now) or _written(text.strip(), small)
    except DateError:
        raise
    except (ValueError, OverflowError):
        raise DateError(f"there is no date {text}: {_FORMS}") from None


def _named(small: str, now: datetime) -> Span | None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": 0, "yesterday": 1}
    if small == "now":
        return _minute(now), None
    if small not in days:
        return None
    start = today - timedelta(days=days[small])
    return start, start + timedelta(days=1)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _ago(small: str, now: datetime) -> Span | None:
    found = _AGO.fullmatch(small)
    if not found:
        return None
    if found[2] == "m":
        raise DateError(f"{small} may be minutes or months: write {found[1]}min or {found[1]}mo", f"{found[1]}mo")
    if found[2] not in _UNITS:
        raise DateError(f"{small} is no date: {_FORMS}")
    return _minute(now) - int(found[1]) * _UNITS[found[2]], None


def _written(text: str, small: str) -> Span:
    day, _, clock = small.replace(" ", "t").partition("t")
    if solid := _SOLID.fullmatch(day):
        day = "-".join(solid.groups())
    found = _DAY.fullmatch(day)
    if not found:
        raise DateError(f"{text} is no date: {_FORMS}", _day_first(small))
    if clock and found[4]:
        return _moment(found, clock)
    if clock:
        raise DateError(f"{text} has a time but no day: {_FORMS}")
    return _whole(int(found[1]), found[3], found[4])


def _day_first(small: str) -> str | None:
    """A date with the year last, turned round where only one of its numbers can be the month."""
    found = _DAY_FIRST.fullmatch(small)
    if not found:
        return None
    one, other = int(found[1]), int(found[2])
    if one != other and max(one, other) <= _MONTHS_IN_A_YEAR:
        return None
    month, day = sorted((one, other))
    try:
        return datetime(int(found[3]), month, day, tzinfo=UTC).date().isoformat()
    except ValueError:
        return None


def _whole(year: int, month: str | None, day: str | None) -> Span:
    start = datetime(year, int(month or 1), int(day or 1), tzinfo=UTC)
    try:
        if day:
            return start, start + timedelta(days=1)
        if month and start.month < _MONTHS_IN_A_YEAR:
            return start, start.replace(month=start.month + 1)
        return start, start.replace(year=year + 1, month=1)
    except (ValueError, OverflowError):
        return start, None


def _moment(day: re.Match[str], written: str) -> Span:
    parts = _ZONE.fullmatch(written)
    clock = _CLOCK.fullmatch(parts["time"]) if parts else None
    if not parts or not clock:
        raise DateError(f"{written} is no time of day: write 10:30 or 10:30:15, with Z or +02:00 behind it")
    zone = (parts["zone"] or "z").replace("z", "+00:00")
    hour, minute, second = (int(one or 0) for one in clock.groups())
    bare = datetime(int(day[1]), int(day[3]), int(day[4]), hour, minute, second, tzinfo=UTC)
    start = bare - _offset(zone)
    step = timedelta(seconds=1) if clock[3] else timedelta(minutes=1) if clock[2] else timedelta(hours=1)
    return start, start + step


def _offset(zone: str) -> timedelta:
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def written(since: datetime | None, until: datetime | None) -> str:
    """A clause for the time from `since` and before `until`: `since:…`, `until:…`, or `date:…` with its last moment."""
    start = _start(since) if since else ""
    end = _end(until) if until else ""
    if start and end:
        return f"date:{start}" if start == end else f"date:{start}..{end}"
    return f"since:{start}" if start else f"until:{end}"


def _start(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    if (utc.hour, utc.minute, utc.second) == (0, 0, 0):
        return utc.date().isoformat()
    return _clocked(utc, "seconds" if utc.second else "minutes")


def _end(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    if (utc.hour, utc.minute, utc.second) == (0, 0, 0):
        return (utc.date() - timedelta(days=1)).isoformat()
    if utc.second:
        return _clocked(utc - timedelta(seconds=1), "seconds")
    return _clocked(utc - timedelta(minutes=1), "minutes")


def _clocked(utc: datetime, precision: str) -> str:
    return utc.replace(tzinfo=None, microsecond=0).isoformat(timespec=precision) + "Z"
