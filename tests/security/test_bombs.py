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
from tests.faults.scale import FULL, scaled
from tests.table import Row
from tests.web import Answer, Route, Site, bomb, endless, slow

ROOT = Path(__file__).parents[2]
MEGABYTE = 2**20
# A process of its own: what one attack takes is not hidden by what another test took before.
CHILD = """
import asyncio, json, pathlib, sys, time
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
        before, began = peak(), time.monotonic()
        try:
            said = f"{len((await fetcher.get(sys.argv[2])).body)} bytes"
        except FetchError as error:
            said = error.stage
        seconds = time.monotonic() - began
    print(json.dumps([said, peak() - before, seconds]))

asyncio.run(main())
"""


def attacked(web: Site, answer: Route, **settings: Any) -> tuple[str, int]:
    """What a process of its own says to an answer (stage of its error, or size), and how many bytes its memory grew."""
    return timed(web, answer, **settings)[:2]


def timed(web: Site, answer: Route, **settings: Any) -> tuple[str, int, float]:
    """The same, and how many seconds that took."""
    harmless = web.put("/harmless", Answer(gzip.compress(b"x" * 100), headers={"Content-Encoding": "gzip"}))
    command = [sys.executable, "-c", CHILD, harmless, web.put("/attack", answer), json.dumps(settings)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    said, grown, seconds = json.loads(done.stdout)
    return said, grown, seconds


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
def test_a_bomb_is_dropped_with_little_memory(web: Site, name: str, attack: Row) -> None:
    """A body that is or unfolds to more than the limit is refused, with less than 30 MB of memory."""
    attack("compression bombs").did("bombs", 1, 10)
    said, grown = attacked(web, BOMBS[name])
    assert said == "content"
    attack.is_at_most("megabytes", grown / MEGABYTE, 30)
    assert grown < 30 * MEGABYTE


READ = """
import json, pathlib, sys
from datetime import UTC, datetime
from producers import sources
from schemas.source import SourceSpec

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

def read(path):
    if "sitemap" in path:
        try:
            return [sources.LISTINGS["sitemap"](pathlib.Path(path).read_bytes(), "https://a.example/sitemap.xml.gz")]
        except ValueError as refused:
            return [refused]
    kind = "warc" if "warc" in path else "files"
    return sources.read(SourceSpec(name="bomb", kind=kind, path=path), datetime.now(UTC), 4 * 2**20)

for first in read(sys.argv[1]):
    pass
pathlib.Path("/proc/self/clear_refs").write_text("5")
before = peak()
said = [str(getattr(one, "reason", one)) for one in read(sys.argv[2])]
print(json.dumps([said, peak() - before]))
"""


def unfolding(path: Path, size: int, before: bytes = b"") -> Path:
    """A gzip file that unfolds to so many bytes of nothing: one small member again and again."""
    member = gzip.compress(bytes(10 * MEGABYTE))
    with path.open("wb") as file:
        file.write(gzip.compress(before))
        for _ in range(size // (10 * MEGABYTE)):
            file.write(member)
    return path


FILES = {
    "articles.jsonl.gz": b'{"text": "',
    "articles.json.gz": b'[{"text": "',
    "article.txt.gz": b"Once upon a time",
    "article.html.gz": b"<p>Once upon a time",
    "sitemap.xml.gz": b"<urlset>",
    "news.warc.gz": b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/\r\n"
    b"WARC-Date: 2026-11-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
    b"Content-Length: 99999999999\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Once",
    "news.heads.warc.gz": b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: ",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_unfolds_is_refused_with_little_memory(tmp_path: Path, name: str, attack: Row) -> None:
    """A packed file, sitemap or web archive of which a little is a lot is refused, with less than 30 MB of memory."""
    attack("compression bombs").did("bombs", 1, 10)
    bomb = unfolding(tmp_path / name, scaled(300, 10_240) * MEGABYTE, FILES[name])
    harmless = unfolding(tmp_path / f"harmless-{name}", 0, FILES[name])
    command = [sys.executable, "-c", READ, str(harmless), str(bomb)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    said, grown = json.loads(done.stdout)
    assert said
    assert all(len(one) < 300 for one in said)
    assert any("over" in one or "large" in one or "broken" in one for one in said), said
    attack.is_at_most("megabytes", grown / MEGABYTE, 30)
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


GAP = scaled(0.2, 1.0)


@pytest.mark.parametrize(
    "answer",
    [
        slow(b"x" * 10_000, GAP),
        Answer(raw=b"HTTP/1.1 200 OK\r\n", parts=lambda: itertools.repeat(b"X"), gap=GAP),
        Answer(raw=b"HTTP/1.1 200 ", parts=lambda: itertools.repeat(b"O"), gap=GAP),
        Answer(b"x", pause=100),
    ],
    ids=["body", "head", "status", "silence"],
)
def test_who_is_slow_is_dropped(web: Site, answer: Answer, attack: Row) -> None:
    """An answer that keeps coming a byte at a time, or not at all, ends with the time for a whole answer."""
    attack("slow answers").did("kinds", 1, 4)
    said, grown, seconds = timed(web, answer, **({} if FULL else {"fetch_seconds": 2}))
    assert said == "timeout"
    attack.is_at_most("seconds", seconds, 30)
    attack.is_at_most("megabytes", grown / MEGABYTE, 30)


def test_the_time_for_a_whole_answer_is_short() -> None:
    """Without settings, the slowest answer ends within 30 seconds."""
    assert load().fetch_seconds <= 30
