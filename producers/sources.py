"""The registry of source kinds, and the file of sources."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from producers import feed, files, page, pages, sitemap, warc
from producers.items import Listing
from producers.reading import Refusal, in_words
from schemas.article import RawArticle
from schemas.source import SourceKind, SourceSpec

Reader = Callable[[SourceSpec, datetime, int], Iterator[RawArticle | Refusal]]
Parser = Callable[[bytes, str, str | None, SourceSpec], Listing]


@dataclass(frozen=True, slots=True)
class Reads:
    """A kind that is read where it stands: `read(spec, now, max_bytes)` gives its articles one by one."""

    read: Reader


@dataclass(frozen=True, slots=True)
class Lists:
    """A kind that is fetched and then read: `parse(body, url, content_type, spec)` gives what it lists.

    The articles' own pages are fetched after that; a page that lists only itself is not fetched again.
    """

    parse: Parser


KINDS: Final[dict[SourceKind, Reads | Lists]] = {
    "files": Reads(files.read),
    "feed": Lists(feed.parse),
    "sitemap": Lists(sitemap.parse),
    "page": Lists(page.parse),
    "url": Lists(pages.itself),
    "warc": Reads(warc.read),
}
READERS: Final[dict[SourceKind, Reader]] = {name: kind.read for name, kind in KINDS.items() if isinstance(kind, Reads)}
LISTINGS: Final[dict[SourceKind, Parser]] = {
    name: kind.parse for name, kind in KINDS.items() if isinstance(kind, Lists)
}


class SourcesError(ValueError):
    """The file of sources cannot be used; the message names the file, the entry and the way out."""


def load(path: Path) -> list[SourceSpec]:
    """The sources named in a TOML file, as `[[source]]` tables; relative paths count from the file's folder.

    Raises:
        SourcesError: no such file, no TOML, or an entry that is no SourceSpec.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourcesError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourcesError(f"{path}: not TOML: {error}") from None
    entries = found.pop("source", [])
    if found or not isinstance(entries, list):
        raise SourcesError(f"{path}: {', '.join(found) or 'source'}: only [[source]] tables stand in this file")
    specs = [_spec(entry, number, path) for number, entry in enumerate(entries, 1)]
    names = [spec.name for spec in specs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SourcesError(f"{path}: two sources are named {twice!r}: give one of them another name")
    return specs


def _spec(entry: Any, number: int, path: Path) -> SourceSpec:
    try:
        spec = SourceSpec.model_validate(entry)
    except ValidationError as error:
        raise SourcesError(f"{path}: source {number}: {in_words(error)}") from None
    if spec.path and spec.path != "-":
        return spec.model_copy(update={"path": str(path.parent / Path(spec.path).expanduser())})
    return spec


def read(spec: SourceSpec, now: datetime, max_bytes: int) -> Iterator[RawArticle | Refusal]:
    """Everything that a source holds now, where it is read without the web.

    Raises:
        SourcesError: it is fetched from the web.
    """
    if spec.kind not in READERS or not spec.path:
        raise SourcesError(f"{spec.name}: {spec.place} is fetched from the web: `wiredesk feed now {spec.name}`")
    return READERS[spec.kind](spec, now, max_bytes)
