"""Articles from files: `.txt`, `.html`, `.json` and `.jsonl`, each also `.gz`, and folders of them."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from producers.charset import decoded
from producers.reading import NotAnArticle, Refusal, article, article_of_record
from schemas.article import RawArticle
from schemas.source import SourceSpec

_TEXT = {".txt", ".text", ".md"}
_HTML = {".html", ".htm", ".xhtml"}
_JSON = {".json"}
_LINES = {".jsonl", ".ndjson"}
_KINDS = _TEXT | _HTML | _JSON | _LINES
# An array of articles is read whole, so it needs a bound of its own; JSON Lines are read line by line.
_LARGEST_JSON = 128 * 2**20
_PIECE = 2**16
_LONGEST_TITLE = 200
Reading = Iterator[RawArticle | Refusal]


def paths(path: Path) -> list[Path]:
    """The files that stand for a path: itself, or all in the folder below it, sorted, hidden ones left out."""
    if not path.is_dir():
        return [path]
    below = (found for found in sorted(path.rglob("*")) if found.is_file())
    return [found for found in below if not any(part.startswith(".") for part in found.relative_to(path).parts)]


def read(spec: SourceSpec, now: datetime, max_bytes: int) -> Reading:
    """Everything that a source of kind `files` holds: articles, and a refusal for each thing that is none.

    Args:
        spec: its `path` is a file, a folder, or `-` for JSON Lines on standard input.
        now: the time of fetching that the articles carry.
        max_bytes: largest article, in bytes of UTF-8.
    """
    if spec.path == "-":
        yield from _Reader(spec, now, max_bytes).lines(sys.stdin.buffer, "standard input")
        return
    for path in paths(Path(spec.path or "")):
        yield from read_file(path, spec, now, max_bytes)


def read_file(path: Path, spec: SourceSpec, now: datetime, max_bytes: int) -> Reading:
    """The articles of one file. Whatever is wrong with it becomes a refusal, never an exception."""
    try:
        yield from _Reader(spec, now, max_bytes).file(path)
    except NotAnArticle as refused:
        yield Refusal(str(path), str(refused))
    except (gzip.BadGzipFile, EOFError, zlib.error):
        yield Refusal(str(path), "broken gzip data")
    except OSError as error:
        yield Refusal(str(path), f"cannot be read: {error.strerror or error}")


class _Reader:
    """Reads files of one source."""

    def __init__(self, spec: SourceSpec, now: datetime, max_bytes: int) -> None:
        self.spec, self.now, self.max_bytes = spec, now, max_bytes

    def file(self, path: Path) -> Reading:
        if not path.exists():
            raise NotAnArticle("no such file or folder")
        suffixes = [suffix.lower() for suffix in path.suffixes]
        packed = suffixes[-1:] == [".gz"]
        kind = (suffixes[-2:-1] if packed else suffixes[-1:]) or [""]
        if kind[0] not in _KINDS:
            raise NotAnArticle("not a kind of file that is read: .txt, .html, .json, .jsonl, each also .gz")
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            yield from self._kind(kind[0], stream, str(path))  # type: ignore[arg-type]

    def _kind(self, kind: str, stream: BinaryIO, place: str) -> Reading:
        if kind in _LINES:
            yield from self.lines(stream, place)
        elif kind in _JSON:
            yield from self._json(_bounded(stream, _LARGEST_JSON), place)
        else:
            yield self._page(_bounded(stream, self.max_bytes), place, is_html=kind in _HTML)

    def _page(self, data: bytes, place: str, *, is_html: bool) -> RawArticle:
        content = decoded(data, is_html=is_html)
        return article(
            source=self.spec.name,
            origin=place,
            content=content,
            fetched_at=self.now,
            max_bytes=self.max_bytes,
            content_type="text/html" if is_html else "text/plain",
            title=None if is_html or not self.spec.title_line else title_line(content),
            language=self.spec.language,
        )

    def _json(self, data: bytes, place: str) -> Reading:
        try:
            found = json.loads(decoded(data))
        except (ValueError, RecursionError) as error:
            if isinstance(error, NotAnArticle):
                raise
            raise NotAnArticle(f"not JSON: {error}") from None
        records = found if isinstance(found, list) else [found]
        for number, record in enumerate(records, 1):
            at = f"{place}, item {number}" if isinstance(found, list) else place
            yield self._record(record, place, at)

    def _record(self, record: object, origin: str, place: str) -> RawArticle | Refusal:
        try:
            return article_of_record(
                record,
                source=self.spec.name,
                origin=origin,
                now=self.now,
                max_bytes=self.max_bytes,
                language=self.spec.language,
            )
        except NotAnArticle as refused:
            return Refusal(place, str(refused))

    def lines(self, stream: BinaryIO, place: str) -> Reading:
        """JSON Lines: a bad line is refused by its number, and the next one is read."""
        # JSON may write one character as six; a line that is longer still holds no article that may pass.
        limit = 6 * self.max_bytes + 2**16
        for number, line in enumerate(_bounded_lines(stream, limit), 1):
            if line is None:
                yield Refusal(f"{place}:{number}", f"too large: a line of over {limit:,} bytes")
            elif line.strip():
                yield self._line(line, place, f"{place}:{number}")

    def _line(self, line: bytes, origin: str, place: str) -> RawArticle | Refusal:
        try:
            record = json.loads(decoded(line))
        except NotAnArticle as refused:
            return Refusal(place, str(refused))
        except (ValueError, RecursionError) as error:
            return Refusal(place, f"not JSON: {error}")
        return self._record(record, origin, place)


def _bounded(stream: BinaryIO, limit: int) -> bytes:
    # Counted before it is held: a few kilobytes may unfold to more than there is memory.
    left = limit
    while left >= 0 and (piece := stream.read(_PIECE)):
        left -= len(piece)
    if left < 0:
        raise NotAnArticle(f"too large: over {limit:,} bytes")
    stream.seek(0)
    return stream.read()


def _bounded_lines(stream: BinaryIO, limit: int) -> Iterator[bytes | None]:
    """Lines of at most `limit` bytes; none for a longer one, which is passed over without being held."""
    while piece := stream.readline(_PIECE):
        pieces: list[bytes] = []
        size = 0
        while piece:
            size += len(piece)
            ends = piece.endswith(b"\n")
            if size - ends <= limit:
                pieces.append(piece)
            else:
                pieces.clear()
            piece = b"" if ends else stream.readline(_PIECE)
        yield b"".join(pieces) if pieces else None


def title_line(text: str) -> str | None:
    """The first line of a plain text where it reads as a title: short, not a sentence, and with text after it."""
    first, _, rest = text.lstrip("\ufeff\r\n \t").partition("\n")
    line = first.strip()
    if not line or len(line) > _LONGEST_TITLE or not rest.strip() or line.endswith((".", ",", ";", ":", "…")):
        return None
    return line
