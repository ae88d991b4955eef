"""Decompresses an answer as it comes, a little at a time: what a few bytes unfold to never stands in memory at once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

# What is asked for, and all that is understood.
ACCEPTED = "gzip, deflate"
_PIECE = 64 * 1024
# A gzip file may be several put together; each costs time whatever little it holds.
_MOST_MEMBERS = 1000
_GZIP = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f"


class InflateError(ValueError):
    """An answer is compressed in a way that is not understood, or wrongly."""


class Decoder(Protocol):
    """Turns a body as it comes into what it holds."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of at most 64 KiB that some more bytes unfold to.

        Raises:
            InflateError: they are not what the header said.
        """

    def finish(self) -> None:
        """Says that no more comes.

        Raises:
            InflateError: the end is missing.
        """


def decoder(encoding: str) -> Decoder:
    """The decoder for a `Content-Encoding`.

    Raises:
        InflateError: it is none that was asked for.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return _Plain()
    if name in {"gzip", "x-gzip"}:
        return _Inflate(_GZIP)
    if name == "deflate":
        return _Inflate(None)
    raise InflateError(f"it came compressed as {name[:40]!r}, which was not asked for")


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        return


class _Inflate:
    def __init__(self, window: int | None) -> None:
        self._window = window
        self._inner: zlib._Decompress | None = None
        self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        # What is left over of a piece is copied for each that comes out of it: of a large body that is all of it.
        for at in range(0, len(data), _PIECE):
            yield from self._unfolded(data[at : at + _PIECE])

    def _unfolded(self, data: bytes) -> Iterator[bytes]:
        while data and (inner := self._inner or self._open(data)):
            try:
                piece = inner.decompress(data, _PIECE)
            except zlib.error:
                raise InflateError("what came is not compressed as its header says, or is damaged") from None
            if piece:
                yield piece
            data = inner.unconsumed_tail
            if inner.eof:
                data, self._inner = inner.unused_data, None

    def _open(self, data: bytes) -> zlib._Decompress | None:
        """The next member's decompressor; None for what is only filling behind the last one."""
        if self._members and (self._window != _GZIP or data[:1] != _MAGIC):
            return None
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise InflateError(f"it is compressed in more than {_MOST_MEMBERS} parts")
        # Some servers say deflate and leave out the header that the standard asks for.
        window = self._window or (zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS)
        self._inner = zlib.decompressobj(window)
        return self._inner

    def finish(self) -> None:
        if self._inner:
            raise InflateError("its end is missing")
