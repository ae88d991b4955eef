"""What tests of faults share: processes to hurt, and what is asked of them meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from kafka.errors import KafkaError

from deploy.local.ports import free_ports
from desk.workers import Worker
from processors.health import GroupLag
from processors.setup import ensure_streams
from schemas.settings import Settings, environment
from schemas.streams import NoSuchStreamError, streams
from tests.integration.pipeline import until

DEADLINE = 180.0
ROOT = Path(__file__).parents[2]


@contextmanager
def at_work(worker: Worker) -> Iterator[Worker]:
    """One process of ours under its guard."""
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


@contextmanager
def sink_on(settings: Settings) -> Iterator[Sinking]:
    """A real sink that tells its health, with the streams it reads, whatever its Elasticsearch is."""
    ensure_streams(settings)
    with free_ports(1) as (port,):
        telling = settings.model_copy(update={"metrics_port": port})
    worker = Sinking("sink", "sink", telling)
    with at_work(worker):
        yield worker


class Sinking(Worker):
    """A worker with a port for probes."""

    def __init__(self, name: str, command: str, settings: Settings) -> None:
        super().__init__(name, command, settings)
        self.port = settings.metrics_port

    def asked(self, path: str) -> tuple[int, str]:
        """What a probe is answered; 0 where nobody answers in three seconds."""
        return probe(self.port, path)


def probe(port: int, path: str) -> tuple[int, str]:
    """What a probe is answered; 0 where nobody answers in three seconds."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}?verbose", timeout=3) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def process(worker: Worker) -> int:
    """The process that works now."""
    found: int = until(lambda: worker.seen().process, f"{worker.name} at work")
    return found


def hit(worker: Worker, number: signal.Signals) -> None:
    """Sends a signal to the process that works now, and waits until another one works."""
    before = process(worker)
    os.kill(before, number)
    until(lambda: worker.seen().process not in (None, before), f"{worker.name} at work again")


def waiting(settings: Settings, stream: str, group: str) -> int:
    """How many messages wait for a group."""
    lag = GroupLag(settings, stream, group)
    try:
        return sum(lag().values())
    finally:
        lag.close()


def is_through(settings: Settings) -> bool:
    """Whether neither enricher nor sink have anything left to read."""
    names = streams(settings)
    groups = (names.raw.name, names.enricher_group), (names.enriched.name, names.sink_group)
    try:
        return not any(waiting(settings, *one) for one in groups)
    except (KafkaError, NoSuchStreamError):
        return False


def drain_sink(settings: Settings, seconds: float = DEADLINE) -> float:
    """Waits until the sink has committed everything, and gives the seconds that took."""
    names, since = streams(settings), time.monotonic()
    until(lambda: not waiting(settings, names.enriched.name, names.sink_group), "the sink is through", seconds)
    return time.monotonic() - since


def resident(number: int) -> int:
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{number}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Faulty:
    """Keeps a faulty enricher going, and starts it again at once when it ends.

    With `forked`, each is forked from one process that has everything loaded.
    """

    def __init__(self, settings: Settings, name: str = "faulty", slow: float = 0.0, *, forked: bool = False) -> None:
        self._settings, self._name, self._noted = settings, name, settings.data_dir / f"{name}.starts"
        self._words = [str(self._noted)] if forked else []
        self._slow = {"WIREDESK_TEST_SLOW": str(slow)}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Asks it to stop, and returns when it has."""
        self._stopping.set()
        self._thread.join(30)

    @property
    def starts(self) -> int:
        """How many enrichers were forked."""
        return self._noted.stat().st_size

    def _run(self) -> None:
        self._settings.data_dir.mkdir(parents=True, exist_ok=True)
        with (self._settings.data_dir / f"{self._name}.log").open("ab") as said:
            while not self._stopping.is_set():
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.faulty_enricher", *self._words],
                    cwd=ROOT,
                    env={**os.environ, **environment(self._settings), **self._slow},
                    stdout=said,
                    stderr=said,
                )
                self._keep(self.process)

    def _keep(self, running: subprocess.Popen[bytes]) -> None:
        while running.poll() is None and not self._stopping.wait(0.05):
            pass
        if running.poll() is None:
            running.terminate()
            try:
                running.wait(15)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
