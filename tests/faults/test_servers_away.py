"""Kafka and Elasticsearch of the test's own are killed, held up and limited while articles flow."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest
from elasticsearch import ApiError, TransportError
from kafka import KafkaProducer

from deploy import answers
from deploy.ladder import serve
from deploy.local.artifacts import Server
from deploy.local.place import Place
from deploy.progress import Silent
from processors import index
from producers import seen
from producers.publish import Publisher, feed
from schemas.settings import Settings, load
from schemas.streams import producer_options
from tests.faults.oracle import Oracle, raw_articles
from tests.faults.rig import DEADLINE, hit
from tests.faults.scale import FULL, scaled
from tests.integration.pipeline import drain, made, stored, until, working
from tests.table import Row

EACH_SECOND = 20


@pytest.fixture(scope="module")
def own(open_folder: Callable[[], Path]) -> Iterator[Settings]:
    """Servers that may be hurt, with a pipeline at work on them."""
    named = {"kafka_servers": "", "elasticsearch_url": "", "kafka_port": 0, "elasticsearch_port": 0}
    bare = load(**named, servers="local", data_dir=open_folder())
    with serve(bare, Silent()) as found:
        settings = bare.model_copy(update={"kafka_servers": found.kafka, "elasticsearch_url": found.elasticsearch})
        yield settings


@pytest.fixture
def here(own: Settings) -> Iterator[Settings]:
    """Streams and an index on them, empty."""
    with made(own):
        yield own


def server(settings: Settings, name: Server) -> int:
    """The process of a server of our own."""
    place = Place(settings.data_dir.absolute(), name)
    found: int = until(lambda: (state := place.state()) and state.server, f"{name} runs")
    return found


def answering(settings: Settings, name: Server) -> bool:
    """Whether the server answers."""
    if name == "kafka":
        return answers.kafka(settings.kafka_servers, settings)
    return answers.elasticsearch(settings.elasticsearch_url, settings)


class Steadily:
    """Publishes at a steady pace while the block runs."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle, self._done, self.count = oracle, threading.Event(), 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        for article in raw_articles(20_000, 31, 2):
            if self._done.wait(1 / EACH_SECOND):
                return
            self._oracle.raw([article])
            self.count += 1


def searchable(settings: Settings) -> int:
    """How many articles can be found now; -1 where nobody can say."""
    elasticsearch = index.client(settings, timeout=5)
    try:
        return int(elasticsearch.count(index=settings.index_alias)["count"])
    except (ApiError, TransportError):
        return -1
    finally:
        elasticsearch.close()


@pytest.mark.timeout(1800)
def test_after_any_kill_articles_flow_again_soon(here: Settings, row: Row) -> None:
    """Each process and each server is killed under a steady stream: articles flow again, and all can be searched."""
    row(f"any process or server killed at {EACH_SECOND} articles/s")
    with working(here) as work, closing(Oracle(here)) as oracle, Steadily(oracle) as stream:
        until(lambda: searchable(here) > 0, "articles that can be searched", 90)
        victims: dict[str, Callable[[], None]] = {
            "kafka": lambda: killed(here, "kafka"),
            "elasticsearch": lambda: killed(here, "elasticsearch"),
        }
        if FULL:  # the short form of these two is the row of crashes
            victims |= {name: lambda one=one: hit(one, signal.SIGKILL) for name, one in work.items()}  # type: ignore[misc]
        for name, kill in victims.items():
            before = searchable(here)
            kill()
            up, published = time.monotonic(), stream.count
            until(lambda before=before: searchable(here) > before, f"articles flow after {name}", 120)
            row.is_at_most(f"{name}: seconds from up to flowing", time.monotonic() - up, 15)
            until(lambda published=published: searchable(here) >= published, f"all after {name}", 180)
            row.is_at_most(f"{name}: seconds from up to all searchable", time.monotonic() - up, 60)
        stream.__exit__()
        oracle.settle()
        drain(here, DEADLINE)
        oracle.judge(stored(here), row)


def killed(settings: Settings, name: Server) -> None:
    """Kills a server, and waits until its guard has brought it back."""
    os.kill(server(settings, name), signal.SIGKILL)
    until(lambda: not answering(settings, name), f"{name} gone", 30)
    until(lambda: answering(settings, name), f"{name} back", 120)


@pytest.mark.timeout(900)
def test_what_kafka_does_not_take_is_said_and_comes_again(here: Settings, row: Row) -> None:
    """Away longer than deliveries may take: what failed is reported, not remembered, and goes next time."""
    limit = scaled(3000, 120_000)
    row(f"broker away longer than {limit // 1000} s, the producer's delivery timeout, while it publishes")
    articles = raw_articles(scaled(200, 5000), 32)
    patient = {**producer_options(here), "delivery_timeout_ms": limit, "request_timeout_ms": min(limit - 500, 30_000)}
    broker = server(here, "kafka")
    with closing(Oracle(here)) as oracle:
        publisher = Publisher(KafkaProducer(**patient), here, seen.load(here))
        half = len(articles) // 2
        assert feed(articles[:half], publisher).published == half
        second = threading.Thread(target=feed, args=(articles[half:], publisher))
        os.kill(broker, signal.SIGSTOP)
        try:
            since = time.monotonic()
            second.start()
            second.join(limit / 1000 + scaled(5, 60))
            row.is_at_most("seconds until all failures are told", time.monotonic() - since, limit / 1000 + 30)
            if FULL:
                row.is_exactly("told while it is away", int(not second.is_alive()), 1)
        finally:
            os.kill(broker, signal.SIGCONT)
        second.join(120)
        failed = len(publisher.report.failed)
        row.is_exactly("neither published nor reported", len(articles) - failed - publisher.report.published, 0)
        known = until(lambda: seen.load(here), "Kafka again", 60)
        row.is_exactly(
            "remembered or failed", sum(one.id.encode() in known for one in articles) + failed, len(articles)
        )
        again = Publisher(KafkaProducer(**producer_options(here)), here, known)
        row.is_exactly("published the next time", feed(articles, again).published, failed)
        oracle.articles.update({one.id: one for one in articles})
        with working(here):
            drain(here, DEADLINE)
        oracle.judge(stored(here), row)
