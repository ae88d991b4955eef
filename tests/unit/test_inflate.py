"""Decompressing as it comes."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.inflate import InflateError, decoder
from tests.fakes import quick


def raw_deflate(data: bytes) -> bytes:
    """Deflate without the header that the standard asks for, as some servers send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "identity": bytes,
    "": bytes,
}


def unpacked(encoding: str, data: bytes, step: int) -> bytes:
    """What comes out of a body that comes `step` bytes at a time."""
    inner = decoder(encoding)
    out = b"".join(piece for at in range(0, len(data), step) for piece in inner.feed(data[at : at + step]))
    inner.finish()
    return out


@quick
@given(st.binary(max_size=3000), st.sampled_from(sorted(PACKED)), st.integers(1, 4000))
def test_what_was_packed_comes_out(data: bytes, encoding: str, step: int) -> None:
    """A body comes out as it went in, in whatever pieces it comes."""
    assert unpacked(encoding, PACKED[encoding](data), step) == data


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_several_gzip_members_are_one_body(step: int) -> None:
    """Members put together are one body, and filling behind the last one is left out."""
    data = gzip.compress(b"one ", mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(b"two", mtime=0)
    assert unpacked("gzip", data + bytes(512), step) == b"one two"


def test_pieces_are_small() -> None:
    """However much a few bytes unfold to, no piece is larger than 64 KiB."""
    pieces = list(decoder("gzip").feed(gzip.compress(bytes(5_000_000))))
    assert sum(map(len, pieces)) == 5_000_000
    assert max(map(len, pieces)) <= 65536


@pytest.mark.parametrize(
    ("encoding", "data", "words"),
    [
        ("gzip", b"plain text", "not compressed as its header says"),
        ("deflate", b"\xff" * 20, "not compressed as its header says"),
        ("gzip", gzip.compress(b"a" * 1000, mtime=0)[:-12], "its end is missing"),
        ("deflate", zlib.compress(b"a" * 1000)[:-5], "its end is missing"),
        ("gzip", gzip.compress(b"", mtime=0) * 1500, "more than 1000 parts"),
    ],
)
def test_what_is_not_as_it_says_is_an_error(encoding: str, data: bytes, words: str) -> None:
    """A body that is damaged, ends early or is made to cost time is refused in words."""
    with pytest.raises(InflateError, match=words):
        unpacked(encoding, data, 10_000)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "x" * 500])
def test_what_was_not_asked_for_is_an_error(encoding: str) -> None:
    """A compression that was not asked for is refused by its name, shortened."""
    with pytest.raises(InflateError, match="not asked for") as refused:
        decoder(encoding)
    assert len(str(refused.value)) < 120
