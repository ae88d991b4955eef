"""One measured figure, and how many of them are shown and written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured: `value` of `measure` on `data`, `count` items of it.

    `unit` is empty for a share between 0 and 1. `wanted` is the figure to reach, at least (`at_least`) or at most; none
    where there is none. A `value` of none was not measured, and `remark` says why.
    """

    part: str
    data: str
    measure: str
    value: float | None
    count: int = 0
    unit: str = ""
    wanted: float | None = None
    at_least: bool = True
    remark: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the wanted figure is reached; none where there is none, or nothing was measured."""
        if self.wanted is None or self.value is None:
            return None
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted

    @property
    def shown(self) -> str:
        """The value as the table has it."""
        return "not measured" if self.value is None else _number(self.value, self.unit)

    @property
    def shown_wanted(self) -> str:
        """What was wanted, as the table has it."""
        sign = "≥" if self.at_least else "≤"
        return "" if self.wanted is None else f"{sign} {_number(self.wanted, self.unit)}"


def _number(value: float, unit: str) -> str:
    return f"{value:.3f}" if not unit else f"{value:,.{2 if value < 10 else 0}f} {unit}"


def show(figures: Iterable[Figure], console: Console) -> None:
    """Prints one table of all figures."""
    table = Table("part", "set", "of", "measure", "value", "wanted", "", header_style="bold")
    for column in (2, 4, 5):
        table.columns[column].justify = "right"
    part = None
    for one in figures:
        if part not in (None, one.part):
            table.add_section()
        part = one.part
        mark = {True: "reached", False: "not reached", None: ""}[one.is_reached]
        said = " ".join(filter(None, (mark, one.remark)))
        table.add_row(one.part, one.data, f"{one.count:,}", one.measure, one.shown, one.shown_wanted, said)
    console.print(table)


def write(figures: Iterable[Figure], path: Path) -> None:
    """Writes all figures as JSON: a list of objects with the fields of `Figure`, rounded to four places."""
    rows = [
        {**asdict(one), "value": None if one.value is None else round(one.value, 4), "is_reached": one.is_reached}
        for one in figures
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> list[Figure]:
    """The figures of a file that `write` made."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [Figure(**{name: value for name, value in row.items() if name != "is_reached"}) for row in rows]


def markdown(figures: Iterable[Figure]) -> str:
    """The figures that were wanted, as the README has them."""
    lines = ["| part | set | of | measure | value | wanted |", "|---|---|--:|---|--:|--:|"]
    for one in figures:
        if one.wanted is not None:
            mark = "" if one.is_reached is not False else " (not reached)"
            lines.append(
                f"| {one.part} | {one.data} | {one.count:,} | {one.measure} | {one.shown}{mark} | {one.shown_wanted} |"
            )
    return "\n".join(lines)
