"""Ports on the loopback interface."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path

HOST = "127.0.0.1"
# Below those that systems give to outgoing connections: one of these may take a port between our look and the
# server's start, seconds later.
_SERVERS_OWN = range(20_000, 32_000)
_TRIES = 50


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


@contextmanager
def free_ports(count: int) -> Iterator[list[int]]:
    """So many different ports that the system gives, held until the block ends."""
    with ExitStack() as held:
        # Sockets that share addresses may be bound to one port twice: no port is tried for two of them.
        tried = iter(random.sample(_SERVERS_OWN, _TRIES * count))
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bind(probe, islice(tried, _TRIES))
        yield [probe.getsockname()[1] for probe in probes]


def _bind(probe: socket.socket, ports: Iterable[int]) -> None:
    """Binds to the first of these ports that is free, else to any free one."""
    for port in ports:
        with suppress(OSError):
            probe.bind((HOST, port))
            return
    probe.bind((HOST, 0))


def choose(wanted: int, others: int = 0) -> list[int]:
    """Ports for one server: first the wanted one (or a free one when it is taken, or 0), then any others it needs."""
    with free_ports(others + 1) as [spare, *rest]:
        first = wanted if wanted and is_free(wanted) else spare
        return [first, *rest]


def choose_again(wanted: int, remembered: Path) -> int:
    """A port for one server, the one it had last time rather than any other, so that its address stays.

    Args:
        wanted: taken where it is free and not 0.
        remembered: file that holds the last one, and then this one.
    """
    try:
        last = int(remembered.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        last = 0
    [port] = choose(wanted if wanted and is_free(wanted) else last)
    remembered.write_text(str(port), encoding="utf-8")
    return port
