"""Names of hosts, by the system's own way."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import pytest

from producers.names import Names


def resolved(*hosts: str) -> list[Any]:
    """What comes of several names at once; errors stand among the answers."""

    async def run() -> list[Any]:
        names = Names()
        found = await asyncio.gather(*(names.resolve(host, 80) for host in hosts), return_exceptions=True)
        await names.close()
        return found

    return asyncio.run(run())


def test_a_name_has_its_addresses() -> None:
    """A name that the system knows has addresses that a connection can be made to."""
    (found,) = resolved("localhost")
    assert found
    assert all(ip_address(one["host"]).is_loopback and one["port"] == 80 for one in found)


@pytest.mark.parametrize("host", ["nobody.invalid", "a" * 70, ".".join(["a" * 60] * 5), "a..b", "\ud800"])
def test_a_name_that_cannot_be_is_an_error(host: str) -> None:
    """What no name server knows, and what is no name, is the system's error for that."""
    (found,) = resolved(host)
    assert isinstance(found, socket.gaierror)


def test_many_names_are_asked_for_at_once() -> None:
    """A hundred names are all answered, however few are asked for at a time."""
    assert all(isinstance(found, list) for found in resolved(*["localhost"] * 100))


def test_who_gives_up_is_not_waited_for() -> None:
    """An answer that comes when nobody waits any more is dropped."""

    async def run() -> None:
        tasks = [asyncio.ensure_future(Names().resolve("localhost")) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        assert all(
            isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*tasks, return_exceptions=True)
        )
        assert await Names().resolve("localhost")

    asyncio.run(run())
