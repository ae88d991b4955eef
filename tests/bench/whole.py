"""The whole pipeline on this machine: from the raw stream to what a search finds.

Enrichers, sink, Kafka and Elasticsearch share the cores. What bounds them is the enrichers' own work: how many articles
one core enriches when nothing else is done, and how many all cores do, is measured in the same round on the same ones.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from elasticsearch import Elasticsearch

from schemas.article import RawArticle
from schemas.settings import Settings
from schemas.streams import streams
from tests.bench import documents, enriching
from tests.bench.figures import Ratio, Round
from tests.bench.processes import most_memory, patiently, process_of, until, used
from tests.bench.rig import Bench, Ends, Stage, client, ends, in_turn, message, pour
from tests.bench.sink import warm

OURS, ALONE, EVERY = "Wiredesk, raw to searchable", "enrichers alone, one core", "enrichers alone, every core"
RATE, COST, MEMORY = "articles/s", "CPU ms/article", "most memory, MB"
ALL = "all processes"
_SAMPLE = 100
_LEAST_PATIENCE = 120.0
_SLOWEST = 2.0


@contextmanager
def whole(bench: Bench) -> Iterator[Stage]:
    """The stage."""
    count = bench.size(100, 1500)
    settings = at_work(bench)
    with enriching.every_core() as at_once:

        def measure(number: int) -> Round:
            some = bench.corpus.take(count)
            rate, cost = enriching.alone(some[:_SAMPLE])
            bounds = {ALONE: {RATE: rate, COST: cost * 1000}, EVERY: {RATE: at_once(some[:_SAMPLE])}}
            with finished(settings) as done:
                return {**bounds, **went_through(bench, done, some)}

        yield Stage(
            about=f"{count:,} articles at once, {enrichers(bench)}, everything on {psutil.cpu_count()} cores",
            run=in_turn(measure),
            most=3 if bench.is_quick else None,
            ratios=(
                Ratio("whole: articles/s of the whole / one core's enrichers alone", (OURS, RATE), (ALONE, RATE)),
                Ratio("whole: articles/s of the whole / every core's enrichers alone", (OURS, RATE), (EVERY, RATE)),
                Ratio("whole: CPU of the enrichers alone / all processes", (ALL, COST), (ALONE, COST), is_cost=True),
            ),
            notes=_notes(bench),
        )


def at_work(bench: Bench) -> Settings:
    """The settings of the pipeline, which is at work, on an Elasticsearch that is warm."""
    warm(bench, [documents.ready(one) for one in bench.wire.documents(bench.size(1000, 5000))])
    return bench.whole.settings


def enrichers(bench: Bench) -> str:
    """How many enrichers work, in words."""
    count = sum(worker.name.startswith("enricher") for worker in bench.whole.workers)
    return "1 enricher" if count == 1 else f"{count} enrichers"


def _notes(bench: Bench) -> list[str]:
    away = [name for name in ("Kafka", "Elasticsearch") if name not in bench.servers]
    return [f"no figures of the processes of {' and '.join(away)}, which run elsewhere"] if away else []


class Finished:
    """How many articles have come to an end: a search counts them, or they lie among the dead letters."""

    def __init__(self, settings: Settings, elasticsearch: Elasticsearch, dead: Ends) -> None:
        self._alias, self._elasticsearch, self._dead = settings.index_alias, elasticsearch, dead

    def __call__(self) -> int:
        """Now."""
        found: int = patiently(lambda: self._elasticsearch.count(index=self._alias).body["count"])
        return found + self._dead()


@contextmanager
def finished(settings: Settings) -> Iterator[Finished]:
    """A counter of what is finished, while the block runs."""
    with client(settings) as elasticsearch, ends(settings, streams(settings).dead.name) as dead:
        yield Finished(settings, elasticsearch, dead)


def processes(bench: Bench) -> dict[str, list[psutil.Process]]:
    """Every process of the pipeline by what it is."""
    found: dict[str, list[psutil.Process]] = {}
    for worker in bench.whole.workers:
        found.setdefault(worker.name.partition("-")[0], []).append(process_of(worker))
    return found | {name: [one] for name, one in bench.servers.items()}


def went_through(bench: Bench, done: Finished, some: list[RawArticle]) -> Round:
    """How fast these articles went through the pipeline, and what each of its processes took for one.

    Raises:
        BenchError: they do not all come to an end.
    """
    messages, running = [message(one) for one in some], processes(bench)
    flat = {f"{name} {number}": one for name, ones in running.items() for number, one in enumerate(ones)}
    goal, before, began = done() + len(some), used(flat), time.perf_counter()
    pour(bench.whole.settings, streams(bench.whole.settings).raw.name, messages)
    until(lambda: done() >= goal, f"{len(some):,} articles searchable", patience(len(some)), pause=0.1)
    wall, after = time.perf_counter() - began, used(flat)
    costs = {
        name: sum(after[one] - before[one] for one in flat if one.rpartition(" ")[0] == name) / len(some) * 1000
        for name in running
    }
    shown = {name if len(ones) == 1 else f"{name}s ({len(ones)})": name for name, ones in running.items()}
    found: Round = {OURS: {RATE: len(some) / wall}, ALL: {COST: sum(costs.values())}}
    for title, name in shown.items():
        found[title] = {COST: costs[name]}
        if name not in bench.servers:
            found[title][MEMORY] = max(map(most_memory, running[name]))
    return found


def patience(count: int) -> float:
    """Seconds to wait for so many articles."""
    return _LEAST_PATIENCE + count / _SLOWEST
