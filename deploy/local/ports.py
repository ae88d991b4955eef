"""Ports on the loopback interface."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HOST = "127.0.0.1"


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
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, 0))
        yield [probe.getsockname()[1] for probe in probes]


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
