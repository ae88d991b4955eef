"""How soon a search finds an article after it was published, at several rates.

A search asks again and again for the articles that are still to come, by their ids, and what it finds is searchable:
the time is true to the pause between two searches. The sink's receipts would not do, for what Elasticsearch has taken
is found only after its next refresh. Beside it, at the same rates, is a plain client that indexes ready documents one
by one: one that leaves the refresh to Elasticsearch (every second, as it does by itself), and one that asks for it with
every document, which is what bounds it.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from confluent_kafka import Producer
from elasticsearch import ApiError, Elasticsearch, TransportError

from schemas.settings import Settings
from schemas.streams import streams
from tests.bench.figures import Ratio, Round
from tests.bench.processes import patiently
from tests.bench.rig import Bench, Stage, client, confluent_options, in_turn, message
from tests.bench.whole import at_work

RATES = (1, 10, 50)
OURS, PLAIN, BOUND = "Wiredesk, raw to searchable", "plain client", "plain client, refresh with each"
SHARES = {"p50 ms": 0.5, "p95 ms": 0.95, "p99 ms": 0.99}
BEHIND = "s until the last was found"
_PAUSE = 0.02
_MOST_ASKED = 500
_PATIENCE = 90.0


@contextmanager
def freshness(bench: Bench) -> Iterator[Stage]:
    """The stage."""
    seconds = {1: bench.size(4, 20), 10: bench.size(3, 10), 50: bench.size(2, 10)}
    settings, plain = at_work(bench), bench.place("freshness", index_refresh="1s")
    notes: list[str] = []
    with ExitStack() as stack:
        elasticsearch = stack.enter_context(client(settings))
        writer = stack.enter_context(client(settings))
        producer = Producer({**confluent_options(settings), "linger.ms": 0})
        stack.callback(producer.flush)

        def measure(number: int) -> Round:
            found: Round = {}
            for rate in RATES[:1] if number < 0 else RATES:
                count = rate * seconds[rate]
                work = {
                    OURS: (settings, published(bench, settings, producer, count)),
                    PLAIN: (plain, indexed(bench, writer, plain, count, is_asking=False)),
                    BOUND: (plain, indexed(bench, writer, plain, count, is_asking=True)),
                }
                for name, (where, some) in work.items():
                    watch = Watch(elasticsearch, where.index_alias)
                    found[at(name, rate)] = watch.times(some, rate)
                    notes.extend(filter(None, [watch.missing(rate)]))
            return found

        yield Stage(
            about=f"articles at {', '.join(map(str, RATES))} a second, looked for every {_PAUSE * 1000:.0f} ms",
            run=in_turn(measure),
            most=1 if bench.is_quick else None,
            ratios=tuple(
                Ratio(
                    f"freshness: p50 of {name} / Wiredesk at {rate}/s",
                    (at(OURS, rate), "p50 ms"),
                    (at(name, rate), "p50 ms"),
                    is_cost=True,
                )
                for rate in RATES[:2]
                for name in (PLAIN, BOUND)
            ),
            notes=notes,
        )


def at(name: str, rate: int) -> str:
    """A contender at a rate."""
    return f"{name}, {rate}/s"


Work = tuple[str, Callable[[], object]]


def published(bench: Bench, settings: Settings, producer: Producer, count: int) -> list[Work]:
    """Articles by their ids, each with what publishes it at once."""
    stream = streams(settings).raw.name

    def work(article: Any) -> Callable[[], object]:
        key, value, headers = message(article)

        def send() -> None:
            producer.produce(stream, value, key, headers=list(headers))
            producer.poll(0)

        return send

    return [(one.id, work(one)) for one in bench.corpus.take(count)]


def indexed(
    bench: Bench, elasticsearch: Elasticsearch, settings: Settings, count: int, *, is_asking: bool
) -> list[Work]:
    """Ready documents by their ids, each with what indexes it at once, asking for a refresh or not."""

    def work(one: dict[str, Any]) -> Callable[[], object]:
        alias = settings.index_alias
        return lambda: patiently(
            lambda: elasticsearch.index(index=alias, id=one["id"], document=one, refresh=is_asking)
        )

    return [(one["id"], work(one)) for one in bench.wire.documents(count)]


class Watch:
    """Finds out when each of some articles can first be found."""

    def __init__(self, elasticsearch: Elasticsearch, alias: str) -> None:
        self._elasticsearch, self._alias = elasticsearch, alias
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._is_over = threading.Event()

    def times(self, some: list[Work], rate: float) -> dict[str, float]:
        """Lets so many a second begin, and gives the shares of the times until each is found, in milliseconds.

        The times count from when each is due: who is too slow for the rate makes the next ones wait, too.
        """
        watching = threading.Thread(target=self._watch)
        watching.start()
        due = time.perf_counter()
        try:
            for number, (identity, work) in enumerate(some):
                moment = due + number / rate
                time.sleep(max(0.0, moment - time.perf_counter()))
                self._began[identity] = moment
                work()
            last = time.perf_counter()
            while len(self._took) < len(some) and time.perf_counter() - last < _PATIENCE:
                time.sleep(_PAUSE)
            behind = time.perf_counter() - last
        finally:
            self._is_over.set()
            watching.join()
        return shares(list(self._took.values())) | {BEHIND: behind}

    def missing(self, rate: int) -> str:
        """What to say where some were not found in time."""
        lost = len(self._began) - len(self._took)
        return f"at {rate}/s {lost} of {len(self._began)} articles were not found in {_PATIENCE:.0f} s" if lost else ""

    def _watch(self) -> None:
        while not self._is_over.wait(_PAUSE):
            waited = [one for one in list(self._began) if one not in self._took][:_MOST_ASKED]
            if not waited:
                continue
            with contextlib.suppress(TransportError, ApiError):  # the next one may well be answered
                self._look_for(waited)

    def _look_for(self, waited: list[str]) -> None:
        query = {"ids": {"values": waited}}
        answer = self._elasticsearch.search(index=self._alias, query=query, size=len(waited), source=False)
        now = time.perf_counter()
        for hit in answer["hits"]["hits"]:
            self._took[hit["_id"]] = now - self._began[hit["_id"]]


def shares(seconds: list[float]) -> dict[str, float]:
    """The least time within which so large a share of all came, in milliseconds, by nearest rank."""
    times = sorted(seconds)
    return {name: times[math.ceil(share * len(times)) - 1] * 1000 for name, share in SHARES.items()} if times else {}
