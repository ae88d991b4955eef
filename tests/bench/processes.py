"""The processes that the bench starts and looks at: what each takes of processor and memory."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import psutil
from elasticsearch import ApiError

from deploy.ladder import status
from deploy.local.guard import Spec
from desk.workers import Worker
from schemas.settings import Settings

ROOT = Path(__file__).parents[2]
MEGABYTE = 2**20
_TOO_MANY = 429
T = TypeVar("T")


class BenchError(Exception):
    """Something could not be measured; the message says what, and what to look at."""


class Module(Worker):
    """A module of the bench's own as a process under a guard, as Wiredesk's are."""

    def __init__(self, name: str, words: str, settings: Settings) -> None:
        super().__init__(name, words, settings)
        self._words = words

    def _spec(self) -> Spec:
        command = [sys.executable, "-m", *self._words.split()]
        return replace(super()._spec(), command=command, folder=str(ROOT))


@contextmanager
def at_work(worker: Worker) -> Iterator[psutil.Process]:
    """The worker's process while the block runs.

    Raises:
        BenchError: it does not come up.
    """
    worker.start()
    try:
        until(lambda: worker.seen().process is not None, f"{worker.name} at work: read {worker.log}", 60)
        yield process_of(worker)
    finally:
        worker.stop()


def process_of(worker: Worker) -> psutil.Process:
    """The process of a worker that is at work.

    Raises:
        BenchError: it is not at work, or had to be started anew: what was measured of it is worth nothing.
    """
    seen = worker.seen()
    if seen.process is None or seen.restarts:
        raise BenchError(f"{worker.name} ended while it was measured: read {worker.log}")
    return psutil.Process(seen.process)


def servers(settings: Settings) -> dict[str, psutil.Process]:
    """The processes of Kafka and Elasticsearch, by name, as far as they run here."""
    found = {one.name: one.process for one in status(settings) if one.process}
    names = {"kafka": "Kafka", "elasticsearch": "Elasticsearch"}
    return {names[name]: psutil.Process(number) for name, number in found.items() if psutil.pid_exists(number)}


def used(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Processor seconds of each so far, its children's included."""
    return {name: _used(process) for name, process in processes.items()}


def _used(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))
    raise BenchError(f"process {process.pid} ended while it was measured")


def most_memory(process: psutil.Process) -> float:
    """The most memory that it held at any time, in megabytes; where the system does not tell, what it holds now."""
    with contextlib.suppress(OSError, ValueError):
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
        (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
        return int(peak) / 1024
    return float(process.memory_info().rss) / MEGABYTE


@contextmanager
def standing_still(process: psutil.Process) -> Iterator[None]:
    """The process does nothing while the block runs, which must be over before its group misses it (six seconds)."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def patiently(work: Callable[[], T], seconds: float = 60) -> T:
    """What work gives, done again as long as Elasticsearch says that it is too busy, up to so many seconds.

    Raises:
        ApiError: it says so longer than that, or something else.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return work()
        except ApiError as error:
            if error.meta.status != _TOO_MANY or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def until(is_so: Callable[[], bool], what: str, seconds: float, pause: float = 0.02) -> None:
    """Waits for something to become true.

    Raises:
        BenchError: it does not within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise BenchError(f"after {seconds:.0f} s: not {what}")
        time.sleep(pause)
