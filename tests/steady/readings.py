"""Reads the processes of a Wiredesk that runs: its own, and its servers."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import psutil

from tests.steady.trend import Reading

SERVERS = ("kafka", "elasticsearch")


def processes(data: Path, run: int) -> dict[str, int]:
    """The process of each part by its name, as the guards in a data folder tell; `run` is the command itself."""
    states = [*data.glob("workers/*.json"), *(data / "servers" / f"{name}.json" for name in SERVERS)]
    found = {path.stem: _served(path) for path in states}
    return {"run": run, **{name: number for name, number in sorted(found.items()) if number}}


def _served(state: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        number: int | None = json.loads(state.read_text(encoding="utf-8"))["server"]
        return number
    return None


def reading(process: int, at: float, *, is_ours: bool) -> Reading | None:
    """A process as it is now; none where it has just ended."""
    try:
        seen = psutil.Process(process)
        with seen.oneshot():
            memory, spent = seen.memory_info(), seen.cpu_times()
            return Reading(
                at=at,
                resident=memory.rss,
                own=seen.memory_full_info().uss if is_ours else memory.rss - memory.shared,
                threads=seen.num_threads(),
                files=seen.num_fds(),
                connections=len(seen.net_connections("inet")),
                busy=spent.user + spent.system,
                process=process,
            )
    except psutil.NoSuchProcess:
        return None


class Notes:
    """Readings of all parts, as they are taken.

    Args:
        data: the data folder.
        run: the process of `wiredesk run`.
    """

    def __init__(self, data: Path, run: int) -> None:
        self._data, self._run = data, run
        self.readings: dict[str, list[Reading]] = {}

    def take(self, at: float) -> None:
        """Reads every part, so many seconds after the load began."""
        for name, number in processes(self._data, self._run).items():
            if found := reading(number, at, is_ours=name not in SERVERS):
                self.readings.setdefault(name, []).append(found)
