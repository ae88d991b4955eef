"""The mark between two pages fits its own search, and nothing else."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.search.cursor import MOST_CHARACTERS, Cursor, CursorError, packed, unpacked
from desk.search.found import Ask
from tests.fakes import quick

CURSOR = Cursor("pit" * 60, (3.25, 1_772_368_215_250, "0a" * 16, 7), datetime(2026, 3, 1, tzinfo=UTC))
ASK = Ask("grain -oats", facets=True)


def made(*values: Any) -> str:
    """A mark that says these values, as a forger would make it."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(values).encode())).decode().rstrip("=")


def test_a_mark_comes_back_as_it_was() -> None:
    """What is packed is unpacked the same, and may stand in an address as it is."""
    mark = packed(CURSOR, "articles", ASK)
    assert unpacked(mark, "articles", ASK) == CURSOR
    assert re.fullmatch(r"[A-Za-z0-9_-]+", mark)


def test_what_stands_on_a_page_may_change_on_the_way() -> None:
    """Whether facets are wanted, and how many hits, does not make it another list."""
    mark = packed(CURSOR, "articles", ASK)
    assert unpacked(mark, "articles", replace(ASK, limit=99, facets=False, after=mark)) == CURSOR


@pytest.mark.parametrize("change", [{"text": "grain"}, {"sort": "newest"}, {"copies": True}])
def test_a_mark_of_another_search_is_refused(change: dict[str, Any]) -> None:
    """A mark serves the query, order and treatment of copies that it came from."""
    with pytest.raises(CursorError, match="another search"):
        unpacked(packed(CURSOR, "articles", ASK), "articles", replace(ASK, **change))


def test_a_mark_of_another_index_is_refused() -> None:
    """A mark does not lead into another index."""
    with pytest.raises(CursorError, match="another search"):
        unpacked(packed(CURSOR, "articles", ASK), "others", ASK)


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "x",
        "é",
        "AAAA",
        "a" * (MOST_CHARACTERS + 1),
        base64.urlsafe_b64encode(zlib.compress(b'"' + b"a" * 10_000_000 + b'"')).decode(),
        made("pit", [1], "yesterday", "b"),
        made("pit", [1], "2026-03-01T00:00:00", "b"),
        made("pit", [[1]], "2026-03-01T00:00:00+00:00", "b"),
        made("pit", [], "2026-03-01T00:00:00+00:00", "b"),
        made(7, [1], "2026-03-01T00:00:00+00:00", "b"),
        made("pit", None, 5, "b"),
        made("pit"),
    ],
)
def test_a_forged_mark_is_refused_in_words(mark: str) -> None:
    """What is no mark is told so, with the way out; a bomb is not unpacked."""
    with pytest.raises(CursorError, match="begin with the first page"):
        unpacked(mark, "articles", ASK)


@quick
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_any_text_is_a_mark_or_refused(mark: str) -> None:
    """Whatever stands in an address, the only error is that it is no mark."""
    with contextlib.suppress(CursorError):
        unpacked(mark, "articles", ASK)
        raise AssertionError(mark)
