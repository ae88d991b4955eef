"""How many articles a second reach Kafka, each delivery checked.

Beside Wiredesk's publisher, in the same rounds, what bounds it: the same messages, made before, by kafka-python alone
with nothing done but sending them and checking each future, once for each article and twice (Wiredesk keeps a second,
small record that the article was seen); and by confluent-kafka, which is librdkafka.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from producers import known
from producers.publish import Publisher, feed, producer
from producers.seen import Seen
from schemas.article import RawArticle
from schemas.settings import Settings
from schemas.streams import streams
from tests.bench.figures import Ratio, Round
from tests.bench.processes import BenchError
from tests.bench.rig import Bench, Message, Stage, in_turn, message, pour

WINDOW = 5000
OURS, ONE_SEND, TWO_SENDS, CONFLUENT = (
    "Wiredesk",
    "kafka-python, one send",
    "kafka-python, two sends",
    "confluent-kafka, one send",
)
RATE, COST = "articles/s", "client CPU ms/article"


@contextmanager
def feeding(bench: Bench) -> Iterator[Stage]:
    """The stage."""
    settings, count = bench.place("feeding"), bench.size(1000, 10_000)

    def measure(number: int) -> Round:
        some = bench.corpus.take(count)
        sent = [(message(one), Seen().after(one, "").record()) for one in some]
        plain = [one for one, _ in sent]
        work: dict[str, Callable[[], dict[str, float]]] = {
            OURS: lambda: wiredesk(settings, some),
            ONE_SEND: lambda: bare(settings, sent, is_twice=False),
            TWO_SENDS: lambda: bare(settings, sent, is_twice=True),
            CONFLUENT: lambda: timed(count, lambda: pour(settings, streams(settings).raw.name, plain)),
        }
        return {name: run() for name, run in work.items()}

    yield Stage(
        about=f"{count:,} articles published, every delivery checked",
        run=in_turn(measure),
        ratios=tuple(
            Ratio(f"feeding: articles/s of Wiredesk / {name}", (OURS, RATE), (name, RATE))
            for name in (ONE_SEND, TWO_SENDS, CONFLUENT)
        ),
    )


def wiredesk(settings: Settings, some: list[RawArticle]) -> dict[str, float]:
    """All that Wiredesk does: what was published before is left alone, what is acknowledged is remembered.

    Raises:
        BenchError: not all were published.
    """
    kafka = producer(settings)
    publisher = Publisher(kafka, settings, known.on_disk(settings))
    found = timed(len(some), lambda: feed(iter(some), publisher))
    kafka.close()
    report = publisher.report
    if report.published != len(some):
        wrong = next(iter(report.failed or report.refused), None)
        raise BenchError(f"{report.published} of {len(some)} articles were published: {wrong}")
    return found


def bare(settings: Settings, some: list[tuple[Message, bytes]], *, is_twice: bool) -> dict[str, float]:
    """kafka-python alone, made as Wiredesk's."""
    kafka, names = producer(settings), streams(settings)

    def settle(under_way: deque[tuple[Any, bytes, bytes]]) -> None:
        future, key, seen = under_way.popleft()
        future.get()
        if is_twice:
            kafka.send(names.seen.name, seen, key, [])

    def send() -> None:
        under_way = deque[tuple[Any, bytes, bytes]]()
        for one, seen in some:
            under_way.append((kafka.send(names.raw.name, one.value, one.key, one.headers), one.key, seen))
            if len(under_way) >= WINDOW:
                settle(under_way)
        kafka.flush()
        while under_way:
            settle(under_way)
        kafka.flush()

    found = timed(len(some), send)
    kafka.close()
    return found


def timed(count: int, work: Callable[[], object]) -> dict[str, float]:
    """How fast this process handles so many articles."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {RATE: count / wall, COST: cpu / count * 1000}
