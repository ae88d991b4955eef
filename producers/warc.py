"""Kind `warc`: pages from web archives (ISO 28500), `.warc` and `.warc.gz`, as CC-NEWS has them; for backfill."""

from __future__ import annotations

import gzip
import io
import logging
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecordLoader
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
# What warcio raises at headers that are none; an AttributeError where a record has no address.
_DAMAGED = (ArchiveLoadFailed, StatusAndHeadersParserException, ValueError, AttributeError)


# Its warnings repeat what stands in the refusals, or what was mended.
logging.getLogger("warcio").setLevel(logging.ERROR)


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


def records(stream: BinaryIO | io.RawIOBase, place: str, spec: SourceSpec, now: datetime, max_bytes: int) -> Reading:
    """As `read`, from an archive that is already open, packed or not; it is read once, and never held as a whole.

    Responses of pages are articles, fetched at the date of their record. Other kinds of record are passed over. After
    a damaged place reading goes on with the next record, unless the packing itself is broken.
    """
    try:
        archive = _Archive(stream)
    except OSError as error:
        yield Refusal(place, f"cannot be read: {' '.join(str(error).split())[:200]}")
        return
    try:
        while found := archive.next():
            at = f"{place}, record {archive.number:,}"
            if isinstance(found, str):
                yield Refusal(at, found)
            elif found.rec_type == "response":
                yield _article(found, at, place, spec, now, max_bytes)
    except (OSError, EOFError, zlib.error) as error:
        words = " ".join(str(error).split())[:200]
        yield Refusal(place, f"broken after record {archive.number:,}, and the rest of it is left: {words}")
        return
    if not archive.number:
        yield Refusal(place, "no web archive: it has no records")


class _Archive:
    """The records of an archive, one after the other, each header within a bound of its own."""

    def __init__(self, stream: BinaryIO | io.RawIOBase) -> None:
        buffered = io.BufferedReader(cast("io.RawIOBase", stream))
        is_packed = buffered.peek(2)[:2] == b"\x1f\x8b"
        self.number = 0
        self._stream = gzip.GzipFile(fileobj=buffered, mode="rb") if is_packed else buffered
        self._loader = ArcWarcRecordLoader(verify_http=False, arc2warc=False)
        self._record: Any = None
        self._left: int | None = None

    def next(self) -> Any:
        """The next record, or in words what is wrong with it; none at the end."""
        while self._record and self._record.raw_stream.read(_BLOCK):
            continue
        self._record = None
        line = self._first_line()
        if not line:
            return None
        self.number += 1
        self._left = _LARGEST_HEADER
        try:
            record = self._loader.parse_record_stream(self, line.decode("latin-1"), known_format="warc")
        except _DAMAGED as error:
            return f"damaged, and passed over: {' '.join(str(error).split())[:200]}"
        self._left = None
        if record.length is None:
            return "damaged, and passed over: it does not say how long it is"
        self._record = record
        return record

    def _first_line(self) -> bytes:
        """The line with which the next record begins."""
        self._left = None
        while (line := self.readline()) and not line.startswith(b"WARC/"):
            continue
        return line

    def read(self, size: int = -1) -> bytes:
        """For the loader: so many bytes."""
        return self._counted(self._stream.read(size))

    def readline(self, size: int | None = None) -> bytes:
        """For the loader: a line, or as much of it as may be at once."""
        return self._counted(self._stream.readline(min(size or _BLOCK, _BLOCK)))

    def tell(self) -> int:
        """For the loader: how far the reading is."""
        return self._stream.tell()

    def _counted(self, data: bytes) -> bytes:
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise ValueError(f"a header of over {_LARGEST_HEADER:,} bytes")
        return data


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
