"""Enricher and sink are killed, stopped, cancelled, stalled and joined by others while articles flow."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from kafka import KafkaConsumer

from deploy.local.ports import free_ports
from desk.workers import Worker
from schemas.article import RawArticle
from schemas.settings import Settings
from schemas.streams import partitions_of, reader_options, streams
from tests.faults.oracle import Oracle, lightly, raw_articles
from tests.faults.rig import DEADLINE, Faulty, at_work, hit, is_through, probe
from tests.faults.scale import FULL, scaled
from tests.integration.pipeline import drain, made, stored, until, working
from tests.table import Row

KILLS = scaled(1, 20)
HARMS = scaled(1, 100)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.timeout(2400)
def test_killed_processes_lose_nothing(settings: Settings, row: Row, number: signal.Signals) -> None:
    """Enricher and sink are killed mid-stream: stored and dead together are what was published, each exactly once."""
    count = scaled(200, 10_000)
    row(f"crash: {number.name} of enricher and sink over {count:,} articles")
    chance = random.Random(number)
    with made(settings), closing(Oracle(settings)) as oracle, working(settings) as work:
        oracle.raw(raw_articles(count))
        for place in range(count // 100):
            oracle.poison(streams(settings).raw.name, b"poison %d" % place)
        oracle.settle()
        for _ in range(KILLS):
            for worker in work.values():
                time.sleep(chance.uniform(0.2, scaled(1.5, 4.0)))
                hit(worker, number)
        last = time.monotonic()
        drain(settings, 900)
        row.did("kills of each", KILLS, KILLS)
        row.is_at_most("seconds from the last kill to the end", time.monotonic() - last, 60)
        oracle.judge(stored(settings), row)


@pytest.mark.timeout(5400)
def test_an_enricher_that_ends_in_the_middle_of_an_article_loses_none(settings: Settings, row: Row) -> None:
    """Signals, errors that nobody catches and cancellation in mid-article: the article is read again and made."""
    kinds = ("SIGTERM", "SIGKILL", "raise", "cancel")
    row(f"stop mid-event: {', '.join(kinds)}")
    with made(settings), closing(Oracle(settings, lightly)) as oracle, at_work(Worker("sink", "sink", settings)):
        articles = raw_articles(len(kinds) * HARMS * 5)
        for place, article in enumerate(articles):
            oracle.raw([article if place % 5 else _harmed(article, kinds[place // 5 % len(kinds)])])
        oracle.settle()
        with Faulty(settings, forked=True) as faulty:
            until(lambda: is_through(settings), "all articles through", len(kinds) * HARMS * 15 + 120)
        marks = list((settings.data_dir / "harmed").iterdir())
        row.did("harms done", len(marks), len(kinds) * HARMS)
        row.did("starts", faulty.starts, len(kinds) + 1)
        drain(settings)
        oracle.judge(stored(settings), row)


def _harmed(article: RawArticle, harm: str) -> RawArticle:
    return article.model_copy(update={"metadata": {"harm": harm}})


@pytest.mark.timeout(900)
def test_workers_that_come_and_go_lose_nothing(settings: Settings, row: Row) -> None:
    """While workers join and leave, and one article takes long, all others go on and nothing is lost."""
    seconds, every, slow = scaled(12.0, 300.0), scaled(4.0, 10.0), scaled(3.0, 30.0)
    row(f"rebalance storm: every {every:.0f} s for {seconds:.0f} s, one article of {slow:.0f} s")
    with made(settings), closing(Oracle(settings, lightly)) as oracle, at_work(Worker("sink", "sink", settings)):
        articles = raw_articles(int(seconds * 5))
        articles[len(articles) // 4] = _harmed(articles[len(articles) // 4], "slow")
        with Faulty(settings, slow=slow):
            stalls = list(_storm(settings, oracle, articles, every, slow))
            until(lambda: is_through(settings), "all articles through", 300)
        drain(settings)
        row.did("workers that came and went", len(stalls), int(seconds / every))
        row.is_at_most("longest stall in seconds", max(stalls), 60)
        oracle.judge(stored(settings), row)


def _storm(
    settings: Settings, oracle: Oracle, articles: list[RawArticle], every: float, slow: float
) -> Iterator[float]:
    """Publishes steadily while another worker comes and goes; gives the longest stall of each of its lives."""
    consumer = KafkaConsumer(**reader_options(settings))
    partitions = partitions_of(consumer, streams(settings).enriched.name)
    moved_at, before, here = time.monotonic(), -1, iter(articles)
    for life in range(len(articles) // int(every * 5)):
        other, longest = Faulty(settings, f"other-{life}", slow) if life % 2 == 0 else None, 0.0
        if other:
            other.__enter__()
        for _ in range(int(every * 5)):
            oracle.raw([next(here)])
            time.sleep(0.2)
            end = sum(consumer.end_offsets(partitions).values())
            longest = max(longest, time.monotonic() - moved_at)
            if end != before:
                moved_at, before = time.monotonic(), end
        if other:
            other.stop()
        yield longest
    oracle.raw(here)
    oracle.settle()
    consumer.close()


@pytest.mark.timeout(600)
def test_a_silent_stall_is_seen_from_outside(settings: Settings, row: Row) -> None:
    """A worker that does nothing and says nothing fails its liveness probe, and nothing is lost when it is ended."""
    row("agent silently stalled: " + ("stuck in an article" if FULL else "SIGSTOP"))
    with free_ports(1) as (port,):
        telling = settings.model_copy(update={"metrics_port": port})
    with made(settings), closing(Oracle(settings, lightly)) as oracle, at_work(Worker("sink", "sink", settings)):
        articles = raw_articles(60)
        with Faulty(telling) as faulty:
            until(lambda: probe(port, "livez")[0] == 200, "a live worker", 60)
            oracle.raw([_harmed(articles[0], "stuck") if FULL else articles[0], *articles[1:]])
            oracle.settle()
            assert faulty.process is not None
            if not FULL:
                os.kill(faulty.process.pid, signal.SIGSTOP)
            since = time.monotonic()
            until(lambda: probe(port, "livez")[0] != 200, "liveness fails", 180)
            row.is_at_most("seconds until liveness fails", time.monotonic() - since, 90)
            os.kill(faulty.process.pid, signal.SIGKILL)
            until(lambda: is_through(settings), "all articles through", DEADLINE)
        drain(settings)
        oracle.judge(stored(settings), row)
