"""A network that can be broken: a TCP proxy on loopback that cuts, delays and resets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Self

_CHUNK = 64 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


class Proxy:
    """Passes bytes on to a server. Use it as a context manager: it listens while the block runs.

    Args:
        target: `host:port` of the server.

    Attributes:
        port: where it listens, on 127.0.0.1.
        delay: seconds that each piece of bytes is held, both ways.
        refuses: whether new connections are reset.
        stalls: whether bytes are kept, as by a network that drops them.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.delay, self.refuses, self.stalls = 0.0, False, False

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="proxy", daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.reset()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._listening.close()

    def cut(self) -> None:
        """Resets all connections, and every new one until `heal`."""
        self.refuses = True
        self.reset()

    def heal(self) -> None:
        """Everything passes again."""
        self.refuses, self.stalls, self.delay = False, False, 0.0

    def reset(self) -> None:
        """Resets the connections that stand."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(self._reset_all, done)
        done.wait(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listening))
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    def _reset_all(self, done: threading.Event) -> None:
        for writer in list(self._writers):
            _reset(writer)
        done.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            _reset(writer)
            return
        try:
            there, onward = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        self._writers |= {writer, onward}
        try:
            await asyncio.gather(self._pass(reader, onward), self._pass(there, writer))
        finally:
            self._writers -= {writer, onward}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_CHUNK):
                await asyncio.sleep(self.delay)
                while self.stalls:  # noqa: ASYNC110 (it is set from another thread)
                    await asyncio.sleep(0.05)
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
