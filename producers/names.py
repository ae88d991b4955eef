"""Turns names of hosts into addresses, by the system's own way, many at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_AT_ONCE = 32


class Names(AbstractResolver):
    """Asks the system's resolver, each name in a thread of its own.

    The event loop's threads are too few: a handful of dead names would hold up all others. And they are waited for
    when the process ends; these are not.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host.

        Raises:
            OSError: it has none, or no name server answers.
        """
        async with self._slots:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[list[Any]] = loop.create_future()
            threading.Thread(target=_look_up, args=(loop, answer, host, port, family), daemon=True).start()
            found = await answer
        return [_result(host, entry) for entry in found]

    async def close(self) -> None:
        """Nothing is kept open."""


def _look_up(
    loop: asyncio.AbstractEventLoop, answer: asyncio.Future[list[Any]], host: str, port: int, family: int
) -> None:
    found: list[Any] | OSError
    try:
        found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except OSError as error:
        found = error
    except UnicodeError:
        found = socket.gaierror(socket.EAI_NONAME, "no such name")
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits
        loop.call_soon_threadsafe(_settle, answer, found)


def _settle(answer: asyncio.Future[list[Any]], found: list[Any] | OSError) -> None:
    if answer.done():
        return
    if isinstance(found, OSError):
        answer.set_exception(found)
    else:
        answer.set_result(found)


def _result(host: str, entry: Any) -> ResolveResult:
    family, _, protocol, _, address = entry
    return ResolveResult(
        hostname=host, host=address[0], port=address[1], family=family, proto=protocol, flags=socket.AI_NUMERICHOST
    )
