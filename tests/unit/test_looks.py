"""The last looks at a source are told in words, with when a failing one is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from desk import looks
from producers import schedule
from schemas.health import Look, SourceHealth
from schemas.source import SourceSpec

SPEC = SourceSpec(name="herald", kind="feed", url="https://herald.example/rss", every="5m")
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def went_well(health: SourceHealth, at: datetime, moved_to: str | None = None) -> SourceHealth:
    """After a look with 12 articles, 3 of them new."""
    look = Look(at=at, seconds=0.4, status=200, bytes=12345, discovered=12, new=3, published=3)
    return schedule.succeeded(health, schedule.Outcome(look=look, known=9, moved_to=moved_to), SPEC)


def test_the_newest_look_comes_first_and_twenty_are_kept() -> None:
    """A line a look: status, bytes, what was listed, new and refused, and how long it took."""
    health = schedule.first(SPEC)
    for minute in range(25):
        health = went_well(health, NOON + timedelta(minutes=minute))
    heading, first, *others = looks.lines(health)
    assert heading.split() == ["look", "(UTC)", "status", "bytes", "listed", "new", "refused", "seconds"]
    assert first.split() == ["11-02", "12:24", "200", "12,345", "12", "3", "0", "0.4"]
    assert len(others) == 19


def test_a_source_that_fails_says_when_it_is_asked_again() -> None:
    """State, stage, reason and the next try come before the looks; a look that failed has its reason."""
    look = Look(at=NOON, status=503, stage="request", error="a fault")
    failed = schedule.failed(went_well(schedule.first(SPEC), NOON), look, SPEC, "hard", is_refused=False)
    first, _, line, _ = looks.lines(failed)
    assert first == f"failing: request: a fault; next try {failed.next_look:%H:%M} UTC"
    assert failed.next_look
    assert NOON + timedelta(minutes=10) <= failed.next_look <= NOON + timedelta(minutes=11)
    assert line.endswith("request: a fault")


def test_the_day_is_named_where_it_is_another() -> None:
    """A next try of tomorrow has its date."""
    assert looks.next_try(NOON + timedelta(days=1), NOON) == "next try 2026-11-03 12:00 UTC"


def test_a_source_that_moved_is_proposed_its_new_address() -> None:
    """Told to be elsewhere for good more than once, the new address is proposed; once is not enough."""
    once = went_well(schedule.first(SPEC), NOON, "https://herald.example/new")
    twice = went_well(once, NOON + timedelta(minutes=5), "https://herald.example/new")
    words = "it moved for good, told 2 times in a row: use https://herald.example/new"
    assert words in list(looks.lines(twice))
    assert not any("moved" in line for line in looks.lines(once))


def test_a_source_that_was_never_looked_at_has_nothing_to_tell() -> None:
    """No line at all."""
    assert list(looks.lines(schedule.first(SPEC))) == []
