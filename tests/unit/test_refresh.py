"""What was written is asked to be searchable, as often as that costs little, and then its age is told."""

from __future__ import annotations

import threading
import time

from elasticsearch import ConnectionError as NoConnection

from processors.refresh import LONGEST, PAUSE, REST, Refresher


def test_the_age_is_told_when_it_is_searchable() -> None:
    """Ages run from being published to the end of the refresh, and each is told once."""
    told: list[float] = []
    fresh = Refresher(lambda: None, told.append, clock=lambda: 12.0)
    fresh.written([10_000, 11_500])
    fresh.turn()
    fresh.turn()
    assert told == [2000, 500]


def test_a_refresh_that_takes_long_is_followed_by_a_long_rest() -> None:
    """The pause grows with what the refresh took, up to a second: what was written never waits longer than that."""
    assert Refresher(lambda: None, lambda _: None).turn() == PAUSE
    assert REST * 0.03 <= Refresher(lambda: time.sleep(0.03), lambda _: None).turn() <= LONGEST
    assert Refresher(lambda: time.sleep(0.15), lambda _: None).turn() == LONGEST


def test_a_backlog_is_made_searchable_less_often() -> None:
    """What was published a minute ago waits for the refresh of five seconds; with something fresh it does not wait."""
    now, asked = [60.0], list[float]()
    fresh = Refresher(lambda: asked.append(now[0]), lambda _: None, clock=lambda: now[0])
    for now[0] in (60.0, 61.0, 64.5, 65.5, 66.0):
        fresh.written([now[0] * 1000 - 60_000])
        fresh.turn()
    assert asked == [60.0, 65.5]
    fresh.written([65_500])
    fresh.turn()
    assert asked == [60.0, 65.5, 66.0]


def test_what_waits_is_not_forgotten() -> None:
    """A backlog's last articles are searchable soon although nothing is written after them."""
    asked = threading.Semaphore(0)
    fresh = Refresher(asked.release, lambda _: None)
    fresh.start()
    for _ in range(2):
        fresh.written([(time.time() - 10) * 1000])
        assert asked.acquire(timeout=30)
    fresh.stop()


def test_a_refusal_ends_nothing_and_its_ages_are_not_told() -> None:
    """When Elasticsearch does not answer, what was written has no known age, and the next time is tried as ever."""
    answers = [NoConnection("away"), None]

    def refresh() -> None:
        if error := answers.pop(0):
            raise error

    told: list[float] = []
    fresh = Refresher(refresh, told.append, clock=lambda: 3.0)
    fresh.written([1000])
    assert fresh.turn() > PAUSE
    fresh.written([2000])
    assert fresh.turn() == PAUSE
    assert told == [1000]


def test_it_is_asked_only_after_something_was_written() -> None:
    """An idle sink asks for nothing; one bulk, even of no article that counts, is followed by one refresh."""
    asked = threading.Semaphore(0)
    fresh = Refresher(asked.release, lambda _: None)
    fresh.start()
    assert not asked.acquire(timeout=0.3)
    fresh.written([])
    assert asked.acquire(timeout=10)
    fresh.stop()
    assert not asked.acquire(blocking=False)
