"""How the pipeline works off a backlog: how fast, whether it keeps its pace, and how much memory it comes to hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from schemas.article import RawArticle
from schemas.streams import streams
from tests.bench import enriching
from tests.bench.articles import again
from tests.bench.figures import Ratio, Round
from tests.bench.processes import most_memory, until
from tests.bench.rig import Bench, Stage, in_turn, message, pour
from tests.bench.whole import ALONE, MEMORY, OURS, RATE, Finished, at_work, enrichers, finished, patience, processes

FIRST, LAST = "its first fifth", "its last fifth"
_DISTINCT = 10_000
_CHUNK = 2000
_SAMPLE = 100
# Of fewer, a fifth is over before the next refresh.
_LONG = 2000
_SAY_SECONDS = 30.0


@contextmanager
def catchup(bench: Bench) -> Iterator[Stage]:
    """The stage."""
    count = bench.backlog or bench.size(200, 200_000)
    settings = at_work(bench)
    some = bench.corpus.take(min(count, _DISTINCT))

    def measure(number: int) -> Round:
        rate, _ = enriching.alone(some[:_SAMPLE])
        with finished(settings) as done:
            before, began = done(), time.perf_counter()
            for at in range(0, count, _CHUNK):
                pour(settings, streams(settings).raw.name, [message(one) for one in _part(some, at, count)])
            course = followed(bench, done, before, count, began)
        found: Round = {OURS: {RATE: count / course[-1][0]}, ALONE: {RATE: rate}}
        if count >= _LONG:
            parts = {FIRST: (0, count // 5), LAST: (count * 4 // 5, count)}
            found |= {name: {RATE: pace(course, *part)} for name, part in parts.items()}
        memory = {name: max(map(most_memory, ones)) for name, ones in processes(bench).items()}
        return found | {name: {MEMORY: value} for name, value in memory.items() if name not in bench.servers}

    yield Stage(
        about=f"a backlog of {count:,} articles, {enrichers(bench)}",
        run=in_turn(measure, is_warmed_up=False),
        most=1,
        ratios=(
            Ratio("catch-up: articles/s of the last / the first fifth", (LAST, RATE), (FIRST, RATE)),
            Ratio("catch-up: articles/s / one core's enrichers alone", (OURS, RATE), (ALONE, RATE)),
        ),
    )


def _part(some: list[RawArticle], at: int, count: int) -> Iterator[RawArticle]:
    """The next articles of the backlog; after the last of the different ones the first again, under new ids."""
    for number in range(at, min(at + _CHUNK, count)):
        lap, place = divmod(number, len(some))
        yield again(some[place], lap) if lap else some[place]


def followed(bench: Bench, done: Finished, before: int, count: int, began: float) -> list[tuple[float, int]]:
    """Seconds since the beginning and articles finished by then, from time to time until all are."""
    course, said = [(0.0, 0)], time.monotonic()

    def is_through() -> bool:
        nonlocal said
        course.append((time.perf_counter() - began, done() - before))
        if time.monotonic() - said > _SAY_SECONDS:
            said = time.monotonic()
            bench.say(f"catch-up: {course[-1][1]:,} of {count:,}")
        return course[-1][1] >= count

    until(is_through, f"a backlog of {count:,} articles searchable", patience(count), pause=0.25)
    return course


def pace(course: list[tuple[float, int]], begin: int, end: int) -> float:
    """Articles a second between two counts of a course, by straight lines between what was seen."""
    return (end - begin) / max(_when(course, end) - _when(course, begin), 1e-9)


def _when(course: list[tuple[float, int]], count: int) -> float:
    """When so many were finished; what is finished at the beginning is so when the first is."""
    for (early, few), (late, many) in pairwise(course):
        if few <= count < many or count == many > few:
            return early + (late - early) * (count - few) / (many - few)
    return course[-1][0]
