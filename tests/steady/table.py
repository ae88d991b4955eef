"""What a steady run came to, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.steady.trend import MEGABYTE, Line, Trend

HEAD = (
    f"{'process':<15}{'memory MB':>18}{'own MB':>18}{'own MB/h':>10}{'last half':>10}{'threads':>12}"
    f"{'files':>14}{'connections':>14}{'busy':>7}"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole run.

    Attributes:
        seconds: how long the load lasted, the warm-up included.
        warm_up: seconds that were left out.
        published: articles that were acknowledged, those that were pushed.
        pages: things that were done at the pages.
        trends: what each process did.
        lag_most: most articles that ever waited in the steady part.
        lag: what waited, as a line.
        accounts: what `wiredesk reconcile` found.
        findings: what is wrong, in words.
    """

    seconds: float
    warm_up: float
    published: int
    pages: int
    trends: Sequence[Trend]
    lag_most: int
    lag: Line
    accounts: dict[str, Any]
    findings: Sequence[str]


def lines(found: Outcome) -> Iterator[str]:
    """The table, what waited, what became of all articles, and what is wrong."""
    yield (
        f"{found.seconds / 60:,.1f} minutes, the first {found.warm_up / 60:,.1f} left out; "
        f"{found.published:,} articles pushed, {found.published / max(found.seconds, 1):,.1f}/s; "
        f"{found.pages:,} things done at the pages"
    )
    yield HEAD
    for one in found.trends:
        yield _row(one)
    yield f"waiting: at most {found.lag_most:,} articles, {found.lag.per_hour:+,.0f} an hour"
    names = ("read", "stored", "stale", "dead", "in_flight", "missing", "heartbeats")
    yield "accounts: " + ", ".join(f"{found.accounts.get(name, 0):,} {name.replace('_', ' ')}" for name in names)
    yield from (f"wrong: {one}" for one in found.findings)
    if not found.findings:
        yield "steady: nothing grows, and every article is accounted for"


def _row(one: Trend) -> str:
    return (
        f"{one.name:<15}{_memory(one.resident):>18}{_memory(one.own):>18}{one.own.per_hour / MEGABYTE:>+10,.1f}"
        f"{one.late.per_hour / MEGABYTE:>+10,.1f}"
        f"{_count(one.threads):>12}{_count(one.files):>14}{_count(one.connections):>14}{one.busy:>7.0%}"
    )


def _memory(found: Line) -> str:
    return f"{found.start / MEGABYTE:,.1f}..{found.end / MEGABYTE:,.1f}"


def _count(found: tuple[int, int, int]) -> str:
    least, most, grown = found
    return f"{least}..{most} {grown:+d}"


def write(found: Outcome, path: Path) -> None:
    """The same as JSON."""
    path.write_text(json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
