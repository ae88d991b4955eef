"""The measure of rankings, held by figures worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.eval.ranking import interval, ndcg, precision, reciprocal_rank
from tests.eval.relevance import FOLDED, FOLDER, OURS, PLAIN, Judged, figures, judged, words

GRADES = {"a": 3, "b": 2, "c": 1, "d": 0}
IDEAL = 7 / 1 + 3 / math.log2(3) + 1 / 2


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (["a", "b", "c"], 1.0),
        (["c", "b", "a"], (1 + 3 / math.log2(3) + 7 / 2) / IDEAL),
        (["x", "a"], 7 / math.log2(3) / IDEAL),
        (["b", "b", "a"], (3 + 7 / 2) / IDEAL),
        (["d", "x"], 0.0),
        ([], 0.0),
    ],
)
def test_ndcg_is_what_a_hand_works_out(found: list[str], value: float) -> None:
    """Gains of 2^grade - 1 over the logarithm of the place, by those of the best order; copies are worth nothing."""
    assert ndcg(found, GRADES) == pytest.approx(value)


def test_ndcg_looks_no_deeper_than_asked() -> None:
    """Neither the ranking nor the best order counts below the depth."""
    assert ndcg(["b", "a"], GRADES, depth=1) == pytest.approx(3 / 7)
    assert ndcg(["d", "a"], GRADES, depth=1) == 0.0
    assert ndcg([], {"a": 0}) == 0.0


@given(st.permutations(sorted(GRADES)))
def test_no_order_is_better_than_the_best(found: list[str]) -> None:
    """The value lies between 0 and 1, and is 1 for no order that puts a worse one first."""
    value = ndcg(found, GRADES)
    assert 0 <= value <= 1 + 1e-9
    assert (value > 1 - 1e-9) == ([GRADES[one] for one in found] == [3, 2, 1, 0])


def test_precision_and_reciprocal_rank_count_from_grade_two_on() -> None:
    """What only touches the matter is no hit, and missing hits count against precision."""
    assert precision(["c", "b", "a"], GRADES) == pytest.approx(2 / 5)
    assert precision(["a", "a"], GRADES) == pytest.approx(1 / 5)
    assert reciprocal_rank(["c", "x", "b"], GRADES) == pytest.approx(1 / 3)
    assert reciprocal_rank(["c", "d"], GRADES) == 0.0


def test_an_interval_holds_the_mean_and_is_certain_where_all_are_alike() -> None:
    """It spans the mean of what it is drawn from, the same every time."""
    low, high = interval([0.0, 0.2, 0.1, -0.1], rounds=500)
    assert -0.1 <= low < 0.05 < high <= 0.2
    assert interval([0.3] * 5, rounds=50) == (pytest.approx(0.3), pytest.approx(0.3))


def test_figures_tell_the_means_and_by_how_much_ours_is_above() -> None:
    """One mean for each system and measure, and the difference with its goal."""
    queries = [Judged("war", "held", False, {"a": 3}), Judged("person:x", "held", False, {"b": 2})]
    right = {"war": ["a"], "person:x": ["b"]}
    compared = {OURS: lambda query: right[query], PLAIN: lambda _: ["a"], FOLDED: lambda _: ["z", "a"]}
    told = {one.measure: one for one in figures("a set", queries, compared)}
    assert told["nDCG@10, ours"].value == 1.0
    assert told[f"reciprocal rank, {FOLDED}"].value == pytest.approx(0.25)
    above = told[f"nDCG@10 above {PLAIN}"]
    assert (above.value, above.wanted, above.is_reached, above.count) == (0.5, 0, True, 2)


def test_the_judged_set_is_whole() -> None:
    """At least 60 queries, each once and answered; every judged text is of the library; halves of one size."""
    places = {one["at"] for one in _rows("articles.jsonl")}
    rows = _rows("queries.jsonl")
    assert len({row["query"] for row in rows}) == len(rows) >= 60
    assert {at for row in rows for at in row["grades"]} <= places
    assert {grade for row in rows for grade in row["grades"].values()} == {0, 1, 2, 3}
    assert all(max(row["grades"].values()) >= 2 for row in rows)
    halves = [row["half"] for row in rows]
    assert halves.count("tune") == halves.count("held")


def test_copies_share_their_best_grade_and_unanswered_queries_are_left_out() -> None:
    """A judgement is of a text, whichever copy was read; what none of the articles at hand answers is not asked."""
    row = next(row for row in _rows("queries.jsonl") if row["query"] == "mad cow disease")
    best, *others = row["grades"]
    (one,) = judged({best: "text", others[0]: "text"})
    assert (one.query, one.grades) == ("mad cow disease", {"text": 3})


def test_the_words_of_a_query_stand_without_its_fields() -> None:
    """The names of fields and the quotes say nothing to a plain match."""
    assert words('person:zinni "peace plan"') == "zinni peace plan"


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(FOLDER, name).read_text(encoding="utf-8").splitlines()]
