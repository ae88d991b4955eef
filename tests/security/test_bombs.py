"""Answers made to fill the memory or to hold on for ever."""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.settings import load
from tests.web import Answer, Route, Site, bomb, endless, slow

ROOT = Path(__file__).parents[2]
MEGABYTE = 2**20
# A process of its own: what one attack takes is not hidden by what another test took before.
CHILD = """
import asyncio, json, pathlib, sys
from producers.fetch import Fetcher
from producers.fetched import FetchError
from schemas.settings import load

# getrusage's peak is handed on by the parent; the kernel's own can be set back to what is used now.
def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

async def main():
    settings = load(fetch_allow_hosts="127.0.0.1", **json.loads(sys.argv[3]))
    async with Fetcher(settings) as fetcher:
        await fetcher.get(sys.argv[1])
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        before = peak()
        try:
            said = f"{len((await fetcher.get(sys.argv[2])).body)} bytes"
        except FetchError as error:
            said = error.stage
    print(json.dumps([said, peak() - before]))

asyncio.run(main())
"""


def attacked(web: Site, answer: Route, **settings: Any) -> tuple[str, int]:
    """What a process of its own says to an answer (stage of its error, or size), and how many bytes its memory grew."""
    harmless = web.put("/harmless", Answer(gzip.compress(b"x" * 100), headers={"Content-Encoding": "gzip"}))
    command = [sys.executable, "-c", CHILD, harmless, web.put("/attack", answer), json.dumps(settings)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    said, grown = json.loads(done.stdout)
    return said, grown


def members(count: int) -> Answer:
    """A body of very many gzip members of nothing."""
    return Answer(gzip.compress(b"") * count, headers={"Content-Encoding": "gzip"})


def nothing() -> Iterator[bytes]:
    """A gzip body that goes on for ever and unfolds to nothing: empty blocks."""
    yield gzip.compress(b"")[:10]
    yield from itertools.repeat(b"\x00\x00\x00\xff\xff" * 10_000)


BOMBS: dict[str, Route] = {
    "11 MB": bomb(11 * MEGABYTE),
    "100 MB": bomb(100 * MEGABYTE),
    "10 GB": bomb(10_240 * MEGABYTE),
    "10 GB of deflate": bomb(10_240 * MEGABYTE, "deflate"),
    "members": members(400_000),
    "endless": endless(),
    "endless nothing": Answer(parts=nothing, headers={"Content-Encoding": "gzip"}),
    "endless, compressed": Answer(
        parts=lambda: itertools.repeat(gzip.compress(b"x" * 10)), headers={"Content-Encoding": "gzip"}
    ),
    "a length that is a lie": Answer(
        parts=lambda: itertools.repeat(b"x" * 65536), headers={"Content-Length": "9" * 18}
    ),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_dropped_with_little_memory(web: Site, name: str) -> None:
    """A body that is or unfolds to more than the limit is refused, with less than 30 MB of memory."""
    said, grown = attacked(web, BOMBS[name])
    assert said == "content"
    assert grown < 30 * MEGABYTE


def test_a_body_just_within_the_limit_is_taken(web: Site) -> None:
    """What unfolds to the limit and no more is an answer, and no bomb."""
    assert attacked(web, bomb(10 * MEGABYTE))[0] == f"{10 * MEGABYTE} bytes"


def test_endless_headers_are_dropped_with_little_memory(web: Site) -> None:
    """A head that never ends is refused, with less than 30 MB of memory."""
    said, grown = attacked(
        web, Answer(raw=b"HTTP/1.1 200 OK\r\n", parts=lambda: itertools.repeat(b"X-Many: " + b"y" * 4000 + b"\r\n"))
    )
    assert said == "request"
    assert grown < 30 * MEGABYTE


@pytest.mark.parametrize(
    "answer",
    [
        slow(b"x" * 10_000, 0.2),
        Answer(raw=b"HTTP/1.1 200 OK\r\n", parts=lambda: itertools.repeat(b"X: y\r\n"), gap=0.2),
        Answer(raw=b"HTTP/1.1 200 ", parts=lambda: itertools.repeat(b"O"), gap=0.2),
        Answer(b"x", pause=100),
    ],
    ids=["body", "head", "status", "silence"],
)
def test_who_is_slow_is_dropped(web: Site, answer: Answer) -> None:
    """An answer that keeps coming a byte at a time, or not at all, ends with the time for a whole answer."""
    assert attacked(web, answer, fetch_seconds=2)[0] == "timeout"


def test_the_time_for_a_whole_answer_is_short() -> None:
    """Without settings, the slowest answer ends within 30 seconds."""
    assert load().fetch_seconds <= 30
