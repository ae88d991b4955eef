"""Lag, rates and the verdict are counted from what Kafka and the stages say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.monitor import Part, _dead, _partition, _stage, _stream, _text, verdict
from desk.reading import _wrong
from processors.letters import letter
from processors.progress import Progress
from schemas.dead import DeadLetter
from schemas.status import StageStatus
from tests.fakes import quick, raw_message

PARTS = {"articles.raw": [Part(0, 0, 100, 90), Part(1, 40, 60, 60)]}


def stage(
    committed: dict[tuple[str, int], int] | None = None,
    statuses: list[StageStatus] | None = None,
    letters: list[DeadLetter] | None = None,
) -> dict[str, Any]:
    """The facts of the enriching stage."""
    return _stage("enrich", "articles.raw", "group", PARTS, committed or {}, statuses or [], letters or [])


def index(exists: bool = True) -> dict[str, Any]:
    """The facts of the index."""
    return {"alias": "articles", "exists": exists}


def test_lag_is_what_stands_and_was_not_committed() -> None:
    """Each partition's lag is its end less what was committed, and the stage's lag is their sum."""
    found = stage({("articles.raw", 0): 70, ("articles.raw", 1): 60})
    assert [part["lag"] for part in found["partitions"]] == [30, 0]
    assert found["lag"] == 30


def test_before_the_first_commit_everything_that_stands_is_lag() -> None:
    """A group that committed nothing has all that the stream still holds before it."""
    assert stage()["lag"] == 100 + 20


@quick
@given(st.integers(0, 50), st.integers(0, 50), st.none() | st.integers(0, 200))
def test_lag_is_never_negative_nor_more_than_what_stands(start: int, held: int, committed: int | None) -> None:
    """Whatever was committed, even of a stream that was made anew, the lag is within what the partition holds."""
    assert 0 <= _partition(Part(0, start, start + held, start), committed)["lag"] <= held


def test_a_streams_facts_are_its_messages_and_its_rate() -> None:
    """Messages are those it still holds, and the rate those of the last minute."""
    found = _stream(PARTS["articles.raw"])
    assert (found["messages"], found["per_minute"]) == (120, 10)
    assert [part["partition"] for part in found["partitions"]] == [0, 1]


def test_counts_of_all_instances_are_added() -> None:
    """A stage's counts are those of all its processes; its latency is that of the slowest."""
    quick, slow = Progress("enrich", "a", done=3, retries=1), Progress("enrich", "b", done=4, waiting="Kafka is away")
    quick.took(5)
    slow.took(50)
    found = stage(statuses=[quick.status(), slow.status(), Progress("sink", "c", done=9).status()])
    assert (found["instances"], found["done"], found["retries"]) == (2, 7, 1)
    assert found["waiting"] == "Kafka is away"
    assert found["latency_ms"]["p50"] == 50


def test_open_letters_count_for_their_stage() -> None:
    """A stage's dead are the letters that are open, not what its processes ever counted."""
    letters = [letter(raw_message(), one, "failed", "", "h") for one in ("enrich", "sink", "enrich")]
    found = stage(letters=letters, statuses=[Progress("enrich", dead=9).status()])
    assert found["dead"] == 2


def test_dead_letters_are_counted_by_reason() -> None:
    """The letters are counted in all and by reason, in order of their names."""
    letters = [letter(raw_message(), "enrich", one, "", "h") for one in ("no_text", "invalid", "no_text")]
    assert _dead(letters) == {"open": 3, "by_reason": {"invalid": 1, "no_text": 2}}
    assert list(_dead(letters)["by_reason"]) == ["invalid", "no_text"]


RUNS = {"lag": 0, "instances": 1, "waiting": None}


@pytest.mark.parametrize(
    ("enrich", "found", "words", "is_wrong"),
    [
        (RUNS, index(), "everything that was published is through", False),
        ({**RUNS, "lag": 1200}, index(), "flowing, 1,200 articles on the way", False),
        ({**RUNS, "waiting": "Kafka is away"}, index(), "enrich waits: Kafka is away", True),
        ({**RUNS, "lag": 5, "instances": 0}, index(), "enrich does not run, and 5 articles wait for it", True),
        ({**RUNS, "instances": 0}, index(), "everything that was published is through", False),
        (RUNS, index(exists=False), "there is no index articles: make it with `wiredesk setup`", True),
    ],
)
def test_the_verdict_says_what_stands_in_the_way(
    enrich: dict[str, Any], found: dict[str, Any], words: str, is_wrong: bool
) -> None:
    """One sentence says whether it flows, and `--check` finds fault exactly where it does not."""
    stages = {"enrich": enrich, "sink": RUNS}
    assert verdict(stages, found) == words
    assert _wrong({"stages": stages, "index": found}) is is_wrong


def test_moments_are_utc_with_milliseconds() -> None:
    """A moment is written in ISO 8601, in UTC, with milliseconds."""
    assert _text(datetime(2026, 3, 1, 12, 30, 15, 250_999, tzinfo=UTC)) == "2026-03-01T12:30:15.250Z"
