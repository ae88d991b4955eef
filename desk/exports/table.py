"""CSV (RFC 4180): one article a row, in UTF-8, the names of the columns first, many values of a cell by `; `.

A cell that a spreadsheet would take for a formula begins with an apostrophe instead, as OWASP advises.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from desk.exports.about import About, lead

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _joined(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda article: "; ".join(article.get(name) or ())


def _plain(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda article: _text(article.get(name))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


_COLUMNS: dict[str, Callable[[dict[str, Any]], str]] = {
    "id": _plain("id"),
    "date": _plain("date"),
    "published_at": _plain("published_at"),
    "fetched_at": _plain("fetched_at"),
    "source": _plain("source"),
    "also_from": _joined("also_from"),
    "title": _plain("title"),
    "url": _plain("url"),
    "language": _plain("language"),
    "authors": _joined("authors"),
    "people": _joined("people"),
    "organisations": _joined("organisations"),
    "places": _joined("places"),
    "events": _joined("events"),
    "topics": lambda article: "; ".join(topic["name"] for topic in article.get("topics") or ()),
    "topic_ids": _joined("topic_ids"),
    "keywords": _joined("keywords"),
    "words": _plain("words"),
    "summary": lead,
    "text": _plain("text"),
    "content_hash": _plain("content_hash"),
}


def write(about: About, articles: Iterable[dict[str, Any]]) -> Iterator[str]:  # noqa: ARG001 (as every format)
    """The names of the columns, and a row for each article."""
    yield _row(_COLUMNS)
    for article in articles:
        yield _row(_defused(read(article)) for read in _COLUMNS.values())


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _defused(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
