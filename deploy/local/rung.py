"""Starts the local servers, both at once, and stops them."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import ServersError
from deploy.local import elasticsearch, java, kafka, owner
from deploy.local.artifacts import Server
from deploy.local.cache import Cache
from deploy.local.download import check_room
from deploy.local.launch import Launch
from deploy.local.place import Place
from deploy.local.process import Guarded, start
from deploy.progress import Advance, Progress, Silent, Unit
from schemas.settings import Settings

DATA_BYTES = 256 * 2**20
WATCH_SECONDS = 0.5


class _CancelledError(Exception):
    """The other server failed, or the start was interrupted."""


@dataclass(frozen=True, slots=True)
class _Cancellable:
    """A progress that ends what it shows once it is cancelled."""

    shown: Progress
    cancelled: threading.Event

    @contextmanager
    def task(self, name: str, total: float, unit: Unit) -> Iterator[Advance]:
        with self.shown.task(name, total, unit) as advance:

            def advance_or_end(amount: float) -> None:
                if self.cancelled.is_set():
                    raise _CancelledError
                advance(amount)

            yield advance_or_end

    def note(self, text: str) -> None:
        self.shown.note(text)


@dataclass(frozen=True, slots=True)
class _Machine:
    """What both servers need: the settings, a JDK, and the user they run as."""

    settings: Settings
    java_home: Path
    owner: owner.Owner | None

    def start(self, server: Server, progress: Progress, started: list[Guarded]) -> str:
        """Bring one server up; returns its address."""
        try:
            guarded = start(self._launch(server, progress))
        except (OSError, subprocess.SubprocessError) as error:
            raise ServersError(f"cannot start {server} in {self.settings.data_dir}: {error}") from None
        started.append(guarded)
        guarded.wait_ready(progress, self.settings.start_seconds)
        return guarded.launch.address

    def _launch(self, server: Server, progress: Progress) -> Launch:
        cache = Cache.of(self.settings)
        place = Place(self.settings.data_dir.absolute(), server)
        place.make(self.owner)
        if server == "kafka":
            jars = kafka.classpath(self.settings, cache, progress)
            return kafka.prepare(self.settings, self.java_home, jars, place, self.owner)
        home = elasticsearch.home(self.settings, cache, progress)
        return elasticsearch.prepare(self.settings, self.java_home, home, place, self.owner)


def _machine(settings: Settings, progress: Progress) -> _Machine:
    data_dir, cache_dir = settings.data_dir.absolute(), settings.cache_dir.absolute()
    servers_owner = owner.servers_owner()
    for folder in (data_dir, cache_dir):
        owner.make_folder(folder)
    places = [("WIREDESK_DATA_DIR", data_dir), ("WIREDESK_CACHE_DIR", cache_dir)]
    homes = [("WIREDESK_KAFKA_HOME", settings.kafka_home), ("WIREDESK_ELASTICSEARCH_HOME", settings.elasticsearch_home)]
    owner.check_reach(servers_owner, [*places, *((name, home) for name, home in homes if home is not None)])
    check_room(data_dir, DATA_BYTES, "WIREDESK_DATA_DIR")
    return _Machine(settings, java.java_home(settings, servers_owner, progress), servers_owner)


def start_all(
    settings: Settings, wanted: Iterable[Server], progress: Progress, started: list[Guarded]
) -> dict[Server, str]:
    """Start servers at the same time and wait until all answer.

    Args:
        settings: folders, ports and heaps count.
        wanted: which servers.
        progress: shows downloads and starts.
        started: takes in every server as soon as it is started, so that it can be stopped if this fails.

    Returns:
        The address of each.

    Raises:
        ServersError: one cannot be had; the other may run by then and is in `started`.
    """
    machine = _machine(settings, progress)
    shared = _Cancellable(progress, threading.Event())
    with ThreadPoolExecutor(len(list(wanted)) or 1) as pool:
        futures = {server: pool.submit(machine.start, server, shared, started) for server in wanted}
        try:
            wait(futures.values(), return_when="FIRST_EXCEPTION")
            _raise_first(futures.values())
        finally:
            shared.cancelled.set()
    return {server: future.result() for server, future in futures.items()}


def _raise_first(futures: Iterable[Future[str]]) -> None:
    for future in futures:
        if future.done() and (error := future.exception()) is not None:
            raise error


@contextmanager
def watched(started: list[Guarded], seconds: float) -> Iterator[None]:
    """While the block runs, start a server anew, guard and all, whose guard was killed.

    A server that dies alone is its guard's to bring back, and a guard that ends by itself was told to.

    Args:
        started: what was started here; a new guard takes the place of the old one.
        seconds: the longest wait for a server to answer again.
    """
    done = threading.Event()
    quiet = _Cancellable(Silent(), done)

    def look() -> None:
        while not done.wait(WATCH_SECONDS):
            for index, guarded in enumerate(started):
                if (guarded.guard.poll() or 0) < 0:
                    started[index] = start(guarded.launch)
                    with suppress(ServersError, _CancelledError):
                        started[index].wait_ready(quiet, seconds)

    watcher = threading.Thread(target=look, name="servers-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def stop_all(started: Iterable[Guarded]) -> None:
    """Stop servers that were started here, at the same time."""
    everyone = list(started)
    with ThreadPoolExecutor(max(1, len(everyone))) as pool:
        list(pool.map(Guarded.stop, everyone))
