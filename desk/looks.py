"""The last looks at a source, for people: when, what the server said, how much came, and what failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # these take longer to import than `--help` may take
    from schemas.health import Look, SourceHealth

_HEADING = f"{'look (UTC)':<14}{'status':>6}{'bytes':>12}{'listed':>8}{'new':>6}{'refused':>9}{'seconds':>9}"


def lines(health: SourceHealth) -> Iterator[str]:
    """The looks that are kept, the newest first; before them what the source is waiting for, where it fails."""
    if health.error and health.next_look:
        yield f"{health.state}: {health.stage}: {health.error}; {next_try(health.next_look, health.looked_at)}"
    if health.moved > 1 and health.moved_to:
        yield f"it moved for good, told {health.moved:,} times in a row: use {health.moved_to}"
    if health.looks:
        yield _HEADING
    yield from map(_line, reversed(health.looks))


def data(health: SourceHealth) -> dict[str, Any]:
    """The same for programs."""
    return health.model_dump(mode="json", include={"state", "next_look", "moved_to", "moved", "looks"})


def next_try(at: datetime, since: datetime | None = None) -> str:
    """When a source that fails is asked again, with the day where that is another."""
    is_today = since is not None and since.date() == at.date()
    return f"next try {at:%H:%M} UTC" if is_today else f"next try {at:%Y-%m-%d %H:%M} UTC"


def _line(look: Look) -> str:
    counts = f"{look.status or '-':>6}{look.bytes:>12,}{look.discovered:>8,}{look.new:>6,}{look.refused:>9,}"
    failed = f"  {look.stage}: {look.error}" if look.error else ""
    return f"{look.at:%m-%d %H:%M}   {counts}{look.seconds:>9.1f}{failed}"
