"""The time of day and the time zone that stand beside a date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from typing import Final

# Hours east of UTC. Abbreviations that mean several zones (BST, IST, CST in Asia) are left out: they date to the day.
_ZONES: Final = {
    "z": 0, "utc": 0, "gmt": 0, "ut": 0, "wet": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7, "brt": -3, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "west": 1, "eet": 2, "eest": 3, "msk": 3,
    "мск": 3, "sast": 2, "eat": 3, "wat": 1, "pkt": 5, "wib": 7, "hkt": 8, "sgt": 8, "jst": 9, "kst": 9, "aest": 10,
    "aedt": 11, "awst": 8, "nzst": 12, "nzdt": 13,
}  # fmt: skip
_UNSURE_ZONES: Final = frozenset("bst ist et pt ct mt ast adt local".split())
_OFFSET: Final = r"[+\u2212-]\s?\d{1,2}(?::?\d{2})?"
_ZONE: Final = rf"(?:\s*\(?(?P<zone>(?:utc|gmt)\s?{_OFFSET}|{_OFFSET}|[a-z]+/[a-z_]+|[^\W\d_]{{1,5}})(?![^\W_])\)?)?"
_TIMES: Final = tuple(
    re.compile(form + _ZONE)
    for form in (
        r"(?<![\d@.])(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?(?:\s*(?P<half>[ap]\.?\s?m)\b\.?)?",
        r"(?<![\d@.:])(?P<hour>\d{1,2})(?:[.](?P<minute>\d{2}))?\s*(?P<half>[ap]\.?\s?m)\b\.?",
        r"(?<![\d@.:])(?P<hour>\d{1,2})\s?h(?:\s?(?P<minute>\d{2}))?(?:min)?\b",
        r"(?<![\d@.:])(?P<hour>\d{1,2})(?:[.](?P<minute>\d{2}))?\s?uhr\b",
        r"(?<![\d@.:])(?P<hour>\d{1,2})[.](?P<minute>\d{2})(?=\s(?:gmt|bst|utc|cet|cest|est|edt)\b)",
        r"(?<![\d@.:])(?P<hour>\d{2})(?P<minute>\d{2})(?=\s?(?:gmt|utc|z)\b)",
        r"(?<=\d{4})[,\s]\s?(?P<hour>\d{1,2})[.](?P<minute>\d{2})(?![.\d])",
        r"\b(?:kl|klo|kello|godz|ore|alle ore|um)\.?\s(?P<hour>\d{1,2})[.](?P<minute>\d{2})(?![.\d])",
        r"(?<![\d@.:])(?P<hour>\d{1,2})\s?[時时시点]\s?(?:(?P<minute>\d{1,2})\s?[分분])?\s?(?:(?P<second>\d{1,2})\s?[秒초])?",
    )
)
_HALF_BEFORE: Final = re.compile(r"(上午|午前|오전|am|下午|午後|오후|pm)\s*(?=\d{1,2}\s?[:時时시点])")
_AFTERNOON: Final = frozenset({"下午", "午後", "오후", "pm"})


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as far as it is stated; `zone` is UTC where none is named."""

    hour: int
    minute: int | None
    second: int | None
    zone: timezone


def take_time(text: str) -> tuple[str, Clock | None]:
    """Folded `text` without its first time of day, and that time: None where none stands, or its zone is doubtful."""
    before = _HALF_BEFORE.search(text)
    text = _HALF_BEFORE.sub(" ", text)
    match = next(filter(None, (form.search(text) for form in _TIMES)), None)
    if not match:
        return text, None
    parts = match.groupdict()
    half = parts.get("half") or ("pm" if before and before.group(1) in _AFTERNOON else "am" if before else None)
    end = match.end()
    zone = offset(parts["zone"])
    if not zone and parts["zone"] and parts["zone"] not in _UNSURE_ZONES and "/" not in parts["zone"]:
        end, zone = match.start("zone"), UTC
    rest = f"{text[: match.start()]} {text[end:]}"
    return rest, clock_of(parts, zone, half) if zone else None


def offset(zone: str | None) -> timezone | None:
    """The zone that a name or an offset from UTC means: UTC where nothing is named, None where it is unknown."""
    name = (zone or "utc").replace("\u2212", "-").replace(" ", "").casefold()
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name])) if _ZONES[name] else UTC
    match = re.fullmatch(r"(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?", name)
    if not match:
        return None
    apart = timedelta(hours=int(match.group(2)), minutes=int(match.group(3) or 0))
    return timezone(-apart if match.group(1) == "-" else apart) if apart < timedelta(hours=15) else None


def clock_of(parts: dict[str, str | None], zone: timezone, half: str | None = None) -> Clock | None:
    """The time of day that digits for `hour`, `minute`, `second` give, `half` being am or pm; None if there is none."""
    hour, minute, second = (int(parts.get(name) or "-1") for name in ("hour", "minute", "second"))
    hour = _of_24(hour, half)
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and max(minute, second) > 0):
        return None
    return Clock(hour, None if minute < 0 else minute, None if second < 0 else min(second, 59), zone)


def _of_24(hour: int, half: str | None) -> int:
    if not half or hour > 12:
        return hour
    return hour % 12 + (12 if half.startswith("p") else 0)
