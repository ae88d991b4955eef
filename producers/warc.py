"""Kind `warc`: pages from web archives (ISO 28500), `.warc` and `.warc.gz`, as CC-NEWS has them; for backfill."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from warcio.archiveiterator import WARCIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

from producers import files, pages
from producers.items import Item, metadata, moment
from producers.reading import Refusal
from schemas.article import RawArticle
from schemas.source import SourceSpec

Reading = Iterator[RawArticle | Refusal]

_LARGEST_HEADER: Final = 2**20
_BLOCK = 2**16
_HTML = frozenset({"text/html", "application/xhtml+xml", ""})
_BROKEN = (
    ArchiveLoadFailed,
    StatusAndHeadersParserException,
    EOFError,
    OSError,
    zlib.error,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as an archive holds it."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def read(spec: SourceSpec, now: datetime, max_bytes: int) -> Reading:
    """The pages of an archive, or of all archives in a folder, one by one, and a refusal for each that is none.

    Args:
        spec: its `path` is a file or a folder.
        now: the time of fetching, where a record has no date of its own.
        max_bytes: largest article, in bytes of UTF-8.
    """
    for path in files.paths(Path(spec.path or "")):
        yield from _file(path, spec, now, max_bytes)


def _file(path: Path, spec: SourceSpec, now: datetime, max_bytes: int) -> Reading:
    if path.suffixes[-2:] != [".warc", ".gz"] and path.suffix != ".warc":
        yield Refusal(str(path), "not a web archive: .warc and .warc.gz are read")
        return
    try:
        with path.open("rb") as stream:
            yield from records(stream, str(path), spec, now, max_bytes)
    except OSError as error:
        yield Refusal(str(path), f"cannot be read: {error.strerror or error}")


def records(stream: BinaryIO, place: str, spec: SourceSpec, now: datetime, max_bytes: int) -> Reading:
    """As `read`, from an archive that is already open, packed or not; it is read once, and never held as a whole.

    Responses of pages are articles, fetched at the date of their record. Other kinds of record are passed over.
    """
    bounded = _Bounded(_unpacked(stream))
    number = 0
    try:
        for number, record in enumerate(_each(bounded), 1):
            if record.rec_type == "response":
                yield _article(record, f"{place}, record {number:,}", place, spec, now, max_bytes)
    except _BROKEN as error:
        words = " ".join(str(error).split())[:200] or type(error).__name__
        yield Refusal(place, f"broken after record {number:,}, and the rest of it is left: {words}")
        return
    if not number:
        yield Refusal(place, "it is empty")


def _unpacked(stream: BinaryIO) -> BinaryIO:
    """The archive's bytes, whether it is packed record by record, as a whole, or not at all."""
    peeked: Any = _Peeked(stream)
    found: BinaryIO = gzip.GzipFile(fileobj=peeked, mode="rb") if peeked.first == b"\x1f\x8b" else peeked
    return found


class _Peeked:
    """A stream whose first two bytes are known before they are read."""

    def __init__(self, stream: BinaryIO) -> None:
        self.first = stream.read(2)
        self._before, self._stream = self.first, stream

    def read(self, size: int = -1) -> bytes:
        before, self._before = self._before, b""
        return before + self._stream.read(max(size - len(before), 0) if size >= 0 else -1)


class _Bounded:
    """A stream that gives only so many bytes where headers are expected: they have no bound of their own."""

    def __init__(self, stream: BinaryIO) -> None:
        self.left: int | None = None
        self._stream = stream
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._at += len(data)
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                raise ValueError(f"a header of over {_LARGEST_HEADER:,} bytes")
        return data

    def tell(self) -> int:
        return self._at


def _each(stream: _Bounded) -> Iterator[Any]:
    found = iter(WARCIterator(stream))
    while True:
        stream.left = _LARGEST_HEADER
        record = next(found, None)
        if record is None:
            return
        stream.left = None
        yield record
        while record.raw_stream.read(_BLOCK):
            continue


def _article(record: Any, at: str, place: str, spec: SourceSpec, now: datetime, max_bytes: int) -> RawArticle | Refusal:
    """The article of a response."""
    headers = {name.lower(): value for name, value in record.http_headers.headers} if record.http_headers else {}
    url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ")
    at = f"{at} ({url[:200]})" if url else at
    if reason := _refused(record, headers, url):
        return Refusal(at, reason)
    body = _body(record, max_bytes)
    if len(body) > 4 * max_bytes:
        return Refusal(at, f"too large: over {4 * max_bytes:,} bytes, and max_article_bytes is {max_bytes:,}")
    stated = moment(record.rec_headers.get_header("WARC-Date"))
    said = metadata(archive=Path(place).name, record=record.rec_headers.get_header("WARC-Record-ID"))
    found = pages.article(
        Item(url=url, metadata=said), _Page(url, headers, body), spec, min(stated or now, now), max_bytes
    )
    return Refusal(at, found.reason) if isinstance(found, Refusal) else found.model_copy(update={"origin": place})


def _body(record: Any, max_bytes: int) -> bytes:
    """What a server answered, unpacked, and at most a byte more than may be."""
    stream, parts, left = record.content_stream(), [], 4 * max_bytes + 1
    while left > 0 and (part := stream.read(min(left, _BLOCK))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _refused(record: Any, headers: Mapping[str, str], url: str) -> str | None:
    status = record.http_headers.get_statuscode() if record.http_headers else ""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not url.lower().startswith(("http://", "https://")):
        return "its address is none of http or https"
    if status != "200":
        return f"its server answered {status[:20] or 'without a status'}, not 200"
    return None if kind in _HTML else f"{kind[:80]}, not a page"
