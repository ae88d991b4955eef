"""What a steady run makes of its readings: the fit, the verdict and the table."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steady.load import Repeating
from tests.steady.readings import Notes, processes, reading
from tests.steady.table import Outcome, lines, write
from tests.steady.trend import MEGABYTE, Line, Reading, behind, findings, growth, line, steady, trend


def readings(*own: float, files: tuple[int, ...] = (20,), process: int = 7) -> list[Reading]:
    """A reading every ten seconds of a process with so many megabytes of its own."""
    return [
        Reading(
            at=10.0 * number,
            resident=int((one + 50) * MEGABYTE),
            own=int(one * MEGABYTE),
            threads=9,
            files=files[number % len(files)],
            connections=3,
            busy=float(number),
            process=process,
        )
        for number, one in enumerate(own)
    ]


@given(st.floats(-1e3, 1e3), st.floats(-1e6, 1e6), st.integers(2, 50))
def test_a_straight_line_is_found_again(slope: float, level: float, count: int) -> None:
    """The fit of values on a line is that line: its ends, and its slope by the hour."""
    at = [10.0 * number for number in range(count)]
    found = line(at, [level + slope * one for one in at])
    assert found.start == pytest.approx(level, abs=1e-3)
    assert found.end == pytest.approx(level + slope * at[-1], abs=1e-3)
    assert found.per_hour == pytest.approx(slope * 3600, abs=1e-2)


def test_one_moment_is_a_flat_line() -> None:
    """A single reading has no slope."""
    assert line([5.0], [3]) == Line(3.0, 3.0, 0.0)


def test_what_comes_and_goes_does_not_grow() -> None:
    """Counts that swing around one level show no growth, and a staircase does."""
    assert growth([4, 9, 5, 4, 8, 5, 4, 9, 5]) == 0
    assert growth([4, 4, 4, 6, 6, 6, 9, 9, 9]) == 5


def test_the_warm_up_is_left_out() -> None:
    """Only readings after the warm-up count, and all do where there are no others."""
    found = readings(1, 2, 3, 4)
    assert steady(found, 20) == found[2:]
    assert steady(found, 500) == found


def test_a_steady_process_has_no_findings() -> None:
    """Memory that wavers and counts that come and go are no finding."""
    found = trend("sink", readings(*[100, 104, 99, 103, 101, 100] * 5, files=(20, 26, 21)), is_ours=True)
    assert findings(found) == []
    assert found.busy == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("is_ours", "end", "count"), [(True, 109, 0), (True, 115, 1), (False, 115, 0), (False, 130, 1)]
)
def test_memory_that_grows_beyond_its_bound_is_a_finding(is_ours: bool, end: float, count: int) -> None:
    """Ours may gain a tenth of its own memory over the steady part, a server a quarter."""
    found = trend("one", readings(*[100 + (end - 100) * step / 20 for step in range(21)]), is_ours=is_ours)
    told = findings(found)
    assert len(told) == count
    assert all(f"100 MB to {end:.0f} MB" in one for one in told)


def test_a_little_memory_is_no_finding() -> None:
    """A small process that gains a few megabytes is steady."""
    assert findings(trend("guard", readings(10, 12, 14, 16), is_ours=True)) == []


def test_files_that_stay_open_are_a_finding() -> None:
    """Open files that grow with time are named with their number."""
    grown = [replace(one, files=20 + number) for number, one in enumerate(readings(*[100] * 30))]
    assert findings(trend("desk", grown, is_ours=True)) == ["desk has 20 more files at the end than at the start"]
    assert findings(trend("kafka", grown, is_ours=False)) == []


def test_a_restart_is_a_finding() -> None:
    """A process whose number changed was started anew."""
    found = trend("enricher-1", [*readings(100), *readings(100, process=8)], is_ours=True)
    assert findings(found) == ["enricher-1 was started anew 1 times"]


def test_who_falls_behind_is_found() -> None:
    """What waits may waver, and may not grow by more than half a minute of the load."""
    at = [10.0 * number for number in range(30)]
    assert behind(at, [20, 0, 40] * 10, rate=20) == []
    assert behind(at, [100 * number for number in range(30)], rate=20) == ["what waits grows: 0 to 2,900 articles"]
    assert behind([], [], rate=20) == ["what waits was never told"]


def test_the_table_tells_each_process_and_what_is_wrong(tmp_path: Path) -> None:
    """The table has a line for each process, what became of the articles, and each finding; so has the JSON."""
    found = Outcome(
        seconds=180,
        warm_up=30,
        published=3600,
        pages=40,
        trends=[trend("sink", readings(100, 110, 120), is_ours=True)],
        lag_most=45,
        lag=Line(10, 5, -20),
        accounts={"read": 3600, "stored": 3600, "missing": 0},
        findings=["sink grows"],
    )
    told = list(lines(found))
    assert told[0].startswith("3.0 minutes, the first 0.5 left out; 3,600 articles pushed, 20.0/s; 40 things done")
    assert "100.0..120.0" in told[2]
    assert "at most 45 articles, -20 an hour" in told[3]
    assert "3,600 stored" in told[4]
    assert told[5:] == ["wrong: sink grows"]
    assert list(lines(replace(found, findings=[])))[-1].startswith("steady: ")
    write(found, tmp_path / "steady.json")
    assert json.loads((tmp_path / "steady.json").read_text())["findings"] == ["sink grows"]


def test_processes_are_found_by_what_their_guards_tell(tmp_path: Path) -> None:
    """Workers and servers are named by their state files; one between two lives has no process."""
    for name, told in {"workers/sink": 12, "workers/enricher-1": None, "servers/kafka": 13}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.json").write_text(json.dumps({"server": told}))
    (tmp_path / "servers/elasticsearch.json").write_text("{")
    assert processes(tmp_path, 11) == {"run": 11, "kafka": 13, "sink": 12}


def test_a_process_is_read_until_it_ends(tmp_path: Path) -> None:
    """A living process has memory, threads and files; one that is gone has no reading."""
    notes = Notes(tmp_path, os.getpid())
    notes.take(1.0)
    (found,) = notes.readings["run"]
    assert found.resident > found.own > MEGABYTE
    assert min(found.threads, found.files) > 0
    assert reading(2**22 + 1, 1.0, is_ours=True) is None


def test_what_the_load_could_not_do_is_told_at_the_end() -> None:
    """A load that fails goes on, and says how often it failed and how first; one that never fails says nothing."""
    refused = threading.Event()

    def refuse() -> None:
        if load.done or load.findings:
            refused.set()
        raise ConnectionError("nobody is there")

    load = Repeating("push", 0.0, refuse)
    assert load.findings == []
    load.start()
    assert refused.wait(30)
    load.stop()
    (said,) = load.findings
    assert "failures at push, first: ConnectionError: nobody is there" in said
