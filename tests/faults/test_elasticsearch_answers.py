"""A real sink on a real Kafka, before an Elasticsearch that refuses, resets, hangs, or is not there."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.ladder import Servers
from processors.store import SUCCESSES_TO_GROW
from schemas.settings import Settings, load
from tests.faults.fake_elasticsearch import BREAKER, REJECTED, UNAVAILABLE, FakeElasticsearch, Whole
from tests.faults.oracle import Oracle, lightly, raw_articles
from tests.faults.proxy import Proxy
from tests.faults.rig import Sinking, drain_sink, process, resident, sink_on
from tests.faults.scale import FULL, scaled
from tests.integration.pipeline import until
from tests.table import Row

ARTICLES = scaled(600, 10_000)
OUTAGE = scaled(1.0, 120.0)
MEGABYTE = 2**20
REFUSED = (429, {"type": "es_rejected_execution_exception", "reason": "rejected execution of coordinating operation"})
OUTAGES: dict[str, Whole] = {"429": REFUSED, "503": UNAVAILABLE, "reset": "reset", "timeout": "hang"}


@dataclass(frozen=True)
class Rig:
    """A sink at work before a fake."""

    settings: Settings
    fake: FakeElasticsearch
    sink: Sinking

    def published(self, count: int, seed: int) -> Oracle:
        """Publishes so many articles on the sink's stream."""
        oracle = Oracle(self.settings, lightly)
        oracle.enriched(lightly(one) for one in raw_articles(count, seed))
        oracle.settle()
        return oracle


@pytest.fixture(scope="module")
def shared(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One sink and one fake for all tests of this file."""
    folder = tmp_path_factory.mktemp("answers")
    with FakeElasticsearch() as fake:
        settings = settings_for(servers, folder, fake.url)
        with sink_on(settings) as sink:
            yield Rig(settings, fake, sink)


def settings_for(servers: Servers, folder: Any, url: str) -> Settings:
    """Settings with a stream prefix that only this folder has."""
    return load(
        kafka_servers=servers.kafka,
        elasticsearch_url=url,
        stream_prefix=f"{folder.parent.name}.{folder.name}.",
        index_alias="fake",
        data_dir=folder,
    )


@pytest.fixture
def rig(shared: Rig) -> Rig:
    """The sink before a healthy fake that holds nothing."""
    shared.fake.forget()
    return shared


def test_only_rejected_items_are_sent_again(rig: Rig, row: Row) -> None:
    """Three of ten documents are rejected each time: only these are sent again, and all are stored."""
    row(f"bulk items rejected with 429, 30 % of {ARTICLES:,}")
    chance = random.Random(3)
    rig.fake.item = lambda _: REJECTED if chance.random() < 0.3 else None
    oracle = rig.published(ARTICLES, 3)
    drain_sink(rig.settings)
    again = sum(rig.fake.sent[one] - 1 for one in rig.fake.sent)
    row.did("rejections", rig.fake.refused.total(), ARTICLES * 0.3)
    row.is_exactly("sent again without need", again - rig.fake.refused.total(), 0)
    oracle.judge(rig.fake.documents, row)


@pytest.mark.parametrize("kind", OUTAGES)
@pytest.mark.timeout(900)
def test_an_outage_costs_time_and_nothing_else(rig: Rig, row: Row, kind: str) -> None:
    """While no request succeeds the sink holds what it has and no more, and goes on soon after it is healed."""
    row(f"whole requests: {kind} for {OUTAGE:.0f} s")
    warm = rig.published(scaled(50, 2000), 4)
    drain_sink(rig.settings)
    rig.fake.whole = lambda _: OUTAGES[kind]
    before = resident(process(rig.sink))
    oracle = rig.published(ARTICLES, 5)
    with highest(lambda: resident(process(rig.sink))) as seen:
        time.sleep(OUTAGE)
        if FULL or kind != "timeout":  # what hangs is known only when it was waited for in vain
            until(lambda: "[-]waiting" in rig.sink.asked("readyz")[1], "not ready while it waits", 60)
    rig.fake.whole, healed_at = lambda _: None, time.monotonic()
    if not FULL:
        rig.fake.healed.set()  # nor does a short run wait until the sink gives up what hangs
    first = until(lambda: next((at for at in rig.fake.stored_at if at > healed_at), None), "a first success", 120)
    row.is_at_most("seconds from healing to the first success", first - healed_at, 35)
    row.is_at_most("megabytes that memory grew", (max(seen) - before) / MEGABYTE, 50)
    drain_sink(rig.settings)
    oracle.documents.update(warm.documents)
    oracle.judge(rig.fake.documents, row)


class highest:  # noqa: N801 (it is used as a function is)
    """Measures again and again while the block runs."""

    def __init__(self, measure: Callable[[], int]) -> None:
        self._measure, self._done, self.seen = measure, threading.Event(), [0]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> list[int]:
        self._thread.start()
        return self.seen

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(0.2):
            self.seen.append(self._measure())


def test_a_memory_limit_halves_the_batch_down_to_one(rig: Rig, row: Row) -> None:
    """While only a single document is let through the requests shrink to that, and grow back after; none is dead."""
    row("circuit breaker: 429 data too large for all but one document")
    few = scaled(300, 1000)
    rig.fake.whole = lambda actions: BREAKER if len(actions) > 1 else None
    oracle = rig.published(few, 6)
    until(lambda: len(rig.fake.documents) >= few // 3, "documents that pass alone", 60)
    shrunk = list(rig.fake.sizes)
    rig.fake.heal()
    drain_sink(rig.settings)
    row.is_exactly("least documents in a request", min(size for size, _ in shrunk), 1)
    row.is_exactly("refusals that were not halved", sum(_not_halved(shrunk)), 0)
    oracle.judge(rig.fake.documents, row)
    grown = rig.published(ARTICLES, 61)
    drain_sink(rig.settings)
    assert max(size for size, status in rig.fake.sizes if status == 200) > 1
    grown.close()


def _not_halved(sizes: list[tuple[int, int]]) -> Iterator[bool]:
    """For each refused size: whether it was tried oftener than what was taken meanwhile gave reason to."""
    refused = [size for size, status in sizes if status == 429]
    earned = (len(sizes) - len(refused)) // SUCCESSES_TO_GROW
    for size in set(refused):
        # Each of the two bulks that are under way may have been sent before the other one was refused.
        yield refused.count(size) > 4 + 2 * earned


def test_an_elasticsearch_that_is_absent_at_the_start_is_waited_for(servers: Servers, tmp_path: Any, row: Row) -> None:
    """A sink that starts with nobody at the address says that it is not ready, and indexes all when somebody is."""
    row("Elasticsearch absent at the start, then slow")
    with FakeElasticsearch() as fake, Proxy(fake.url.removeprefix("http://")) as network:
        network.cut()
        settings = settings_for(servers, tmp_path, f"http://127.0.0.1:{network.port}")
        with sink_on(settings) as sink:
            oracle = Oracle(settings, lightly)
            oracle.enriched(lightly(one) for one in raw_articles(ARTICLES, 7))
            oracle.settle()
            until(lambda: "does not answer" in sink.asked("readyz")[1], "not ready for its Elasticsearch", 60)
            assert not fake.documents
            network.heal()
            network.delay = 0.05
            drain_sink(settings)
        oracle.judge(fake.documents, row)
