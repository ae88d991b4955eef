"""A web archive that stands on the web: read while it comes, in a thread, and gone on with where it broke off."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Any, Protocol, Self

from producers.fetch import Stream
from producers.fetched import Fetched, FetchError

# How often in a row it is gone on with without a single byte between, and how long is waited before.
_TRIES = 4
_PAUSE = 2.0
_PARTIAL = 206


class Opening(Protocol):
    """What is used of `producers.polite.Web`."""

    def open(
        self, url: str, *, start: int = 0, etag: str | None = None, last_modified: str | None = None
    ) -> AbstractAsyncContextManager[Stream]:
        """Opens an answer that is read while it comes; entering it raises FetchError."""


class Archive:
    """An archive at an address. Use it as an asynchronous context manager, and `stream` in a thread.

    An answer that breaks off is asked for again from there, where it is still the same (`If-Range`); a server that
    begins anew is heard again up to there.

    Args:
        web: opens it.
        url: where it is.
        etag: of the archive that is known whole.
        last_modified: the same archive's date.
        pause: seconds before it is asked for again, twice as many each time.

    Attributes:
        failure: why it is not whole; none while it may be.
        size: how many of its bytes were read.
    """

    def __init__(
        self,
        web: Opening,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        pause: float = _PAUSE,
    ) -> None:
        self.failure: FetchError | None = None
        self._web, self._url, self._pause = web, url, pause
        self._etag, self._last_modified = etag, last_modified
        self._stack = AsyncExitStack()
        self._pending: Future[bytes] | None = None
        self._is_closed = False
        self._over = b""
        self._tries = 0
        self.size = 0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        opening = self._web.open(self._url, etag=self._etag, last_modified=self._last_modified)
        self._open = await self._stack.enter_async_context(opening)
        self._first = self._open.fetched
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        if self._pending:
            self._pending.cancel()  # or who waits for it in another thread does so for ever
        await self._stack.aclose()

    @property
    def fetched(self) -> Fetched:
        """The head of its first answer."""
        return self._first

    @property
    def stream(self) -> io.RawIOBase:
        """Its bytes, for another thread than the loop's."""
        return _Pulled(self)

    def pull(self) -> bytes:
        """The next piece, from another thread; empty at the end, and after a failure.

        Raises:
            OSError: it broke off for good; the words say why.
        """
        if self._is_closed:
            raise OSError("it is read no more")
        self._pending = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
        try:
            return self._pending.result()
        except FetchError as error:
            self.failure = error
            raise OSError(f"{error.stage}: {error.reason}") from None

    async def _next(self) -> bytes:
        while True:
            try:
                piece, self._over = self._over or await self._open.read(), b""
            except FetchError as error:
                await self._again(error)
            else:
                self._tries = 0 if piece else self._tries
                self.size += len(piece)
                return piece

    async def _again(self, error: FetchError) -> None:
        """Goes on where it broke off, while that helps.

        Raises:
            FetchError: it does not.
        """
        while self._tries < _TRIES and error.hardness == "temporary":
            self._tries += 1
            await self._stack.aclose()
            await asyncio.sleep(self._pause * 2 ** (self._tries - 1))
            try:
                await self._reopened()
            except FetchError as another:
                error = another
            else:
                return
        raise error

    async def _reopened(self) -> None:
        etag = self._first.headers.get("etag")
        opening = self._web.open(self._url, start=self.size, etag=etag if self.size else None)
        self._open = await self._stack.enter_async_context(opening)
        said = self._open.fetched
        if said.headers.get("etag") != etag:
            raise FetchError("content", "the archive is another one now: it is read from its start again", "soft")
        if said.status == _PARTIAL:
            return
        left = self.size
        while left > 0 and (piece := await self._open.read()):
            self._over = piece[left:]
            left -= len(piece)
        if left > 0:
            raise FetchError("content", "the archive is shorter than it was: it is read from its start again", "soft")


class _Pulled(io.RawIOBase):
    """The bytes of an archive as a file has them."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._rest = archive, memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As many bytes as there are, up to the buffer's size."""
        if not self._rest:
            self._rest = memoryview(self._archive.pull())
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count
