"""Tables of a test run: each test names its row and the figures it reached; the tables stand at the end of the run.

Rows come with the reports of their tests, so that they arrive from every worker of a run on several.
`WIREDESK_TEST_FAULTS_JSON` and `WIREDESK_TEST_ATTACKS_JSON` name files for them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.faults.scale import FULL

_PROPERTY = "row of a table"
_ROW = pytest.StashKey[tuple[str, "Row"]]()
_HOLDS = {
    "exactly": lambda reached, wanted: reached == wanted,
    "at most": lambda reached, wanted: reached <= wanted,
    "at least": lambda reached, wanted: reached >= wanted,
}


@dataclass
class Figure:
    """One number of a row, with what was wanted of it."""

    name: str
    reached: float
    bound: Literal["exactly", "at most", "at least"]
    limit: float

    @property
    def holds(self) -> bool:
        """Whether it is as it was wanted."""
        return _HOLDS[self.bound](self.reached, self.limit)

    @property
    def wanted(self) -> str:
        """What was wanted, in words."""
        return f"{self.limit:g}" if self.bound == "exactly" else f"{self.bound} {self.limit:g}"

    def add(self, other: Figure) -> None:
        """Takes in the same figure of another test of the row: the most of measures, the sum of counts."""
        most = self.bound == "at most"
        self.reached = max(self.reached, other.reached) if most else self.reached + other.reached


@dataclass
class Row:
    """One row of a table: what is broken or tried, and what came of it."""

    test: str
    fault: str = ""
    result: str = "not run"
    figures: list[Figure] = field(default_factory=list)
    stored: int | None = None
    dead: int | None = None

    def __call__(self, fault: str) -> Row:
        """Names the fault, or the attack."""
        self.fault = fault
        return self

    def is_exactly(self, name: str, reached: float, wanted: float) -> None:
        """A figure that has to be met in every run."""
        self.figures.append(Figure(name, reached, "exactly", wanted))
        assert reached == wanted, f"{self.fault}: {name} is {reached:g}, and {wanted:g} was wanted"

    def is_at_most(self, name: str, reached: float, wanted: float) -> None:
        """A measure that is held to its bound where the full figures are asked for: a short run shows it."""
        self.figures.append(Figure(name, round(reached, 2), "at most", wanted))

    def did(self, name: str, reached: float, wanted: float) -> None:
        """How much was done."""
        self.figures.append(Figure(name, reached, "at least", wanted))

    def judged(self, stored: int, dead: int) -> None:
        """Every published article is accounted for, once and as expected."""
        self.stored, self.dead = stored, dead

    def missed(self, bounds: Iterable[str] = ("exactly", "at most", "at least")) -> list[str]:
        """The figures of such bounds that were not reached, in words."""
        found = [one for one in self.figures if one.bound in bounds and not one.holds]
        return [f"{one.name}: {one.reached:g}, wanted {one.wanted}" for one in found]

    def add(self, other: Row) -> None:
        """Takes in another test of the same row; a failed one outweighs all others."""
        self.result = self.result if self.result == "failed" else other.result
        for one in other.figures:
            known = next((figure for figure in self.figures if figure.name == one.name), None)
            if known:
                known.add(one)
            else:
                self.figures.append(one)

    def lines(self) -> Iterator[str]:
        """The row for people."""
        found = "" if self.stored is None else f": 0 lost, {self.stored:,} stored as expected, {self.dead:,} dead"
        yield f"{self.result:8}{self.fault}{found}"
        for one in self.figures:
            yield f"       {' ' if one.holds else '!'}  {one.name}: {one.reached:g} (wanted {one.wanted})"

    def plain(self) -> dict[str, Any]:
        """The row for programs."""
        figures = [
            {"name": one.name, "reached": one.reached, "wanted": one.wanted, "holds": one.holds} for one in self.figures
        ]
        return {**asdict(self), "figures": figures}

    @classmethod
    def of(cls, told: dict[str, Any]) -> Row:
        """The row that `asdict` made plain."""
        return cls(**{**told, "figures": [Figure(**one) for one in told["figures"]]})


def row(request: pytest.FixtureRequest, table: str) -> Iterator[Row]:
    """A test's row in a table, for a fixture; with the full figures, a measure beyond its bound fails the test.

    How much was done is held to its bound in the table alone, where the tests of one row are added.
    """
    found = Row(request.node.name)
    request.node.stash[_ROW] = table, found
    yield found
    bounds = ("exactly", "at most") if table == "attacks" else ("exactly", "at most", "at least")
    if FULL and (missed := found.missed(bounds)):
        pytest.fail(f"{found.fault}: {'; '.join(missed)}", pytrace=False)


class Tables:
    """Gathers the rows of a run, and tells them at its end: a plugin of pytest."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Sends a test's row along with its report."""
        report = yield
        if found := item.stash.get(_ROW, None):
            report.user_properties = [*report.user_properties, (_PROPERTY, [found[0], asdict(found[1])])]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes how the test of each row ended."""
        for name, told in report.user_properties:
            if name == _PROPERTY and (report.when == "call" or report.failed):
                table, found = str(told[0]), Row.of(told[1])
                found.result = report.outcome
                self._rows.setdefault(table, {})[report.nodeid] = found

    def rows(self, table: str) -> list[Row]:
        """The rows of a table in the order in which they came; those of one attack are one."""
        if table != "attacks":
            return list(self._rows.get(table, {}).values())
        added: dict[str, Row] = {}
        for one in self._rows.get(table, {}).values():
            added.setdefault(one.fault, Row(one.test, one.fault, one.result)).add(Row.of(asdict(one)))
        return list(added.values())

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints the tables, and writes them where files are named for them."""
        for table in sorted(self._rows):
            rows = self.rows(table)
            terminalreporter.section(f"{table}, full figures" if FULL else f"{table}, short form (make {table}: full)")
            for line in (line for one in rows for line in one.lines()):
                terminalreporter.write_line(line)
            if named := os.environ.get(f"WIREDESK_TEST_{table.upper()}_JSON"):
                told = json.dumps({"full": FULL, "rows": [one.plain() for one in rows]}, indent=1, ensure_ascii=False)
                Path(named).write_text(told + "\n", encoding="utf-8")
