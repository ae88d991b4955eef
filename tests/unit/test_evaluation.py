"""What `make eval` prints and writes, and that no set it measures on was one to learn from."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.eval import text
from tests.eval.figure import Figure, markdown, read, show, write

DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize(
    ("value", "wanted", "at_least", "reached"),
    [
        (0.8, 0.7, True, True),
        (0.7, 0.7, True, True),
        (0.6, 0.7, True, False),
        (0.01, 0.02, False, True),
        (0.03, 0.02, False, False),
        (0.5, None, True, None),
        (None, 0.5, True, None),
    ],
)
def test_a_figure_says_whether_it_is_reached(
    value: float | None, wanted: float | None, at_least: bool, reached: bool | None
) -> None:
    """At least or at most what was wanted; neither where nothing was wanted or measured."""
    assert Figure("p", "d", "m", value, wanted=wanted, at_least=at_least).is_reached is reached


def test_every_figure_stands_in_the_table_and_in_the_file(tmp_path: Path) -> None:
    """The table names value, unit and verdict of each figure, and the JSON holds the same."""
    figures = [
        Figure("entities", "a set", "F1", 0.71234, 100, wanted=0.7),
        Figure("speed", "4000 characters", "whole", 151.2, 10, "articles/s", wanted=150),
        Figure("speed", "4000 characters", "beside spaCy", None, 0, "times", wanted=5, remark="not installed"),
    ]
    out = io.StringIO()
    show(figures, Console(file=out, width=160))
    rows = out.getvalue()
    assert all(said in rows for said in ("0.712", "≥ 0.700", "151 articles/s", "not measured", "not installed"))
    write(figures, tmp_path / "new" / "results.json")
    read = json.loads((tmp_path / "new" / "results.json").read_text(encoding="utf-8"))
    assert [(one["value"], one["is_reached"]) for one in read] == [(0.7123, True), (151.2, True), (None, None)]


def test_what_was_written_is_read_again_as_the_readme_has_it(tmp_path: Path) -> None:
    """Only what was wanted stands in the README's table, and what was not reached says so."""
    figures = [
        Figure("dates", "hard cases", "right", 0.5, 10, wanted=0.9),
        Figure("dates", "hard cases", "without", 0.1, 10),
        Figure("process", "a fresh one", "ready after", 2.0, 1, "s", wanted=3, at_least=False),
    ]
    write(figures, tmp_path / "results.json")
    assert read(tmp_path / "results.json") == figures
    assert markdown(figures).splitlines()[2:] == [
        "| dates | hard cases | 10 | right | 0.500 (not reached) | ≥ 0.900 |",
        "| process | a fresh one | 1 | ready after | 2.00 s | ≤ 3.00 s |",
    ]


@pytest.mark.parametrize(("folder", "parts"), [("topics", ("build", "held-out")), ("furniture", ("build", "held"))])
def test_no_labelled_passage_is_in_both_halves(folder: str, parts: tuple[str, str]) -> None:
    """What rules and tables may be made by is never measured on."""
    built, held = (
        {line for line in (DATA / folder / f"{part}.jsonl").read_text(encoding="utf-8").splitlines() if line}
        for part in parts
    )
    assert built
    assert held
    assert not built & held


@pytest.mark.parametrize(
    ("ours", "wanted", "right"),
    [
        ("2024-02-29", "2024-02-29", True),
        ("2024-02-29", "2024-02-29T14:03", True),
        ("2024-02", "2024-02-29", False),
        ("2024-02-28", "2024-02-29", False),
        (None, None, True),
        (None, "2024-02-29", False),
        ("2024-02-29", None, False),
    ],
)
def test_a_date_is_right_when_it_is_the_day(ours: str | None, wanted: str | None, right: bool) -> None:
    """A date that is known less finely than the case has it is right if it is the day; a month is not."""
    assert text.is_right(ours, wanted) is right
