"""How many documents a second the sink writes, beside the most that a client can, and the ways people write.

The ceiling is two threads that post bulk bodies of 500, made before. Every way starts with an empty index, and those
that read from Kafka read the same messages. The sink is the process that `wiredesk run` starts; it stands still until
all messages are there, and its receipts say when the last was written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from typing import Any

import psutil
from elasticsearch import Elasticsearch
from kafka import KafkaConsumer

from desk.workers import Worker
from schemas.receipt import Receipt
from schemas.settings import Settings
from schemas.streams import partitions_of, reader_options, streams
from tests.bench import documents
from tests.bench.documents import Ready
from tests.bench.figures import Ratio, Round
from tests.bench.processes import BenchError, at_work, standing_still, until, used
from tests.bench.rig import Bench, Stage, client, emptied, in_turn, pour

OURS, CEILING = "Wiredesk's sink", "ceiling: ready bodies, 2 threads"
SINGLY, HELPERS = "kafka-python, one document at a time", "kafka-python, helpers.bulk per poll"
RATE, COST, SERVER = "documents/s", "client CPU ms/document", "Elasticsearch CPU ms/document"
_PATIENCE = 300.0


@contextmanager
def sink(bench: Bench) -> Iterator[Stage]:
    """The stage."""
    settings, count = bench.place("sink"), bench.size(1200, 10_000)
    with ExitStack() as stack:
        elasticsearch = stack.enter_context(client(settings))
        some = [documents.ready(one) for one in bench.wire.documents(count)]
        warmed = warm(bench, some)
        process = stack.enter_context(at_work(Worker("sink", "sink", settings)))
        contest = Contest(bench, settings, elasticsearch, process, some)
        yield Stage(
            about=f"{count:,} documents of {sum(len(one.message.value) for one in some) / count:,.0f} bytes into an "
            f"empty index, after {warmed:,} to warm up",
            run=in_turn(contest.round),
            ratios=(
                Ratio("sink: documents/s of Wiredesk / the ceiling", (OURS, RATE), (CEILING, RATE)),
                Ratio("sink: documents/s of Wiredesk / helpers.bulk", (OURS, RATE), (HELPERS, RATE)),
                Ratio("sink: documents/s of Wiredesk / one at a time", (OURS, RATE), (SINGLY, RATE)),
                Ratio("sink: client CPU of helpers.bulk / Wiredesk", (OURS, COST), (HELPERS, COST), is_cost=True),
            ),
        )


class Contest:
    """The ways to write, one after the other."""

    def __init__(
        self,
        bench: Bench,
        settings: Settings,
        elasticsearch: Elasticsearch,
        process: psutil.Process,
        some: list[Ready],
    ) -> None:
        self._bench, self._settings, self._elasticsearch = bench, settings, elasticsearch
        self._process, self._some = process, some
        self._bodies = documents.bodies(some)

    def round(self, number: int) -> Round:
        """One of each; the sink and the ceiling change places from round to round."""
        at = documents.starts(self._settings)
        first: list[tuple[str, Callable[[], dict[str, float]]]] = [(OURS, self._sink), (CEILING, self._ceiling)]
        made = {name: run() for name, run in first[:: 1 if number % 2 else -1]}
        found = {name: made[name] for name, _ in first}
        found[HELPERS] = self._plain(documents.bulk_per_poll, at, len(self._some))
        found[SINGLY] = self._plain(documents.one_at_a_time, at, len(self._some) // 10)
        return found

    def _sink(self) -> dict[str, float]:
        emptied(self._elasticsearch, self._settings)
        return sunk(self._bench, self._settings, self._process, self._some)

    def _ceiling(self) -> dict[str, float]:
        emptied(self._elasticsearch, self._settings)
        return ceiling(self._bench, self._elasticsearch, self._settings.index_alias, self._bodies, len(self._some))

    def _plain(self, way: Callable[..., int], at: dict[Any, int], count: int) -> dict[str, float]:
        emptied(self._elasticsearch, self._settings)
        with documents.reading(self._settings, at) as consumer:
            alias = self._settings.index_alias
            rate, _, cpu = documents.timed(lambda: way(consumer, self._elasticsearch, alias, count))
        return {RATE: rate, COST: cpu / count * 1000}


def warm(bench: Bench, some: list[Ready]) -> int:
    """Writes documents that nobody counts, once for the whole bench: a young Elasticsearch is twice as slow."""
    count = bench.size(4000, 150_000)
    if not bench.is_warm:
        bench.say(f"warming Elasticsearch up with {count:,} documents")
        own = bench.place("warm")
        with client(own) as elasticsearch:
            made = documents.bodies(some)
            documents.written(elasticsearch, own.index_alias, islice(cycle(made), max(1, count // documents.BULK)))
            emptied(elasticsearch, own)
        bench.is_warm = True
    return count


def ceiling(bench: Bench, elasticsearch: Elasticsearch, alias: str, made: list[bytes], count: int) -> dict[str, float]:
    """How fast ready bodies of so many documents are written."""

    def work() -> int:
        documents.written(elasticsearch, alias, made)
        return count

    before = used(bench.servers)
    rate, _, cpu = documents.timed(work)
    return {RATE: rate, COST: cpu / count * 1000, **_of_server(bench, before, count)}


def sunk(bench: Bench, settings: Settings, process: psutil.Process, some: list[Ready]) -> dict[str, float]:
    """How fast the sink writes these documents.

    Raises:
        BenchError: it does not write all of them.
    """
    names = streams(settings)
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        partitions = partitions_of(consumer, names.stored.name)
        consumer.assign(partitions)
        consumer.seek_to_end(*partitions)
        for one in partitions:
            consumer.position(one)
        with standing_still(process):
            pour(settings, names.enriched.name, [one.message for one in some])
        began, before, cpu = time.time(), used(bench.servers), used({"": process})[""]
        end = _last_written(consumer, len(some))
        cpu = used({"": process})[""] - cpu
    finally:
        consumer.close()
    count = len(some)
    return {RATE: count / (end - began), COST: cpu / count * 1000, **_of_server(bench, before, count)}


def _last_written(consumer: KafkaConsumer, count: int) -> float:
    """When the last of so many was written, in seconds since 1970, as the receipts say."""
    done, last = 0, 0.0

    def is_through() -> bool:
        nonlocal done, last
        for records in consumer.poll(timeout_ms=20).values():
            for record in records:
                receipt = Receipt.model_validate_json(record.value)
                if dead := [one for one in receipt.items if one.verdict == "dead"]:
                    raise BenchError(f"the sink buried {dead[0].id}, which was to be stored")
                done, last = done + len(receipt.items), max(last, receipt.at.timestamp())
        return done >= count

    until(is_through, f"{count} documents written by the sink", _PATIENCE, pause=0)
    return last


def _of_server(bench: Bench, before: dict[str, float], count: int) -> dict[str, float]:
    name = "Elasticsearch"
    return {SERVER: (used(bench.servers)[name] - before[name]) / count * 1000} if name in bench.servers else {}
