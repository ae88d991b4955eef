"""When to look at a source again, and how it fares: from what was known and one look to what is known now.

Pure: *now* is the look's own time, and the jitter comes from the source's name and that time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Literal

from producers.fetched import Hardness
from schemas.health import Day, Look, SourceHealth, SourceState
from schemas.source import SourceSpec

Anomaly = Literal["burst", "drop"]

SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(days=1)
STOPPED_AFTER = timedelta(days=14)
STOPPED_EVERY = timedelta(days=7)
SCORES: Mapping[Hardness, float] = {"hard": 1, "soft": 0.5, "temporary": 0.25}

_LOOKS, _DAYS = 20, 15
_SLOWER, _FASTER = 1.5, 0.5
_MOSTLY_NEW = 0.5
_JITTER = 0.1
_QUIET_GAPS, _LEAST_QUIET = 4, timedelta(days=1)
_USUAL_DAYS, _UNUSUAL, _FEW = 3, 4, 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a look that could read the source.

    `known` were published before, `undated` have no date that holds, `newest` is the newest date among them. `wait` is
    how long the source asks to be left alone.
    """

    look: Look
    known: int = 0
    fetched: int = 0
    undelivered: int = 0
    undated: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    newest: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    hub: str | None = None
    hub_topic: str | None = None
    wait: timedelta = timedelta(0)


def first(spec: SourceSpec) -> SourceHealth:
    """What is known of a source that was never looked at: it is due at once."""
    return SourceHealth(source=spec.name, interval=_every(spec), every=_every(spec))


def due(health: SourceHealth, spec: SourceSpec, now: datetime) -> datetime:
    """When to look next. A shorter `every` than the last look knew counts at once."""
    if health.next_look is None or health.looked_at is None:
        return now
    if health.failures or not _is_shorter(health, spec):
        return health.next_look
    return min(health.next_look, health.looked_at + timedelta(seconds=_every(spec)))


def succeeded(health: SourceHealth, outcome: Outcome, spec: SourceSpec) -> SourceHealth:
    """After a look that could read the source: sooner when most was new, later when nothing was."""
    look = outcome.look
    so_far = _every(spec) if _is_shorter(health, spec) else health.interval
    interval = _interval(so_far, look, _every(spec))
    wait = max(timedelta(seconds=interval), min(outcome.wait, LONGEST))
    moved = outcome.moved_to is not None and outcome.moved_to == health.moved_to
    counted = _counted(health, outcome)
    return counted.model_copy(
        update={
            "state": _state(counted, look.at),
            "interval": interval,
            "every": _every(spec),
            "next_look": _next(look.at, wait, spec.name),
            "looked_at": look.at,
            "succeeded_at": look.at,
            "failing_since": None,
            "failures": 0.0,
            "error": None,
            "stage": None,
            "etag": outcome.etag,
            "last_modified": outcome.last_modified,
            "moved_to": outcome.moved_to,
            "moved": health.moved + 1 if moved else int(outcome.moved_to is not None),
            "hub": outcome.hub or health.hub,
            "hub_topic": outcome.hub_topic if outcome.hub else health.hub_topic,
            "looks": (*health.looks, look)[-_LOOKS:],
        }
    )


def failed(
    health: SourceHealth, look: Look, spec: SourceSpec, hardness: Hardness, *, is_refused: bool, wait: float = 0
) -> SourceHealth:
    """After a look that failed: twice as late for each whole failure, never later than `LONGEST`.

    After `STOPPED_AFTER` of nothing but failures it is stopped: looked at every `STOPPED_EVERY`, and back by itself
    when that succeeds. `is_refused` says that the source does not want us (robots.txt, 401, 403, 451).
    """
    failures = health.failures + SCORES[hardness]
    since = health.failing_since or look.at
    is_stopped = look.at - since >= STOPPED_AFTER
    backoff = min(_every(spec) * 2.0 ** min(failures, 20), LONGEST.total_seconds())
    pause = STOPPED_EVERY if is_stopped else timedelta(seconds=max(backoff, min(wait, LONGEST.total_seconds())))
    state: SourceState = "stopped" if is_stopped else "blocked" if is_refused else "failing"
    return health.model_copy(
        update={
            "state": state,
            "next_look": _next(look.at, pause, spec.name),
            "looked_at": look.at,
            "failing_since": since,
            "failures": failures,
            "error": look.error,
            "stage": look.stage,
            "looks": (*health.looks, look)[-_LOOKS:],
        }
    )


def anomaly(health: SourceHealth, now: datetime) -> Anomaly | None:
    """Whether today brought far more than this source's usual day, or yesterday far less.

    None where too little is known to say.
    """
    counts = {one.day: one.published for one in health.days}
    today = now.date()
    if not counts or (today - min(counts)).days <= _USUAL_DAYS:
        return None
    first_day = max(min(counts), today - timedelta(days=_DAYS - 1))
    before = [counts.get(first_day + timedelta(days=n), 0) for n in range((today - first_day).days)]
    usual = median(before[:-1] or before)
    if counts.get(today, 0) > _UNUSUAL * usual + _FEW:
        return "burst"
    return "drop" if usual >= _FEW and before[-1] < usual / _UNUSUAL else None


def _every(spec: SourceSpec) -> float:
    return max(spec.interval, SHORTEST).total_seconds()


def _is_shorter(health: SourceHealth, spec: SourceSpec) -> bool:
    """Whether the entry asks for more looks than it did at the last one."""
    return health.every is not None and _every(spec) < health.every


def _interval(before: float, look: Look, every: float) -> float:
    if look.new == 0:
        wanted = before * _SLOWER
    else:
        wanted = before * _FASTER if look.new >= _MOSTLY_NEW * look.discovered else before
    return min(max(wanted, every), max(LONGEST.total_seconds(), every))


def _next(at: datetime, wait: timedelta, name: str) -> datetime:
    """Up to a tenth later than asked, so that sources that were added together do not stay together."""
    drawn = hashlib.blake2b(f"{name}\x00{at.isoformat()}".encode(), digest_size=4).digest()
    seconds = wait.total_seconds() * (1 + _JITTER * int.from_bytes(drawn, "big") / 2**32)
    return at + timedelta(milliseconds=ceil(1000 * seconds))


def _counted(health: SourceHealth, outcome: Outcome) -> SourceHealth:
    look = outcome.look
    refused = {
        reason: health.refused.get(reason, 0) + outcome.refused.get(reason, 0)
        for reason in {*health.refused, *outcome.refused}
    }
    newest = max(filter(None, (health.newest, outcome.newest)), default=None)
    return health.model_copy(
        update={
            "discovered": health.discovered + look.discovered,
            "known": health.known + outcome.known,
            "fetched": health.fetched + outcome.fetched,
            "published": health.published + look.published,
            "undelivered": health.undelivered + outcome.undelivered,
            "refused": dict(sorted(refused.items())),
            "undated": health.undated + outcome.undated,
            "newest": newest,
            **_rhythm(health, look),
        }
    )


def _rhythm(health: SourceHealth, look: Look) -> dict[str, object]:
    """When the last new articles came, the usual gap between two, and the days' counts."""
    if not look.published:
        return {}
    gap = health.gap
    if health.published_at:
        seen = (look.at - health.published_at).total_seconds() / look.published
        gap = seen if gap is None else 0.8 * gap + 0.2 * seen
    days = {one.day: one.published for one in health.days}
    today = look.at.date()
    days[today] = days.get(today, 0) + look.published
    kept = sorted(days.items())[-_DAYS:]
    return {
        "published_at": look.at,
        "gap": gap,
        "days": tuple(Day(day=day, published=published) for day, published in kept),
    }


def _state(health: SourceHealth, now: datetime) -> SourceState:
    """`quiet` after four times the source's own usual gap without anything new: quiet is not broken."""
    if health.published_at is None or health.gap is None:
        return "ok"
    limit = max(timedelta(seconds=_QUIET_GAPS * health.gap), _LEAST_QUIET)
    return "quiet" if now - health.published_at > limit else "ok"
