"""How the cost of an article grows with the index: the sink and the ceiling on one that is made larger and larger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count as counted
from itertools import cycle, islice

from elasticsearch import Elasticsearch

from desk.workers import Worker
from schemas.settings import Settings
from tests.bench import documents
from tests.bench.documents import Ready
from tests.bench.figures import Ratio, Round
from tests.bench.processes import BenchError, at_work, patiently
from tests.bench.rig import Bench, Stage, client
from tests.bench.sink import CEILING, COST, OURS, RATE, SERVER, ceiling, sunk, warm

_MARKS, _QUICK = (10_000, 100_000, 1_000_000), (1000, 4000, 10_000)
_DISTINCT, _QUICK_DISTINCT = 10_000, 1000
_SAY_EVERY = 50_000
_ROOM = 2.5


@contextmanager
def growth(bench: Bench) -> Iterator[Stage]:
    """The stage.

    Raises:
        BenchError: there is no room for so many documents.
    """
    marks, each = steps(bench), bench.size(500, 5000)
    settings = bench.place("growth")
    with ExitStack() as stack:
        elasticsearch = stack.enter_context(client(settings))
        some = [documents.ready(one) for one in bench.wire.documents(bench.size(_QUICK_DISTINCT, _DISTINCT))]
        _make_sure_of_room(bench, some, marks[-1])
        warm(bench, some)
        worker = Worker("growth-sink", "sink", settings)
        process = stack.enter_context(at_work(worker))
        fresh = (documents.anew(one, number) for number, one in zip(counted(1), cycle(some), strict=False))

        def run(rounds: int) -> Iterator[Round]:
            found: list[Round] = [{} for _ in range(rounds)]
            for mark in marks:
                fill(bench, elasticsearch, settings, fresh, mark)
                for one in found:
                    one[at(OURS, mark)] = sunk(bench, settings, process, list(islice(fresh, each)))
                    bodies = documents.bodies(islice(fresh, each))
                    one[at(CEILING, mark)] = ceiling(bench, elasticsearch, settings.index_alias, bodies, each)
            for one in found:
                for mark in marks:
                    ours = one[at(OURS, mark)]
                    ours[BOTH] = ours[COST] + ours.get(SERVER, 0.0)
            yield from found

        first, last = at(OURS, marks[0]), at(OURS, marks[-1])
        yield Stage(
            about=f"{each:,} documents more into one that holds {', '.join(f'{mark:,}' for mark in marks)}",
            run=run,
            most=3 if bench.is_quick else None,
            ratios=(
                Ratio("growth: documents/s of the sink, largest / smallest", (last, RATE), (first, RATE)),
                Ratio("growth: CPU for a document, smallest / largest", (last, BOTH), (first, BOTH), is_cost=True),
            ),
        )


BOTH = "CPU ms/document, both"


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
    """Brings the index up to so many documents."""
    patiently(lambda: elasticsearch.indices.refresh(index=settings.index_alias))
    there: int = patiently(lambda: elasticsearch.count(index=settings.index_alias).body["count"])
    while there < mark:
        more = min(mark - there, _SAY_EVERY)
        made = (
            body for _ in range(0, more, documents.BULK) for body in documents.bodies(islice(fresh, documents.BULK))
        )
        for some in iter(lambda made=made: list(islice(made, 20)), []):  # type: ignore[misc]
            documents.written(elasticsearch, settings.index_alias, some)
        there += more
        bench.say(f"growth: {there:,} of {mark:,} documents")
    patiently(lambda: elasticsearch.indices.refresh(index=settings.index_alias))


def _make_sure_of_room(bench: Bench, some: list[Ready], mark: int) -> None:
    size = sum(len(one.lines) for one in some) / len(some) * mark * _ROOM
    free = shutil.disk_usage(bench.settings.data_dir).free
    if size > free:
        wanted = f"{mark:,} documents may need {size / 1e9:.0f} GB, and {free / 1e9:.0f} are free"
        raise BenchError(f"{wanted} in {bench.settings.data_dir}: name fewer with --documents, or another TMPDIR")
