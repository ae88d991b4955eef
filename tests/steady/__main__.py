"""`python -m tests.steady`: everything together under a steady load for an hour, and whether anything grows.

`wiredesk run` is started whole in a folder of its own on free ports: servers, enricher, sink, collector, pages,
heartbeat, accounting. Articles of about 4 KB are pushed, a feed has new ones every minute, and somebody is at the
pages. Every ten seconds each process is read: memory (all of it, and what is its own alone), threads, open files,
connections. The first sixth of the time, ten minutes at most, is left out. Then these are findings, exit code 1:

- a process of ours gains more than 10 % of its own memory, by the line through its readings, and over 8 MB; a server
  more than 25 %, as its heap is first used bit by bit;
- threads, open files or connections of ours grow by more than 10 % and over 3, of a server by more than 25 % and
  over 50, from the median of the first third to that of the last;
- what waits grows by more than what comes in half a minute;
- a process was started anew, outlives the stop, or `wiredesk run` does not end with 0;
- articles or pages were refused;
- `wiredesk reconcile` misses an article, or finds fewer than were pushed.

A run of a few minutes tries the tool: what it finds to grow is often no more than the warm-up.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.steady.house import House, housed
from tests.steady.load import Pushed, Reader, Repeating, endless_feed
from tests.steady.readings import SERVERS, Notes
from tests.steady.table import Outcome, lines, write
from tests.steady.trend import Trend, behind, findings, line, steady, trend
from tests.web import Site

EVERY_SECONDS = 10.0
WARM_UP_SECONDS = 600.0
PAGE_SECONDS = 4.0
DRAIN_SECONDS = 180.0


def main() -> int:
    """Runs, prints and writes; 1 when something is found."""
    parser = argparse.ArgumentParser(prog="python -m tests.steady", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60, help="how long the load lasts (60)")
    parser.add_argument("--rate", type=int, default=20, help="articles a second (20)")
    parser.add_argument("--json", type=Path, help="file for the table")
    given = parser.parse_args()
    with Site() as site, housed(endless_feed(site), minutes=min(10.0, given.minutes / 5)) as house:
        found = Run(house, given.minutes * 60, given.rate).outcome()
    for one in lines(found):
        print(one)
    if given.json:
        write(found, given.json)
    if found.findings:
        print(f"logs and data: {house.data}")
        return 1
    house.remove()
    return 0


class Run:
    """One run of so many seconds."""

    def __init__(self, house: House, seconds: float, rate: int) -> None:
        self._house, self._seconds, self._rate = house, seconds, rate
        self._warm_up = min(WARM_UP_SECONDS, seconds / 6)
        self._notes = Notes(house.data, house.process.pid)
        self._reader = Reader(house.address)
        self._pushed = Pushed(house.push_port, house.push_token, rate)
        self._load = [Repeating("push", 1.0, self._pushed), Repeating("reader", PAGE_SECONDS, self._reader)]
        self._lag: list[tuple[float, int]] = []
        self._wrong: list[str] = []

    def outcome(self) -> Outcome:
        """Loads, reads, accounts and stops."""
        began = time.monotonic()
        for one in self._load:
            one.start()
        self._every(EVERY_SECONDS, began + self._seconds, lambda: self._take(time.monotonic() - began))
        for one in self._load:
            one.stop()
            self._wrong += one.findings
        lasted = time.monotonic() - began
        accounts = self._accounts()
        self._stopped()
        return self._told(lasted, accounts)

    def _every(self, seconds: float, until: float, act: Callable[[], None]) -> None:
        try:
            while time.monotonic() < until and self._house.process.poll() is None:
                act()
                time.sleep(seconds)
        except KeyboardInterrupt:
            self._wrong.append("it was interrupted: what was read until then is told")

    def _take(self, at: float) -> None:
        self._notes.take(at)
        try:
            self._lag.append((at, self._waiting()))
        except (OSError, ValueError) as error:
            self._wrong.append(f"the facts were not told after {at:.0f} s: {error}")

    def _waiting(self) -> int:
        return sum(stage["lag"] for stage in self._reader.facts()["stages"].values())

    def _accounts(self) -> dict[str, int]:
        """What is accounted for, once nothing is on its way any more."""
        deadline = time.monotonic() + DRAIN_SECONDS
        with contextlib.suppress(OSError, ValueError):  # what the accounts then say is what counts
            while time.monotonic() < deadline and self._waiting():
                time.sleep(1)
        found = self._house.accounts()
        if not found or found["missing"] or found["in_flight"]:
            self._wrong.append(f"not all is accounted for: {found or 'wiredesk reconcile said nothing'}")
        elif found["stored"] + found["stale"] + found["dead"] < self._pushed.taken:
            self._wrong.append(f"{self._pushed.taken:,} articles were taken, and fewer are accounted for")
        return {name: value for name, value in found.items() if isinstance(value, int)}

    def _stopped(self) -> None:
        last = [readings[-1].process for readings in self._notes.readings.values()]
        alive = [one for one in last if psutil.pid_exists(one)]
        code = self._house.stop()
        if code:
            self._wrong.append(f"wiredesk run ended with {code}: read run.log")
        left = [str(one) for one in alive if psutil.pid_exists(one) and one != self._house.process.pid]
        if left:
            self._wrong.append(f"after the stop there are still processes {', '.join(left)}")

    def _told(self, lasted: float, accounts: dict[str, int]) -> Outcome:
        trends: list[Trend] = []
        for name, readings in self._notes.readings.items():
            trends.append(trend(name, steady(readings, self._warm_up), is_ours=name not in SERVERS))
        late = [(at, lag) for at, lag in self._lag if at >= self._warm_up] or [(0.0, 0)]
        at, lag = [one for one, _ in late], [one for _, one in late]
        grown = [words for one in trends for words in findings(one)]
        return Outcome(
            seconds=lasted,
            warm_up=self._warm_up,
            published=self._pushed.taken,
            pages=self._load[1].done,
            trends=trends,
            lag_most=max(lag),
            lag=line(at, lag),
            accounts=accounts,
            findings=[*self._wrong, *grown, *behind(at, lag, self._rate)],
        )


if __name__ == "__main__":
    sys.exit(main())
