"""The table of faults: each test names its row and the figures it reached; the table stands at the end of the run.

`WIREDESK_TEST_FAULTS_JSON` names a file for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.scale import FULL


@dataclass
class Figure:
    """One number of a row, with what was wanted of it in words."""

    name: str
    reached: float
    wanted: str
    holds: bool


@dataclass
class Row:
    """One row of the table: what is broken, and what came of it."""

    test: str
    fault: str = ""
    result: str = "not run"
    figures: list[Figure] = field(default_factory=list)
    stored: int | None = None
    dead: int | None = None

    def __call__(self, fault: str) -> Row:
        """Names the fault."""
        self.fault = fault
        return self

    def is_exactly(self, name: str, reached: float, wanted: float) -> None:
        """A figure that has to be met in every run."""
        self.figures.append(Figure(name, reached, f"{wanted:g}", reached == wanted))
        assert reached == wanted, f"{self.fault}: {name} is {reached:g}, and {wanted:g} was wanted"

    def is_at_most(self, name: str, reached: float, wanted: float) -> None:
        """A measure that is held to its bound where the full figures are asked for: a short run shows it."""
        self.figures.append(Figure(name, round(reached, 2), f"at most {wanted:g}", reached <= wanted))

    def did(self, name: str, reached: float, wanted: float) -> None:
        """How much of the fault was done."""
        self.figures.append(Figure(name, reached, f"{wanted:g}", reached >= wanted))

    def judged(self, stored: int, dead: int) -> None:
        """Every published article is accounted for, once and as expected."""
        self.stored, self.dead = stored, dead

    def missed(self) -> list[str]:
        """The figures that were not reached, in words."""
        return [f"{one.name}: {one.reached:g}, wanted {one.wanted}" for one in self.figures if not one.holds]


_ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the table."""
    config.stash[_ROWS] = []


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Iterator[Row]:
    """The test's row in the table; with the full figures, a bound that is not kept fails the test at its end."""
    found = Row(request.node.name)
    request.config.stash.setdefault(_ROWS, []).append(found)
    yield found
    if FULL and (missed := found.missed()):
        pytest.fail(f"{found.fault}: {'; '.join(missed)}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Notes how the test of each row ended."""
    report = yield
    for one in item.config.stash.get(_ROWS, []):
        if one.test == item.name and (report.when == "call" or report.failed):
            one.result = report.outcome
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints the table, and writes it where a file is named for it."""
    rows = config.stash.get(_ROWS, [])
    if not rows:
        return
    terminalreporter.section("faults, full figures" if FULL else "faults, short form (make faults: full figures)")
    for one in rows:
        found = "" if one.stored is None else f": 0 lost, {one.stored:,} stored as expected, {one.dead:,} dead"
        terminalreporter.write_line(f"{one.result:8}{one.fault}{found}")
        for figure in one.figures:
            mark = " " if figure.holds else "!"
            terminalreporter.write_line(f"       {mark}  {figure.name}: {figure.reached:g} (wanted {figure.wanted})")
    if named := os.environ.get("WIREDESK_TEST_FAULTS_JSON"):
        table = {"full": FULL, "rows": [asdict(one) for one in rows]}
        Path(named).write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
