"""How the cost of an article grows with the index: the sink and the ceiling on a small, a larger and a large one.

All are made first and then measured in turn, round by round: what the machine has to give changes by half within the
time that a large one takes to be made.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count as counted
from itertools import cycle, islice

import psutil
from elasticsearch import Elasticsearch

from desk.workers import Worker
from schemas.settings import Settings
from tests.bench import documents
from tests.bench.documents import Ready
from tests.bench.figures import Ratio, Round
from tests.bench.processes import BenchError, at_work, patiently, until
from tests.bench.rig import Bench, Stage, client, emptied, in_turn
from tests.bench.sink import CEILING, COST, OURS, RATE, SERVER, ceiling, sunk

_MARKS, _QUICK = (10_000, 100_000, 1_000_000), (1000, 4000, 10_000)
_DISTINCT, _QUICK_DISTINCT = 10_000, 1000
_SAY_EVERY = 50_000
_ROOM = 2.5
# An index that has come to hold so many times what it should is made anew.
_GROWN = 1.5
_MERGING_SECONDS = 600.0

BOTH = "CPU ms/document, both"


@dataclass(frozen=True, slots=True)
class _Place:
    """An index of some size, and the sink that writes into it."""

    mark: int
    settings: Settings
    process: psutil.Process


@contextmanager
def growth(bench: Bench) -> Iterator[Stage]:
    """The stage.

    Raises:
        BenchError: there is no room for so many documents.
    """
    marks, each = steps(bench), bench.size(500, 5000)
    with ExitStack() as stack:
        elasticsearch = stack.enter_context(client(bench.settings))
        some = [documents.ready(one) for one in bench.wire.documents(bench.size(_QUICK_DISTINCT, _DISTINCT))]
        _make_sure_of_room(bench, some, sum(marks))
        fresh = (documents.anew(one, number) for number, one in zip(counted(1), cycle(some), strict=False))
        places = [stack.enter_context(_place(bench, mark)) for mark in marks]
        for place in reversed(places):
            fill(bench, elasticsearch, place.settings, fresh, place.mark)

        def measure(number: int) -> Round:
            found: Round = {}
            for place in places[:: 1 if number % 2 else -1]:
                fill(bench, elasticsearch, place.settings, fresh, place.mark)
                bodies = documents.bodies(islice(fresh, each))
                found[at(CEILING, place.mark)] = ceiling(bench, elasticsearch, place.settings.index_alias, bodies, each)
                ours = sunk(bench, place.settings, place.process, list(islice(fresh, each)))
                found[at(OURS, place.mark)] = ours | {BOTH: ours[COST] + ours.get(SERVER, 0.0)}
            return found

        first, last = at(OURS, marks[0]), at(OURS, marks[-1])
        yield Stage(
            about=f"{each:,} documents more into one that holds {', '.join(f'{mark:,}' for mark in marks)}",
            run=in_turn(measure, is_warmed_up=False),
            most=3 if bench.is_quick else None,
            ratios=(
                Ratio("growth: documents/s of the sink, largest / smallest", (last, RATE), (first, RATE)),
                Ratio("growth: CPU for a document, smallest / largest", (last, BOTH), (first, BOTH), is_cost=True),
            ),
        )


@contextmanager
def _place(bench: Bench, mark: int) -> Iterator[_Place]:
    settings = bench.place(f"growth-{mark}")
    with at_work(Worker(f"growth-sink-{mark}", "sink", settings)) as process:
        yield _Place(mark, settings, process)


def at(name: str, mark: int) -> str:
    """A contender at a size of the index."""
    return f"{name}, at {mark:,}"


def steps(bench: Bench) -> tuple[int, ...]:
    """The sizes of the index at which is measured."""
    marks = _QUICK if bench.is_quick else _MARKS
    if bench.documents is None:
        return marks
    return (*(mark for mark in marks if mark < bench.documents), bench.documents)


def fill(bench: Bench, elasticsearch: Elasticsearch, settings: Settings, fresh: Iterator[Ready], mark: int) -> None:
    """Brings the index to so many documents, or some more, and waits until what came of that is merged."""
    alias = settings.index_alias
    patiently(lambda: elasticsearch.indices.refresh(index=alias))
    there: int = patiently(lambda: elasticsearch.count(index=alias).body["count"])
    if there > mark * _GROWN:
        emptied(elasticsearch, settings)
        there = 0
    while there < mark:
        more = min(mark - there, _SAY_EVERY)
        made = (
            body for _ in range(0, more, documents.BULK) for body in documents.bodies(islice(fresh, documents.BULK))
        )
        for some in iter(lambda made=made: list(islice(made, 20)), []):  # type: ignore[misc]
            documents.written(elasticsearch, alias, some)
        there += more
        bench.say(f"growth: {there:,} of {mark:,} documents")
    patiently(lambda: elasticsearch.indices.refresh(index=alias))
    until(lambda: not _merges(elasticsearch), "all that was written merged", _MERGING_SECONDS, pause=0.1)


def _merges(elasticsearch: Elasticsearch) -> int:
    """How many merges are under way, of all indexes."""
    found: int = patiently(
        lambda: elasticsearch.indices.stats(metric="merge").body["_all"]["total"]["merges"]["current"]
    )
    return found


def _make_sure_of_room(bench: Bench, some: list[Ready], count: int) -> None:
    size = sum(len(one.lines) for one in some) / len(some) * count * _ROOM
    free = shutil.disk_usage(bench.settings.data_dir).free
    if size > free:
        wanted = f"{count:,} documents may need {size / 1e9:.0f} GB, and {free / 1e9:.0f} are free"
        raise BenchError(f"{wanted} in {bench.settings.data_dir}: name fewer with --documents, or another TMPDIR")
