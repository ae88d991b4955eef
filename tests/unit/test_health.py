"""A worker is alive as long as it moves or has nothing to move, and ready when what it needs is there."""

from __future__ import annotations

import pytest
from kafka.errors import KafkaTimeoutError

from processors.health import Health, blocks
from processors.progress import Progress
from schemas.telemetry import checked


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        """The seconds that have passed."""
        return self.seconds

    def pass_seconds(self, seconds: float) -> None:
        """Goes on."""
        self.seconds += seconds


class Kafka:
    """Tells the lag of each partition, or fails."""

    def __init__(self, **lags: int) -> None:
        self.lags = {int(name.removeprefix("p")): lag for name, lag in lags.items()}
        self.is_down = False

    def __call__(self) -> dict[int, int]:
        """The lag of each partition."""
        if self.is_down:
            raise KafkaTimeoutError("nobody answers")
        return self.lags


def looked_at(progress: Progress, kafka: Kafka, clock: Clock, seconds: float, step: float = 5.0) -> Health:
    """A worker's health after so many seconds of looking, with a loop that goes round all the time."""
    health = Health(progress, kafka, clock=clock.monotonic)
    for _ in range(int(seconds / step)):
        health.look()
        clock.pass_seconds(step)
        progress.turned_at = clock.monotonic()
    return health


def worker(stage: str = "sink") -> Progress:
    """A worker that reads partitions 0 and 1."""
    return Progress("sink" if stage == "sink" else "enrich", partitions=(0, 1))


def test_lag_without_progress_is_no_life() -> None:
    """When messages wait and none was finished for a minute the worker does not live, and says how many wait."""
    clock = Clock()
    assert looked_at(worker(), Kafka(p0=3, p1=4), clock, 50).live()["progress"] == ""
    words = looked_at(worker(), Kafka(p0=3, p1=4), clock, 70).live()["progress"]
    assert words.startswith("7 messages wait, and none was finished for")


def test_who_has_nothing_to_do_lives() -> None:
    """A worker before which nothing waits lives, however long it finishes nothing."""
    assert not any(looked_at(worker(), Kafka(p0=0, p1=0), Clock(), 600).live().values())


def test_only_its_own_partitions_count() -> None:
    """What waits on a partition that another process reads is no fault of this one."""
    assert not any(looked_at(worker(), Kafka(p0=0, p2=50), Clock(), 600).live().values())


def test_progress_is_life() -> None:
    """A worker that finishes something now and then lives, also when that is a dead letter."""
    clock, progress = Clock(), worker("enrich")
    health = Health(progress, Kafka(p0=9), clock=clock.monotonic)
    for number in range(100):
        progress.done += number % 20 == 0
        progress.dead += number % 20 == 10
        health.look()
        clock.pass_seconds(5)
        progress.turned_at = clock.monotonic()
        assert not any(health.live().values())


def test_heartbeats_that_pass_hide_no_article_that_stands_still() -> None:
    """When a heartbeat comes through now and then, but no article of those that wait, the worker does not live."""
    clock, progress = Clock(), worker("enrich")
    health = Health(progress, Kafka(p0=9), clock=clock.monotonic)
    for _ in range(20):
        progress.beats += 1
        health.look()
        clock.pass_seconds(5)
        progress.turned_at = clock.monotonic()
    assert health.live()["progress"].startswith("9 messages wait")


@pytest.mark.parametrize("is_asking", [True, False])
def test_elasticsearch_away_is_no_fault_of_the_sink(is_asking: bool) -> None:
    """A sink whose requests hang, or which waits to try again, lives, whatever waits before it."""
    progress = worker()
    progress.asking = int(is_asking)
    progress.waiting = None if is_asking else "Elasticsearch does not answer"
    assert not any(looked_at(progress, Kafka(p0=500), Clock(), 900).live().values())


def test_kafka_away_is_no_fault_of_the_worker() -> None:
    """While Kafka does not answer the worker lives and is not ready; the reason is told."""
    kafka = Kafka(p0=5)
    kafka.is_down = True
    health = looked_at(worker(), kafka, Clock(), 600)
    assert not any(health.live().values())
    assert "nobody answers" in health.ready()["kafka"]


def test_a_loop_that_stands_still_is_no_life() -> None:
    """When the loop of the worker has not gone round for a minute it does not live, even with nothing to do."""
    clock, progress = Clock(), worker()
    health = Health(progress, Kafka(p0=0), clock=clock.monotonic)
    progress.turned_at = clock.monotonic()
    clock.pass_seconds(59)
    assert not any(health.live().values())
    clock.pass_seconds(2)
    assert health.live()["loop"] == "it has stood still for 61 s"


def test_readiness_names_what_is_missing() -> None:
    """A worker is ready with Kafka, an index that takes articles, and partitions; each has its check."""
    problem = ["articles-1 is blocked by index.blocks.write"]
    clock, progress = Clock(), worker()
    health = Health(progress, Kafka(p0=0), lambda: problem[0], clock=clock.monotonic)
    progress.turned_at = clock.monotonic()
    assert health.ready()["kafka"] == "it was not asked yet"
    health.look()
    assert health.ready()["index"] == problem[0]
    problem[0] = ""
    health.look()
    assert not any(health.ready().values())
    progress.turn(())
    progress.turned_at = clock.monotonic()
    assert health.ready()["partitions"] == "none are assigned to it"


def test_blocks_are_read_from_the_answer() -> None:
    """Each blocked index is named with its blocks; one that may be written, or has a block off, is none."""
    found = {
        "a-2": {"settings": {"index.blocks.write": "true", "index.blocks.read_only_allow_delete": "true"}},
        "a-1": {"settings": {"index.blocks.read_only": "false"}},
    }
    assert blocks(found) == "a-2 is blocked by index.blocks.write, index.blocks.read_only_allow_delete"
    assert blocks({"a-1": {"settings": {}}}) == ""


def test_a_probe_answers_in_the_usual_form() -> None:
    """One check that fails makes 503; with verbose every check has its line, else only those that fail."""
    checks = {"kafka": "", "index": "it is blocked"}
    assert checked(checks, verbose=True) == (503, "[+]kafka ok\n[-]index failed: it is blocked\nfailed\n")
    assert checked(checks, verbose=False) == (503, "[-]index failed: it is blocked\nfailed\n")
    assert checked({"kafka": ""}, verbose=False) == (200, "ok\n")


@pytest.mark.parametrize(("seconds", "ends"), [(60, 0), (70, 0), (90, 1), (300, 1)])
def test_a_worker_that_stands_still_ends_itself_once(seconds: float, ends: int) -> None:
    """Who does not live for several looks is ended, once, with the words for what is wrong."""
    clock, said = Clock(), list[str]()
    progress = worker()
    health = Health(progress, Kafka(p0=7), clock=clock.monotonic, end=said.append)
    for _ in range(int(seconds / 5)):
        health.look()
        clock.pass_seconds(5)
        progress.turned_at = clock.monotonic()
    assert len(said) == ends
    assert all(one.startswith("progress: 7 messages wait") for one in said)


def test_a_frozen_worker_that_goes_on_is_not_ended() -> None:
    """After minutes in which nothing of the process ran, it is given time to go on."""
    clock, said = Clock(), list[str]()
    progress = worker()
    health = Health(progress, Kafka(p0=7), clock=clock.monotonic, end=said.append)
    health.look()
    clock.pass_seconds(300)
    health.look()
    progress.done, progress.turned_at = 7, clock.monotonic()
    for _ in range(4):
        clock.pass_seconds(5)
        progress.turned_at = clock.monotonic()
        health.look()
    assert not said
