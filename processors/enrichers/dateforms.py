"""The forms in which a date is written, and everything that each of them can mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from processors.enrichers.clock import Clock, clock_of, offset, take_time
from processors.enrichers.monthnames import fold, with_month_numbers
from schemas.article import Precision

Order = Literal["dmy", "mdy"]

LONGEST_DATE: Final = 200
_PARTS: Final[tuple[Precision, ...]] = ("year", "month", "day", "hour", "minute", "second")
_LEAST: Final = (1, 1, 1, 0, 0, 0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ISO: Final = re.compile(
    r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"(?:(?:t|\s+|\s*,\s*|(?<=\d{8}))(?P<hour>\d\d)"
    r"(?:(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)(?:[.,]\d{1,12})?)?)?"
    r"\s?(?P<zone>[a-z]{1,5}|(?:utc|gmt)?[+\u2212-]\d\d?(?::?\d\d)?)?)?"
)
_ISO_WEEK: Final = re.compile(r"(\d{4})-?w(\d\d)-?([1-7])")
_ISO_ORDINAL: Final = re.compile(r"(\d{4})-(\d{3})")
_EPOCH_FORM: Final = re.compile(r"(\d{9,10})(?:\.\d+)?|(\d{12,13})(?:\.\d+)?|(\d{16})")
_READING_TIME: Final = re.compile(
    r"\b\d{1,3}[\s-]?min(?:ut\w*)?\.?\s(?:de )?(?:read|lesezeit|lecture|lectura|leitura|lettura)\b"
)
_ZONE_NAME: Final = re.compile(r"\[[^\]]*\]\s*$")

_GAP: Final = r"[\s,./'\u2019\u2010-\u2014-]*"
_JOIN: Final = rf"{_GAP}(?:\b(?:de|del|of|di|do|the|ta|ngay|nam|tahun|m)\b)?{_GAP}"
_DAY: Final = r"(?<![\d@])(?P<day>\d{1,2})(?:st|nd|rd|th|er|re|e|ος|η|го|-го|-е)?(?![\d:@])(?:\s?\.)?"
_YEAR: Final = r"(?<![\d@])(?P<year>\d{4}|(?<=['\u2019])\d\d)(?![\d:])"
_WORDED: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_DAY}{_JOIN}@(?P<month>\d{{1,2}})(?!\d){_JOIN}{_YEAR}",
        rf"@(?P<month>\d{{1,2}})(?!\d){_JOIN}{_DAY}{_JOIN}{_YEAR}",
        rf"{_YEAR}{_JOIN}@(?P<month>\d{{1,2}})(?!\d){_JOIN}{_DAY}",
        rf"{_DAY}{_JOIN}@(?P<month>\d{{1,2}})(?!\d){_JOIN}(?P<year>\d\d)(?![\d:])",
        rf"@(?P<month>\d{{1,2}})(?!\d){_JOIN}{_YEAR}",
        rf"{_YEAR}{_JOIN}@(?P<month>\d{{1,2}})(?!\d)",
    )
)
_YEAR_FIRST: Final = tuple(
    re.compile(form)
    for form in (
        r"(?<!\d)(?P<year>\d{4})\s?[年년]\s?(?P<month>\d{1,2})\s?[月월](?:\s?(?P<day>\d{1,2})\s?[日일])?",
        r"(?<![\d./-])(?P<year>\d{4})(?P<mark>\s?[./-])\s?(?P<month>\d{1,2})(?P=mark)\s?(?P<day>\d{1,2})(?![\d/-])",
        r"(?<![\d./-])(?P<year>\d{4})\s?[./-]\s?(?P<month>\d{1,2})(?![\d/.-])",
    )
)
_YEAR_LAST: Final = re.compile(r"(?<![\d./-])(\d{1,2})(\s?[./-]|\s)\s?(\d{1,2})\2\s?(\d{4}|\d\d)(?![\d/-])")
_MONTH_YEAR: Final = re.compile(r"(?<![\d./-])(?P<month>\d{1,2})\s?[./-]\s?(?P<year>\d{4})(?![\d/-])")
_YEAR_ALONE: Final = re.compile(r"[\W_]*(?P<year>\d{4})(?:\s?(?:г|года|年|년))?[\W_]*")
_WEEKDAY_LIKE_MARCH: Final = re.compile(r"@3(?!\d)(?=[\s.,]+\d{1,2}[\s.]+(?:de )?@)")
_ERA: Final = re.compile(r"(令和|平成|民國|民国)\s?(\d{1,3}|元)\s?年")
_ERAS: Final = {"令和": 2018, "平成": 1988, "民國": 1911, "民国": 1911}
_BUDDHIST: Final = range(2500, 2700)
_BUDDHIST_AHEAD: Final = 543


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in UTC, known to `precision`: what is finer than that is at its least value."""

    at: datetime
    precision: Precision

    def within(self, coarse: Moment) -> bool:
        """Whether this is the same moment as `coarse`, or lies in it and is stated more precisely."""
        return _PARTS.index(self.precision) >= _PARTS.index(coarse.precision) and self.cut(coarse.precision) == coarse

    def cut(self, precision: Precision) -> Moment:
        """This moment as far as `precision`, which is no finer than its own."""
        kept = _PARTS.index(precision) + 1
        year, month, day, hour, minute, second = (*self.at.timetuple()[:kept], *_LEAST[kept:])
        return Moment(datetime(year, month, day, hour, minute, second, tzinfo=UTC), precision)


def readings(text: str, order: Order | None = None, language: str | None = None) -> tuple[Moment, ...]:
    """Every moment that `text` can mean; none where it is no date, or holds several.

    Args:
        text: A date as a source wrote it, with or without words around it.
        order: How the source orders a date in numbers, where that is certain.
        language: The language that names of months are in, where that is known.
    """
    if len(text) > LONGEST_DATE:
        return ()
    folded = _ZONE_NAME.sub("", fold(text)).strip(" \t\r\n\"'")
    exact = tuple(_exact(folded))
    return tuple(dict.fromkeys(exact or _written(folded, order, language)))


def agreement(moments: tuple[Moment, ...]) -> Moment | None:
    """What all of `moments` agree on: the day, the month or the year; None where not even that."""
    for precision in reversed(_PARTS):
        if all(_PARTS.index(moment.precision) >= _PARTS.index(precision) for moment in moments):
            cut = {moment.cut(precision) for moment in moments}
            if len(cut) == 1:
                return cut.pop()
    return None


def _exact(text: str) -> Iterator[Moment]:
    """ISO 8601 in its calendar, week and ordinal forms, and seconds, milli- or microseconds since 1970."""
    if match := _ISO.fullmatch(text):
        yield from _iso(match)
    if match := _EPOCH_FORM.fullmatch(text):
        seconds, milliseconds, microseconds = match.groups()
        if seconds or milliseconds or microseconds:
            whole = int(seconds or 0) + int(milliseconds or 0) // 1000 + int(microseconds or 0) // 1_000_000
            yield Moment(_EPOCH + timedelta(seconds=whole), "second")
    if match := _ISO_WEEK.fullmatch(text):
        yield from _strptime("-".join(match.groups()), "%G-%V-%u")
    if match := _ISO_ORDINAL.fullmatch(text):
        yield from _strptime("-".join(match.groups()), "%Y-%j")


def _iso(match: re.Match[str]) -> Iterator[Moment]:
    parts = match.groupdict()
    zone = offset(parts["zone"])
    clock = clock_of(parts, zone) if parts["hour"] and zone else None
    yield from _moment(int(parts["year"]), int(parts["month"]), int(parts["day"]), clock)


def _strptime(text: str, form: str) -> Iterator[Moment]:
    try:
        yield Moment(datetime.strptime(text, form).replace(tzinfo=UTC), "day")
    except ValueError:
        return


def _written(text: str, order: Order | None, language: str | None) -> Iterator[Moment]:
    text = _READING_TIME.sub(" ", _ERA.sub(_western_year, text))
    for numbered in with_month_numbers(text, language):
        rest, clock = take_time(_WEEKDAY_LIKE_MARCH.sub(" ", numbered))
        yield from _calendar(rest, clock, order)


def _western_year(match: re.Match[str]) -> str:
    year = 1 if match.group(2) == "元" else int(match.group(2))
    return f"{_ERAS[match.group(1)] + year}年"


def _calendar(text: str, clock: Clock | None, order: Order | None) -> Iterator[Moment]:
    for form in (*_WORDED, *_YEAR_FIRST):
        if match := form.search(text):
            if not _numbers_besides(match, text):
                yield from _named(match, clock)
            return
    if match := _YEAR_LAST.search(text):
        if not _numbers_besides(match, text):
            yield from _year_last(match, clock, order)
        return
    lone = _MONTH_YEAR.search(text) or _YEAR_ALONE.fullmatch(text)
    if lone and not clock and not _numbers_besides(lone, text):
        yield from _named(lone, None)


def _numbers_besides(match: re.Match[str], text: str) -> bool:
    """Whether more numbers or months stand around the date: then it is not the only one, or not what it seems."""
    return re.search(r"[\d@]", text[: match.start()] + text[match.end() :]) is not None


def _named(match: re.Match[str], clock: Clock | None) -> Iterator[Moment]:
    parts = match.groupdict()
    month, day = parts.get("month"), parts.get("day")
    year = _full_year(parts["year"])
    yield from _moment(year, int(month) if month else None, int(day) if day else None, clock)


def _year_last(match: re.Match[str], clock: Clock | None, order: Order | None) -> Iterator[Moment]:
    """Day, month and year, or month, day and year; a year of two digits may also stand first."""
    first, mark, second, last = match.group(1), match.group(2).strip(), match.group(3), match.group(4)
    year = _full_year(last)
    day_first = tuple(_moment(year, int(second), int(first), clock))
    month_first = tuple(_moment(year, int(first), int(second), clock))
    if order and (known := day_first if order == "dmy" else month_first):
        yield from known
        return
    yield from (*day_first, *month_first)
    if len(last) == 2 and mark != ".":
        yield from _moment(_full_year(first), int(second), int(last), clock)


def _full_year(written: str) -> int:
    year = int(written)
    if len(written) <= 2:
        return year + (2000 if year < 70 else 1900)
    return year - _BUDDHIST_AHEAD if year in _BUDDHIST else year


def _moment(year: int, month: int | None, day: int | None, clock: Clock | None) -> Iterator[Moment]:
    if month == 0 and day:  # 2024-00-10; without a day, a month or day of 0 is one that is left open
        return
    try:
        local = datetime(year, month or 1, day or 1, tzinfo=UTC)
        if not (clock and day):
            yield Moment(local, "day" if day else "month" if month else "year")
            return
        since_midnight = timedelta(hours=clock.hour, minutes=clock.minute or 0, seconds=clock.second or 0)
        yield Moment((local.replace(tzinfo=clock.zone) + since_midnight).astimezone(UTC), _finest(clock))
    except (ValueError, OverflowError):
        return


def _finest(clock: Clock) -> Precision:
    if clock.minute is None:
        return "hour"
    return "minute" if clock.second is None else "second"
