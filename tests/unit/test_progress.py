"""A stage tells what it did: counts, what it waits for, how long articles took."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processors.progress import Progress
from schemas.envelope import attributes
from schemas.status import StageStatus
from tests.fakes import quick


def told(progress: Progress) -> StageStatus:
    """What a report carries."""
    out = progress.report("pipeline.status")
    assert out is not None
    return StageStatus.model_validate_json(out.value)


def test_the_first_report_comes_at_once() -> None:
    """A process tells of itself as soon as it runs, under its stage and instance."""
    progress = Progress("sink", instance="host-1")
    out = progress.report("pipeline.status")
    assert out is not None
    assert (out.stream, out.key) == ("pipeline.status", b"sink/host-1")
    assert attributes(out.headers)["ce_type"] == "wiredesk.stage.status"
    assert StageStatus.model_validate_json(out.value).instance == "host-1"


def test_counts_and_waiting_are_told() -> None:
    """The report carries the counts and what is waited for, as they stand."""
    progress = Progress("enrich", done=5, stale=1, retries=2, dead=3, waiting="Kafka is away")
    status = told(progress)
    assert (status.done, status.stale, status.retries, status.dead) == (5, 1, 2, 3)
    assert status.waiting == "Kafka is away"
    assert status.latency_ms == {}


def test_nothing_more_is_told_at_once() -> None:
    """Right after a report there is none, even when something changed: the stream is not flooded."""
    progress = Progress("sink")
    assert progress.report("s") is not None
    assert progress.report("s") is None
    progress.done += 1
    assert progress.report("s") is None


@quick
@given(st.lists(st.floats(-1e6, 1e9), min_size=1, max_size=50))
def test_latencies_are_told_as_rising_shares_of_what_was_measured(times: list[float]) -> None:
    """The p50, p95 and p99 rise, are among the times that were noted, and are never negative."""
    progress = Progress("sink")
    for milliseconds in times:
        progress.took(milliseconds)
    shares = progress.status().latency_ms
    assert 0 <= shares["p50"] <= shares["p95"] <= shares["p99"]
    rounded = {round(max(0.0, one), 1) for one in times}
    assert set(shares.values()) <= rounded


def test_only_the_newest_latencies_count() -> None:
    """What was slow long ago does not make the present look slow."""
    progress = Progress("sink")
    for milliseconds in [60_000.0] * 500 + [10.0] * 1000:
        progress.took(milliseconds)
    assert progress.status().latency_ms["p99"] == 10.0


def test_the_loops_turns_and_partitions_are_told() -> None:
    """The report names the partitions that are read now, in order, and comes soon after they changed."""
    progress = Progress("sink")
    before = progress.turned_at
    progress.turn({2, 0})
    assert told(progress).partitions == (0, 2)
    assert progress.turned_at >= before


def test_heartbeats_are_no_articles() -> None:
    """A heartbeat is neither done nor dead, and hides no article that stands still."""
    progress = Progress("enrich", done=2, dead=1)
    progress.beats += 1
    assert (progress.finished, progress.status().done, progress.status().dead) == (3, 2, 1)


def test_each_article_tells_its_age_in_seconds() -> None:
    """Who listens hears the age of each article, in seconds and never negative."""
    heard: list[float] = []
    progress = Progress("sink", on_age=heard.append)
    progress.took(1500)
    progress.took(-5)
    assert heard == [1.5, 0.0]
