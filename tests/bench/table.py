"""The bench's figures for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Spread
from tests.bench.gate import Verdict


def show_stage(console: Console, name: str, about: str, found: Mapping[tuple[str, str], Spread]) -> None:
    """One table of a stage: every measure of every contender."""
    console.print(f"\n{name}: {about}", style="bold", markup=False, highlight=False)
    if not found:
        return
    table = Table("contender", "measure", "median", "least", "most", "rounds", header_style="bold")
    for column in table.columns[2:]:
        column.justify = "right"
    last = ""
    for (contender, measure), one in found.items():
        shown = (number(one.median), number(one.least), number(one.most), str(one.rounds))
        table.add_row("" if contender == last else contender, measure, *shown)
        last = contender
    console.print(table)


def show_ratios(console: Console, verdicts: Sequence[Verdict]) -> None:
    """One table of all ratios, beside the kept ones; the higher the better."""
    console.print()
    table = Table("ratio (the higher the better)", "median", "least", "most", "kept", "verdict", header_style="bold")
    for column in table.columns[1:5]:
        column.justify = "right"
    for one in verdicts:
        now = (one.now.median, one.now.least, one.now.most) if one.now else (None, None, None)
        style = "bold red" if one.is_worse else None
        table.add_row(one.name, *map(ratio, now), ratio(one.kept), one.words, style=style)
    console.print(table)


def show_notes(console: Console, notes: Iterable[str]) -> None:
    """What the reader of the figures has to know, one line each."""
    for note in notes:
        console.print(f"note: {note}", markup=False, highlight=False)


def number(value: float) -> str:
    """A figure to three digits or more."""
    size = abs(value)
    return (
        f"{value:,.0f}"
        if size >= 100
        else f"{value:.1f}"
        if size >= 10
        else f"{value:.2f}"
        if size >= 0.1
        else f"{value:.4f}"
    )


def ratio(value: float | None) -> str:
    """A ratio; a dash where there is none."""
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:,.0f}"
