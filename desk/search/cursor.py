"""The mark between two pages: where the last one ended, in which point in time, and to which search it belongs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from desk.search.found import Ask

MOST_CHARACTERS = 8192
_DIGEST_CHARACTERS = 16


class CursorError(ValueError):
    """The mark does not fit: it belongs to another search, was changed, or is too old; the message says which."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended.

    `pit` is Elasticsearch's point in time, `after` the sort values of the last article looked at, `now` the moment
    that relative dates of the search count from.
    """

    pit: str
    after: tuple[str | int | float, ...]
    now: datetime


def packed(cursor: Cursor, alias: str, ask: Ask) -> str:
    """The mark as text that may stand in an address: letters, digits, `-` and `_`."""
    said = json.dumps([cursor.pit, cursor.after, cursor.now.isoformat(), _belongs(alias, ask)], separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(said.encode(), 9)).decode().rstrip("=")


def unpacked(text: str, alias: str, ask: Ask) -> Cursor:
    """The mark that a text means.

    Raises:
        CursorError: it is none, or one of another search.
    """
    try:
        pit, after, now, belongs = _values(text)
        cursor = Cursor(pit, tuple(after), datetime.fromisoformat(now))
        is_sound = cursor.now.tzinfo is not None and all(isinstance(one, str | int | float) for one in after)
    except (ValueError, TypeError, AttributeError, RecursionError):
        is_sound = False
    if not is_sound or not isinstance(pit, str) or not after:
        raise CursorError("this is no mark of a page: take it as the page before gave it, or begin with the first page")
    if belongs != _belongs(alias, ask):
        raise CursorError("this mark of a page belongs to another search: begin with the first page of this one")
    return cursor


def gone() -> CursorError:
    """What to say where Elasticsearch does not know the point in time any more."""
    return CursorError("this list is no longer kept: begin with the first page again")


def _values(text: str) -> Any:
    if len(text) > MOST_CHARACTERS:
        raise ValueError(text[:20])
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        return json.loads(unpacker.decompress(data, 2 * MOST_CHARACTERS))
    except (binascii.Error, zlib.error, UnicodeError) as error:
        raise ValueError(text[:20]) from error


def _belongs(alias: str, ask: Ask) -> str:
    """What must be the same on every page of one list; how many stand on a page may change."""
    said = json.dumps([alias, ask.text, ask.sort, ask.copies])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
