"""The formats that a search can be exported in, by their names."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from desk.exports import atom, lines, ninjs, rss, table
from desk.exports.about import About

FormatName = Literal["jsonl", "csv", "rss", "atom", "ninjs"]
Write = Callable[[About, Iterable[dict[str, Any]]], Iterator[str]]

# One piece goes over the wire or to the disk at once: large enough that a piece costs little, small beside an article.
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is written, what it is called over HTTP, and how its files end."""

    write: Write
    media_type: str
    suffix: str


FORMATS: dict[FormatName, Format] = {
    "jsonl": Format(lines.write, "application/x-ndjson", "jsonl"),
    "csv": Format(table.write, "text/csv; charset=utf-8; header=present", "csv"),
    "rss": Format(rss.write, "application/rss+xml; charset=utf-8", "rss"),
    "atom": Format(atom.write, "application/atom+xml; charset=utf-8", "atom"),
    "ninjs": Format(ninjs.write, "application/json", "ninjs.json"),
}


def pieces(name: FormatName, about: About, articles: Iterable[dict[str, Any]]) -> Generator[bytes, None, None]:
    """An export as bytes, some tens of kilobytes at once: no more of it is ever in memory."""
    waiting: list[bytes] = []
    size = 0
    for text in FORMATS[name].write(about, articles):
        waiting.append(text.encode("utf-8", "replace"))
        size += len(waiting[-1])
        if size >= _PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
