"""The forms in which a date is written, and what each of them can mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from schemas.article import Precision

LONGEST_DATE: Final = 200

_ISO: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:[T ]+(?P<hour>\d\d)(?::?(?P<minute>\d\d)"
    r"(?::?(?P<second>\d\d)(?:[.,]\d+)?)?)? ?(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in UTC, known to `precision`: what is finer than that is at its least value."""

    at: datetime
    precision: Precision


def readings(text: str) -> tuple[Moment, ...]:
    """Every moment that `text` can mean; none where it is no date."""
    found = _iso(text.strip()) if len(text) <= LONGEST_DATE else None
    return (found,) if found else ()


def _iso(text: str) -> Moment | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    parts = match.groupdict()
    precision: Precision = "month"
    names: tuple[Precision, ...] = ("day", "hour", "minute", "second")
    for name in names:
        precision = name if parts[name] else precision
    numbers = [int(parts[name] or least) for name, least in _LEAST]
    try:
        local = datetime(*numbers, tzinfo=_zone(parts["zone"]))  # type: ignore[arg-type,misc]
        return Moment(local.astimezone(UTC), precision)
    except (ValueError, OverflowError):
        return None


_LEAST: Final = (("year", 1), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))


def _zone(written: str | None) -> timezone:
    if not written or written[0] not in "+-":
        return UTC
    digits = written[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if written[0] == "-" else offset)
