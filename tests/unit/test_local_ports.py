"""Ports: the wanted one where it is free, else another, and the same one again next time."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import HOST, choose, choose_again, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something listens on."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free() -> int:
    """A port that nothing listens on."""
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def test_a_free_port_is_taken_as_wanted(free: int) -> None:
    """The wanted port is chosen where it is free."""
    assert choose(free) == [free]


def test_a_taken_port_is_replaced(taken: int) -> None:
    """Where the wanted port is in use, another one that is free is chosen."""
    [port] = choose(taken)
    assert port != taken
    assert is_free(port)


def test_a_port_taken_on_every_interface_is_not_free() -> None:
    """A server that listens on all interfaces takes the port of the loopback interface too."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_several_ports_differ() -> None:
    """Zero means any free port, and several at once are all different."""
    ports = choose(0, 5)
    assert len(set(ports)) == 6
    assert all(is_free(port) for port in ports)


def test_a_chosen_port_is_none_that_outgoing_connections_get() -> None:
    """Servers get ports below those that systems hand out, so that none is gone before the server is up."""
    assert all(port < 32_768 for port in choose(0, 20))


def test_the_last_port_is_taken_again(tmp_path: Path, taken: int) -> None:
    """Where the wanted port is in use, a server keeps the port that it had last time."""
    first = choose_again(taken, tmp_path / "port")
    assert choose_again(taken, tmp_path / "port") == first
    assert choose_again(0, tmp_path / "port") == first


def test_a_wanted_port_that_is_free_comes_first(tmp_path: Path, free: int) -> None:
    """A port that the settings name wins over the one of last time."""
    choose_again(0, tmp_path / "port")
    assert choose_again(free, tmp_path / "port") == free
