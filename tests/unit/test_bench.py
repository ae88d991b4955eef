"""What the bench makes of its rounds: spreads, ratios, verdicts, tables, and the figures that are worked out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.bench import gate, report, table
from tests.bench.__main__ import arguments
from tests.bench.catchup import pace
from tests.bench.figures import Ratio, Round, Spread, ratios, spreads
from tests.bench.freshness import shares
from tests.bench.report import Measured
from tests.bench.rig import in_turn

RATE, COST = "articles/s", "ms/article"
ROUNDS: list[Round] = [
    {"ours": {RATE: 50.0, COST: 4.0}, "theirs": {RATE: 100.0, COST: 2.0}},
    {"ours": {RATE: 60.0, COST: 4.0}, "theirs": {RATE: 100.0, COST: 1.0}},
    {"ours": {RATE: 90.0}, "theirs": {RATE: 100.0}},
]
RATIOS = (
    Ratio("a: rate", ("ours", RATE), ("theirs", RATE)),
    Ratio("a: cost", ("ours", COST), ("theirs", COST), is_cost=True),
    Ratio("a: of nobody", ("ours", RATE), ("nobody", RATE)),
)


def spread(median: float, rounds: int = 5, reach: float = 0.0) -> Spread:
    """A spread that reaches so far to both sides."""
    return Spread(median, median - reach, median + reach, rounds)


def test_a_spread_names_median_least_and_most_of_the_rounds_that_measured_it() -> None:
    """A measure that a round lacks counts in the others."""
    found = spreads(ROUNDS)
    assert found["ours", RATE] == Spread(60, 50, 90, 3)
    assert found["ours", COST] == Spread(4, 4, 4, 2)
    assert list(found) == [("ours", RATE), ("ours", COST), ("theirs", RATE), ("theirs", COST)]


@given(st.lists(st.floats(0.001, 1e9), min_size=1))
def test_the_median_stands_between_the_least_and_the_most(values: list[float]) -> None:
    """For any values, and the width is never negative."""
    found = Spread.of(values)
    assert found.least <= found.median <= found.most
    assert found.width >= 0
    assert found.rounds == len(values)


def test_a_ratio_is_taken_within_each_round_and_is_higher_when_we_are_better() -> None:
    """Of rates ours by theirs, of costs theirs by ours; a ratio that no round has both sides of is none."""
    found = ratios(RATIOS, ROUNDS)
    assert found["a: rate"] == Spread(0.6, 0.5, 0.9, 3)
    assert found["a: cost"] == Spread(0.375, 0.25, 0.5, 2)
    assert "a: of nobody" not in found


@pytest.mark.parametrize(
    ("found", "doubts"),
    [
        (spread(1, 5), ""),
        (spread(1, 3), "3 of 5 rounds"),
        (spread(1, 5, 0.25), ""),
        (spread(2, 5, 0.6), "spread ±30%"),
        (spread(1, 1, 0.5), "1 of 5 rounds, spread ±50%"),
        (spread(0, 5, 1), ""),
    ],
)
def test_too_few_rounds_or_too_wide_a_spread_is_said(found: Spread, doubts: str) -> None:
    """Under five rounds, or more than a quarter of the median to either side."""
    assert found.doubts == doubts


@pytest.mark.parametrize(
    ("now", "kept", "is_worse", "words"),
    [
        (spread(0.74), 1.0, True, "26% WORSE"),
        (spread(0.76), 1.0, False, "24% worse"),
        (spread(1.5), 1.0, False, "50% better"),
        (spread(1.001), 1.0, False, "as kept"),
        (spread(0.5, 3, 0.2), 1.0, True, "50% WORSE; 3 of 5 rounds, spread ±40%"),
        (spread(0.5, 2), 1.0, False, "50% worse; not judged: 2 of 5 rounds"),
        (spread(0.5), None, False, "new"),
        (None, 1.0, False, "not measured"),
    ],
)
def test_a_ratio_is_worse_when_its_median_fell_by_more_than_a_quarter(
    now: Spread | None, kept: float | None, is_worse: bool, words: str
) -> None:
    """The words say how much, and what makes it doubtful; under three rounds say nothing."""
    verdict = gate.Verdict("a: rate", now, kept)
    assert verdict.is_worse is is_worse
    assert verdict.words == words


@given(kept=st.floats(0.01, 100), share=st.floats(0.01, 3))
def test_the_gate_goes_by_the_share_alone(kept: float, share: float) -> None:
    """However large the ratio is."""
    verdict = gate.Verdict("a: rate", spread(kept * share), kept)
    if abs(share - 0.75) > 1e-6:
        assert verdict.is_worse is (share < 0.75)


def test_a_kept_ratio_that_was_not_measured_is_named_when_its_stage_ran() -> None:
    """Those of stages that were not asked for are passed over."""
    kept = {"a: rate": 1.0, "a: gone": 1.0, "b: other": 1.0}
    found = gate.judged({"a: rate": spread(1), "a: fresh": spread(2)}, kept, {"a"})
    assert [one.name for one in found] == ["a: rate", "a: fresh", "a: gone"]
    assert found[2].words == "not measured"


def test_kept_ratios_are_read_as_they_were_written_and_others_stay(tmp_path: Path) -> None:
    """Quick runs and full ones are kept apart, and a run of some stages leaves the other stages' ratios."""
    path = tmp_path / "ratios.json"
    assert gate.read(path, "quick") == {}
    gate.write(path, "quick", {"a: rate": spread(0.5), "b: rate": spread(2)}, 2)
    gate.write(path, "full", {"a: rate": spread(0.7)}, 8)
    gate.write(path, "quick", {"a: rate": spread(0.6)}, 2)
    assert gate.read(path, "quick") == {"a: rate": 0.6, "b: rate": 2.0}
    assert gate.read(path, "full") == {"a: rate": 0.7}
    assert (gate.cores(path, "quick"), gate.cores(path, "full")) == (2, 8)


def test_a_file_of_kept_ratios_that_is_broken_is_named(tmp_path: Path) -> None:
    """With what to do about it."""
    path = tmp_path / "ratios.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"ratios\.json: not JSON.*--keep"):
        gate.read(path, "quick")


def test_doubtful_ratios_are_told_before_they_are_kept() -> None:
    """Each with why."""
    found = {"a: rate": spread(1), "a: cost": spread(1, 2), "b: rate": spread(1, 5, 0.4)}
    assert gate.doubtful(found) == ["a: cost (2 of 5 rounds)", "b: rate (spread ±40%)"]


def test_the_tables_show_every_figure_ratio_and_note() -> None:
    """A contender stands once, above its measures."""
    console = Console(file=io.StringIO(), width=140)
    table.show_stage(console, "a", "2 articles", spreads(ROUNDS))
    table.show_ratios(console, gate.judged(ratios(RATIOS, ROUNDS), {"a: rate": 1.0}, {"a"}))
    table.show_notes(console, ["[only] a note"])
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert "a: 2 articles" in said
    assert said.count("theirs") == 1
    assert "60.0" in said
    assert "40% WORSE" in said
    assert "note: [only] a note" in said


@pytest.mark.parametrize(
    ("value", "shown"), [(12345.6, "12,346"), (99.94, "99.9"), (1.234, "1.23"), (0.0123, "0.0123"), (0.0, "0.0000")]
)
def test_a_number_keeps_three_digits(value: float, shown: str) -> None:
    """Or more, with commas."""
    assert table.number(value) == shown


def test_the_file_holds_every_round_as_it_was(tmp_path: Path) -> None:
    """With spreads, ratios and their verdicts, machine and versions."""
    measured = Measured("a", "2 articles", ROUNDS, RATIOS, ["a note"], 1.25)
    verdicts = gate.judged(measured.ratios, {"a: rate": 1.0}, {"a"})
    path = tmp_path / "folder" / "bench.json"
    report.write(path, report.as_json([measured], verdicts, {"machine": report.machine()}))
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["stages"]["a"]["rounds"] == ROUNDS
    assert found["stages"]["a"]["notes"] == ["a note"]
    assert found["ratios"][0]["now"]["median"] == 0.6
    assert found["ratios"][0]["is_worse"] is True
    assert found["machine"]["cores"] >= 1
    assert "elasticsearch" in found["versions"]


def test_other_work_on_the_machine_is_told() -> None:
    """By its load before the start."""
    assert report.busy(0.3, 2) == ""
    assert "load 3.0 on 2 cores" in report.busy(3.0, 2)


def test_the_shares_of_times_are_those_of_the_nearest_rank() -> None:
    """In milliseconds; of none there are none."""
    hundred = [number / 1000 for number in range(100, 0, -1)]
    assert shares(hundred) == pytest.approx({"p50 ms": 50, "p95 ms": 95, "p99 ms": 99})
    assert shares([0.25]) == pytest.approx({"p50 ms": 250, "p95 ms": 250, "p99 ms": 250})
    assert shares([]) == {}


def test_a_round_to_warm_up_is_measured_and_not_counted() -> None:
    """The rounds have their numbers from 0 on; where none warms up, there are these alone."""
    seen: list[int] = []

    def measure(number: int) -> Round:
        seen.append(number)
        return {"ours": {RATE: float(number)}}

    found = list(in_turn(measure)(3))
    assert seen == [-1, 0, 1, 2]
    assert [one["ours"][RATE] for one in found] == [0, 1, 2]
    assert len(list(in_turn(measure, is_warmed_up=False)(2))) == 2
    assert seen[4:] == [0, 1]


def test_the_pace_between_two_counts_follows_the_course() -> None:
    """By straight lines between what was seen, from when the first is finished."""
    course = [(0.0, 0), (1.0, 0), (2.0, 10), (4.0, 20)]
    assert pace(course, 0, 10) == pytest.approx(10)
    assert pace(course, 10, 20) == pytest.approx(5)
    assert pace(course, 5, 15) == pytest.approx(10 / 1.5)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--stages", "feeding,nothing"], "there is no stage 'nothing'"),
        (["--rounds", "0"], "at least 1"),
        (["--corpus", "no-such.jsonl"], "is no file"),
        (["--kept", __file__], "not JSON"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_the_reason(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 2."""
    with pytest.raises(SystemExit) as refused:
        arguments(words)
    assert refused.value.code == 2
    assert reason in capsys.readouterr().err
