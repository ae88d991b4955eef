"""What readings over time say: lines through them, and whether anything grows without end."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MEGABYTE = 2**20
# How much of its memory a process may gain over the steady part, and how little is not counted at all. The servers are
# virtual machines that first use their heap bit by bit, and keep a table for each file of the index.
OURS, SERVERS = 0.10, 0.25
LITTLE_MEMORY = 8 * MEGABYTE
LITTLE_COUNT = {True: 3, False: 50}
BEHIND_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One process at one moment.

    Attributes:
        at: seconds since the load began.
        resident: bytes of memory it holds, files that it maps included.
        own: bytes that would be free if it ended; of a server, those that are not files.
        threads, files, connections: how many it has.
        busy: seconds of processor time it has used.
        process: its number.
    """

    at: float
    resident: int
    own: int
    threads: int
    files: int
    connections: int
    busy: float
    process: int


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through values over seconds: at the start of them, at their end, and by the hour."""

    start: float
    end: float
    per_hour: float

    @property
    def rise(self) -> float:
        """From start to end."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Trend:
    """One process over the steady part; counts as (least, most, growth), and `late` the last half of `own`."""

    name: str
    is_ours: bool
    resident: Line
    own: Line
    late: Line
    threads: tuple[int, int, int]
    files: tuple[int, int, int]
    connections: tuple[int, int, int]
    busy: float
    restarts: int


def line(at: Sequence[float], values: Sequence[float]) -> Line:
    """The line of least squares; a flat one where there are not two moments."""
    if len(set(at)) < 2:
        level = float(values[-1])
        return Line(level, level, 0.0)
    slope, level = statistics.linear_regression(at, values)
    return Line(level + slope * at[0], level + slope * at[-1], slope * 3600)


def growth(values: Sequence[int]) -> int:
    """How much higher the last third lies than the first, by their medians: what comes and goes is none."""
    third = max(1, len(values) // 3)
    return round(statistics.median(values[-third:]) - statistics.median(values[:third]))


def steady(readings: Sequence[Reading], warm_up: float) -> list[Reading]:
    """The readings after the warm-up; all of them where none is."""
    return [one for one in readings if one.at >= warm_up] or list(readings)


def trend(name: str, readings: Sequence[Reading], *, is_ours: bool) -> Trend:
    """What a process did while it was read."""
    at = [one.at for one in readings]
    spent = readings[-1].busy - readings[0].busy
    return Trend(
        name=name,
        is_ours=is_ours,
        resident=line(at, [one.resident for one in readings]),
        own=line(at, [one.own for one in readings]),
        late=line(at[len(at) // 2 :], [one.own for one in readings[len(at) // 2 :]]),
        threads=_count([one.threads for one in readings]),
        files=_count([one.files for one in readings]),
        connections=_count([one.connections for one in readings]),
        busy=spent / (at[-1] - at[0]) if at[-1] > at[0] else 0.0,
        restarts=len({one.process for one in readings}) - 1,
    )


def _count(values: Sequence[int]) -> tuple[int, int, int]:
    return min(values), max(values), growth(values)


def findings(found: Trend) -> list[str]:
    """What is wrong with a process, each in words; none where it is steady."""
    told = [f"{found.name} was started anew {found.restarts} times"] if found.restarts else []
    share = OURS if found.is_ours else SERVERS
    if found.own.rise > max(share * found.own.start, LITTLE_MEMORY):
        told.append(
            f"{found.name} grows: {found.own.start / MEGABYTE:,.0f} MB to {found.own.end / MEGABYTE:,.0f} MB, "
            f"{found.own.per_hour / MEGABYTE:+,.1f} MB/h, in the last half {found.late.per_hour / MEGABYTE:+,.1f}"
        )
    for what, (least, _, grown) in _counts(found).items():
        if grown > max(share * least, LITTLE_COUNT[found.is_ours]):
            told.append(f"{found.name} has {grown} more {what} at the end than at the start")
    return told


def _counts(found: Trend) -> dict[str, tuple[int, int, int]]:
    return {"threads": found.threads, "files": found.files, "connections": found.connections}


def behind(at: Sequence[float], lag: Sequence[int], rate: float) -> list[str]:
    """Whether what waits grows by more than half a minute of the load."""
    if not lag:
        return ["what waits was never told"]
    found = line(at, lag)
    if found.rise > BEHIND_SECONDS * rate:
        return [f"what waits grows: {found.start:,.0f} to {found.end:,.0f} articles"]
    return []
