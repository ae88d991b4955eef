"""How much of a processor polite fetching takes: `python -m tests.bench.fetching [requests] [hosts] [page bytes]`.

The server is a process of its own, so the figures are the client's alone. Each host is a name of its own, asked in its
turn, its robots.txt first; every request is a connection of its own (cold), or shares one (warm).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import socket
import sys
import time
from multiprocessing.connection import Connection

from aiohttp.abc import AbstractResolver, ResolveResult

from producers.polite import Web, open_web
from schemas.settings import load
from tests.web import Answer, Site, compressed, robots


class Everyone(AbstractResolver):
    """A name server by which every name is the server's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """127.0.0.1."""
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0),
        ]

    async def close(self) -> None:
        """Nothing is kept open."""


def serve(pipe: Connection, size: int) -> None:
    """Runs the server until told to stop."""
    with Site() as site:
        site.put("/robots.txt", robots("User-agent: *\nDisallow: /private/\n" * 20))
        body = b"".join(b"<p>%d: grain talks go on in Geneva</p>" % number for number in range(size // 40))
        site.put("*", compressed(Answer(body)))
        pipe.send(site.port)
        pipe.recv()


async def ask(web: Web, port: int, hosts: int, requests: int) -> None:
    """Asks each host as often as it takes, all hosts at once."""

    async def one(number: int) -> None:
        for page in range(requests // hosts):
            answer = await web.get(f"http://h{number}.example:{port}/{page}")
            assert answer.status == 200

    await asyncio.gather(*(one(number) for number in range(hosts)))


def used() -> tuple[float, float]:
    """Seconds by the wall and of processor time so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime + usage.ru_stime


async def measure(port: int, requests: int, hosts: int) -> None:
    """Prints the figures of a cold and a warm round."""
    settings = load(fetch_allow_hosts="127.0.0.1", fetch_pause=0)
    async with open_web(settings, resolver=Everyone()) as web:
        for name, count in (("cold (robots.txt, connection, page)", hosts), ("warm (page alone)", requests)):
            start = used()
            await ask(web, port, hosts, count)
            wall, processor = (end - begin for end, begin in zip(used(), start, strict=True))
            each = processor / count * 1000
            print(f"{name}: {count / wall:.0f} requests/s, {each:.2f} ms of processor time each")
    print(f"largest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main(requests: int = 10_000, hosts: int = 1000, size: int = 20_000) -> None:
    """Starts the server, measures, and stops it."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, size), daemon=True)
    server.start()
    asyncio.run(measure(ours.recv(), requests, hosts))
    ours.send("stop")
    server.join()


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
