"""Plain text made regular."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichers.plaintext import (
    comparable,
    is_html_document,
    normalise,
    split_title,
    truncate,
    without_visible_tags,
)

TEXT = st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from(" \n\r\t\x00\u0301\u2028"), max_size=200)


@given(TEXT)
def test_regular_text_stays_as_it_is(text: str) -> None:
    """To make a text regular twice is to make it regular once, and it is composed."""
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(TEXT, st.integers(min_value=1, max_value=300))
def test_a_truncated_text_is_a_start_within_the_limit(text: str, limit: int) -> None:
    """What is kept is how the text begins, and never longer than the limit."""
    kept = truncate(text, limit)
    assert text.startswith(kept)
    assert len(kept) <= limit


def test_a_text_is_cut_between_words() -> None:
    """The cut is at the last space before the limit; a word that fills the limit is broken."""
    assert truncate("one two three", 10) == "one two"
    assert truncate("one two three", 7) == "one two"
    assert truncate("onetwothree", 5) == "onetw"


@given(TEXT, st.none() | TEXT)
def test_a_title_is_taken_from_the_text_or_nothing_is(text: str, stated: str | None) -> None:
    """What remains of the text is its end, and what is missing from it is the first line."""
    regular = normalise(text)
    title, rest = split_title(regular, stated)
    assert regular.endswith(rest)
    assert regular[: len(regular) - len(rest)].strip() in {"", regular.partition("\n")[0]}
    assert "\n" not in title


@pytest.mark.parametrize(
    ("text", "is_page"),
    [
        ("<!DOCTYPE html><html>", True),
        ("  <!-- made by hand --> <html lang='en'>", True),
        ("<body>", True),
        ("The <html> element", False),
        ("<htmlish", False),
        ("", False),
    ],
)
def test_a_page_is_known_by_its_start(text: str, is_page: bool) -> None:
    """A text is a page when it starts as one, and not when it speaks of one."""
    assert is_html_document(text) is is_page


def test_titles_compare_by_letters_and_digits() -> None:
    """Case, marks and spaces make no difference."""
    assert comparable("U.S. – talks, 2026!") == comparable("us talks 2026")
    assert comparable("Straße") == comparable("STRASSE")


@given(st.text(alphabet="ab <>=/&;.\n", max_size=100).filter(lambda text: "</" not in text and "<b" not in text))
def test_text_without_tags_is_not_touched(text: str) -> None:
    """Signs of comparison and ampersands are left as they are where nothing is marked up."""
    assert without_visible_tags(text) == text
