"""How many articles a second one core enriches, beside spaCy on the same texts: its blank tokenizer, and a pipeline.

The processor time of one thread counts, so what else the machine does matters little.
"""

from __future__ import annotations

import importlib.util
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

from processors.enrich import NoTextError, enrich, warm_up
from schemas.article import RawArticle
from tests.bench.figures import Ratio, Round
from tests.bench.processes import BenchError
from tests.bench.rig import Bench, Stage, in_turn
from tests.eval.speed import BESIDE_NAMES

OURS, BLANK = "Wiredesk, all enrichers", "spaCy, blank tokenizer"
RATE = "articles/s of a core"


@contextmanager
def enriching(bench: Bench) -> Iterator[Stage]:
    """The stage."""
    some = bench.corpus.take(bench.size(40, 200))
    others, notes = spacy_pipelines([one.content for one in some], bench.spacy)
    work = {OURS: lambda: enriched(some), **others}
    size = sum(len(one.content) for one in some) / len(some)

    def measure(number: int) -> Round:
        return {name: {RATE: len(some) / _cpu(run)} for name, run in work.items()}

    yield Stage(
        about=f"{len(some)} articles of {size:,.0f} characters on average, one thread",
        run=in_turn(measure),
        ratios=tuple(
            Ratio(f"enriching: articles/s of Wiredesk / {name}", (OURS, RATE), (name, RATE)) for name in others
        ),
        notes=notes,
    )


def enriched(some: list[RawArticle]) -> None:
    """Enriches all, one after the other; what has no text has none."""
    for one in some:
        try:
            enrich(one)
        except NoTextError:
            continue


def alone(some: list[RawArticle]) -> tuple[float, float]:
    """How many of these articles are enriched in a second by the wall, and processor seconds for one."""
    began = time.perf_counter()
    cpu = _cpu(lambda: enriched(some))
    return len(some) / (time.perf_counter() - began), cpu / len(some)


@contextmanager
def every_core() -> Iterator[Callable[[list[RawArticle]], float]]:
    """Measures how many of some articles all cores together enrich in a second, with nothing else to do.

    Cores that share what is in them are together worth less than as many times one.
    """
    cores = psutil.cpu_count() or 1
    with ProcessPoolExecutor(cores, get_context("spawn"), initializer=warm_up) as pool:

        def measure(some: list[RawArticle]) -> float:
            began = time.perf_counter()
            deque(pool.map(enriched, [some] * cores), maxlen=0)
            return cores * len(some) / (time.perf_counter() - began)

        yield measure


def spacy_pipelines(texts: list[str], name: str) -> tuple[dict[str, Callable[[], None]], list[str]]:
    """What there is of spaCy to run over these texts, by name, and what is to be said of it.

    Raises:
        BenchError: the pipeline that is named cannot be loaded.
    """
    if importlib.util.find_spec("spacy") is None:
        return {}, ["spaCy is not installed, not compared: `pip install spacy` into .venv"]
    import spacy

    def run(pipeline: Any) -> Callable[[], None]:
        return lambda: deque(pipeline.pipe(texts), maxlen=0).clear()

    found = {BLANK: run(spacy.blank("en"))}
    if not name:
        return found, ["no spaCy pipeline is named (SPACY=…), only its blank tokenizer compared"]
    try:
        found[f"spaCy, {Path(name).name}"] = run(spacy.load(name, exclude=BESIDE_NAMES))
    except (OSError, ValueError, ImportError) as error:
        raise BenchError(f"spaCy pipeline {name!r} cannot be loaded: {error}") from error
    return found, []


def _cpu(run: Callable[[], None]) -> float:
    began = time.thread_time()
    run()
    return time.thread_time() - began
