"""A source is looked at as often as it brings something new, left alone when it fails, and never given up silently."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.fetched import Hardness
from producers.schedule import (
    LONGEST,
    SHORTEST,
    STOPPED_AFTER,
    STOPPED_EVERY,
    Outcome,
    anomaly,
    due,
    failed,
    first,
    succeeded,
)
from schemas.health import Day, Look, SourceHealth
from schemas.source import SourceSpec

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SPEC = SourceSpec(name="herald", kind="feed", url="https://herald.example/feed", every="5m")
EVERY = 300.0


def brought(new: int, of: int = 20, at: datetime = NOW, **more: object) -> Outcome:
    """A look that found `new` new articles among `of`."""
    return Outcome(look=Look(at=at, discovered=of, new=new, published=new), known=of - new, **more)  # type: ignore[arg-type]


def wait(health: SourceHealth) -> float:
    """Seconds from the last look to the next."""
    assert health.next_look
    assert health.looked_at
    return (health.next_look - health.looked_at).total_seconds()


def broken(health: SourceHealth, hardness: Hardness = "temporary", at: datetime = NOW, **more: object) -> SourceHealth:
    """After one more failure."""
    look = Look(at=at, stage="request", error="the server answered 503")
    return failed(health, look, SPEC, hardness, is_refused=False, **more)  # type: ignore[arg-type]


def test_a_source_that_was_never_looked_at_is_due_at_once() -> None:
    """No waiting for the first look."""
    assert due(first(SPEC), SPEC, NOW) == NOW


def test_looks_come_later_while_nothing_is_new_and_sooner_again_when_most_is() -> None:
    """The interval grows by half up to a day, and halves down to what the source's entry says."""
    health = first(SPEC)
    for _ in range(40):
        health = succeeded(health, brought(0), SPEC)
    assert health.interval == LONGEST.total_seconds()
    for _ in range(20):
        health = succeeded(health, brought(15), SPEC)
    assert health.interval == EVERY
    assert succeeded(health.model_copy(update={"interval": 900}), brought(3), SPEC).interval == 900


def test_the_wait_that_a_source_asks_for_is_kept() -> None:
    """A feed's time to live or the server's Retry-After is never undercut, up to a day."""
    assert wait(succeeded(first(SPEC), brought(20, wait=timedelta(hours=2)), SPEC)) >= 7200
    assert wait(succeeded(first(SPEC), brought(20, wait=timedelta(days=90)), SPEC)) <= 1.1 * LONGEST.total_seconds()
    assert wait(broken(first(SPEC), wait=3600.0)) >= 3600


def test_sources_added_together_do_not_stay_together() -> None:
    """Two sources with the same entry but the name are looked at up to a tenth of the interval apart."""
    waits = {
        round(wait(succeeded(first(spec), brought(20), spec)))
        for spec in (SPEC.model_copy(update={"name": f"s{number}"}) for number in range(50))
    }
    assert len(waits) > 20
    assert min(waits) >= EVERY
    assert max(waits) <= 1.1 * EVERY


def test_failures_back_off_by_their_kind_and_one_success_heals() -> None:
    """A hard failure doubles the wait, a soft one does in two, a passing one in four; then all is as before."""
    assert wait(broken(first(SPEC), "hard")) >= 2 * EVERY
    assert wait(broken(first(SPEC), "temporary")) < 1.4 * EVERY
    assert wait(broken(broken(first(SPEC), "soft"), "soft")) >= 2 * EVERY
    health = first(SPEC)
    for _ in range(50):
        health = broken(health, "hard")
    assert LONGEST.total_seconds() <= wait(health) <= 1.1 * LONGEST.total_seconds()
    assert (health.state, health.error, health.stage) == ("failing", "the server answered 503", "request")
    healed = succeeded(health, brought(20), SPEC)
    assert (healed.state, healed.failures, healed.error, healed.failing_since) == ("ok", 0, None, None)


def test_a_source_that_only_fails_is_stopped_and_comes_back_by_itself() -> None:
    """After two weeks of failures it is asked once a week, and is well again with the first success."""
    health = broken(first(SPEC))
    later = NOW + STOPPED_AFTER
    stopped = broken(health, at=later)
    assert stopped.state == "stopped"
    assert stopped.next_look is not None
    assert stopped.next_look - later >= STOPPED_EVERY
    assert succeeded(stopped, brought(1, at=later), SPEC).state == "ok"


def test_a_source_that_refuses_us_is_blocked_not_broken() -> None:
    """The rules of a site are told from a fault."""
    look = Look(at=NOW, stage="robots", error="robots.txt forbids it")
    assert failed(first(SPEC), look, SPEC, "soft", is_refused=True).state == "blocked"


def test_quiet_is_not_broken() -> None:
    """A source is quiet when nothing came for four times its own usual gap, and at least for a day."""
    health = first(SPEC)
    for hour in range(10):
        health = succeeded(health, brought(1, at=NOW + timedelta(hours=10 * hour)), SPEC)
    last = NOW + timedelta(hours=90)
    assert health.gap == pytest.approx(36_000)
    assert succeeded(health, brought(0, at=last + timedelta(hours=39)), SPEC).state == "ok"
    assert succeeded(health, brought(0, at=last + timedelta(hours=41)), SPEC).state == "quiet"


def test_a_move_for_good_is_counted_while_it_stays_the_same() -> None:
    """A permanent redirect to the same place counts up; another place, or none, starts anew."""
    health = first(SPEC)
    for _ in range(3):
        health = succeeded(health, brought(1, moved_to="https://new.example/feed"), SPEC)
    assert (health.moved_to, health.moved) == ("https://new.example/feed", 3)
    assert succeeded(health, brought(1, moved_to="https://other.example/"), SPEC).moved == 1
    assert succeeded(health, brought(1), SPEC).moved == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_counts_balance(looks: list[tuple[int, int, int, int]]) -> None:
    """Whatever came of any number of looks: discovered is known, published, refused and undelivered together."""
    health = first(SPEC)
    for number, (known, published, refused, undelivered) in enumerate(looks):
        look = Look(
            at=NOW + timedelta(minutes=5 * number),
            discovered=known + published + refused + undelivered,
            new=published,
            published=published,
        )
        outcome = Outcome(look, known=known, undelivered=undelivered, refused={"robots": refused})
        health = succeeded(health, outcome, SPEC)
    assert health.discovered == health.known + health.published + sum(health.refused.values()) + health.undelivered
    assert SourceHealth.model_validate_json(health.model_dump_json()) == health
    assert len(health.looks) <= 20


@given(st.lists(st.sampled_from(["hard", "soft", "temporary", "ok"]), min_size=1, max_size=60))
def test_the_next_look_is_always_ahead_and_never_out_of_sight(course: list[str]) -> None:
    """After any course of success and failure the next look is between ten seconds and a bit over a week away."""
    health = first(SPEC)
    at = NOW
    for step in course:
        health = succeeded(health, brought(1, at=at), SPEC) if step == "ok" else broken(health, step, at)  # type: ignore[arg-type]
        assert SHORTEST.total_seconds() <= wait(health) <= 1.1 * STOPPED_EVERY.total_seconds()
        assert health.next_look
        at = health.next_look


def test_a_shorter_interval_in_the_entry_counts_at_once() -> None:
    """Who asks for more looks does not wait for the old interval to end, nor for it to shrink look by look."""
    seldom = SPEC.model_copy(update={"every": "1d"})
    health = succeeded(first(seldom), brought(10), seldom)
    assert due(health, seldom, NOW) >= NOW + timedelta(days=1)
    assert due(health, SPEC, NOW) == NOW + timedelta(seconds=EVERY)
    assert succeeded(health, brought(10, at=NOW + timedelta(minutes=5)), SPEC).interval == EVERY


def test_an_interval_that_grew_by_itself_is_kept() -> None:
    """A source that brought nothing is looked at when its last look said, and no sooner: its entry is what it was."""
    health = succeeded(first(SPEC), brought(0), SPEC)
    assert due(health, SPEC, NOW) == health.next_look
    assert wait(health) >= 1.5 * EVERY


def days(*counts: int) -> SourceHealth:
    """A source with these counts a day, the last one today."""
    return first(SPEC).model_copy(
        update={
            "days": tuple(
                Day(day=(NOW - timedelta(days=len(counts) - 1 - number)).date(), published=count)
                for number, count in enumerate(counts)
                if count
            )
        }
    )


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ((40, 42, 38, 41, 40, 12), None),
        ((40, 42, 38, 41, 40, 190), "burst"),
        ((40, 42, 38, 41, 3, 2), "drop"),
        ((40, 42, 38, 41, 0, 2), "drop"),
        ((1, 2, 1, 2, 0, 0), None),
        ((1, 2, 1, 2, 1, 9), None),
        ((40, 200), None),
        ((), None),
    ],
)
def test_an_unusual_day_is_flagged(counts: tuple[int, ...], found: str | None) -> None:
    """Far more today than usual is a burst, far less yesterday a drop; few days or few articles say nothing."""
    assert anomaly(days(*counts), NOW) == found
