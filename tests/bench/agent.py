"""How many articles a second the Faust agent passes on with enrichment off, beside a plain aiokafka loop.

Both are processes that stay from round to round; each gets the same messages when it is its turn, and stands still
until all of them are on the raw stream. What counts is the time from then until all have been passed on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil

from schemas.settings import Settings
from schemas.streams import streams
from tests.bench.figures import Ratio, Round
from tests.bench.processes import Module, at_work, standing_still, until, used
from tests.bench.rig import Bench, Message, Stage, ends, in_turn, message, pour

OURS, THEIRS = "Faust agent", "plain aiokafka loop"
RATE, COST = "articles/s", "CPU ms/article"
_PATIENCE = 180.0


@contextmanager
def agent(bench: Bench) -> Iterator[Stage]:
    """The stage."""
    count = bench.size(1000, 5000)
    with ExitStack() as stack:
        started: dict[str, tuple[Settings, psutil.Process]] = {}
        for name, word in ((OURS, "agent"), (THEIRS, "loop")):
            own = bench.place(f"agent-{word}")
            module = Module(word, f"tests.bench.loops {word}", own)
            started[name] = own, stack.enter_context(at_work(module))

        def measure(number: int) -> Round:
            some = [message(one) for one in bench.corpus.take(count)]
            turn = list(started.items())[:: 1 if number % 2 else -1]
            found = {name: passed_on(own, process, some) for name, (own, process) in turn}
            return {name: found[name] for name in started}

        yield Stage(
            about=f"{count:,} articles from raw to enriched, checked against the contract, nothing enriched",
            run=in_turn(measure),
            ratios=(
                Ratio("agent: articles/s of the Faust agent / plain aiokafka loop", (OURS, RATE), (THEIRS, RATE)),
                Ratio(
                    "agent: CPU of plain aiokafka loop / the Faust agent", (OURS, COST), (THEIRS, COST), is_cost=True
                ),
            ),
        )


def passed_on(settings: Settings, process: psutil.Process, some: list[Message]) -> dict[str, float]:
    """How fast a process passes these messages on.

    Raises:
        BenchError: it does not pass all of them on.
    """
    names = streams(settings)
    with ends(settings, names.enriched.name) as passed:
        goal = passed() + len(some)
        with standing_still(process):
            pour(settings, names.raw.name, some)
        began, cpu = time.perf_counter(), used({"": process})[""]
        until(lambda: passed() >= goal, f"{len(some)} articles passed on", _PATIENCE)
        wall, cpu = time.perf_counter() - began, used({"": process})[""] - cpu
    return {RATE: len(some) / wall, COST: cpu / len(some) * 1000}
