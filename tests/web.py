"""A web server of the tests' own, on loopback: it answers well, slowly, wrongly, hugely or with malice, as told.

    with Site() as site:
        site.put("/feed.xml", rss(items), kind="application/rss+xml")
        site.put("/old", moved("/feed.xml", 301))
        ...fetch site.url("/feed.xml")...
        assert site.paths == ["/feed.xml"]

An answer is a value, or a function from the request to one. It runs in a thread of its own, so that what is tested may
block. Pages, feeds and other contents are in `tests.pages`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import ssl
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """What a client asked: path with its query, headers by name in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What the server says.

    `parts` are sent one after another, `gap` seconds apart, instead of `body`; without `Content-Length`, in chunks, and
    as long as the client listens. `pause` is waited before anything is sent. `cut` closes after so many bytes of the
    body. `raw` is sent as it is, instead of the head and the body; then `parts` as they are, and the connection closed.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Callable[[], Iterable[bytes]] | None = None
    pause: float = 0.0
    gap: float = 0.0
    cut: int | None = None
    raw: bytes | None = None


Route = Answer | Callable[[Request], Answer]


class Site:
    """A server on a loopback address; its routes may be changed while it runs.

    With `greeting` it sends that to whoever connects, and listens to nothing.

    Attributes:
        requests: all that was asked, oldest first.
        connections: how many connections were made.
        most_at_once: how many requests were ever under way at one time, by the host that they named.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None, greeting: bytes = b""
    ) -> None:
        self.host, self.port, self._tls, self._greeting = host, port, tls, greeting
        self.requests: list[Request] = []
        self.connections = 0
        self.most_at_once: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._routes: dict[str, Route] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="site", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def put(self, path: str, answer: Route | bytes | str, *, kind: str = "text/html; charset=utf-8") -> str:
        """Answers a path so from now on; "*" is every path that has no answer of its own. Returns its address."""
        if isinstance(answer, str | bytes):
            answer = Answer(answer.encode() if isinstance(answer, str) else answer, headers={"Content-Type": kind})
        self._routes[path] = answer
        return self.url(path)

    def url(self, path: str = "/", host: str = "") -> str:
        """The address of a path, by the server's own host or another name for it."""
        named = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{'https' if self._tls else 'http'}://{named}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, oldest first, robots.txt left out."""
        return [request.path for request in self.requests if request.path != "/robots.txt"]

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._accept, self.host, self.port, ssl=self._tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError, ValueError):
            writer.write(self._greeting)
            while not self._greeting and await self._serve(reader, writer):
                pass
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader)
        host = request.headers.get("host", "").partition(":")[0]
        self.requests.append(request)
        self._now[host] += 1
        self.most_at_once[host] = max(self.most_at_once[host], self._now[host])
        try:
            return await _send(writer, request, self._answer(request))
        finally:
            self._now[host] -= 1

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        route = self._routes.get(request.path) or self._routes.get(path) or self._routes.get("*")
        if route is None:
            return Answer(b"nothing here", 404, {"Content-Type": "text/plain"})
        return route if isinstance(route, Answer) else route(request)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


async def _send(writer: asyncio.StreamWriter, request: Request, answer: Answer) -> bool:
    """Sends an answer; whether the connection may be used on."""
    if answer.pause:
        await asyncio.sleep(answer.pause)
    if answer.raw is not None:
        writer.write(answer.raw)
        await _send_parts(writer, answer, framed=False)
        return False
    close = request.headers.get("connection", "").lower() == "close" or answer.headers.get("Connection") == "close"
    headers = dict(answer.headers)
    if answer.parts:
        if "Content-Length" not in headers:
            headers["Transfer-Encoding"] = "chunked"
    elif answer.status not in {204, 304}:
        headers.setdefault("Content-Length", str(len(answer.body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {answer.status} Told\r\n{head}\r\n".encode("utf-8", "surrogateescape"))
    if answer.parts:
        await _send_parts(writer, answer, framed="Content-Length" not in headers)
    else:
        body = b"" if answer.status in {204, 304} else answer.body
        writer.write(body if answer.cut is None else body[: answer.cut])
        await writer.drain()
    return not close and answer.cut is None


async def _send_parts(writer: asyncio.StreamWriter, answer: Answer, *, framed: bool) -> None:
    for part in answer.parts() if answer.parts else ():
        writer.write(b"%x\r\n%s\r\n" % (len(part), part) if framed else part)
        await writer.drain()
        await asyncio.sleep(answer.gap)
    if framed and answer.cut is None:
        writer.write(b"0\r\n\r\n")
    await writer.drain()


def moved(to: str, status: int = 302) -> Answer:
    """A redirect."""
    return Answer(status=status, headers={"Location": to})


def compressed(answer: Answer, encoding: str = "gzip") -> Answer:
    """An answer with its body compressed: "gzip", "deflate", or "raw deflate" as some servers send it."""
    packer = zlib.compressobj(wbits=-15 if encoding == "raw deflate" else 15)
    body = gzip.compress(answer.body) if encoding == "gzip" else packer.compress(answer.body) + packer.flush()
    return replace(answer, body=body, headers={**answer.headers, "Content-Encoding": encoding.split()[-1]})


def conditional(body: bytes, etag: str = '"one"', date: str = "Wed, 18 Nov 2026 08:00:00 GMT") -> Route:
    """An answer that says 304 to whoever has it already."""

    def answer(request: Request) -> Answer:
        known = request.headers.get("if-none-match") == etag or request.headers.get("if-modified-since") == date
        headers = {"ETag": etag, "Last-Modified": date}
        return Answer(status=304, headers=headers) if known else Answer(body, headers=headers)

    return answer


def slow(body: bytes, seconds: float = 1.0) -> Answer:
    """A body that comes a byte at a time."""
    return Answer(parts=lambda: (body[place : place + 1] for place in range(len(body))), gap=seconds)


def endless(part: bytes = b"x" * 65536) -> Answer:
    """A body that never ends."""
    return Answer(parts=lambda: itertools.repeat(part))


def bomb(size: int, encoding: str = "gzip") -> Answer:
    """A small body that unfolds to `size` bytes of nothing, made while it is sent."""

    def parts() -> Iterator[bytes]:
        packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
        block = bytes(2**20)
        for _ in range(size // len(block)):
            yield from filter(None, [packer.compress(block)])
        yield packer.flush()

    return Answer(parts=parts, headers={"Content-Encoding": encoding})


def robots(text: str) -> Answer:
    """A robots.txt."""
    return Answer(text.encode(), headers={"Content-Type": "text/plain"})


def in_turn(*answers: Answer) -> Route:
    """One answer after another; the last one for ever."""
    left = iter(answers)
    last = answers[-1]
    return lambda _: next(left, last)
