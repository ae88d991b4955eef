"""Whether what `wiredesk run` needs is there, before anything is started: one line for each thing, one way out each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from deploy import answers, containers, ladder
from deploy.local import elasticsearch, java, owner
from deploy.local.artifacts import Server, bundle
from deploy.local.cache import Cache
from deploy.local.download import SPARE_BYTES, free_bytes
from deploy.local.ports import is_free
from deploy.local.rung import DATA_BYTES
from schemas.settings import ENV_PREFIX, Settings

# An Elasticsearch of another major version than our client's is not understood.
CLIENT_MAJOR = version("elasticsearch").partition(".")[0]
# What both servers with their usual heaps, one enricher, the sink, the collector and the pages take together.
NEEDED_MEMORY = 2500 * 10**6
_MEGA = 10**6


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `way_out` is what to do about it, and empty where nothing is to be done."""

    name: str
    words: str
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What is asked of the machine, so that another can be thought of.

    Attributes:
        memory: bytes that programs can still have; none where the system does not tell.
        free: bytes that are free on the disk of a folder.
        is_free: whether a port is.
        jdk: the folder of a JDK that fits, and those that were passed over.
        engine: the program of a container engine that answers.
    """

    memory: Callable[[], int | None]
    free: Callable[[Path], int]
    is_free: Callable[[int], bool]
    jdk: Callable[[Settings], tuple[Path | None, list[java.Jdk]]]
    engine: Callable[[], str | None]


def this_machine() -> Machine:
    """The machine that this runs on."""
    return Machine(_memory, free_bytes, is_free, _jdk, containers.engine)


def checks(settings: Settings, machine: Machine) -> Iterator[Check]:
    """What is there and what is missing, in the order in which it would be needed.

    Raises:
        SettingsError: how to sign in to a named server cannot stand.
        ServersError: a named server refuses us.
    """
    missing = [server for server in ladder.BOTH if not _address(settings, server)]
    yield from (_named(settings, server) for server in ladder.BOTH if server not in missing)
    started = " and ".join(f"{server} {bundle(server).version}" for server in missing)
    if missing and settings.servers != "local" and (engine := machine.engine()):
        yield Check("servers", f"{started} by {Path(engine).name}")
    elif missing:
        yield Check("servers", f"{started} as local processes")
        yield _java(settings, machine)
        yield from _disks(settings, machine)
    yield _memory_of(machine)
    yield from _ports(settings, machine, missing)


def _address(settings: Settings, server: Server) -> str:
    return settings.kafka_servers if server == "kafka" else settings.elasticsearch_url


def _named(settings: Settings, server: Server) -> Check:
    """A server that the settings name: whether it answers, and whether our client fits it."""
    address = _address(settings, server)
    setting = f"{ENV_PREFIX}{'KAFKA_SERVERS' if server == 'kafka' else 'ELASTICSEARCH_URL'}"
    asked = answers.kafka if server == "kafka" else answers.elasticsearch
    if not asked(address, settings):
        return Check(server, f"{address} does not answer", f"start it, or name another one in {setting}")
    number = answers.version(address, settings) if server == "elasticsearch" else ""
    if number and number.partition(".")[0] != CLIENT_MAJOR:
        words = f"{address} is version {number}, and our client speaks with {CLIENT_MAJOR}"
        return Check(server, words, f"name an Elasticsearch {CLIENT_MAJOR} in {setting}")
    return Check(server, f"{address} answers{f', version {number}' if number else ''}")


def _jdk(settings: Settings) -> tuple[Path | None, list[java.Jdk]]:
    who = owner.servers_owner()
    return java.find([settings.java_home] if settings.java_home else java.homes(settings), who)


def _java(settings: Settings, machine: Machine) -> Check:
    home, passed = machine.jdk(settings)
    if home:
        return Check("java", str(home))
    found = "; ".join(f"{jdk.home} {jdk.fault}" for jdk in passed) or "none is in the usual folders"
    if settings.java_home:
        return Check("java", found, f"name a full JDK {java.OLDEST} or newer in {ENV_PREFIX}JAVA_HOME")
    return Check("java", f"{found}; one will be fetched", f"apt install openjdk-{java.OLDEST}-jdk")


def _disks(settings: Settings, machine: Machine) -> Iterator[Check]:
    cache = Cache.of(settings)
    missing = [bundle(server) for server in ladder.BOTH if not _is_kept(cache, server)]
    fetched = sum(one.wanted for one in missing) + (elasticsearch.UNPACKED_BYTES if missing else 0)
    needed = {"CACHE_DIR": (settings.cache_dir, fetched), "DATA_DIR": (settings.data_dir, DATA_BYTES)}
    for name, (folder, size) in needed.items():
        there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
        room, wanted = machine.free(there), size + SPARE_BYTES
        words = f"{folder}: {room // _MEGA:,} MB free, {wanted // _MEGA:,} MB needed"
        yield Check("disk", words, "" if room >= wanted else f"free some, or name another folder in {ENV_PREFIX}{name}")


def _is_kept(cache: Cache, server: Server) -> bool:
    wanted = bundle(server)
    folder = cache.folder / f"{server}-{wanted.version}"
    return elasticsearch.unpacked(folder) if server == "elasticsearch" else cache.complete(folder, wanted)


def _memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _memory_of(machine: Machine) -> Check:
    free = machine.memory()
    if free is None:
        return Check("memory", "this system does not tell how much is free")
    words = f"{free // _MEGA:,} MB free, {NEEDED_MEMORY // _MEGA:,} MB needed"
    return Check("memory", words, "" if free >= NEEDED_MEMORY else "end other programs, or use servers elsewhere")


def _ports(settings: Settings, machine: Machine, missing: list[Server]) -> Iterator[Check]:
    """A port in use is no hindrance, as a free one is taken then; but people should know."""
    wanted = {"kafka": settings.kafka_port, "elasticsearch": settings.elasticsearch_port}
    ports = {name: port for name, port in wanted.items() if name in missing} | {"pages": settings.web_port}
    for name, port in ports.items():
        if port:
            taken = "" if machine.is_free(port) else " is in use; a free one will be taken"
            yield Check("port", f"{port} for {name}{taken or ' is free'}")
