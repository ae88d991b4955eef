"""Finds Kafka and Elasticsearch, or starts them: the ladder of servers.

The rungs, the first that holds wins: addresses in the settings, servers that this data folder already runs, a
container engine, local child processes. The two servers are found each for itself, so one may be named and the
other started.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deploy import answers, containers
from deploy.containers import Containers
from deploy.errors import ServersError
from deploy.local import rung as local
from deploy.local.artifacts import Server
from deploy.local.owner import make_folder
from deploy.local.place import Place
from deploy.local.process import Guarded, stop_at
from deploy.local.turns import turn
from deploy.progress import Progress
from schemas.settings import Settings

__all__ = ["Rung", "Servers", "ServersError", "Status", "down", "find", "serve", "status", "up"]

Rung = Literal["settings", "running", "container", "local"]
BOTH: tuple[Server, Server] = ("kafka", "elasticsearch")
LOOK_SECONDS = 0.2
ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers are.

    Attributes:
        kafka: `host:port`, several with commas.
        elasticsearch: `http://host:port`.
        rung: where they come from; of two rungs, the one that is not `settings`.
        data: the folder their data lies in, where it is ours.
        logs: the folder their logs lie in, where it is ours.
    """

    kafka: str
    elasticsearch: str
    rung: Rung
    data: Path | None
    logs: Path | None


@dataclass(frozen=True, slots=True)
class Status:
    """How one server does.

    Attributes:
        name: `kafka` or `elasticsearch`.
        rung: where it comes from, or None where there is none.
        address: where it should answer, or an empty text.
        answers: whether it does.
        process: number of its process (it leads its group), where it is a local one.
        restarts: how often it died and was started anew, where it is a local one.
    """

    name: Server
    rung: Rung | None
    address: str
    answers: bool
    process: int | None
    restarts: int


@dataclass
class _Started:
    """What one call started, so that it can be kept or stopped."""

    settings: Settings
    guarded: list[Guarded] = field(default_factory=list)
    containers: Containers | None = None

    def keep(self) -> None:
        for guarded in self.guarded:
            guarded.keep()

    def stop(self) -> None:
        local.stop_all(self.guarded)
        if self.containers is not None:
            self.containers.stop(self.settings)


def _named(settings: Settings) -> dict[Server, str]:
    named: dict[Server, str] = {"kafka": settings.kafka_servers, "elasticsearch": settings.elasticsearch_url}
    return {server: address for server, address in named.items() if address}


def _answers(server: Server, address: str, settings: Settings | None = None) -> bool:
    return answers.kafka(address, settings) if server == "kafka" else answers.elasticsearch(address, settings)


def _running(settings: Settings, server: Server, patience: float) -> str | None:
    """The address of a server that this data folder runs and that answers within so many seconds."""
    place = Place(settings.data_dir.absolute(), server)
    deadline = time.monotonic() + patience
    while (state := place.guarded()) is not None and state.ready:
        if _answers(server, state.address):
            return state.address
        if time.monotonic() > deadline:
            return None
        time.sleep(LOOK_SECONDS)
    return None


def _all_running(settings: Settings, patience: float) -> dict[Server, str]:
    wanted = [server for server in BOTH if server not in _named(settings)]
    found = {server: _running(settings, server, patience) for server in wanted}
    return {server: address for server, address in found.items() if address}


def _servers(settings: Settings, addresses: dict[Server, str], rung: Rung) -> Servers:
    ours = rung in {"running", "local"}
    data_dir = settings.data_dir.absolute()
    return Servers(
        kafka=addresses["kafka"],
        elasticsearch=addresses["elasticsearch"],
        rung=rung,
        data=data_dir / "servers" if ours else None,
        logs=data_dir / "logs" if ours else None,
    )


def find(settings: Settings) -> Servers | None:
    """Servers that are there, without starting any.

    What the settings name is taken at its word; what this data folder runs has answered just now.

    Returns:
        Where they are, or None where one of the two is missing.
    """
    named = _named(settings)
    if len(named) == len(BOTH):
        return _servers(settings, named, "settings")
    running = _all_running(settings, ANSWER_SECONDS)
    addresses = {**running, **named}
    if len(addresses) == len(BOTH):
        return _servers(settings, addresses, "running")
    contained = containers.running(settings)
    if contained is not None and contained.answer():
        addresses = {**contained.addresses(), **addresses}
    return _servers(settings, addresses, "container") if len(addresses) == len(BOTH) else None


@contextmanager
def _one_start_at_a_time(settings: Settings, progress: Progress) -> Iterator[None]:
    folder = make_folder(settings.data_dir.absolute() / "servers")
    waiting = f"Another start is under way in {settings.data_dir}: waiting for it"
    with turn(folder / "start.lock", progress, waiting, "name a folder of your own in WIREDESK_DATA_DIR"):
        yield


def _start(missing: list[Server], progress: Progress, started: _Started) -> tuple[Rung, dict[Server, str]]:
    """Start what is missing, on the first rung that holds."""
    settings = started.settings
    if settings.servers != "local" and (engine := containers.engine()) is not None:
        started.containers = Containers.of(settings, engine, missing)
        try:
            return "container", started.containers.start(settings, progress)
        except ServersError as error:
            with contextlib.suppress(ServersError):
                started.containers.stop(settings)
            started.containers = None
            if settings.servers == "container":
                raise
            progress.note(f"{error}; starting local servers instead")
    if settings.servers == "container":
        raise ServersError(
            "no container engine answers: start Docker or Podman, or set WIREDESK_SERVERS to local or auto"
        )
    return "local", local.start_all(settings, missing, progress, started.guarded)


def _wait_for_running(settings: Settings, progress: Progress) -> dict[Server, str]:
    """The servers that this data folder runs, waiting for one that is being brought back just now."""
    places = [Place(settings.data_dir.absolute(), server) for server in BOTH if server not in _named(settings)]
    for place in places:
        if place.guarded() is not None:
            progress.note(f"Waiting for {place.server}, which runs in {settings.data_dir} already")
    answering = _all_running(settings, settings.start_seconds)
    for place in places:
        if place.server not in answering and (state := place.guarded()) is not None and state.ready:
            raise ServersError(
                f"{place.server} runs in {settings.data_dir} (process {state.server}) but does not answer at "
                f"{state.address}: see {place.logs}/server.log, or end it with `wiredesk servers down`"
            )
    return answering


def _find_or_start(progress: Progress, started: _Started) -> Servers:
    settings = started.settings
    found = find(settings)
    if found is not None:
        return found
    with _one_start_at_a_time(settings, progress):
        found = find(settings)
        if found is not None:
            return found
        there = {**_wait_for_running(settings, progress), **_named(settings)}
        missing = [server for server in BOTH if server not in there]
        rung, addresses = _start(missing, progress, started)
        return _servers(settings, {**there, **addresses}, rung)


@contextmanager
def serve(settings: Settings, progress: Progress) -> Iterator[Servers]:
    """Servers for as long as the block runs: found, or started here and then stopped at its end.

    What is started here ends with this process, also when it is killed; a local server that dies is started anew.

    Args:
        settings: what to look for and how to start it.
        progress: shows downloads and starts.

    Raises:
        ServersError: none can be had.
    """
    started = _Started(settings)
    try:
        found = _find_or_start(progress, started)
        with local.watched(started.guarded, settings.start_seconds):
            yield found
    finally:
        started.stop()


def up(settings: Settings, progress: Progress) -> Servers:
    """Servers that stay when this process ends: found, or started.

    Raises:
        ServersError: none can be had.
    """
    started = _Started(settings)
    try:
        servers = _find_or_start(progress, started)
    except BaseException:
        started.stop()
        raise
    started.keep()
    return servers


def down(settings: Settings) -> list[Server]:
    """Stop the servers that this data folder runs; the ones that the settings name are left alone.

    Returns:
        Those that were stopped.

    Raises:
        ServersError: one does not stop, or is another user's.
    """
    stopped = [server for server in BOTH if stop_at(Place(settings.data_dir.absolute(), server))]
    contained = containers.running(settings)
    if contained is not None:
        contained.stop(settings)
        stopped += contained.wanted
    return stopped


def status(settings: Settings) -> tuple[Status, Status]:
    """How Kafka and Elasticsearch do; starts nothing."""
    contained = containers.running(settings)
    there = contained.addresses() if contained is not None else {}
    kafka, elasticsearch = (_status(settings, server, there) for server in BOTH)
    return kafka, elasticsearch


def _status(settings: Settings, server: Server, contained: dict[Server, str]) -> Status:
    address = _named(settings).get(server)
    if address:
        return Status(server, "settings", address, _answers(server, address, settings), None, 0)
    state = Place(settings.data_dir.absolute(), server).guarded()
    if state is not None:
        answering = _answers(server, state.address)
        return Status(server, "running", state.address, answering, state.server, state.restarts)
    address = contained.get(server, "")
    answering = bool(address) and _answers(server, address)
    return Status(server, "container" if address else None, address, answering, None, 0)
