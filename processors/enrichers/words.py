"""Sentences and words with their offsets, and the function words of a language: one splitter for all enrichers."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

# Python's \w leaves out combining marks, without which Indic, Thai and vowelled Arabic words fall apart.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u0900-\u0963\u0970-\u0df3\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc"
    "\u0ec8-\u0ecd\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f"
)
#: Scripts that put no spaces between words: Han, Kana, Thai, Lao, Khmer, Burmese.
SPACELESS: Final = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
)
#: A run of letters, digits and their marks, as the inside of a character class.
WORD_CHARACTERS: Final = rf"\w{_MARKS}"
_WORD: Final = re.compile(f"[{WORD_CHARACTERS}]+")
# What stands around most words: taken away at once it leaves little to the slower pattern.
_COMMON_MARKS: Final = "\u201c\u201d\u2018\u2019\u2013\u2014\u2026\u00ab\u00bb"
_ASCII_MARKS: Final = bytes(at if at >= 0x80 or chr(at).isalnum() else 0x20 for at in range(256))
_SPACELESS_CHARACTER: Final = re.compile(f"([{SPACELESS}])")

# Full stops and question marks that need no space after them: CJK, Arabic, Urdu, Devanagari.
_CLOSING_MARKS: Final = "\u3002\uff01\uff1f\uff61\u061f\u06d4\u0964\u0965"
_QUOTES_AFTER: Final = "\"'\u201d\u2019\u00bb\u300d\u300f\uff09)]"
_BOUNDARY: Final = re.compile(rf"[.!?\u2026\n{_CLOSING_MARKS}][.!?\u2026{_CLOSING_MARKS}{re.escape(_QUOTES_AFTER)}]*")
_OPENING: Final = " \t\n\r\u00a0\"'\u201c\u2018\u00ab(["
_ACRONYM: Final = re.compile(r"(?:\w\.)+\w|\d{1,2}|[A-Z]")
_STOPWORDS_FILE: Final = Path(__file__).parent.parent / "models" / "stopwords.txt"

Span = tuple[int, int]


def sentences(text: str, limit: int | None = None) -> list[Span]:
    """Where the sentences of `text` stand, in order, without the white space around them.

    Args:
        text: any text; a line break ends a sentence unless the next line goes on in lower case.
        limit: how many to find at most.

    Returns:
        Offsets `(start, end)` in characters; together they hold every character that is not white space.
    """
    found: list[Span] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if limit is not None and len(found) >= limit:
            return found
        at, end = match.span()
        if _ends_sentence(text, start, at, end):
            _add(found, text, start, end)
            start = end
    if limit is None or len(found) < limit:
        _add(found, text, start, len(text))
    return found


def _add(found: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end].lstrip()
    stripped = piece.rstrip()
    if stripped:
        start = end - len(piece)
        found.append((start, start + len(stripped)))


def _ends_sentence(text: str, start: int, at: int, end: int) -> bool:
    mark = text[at]
    if mark in _CLOSING_MARKS:
        return True
    if mark != "\n" and not text[end : end + 1].isspace() and end < len(text):
        return False
    following = text[end : end + 40]
    if following.lstrip(_OPENING)[:1].islower():
        return mark == "\n" == following[:1]
    return mark != "." or not _abbreviates(text[max(start, at - 20) : at], following)


def _abbreviates(before: str, following: str) -> bool:
    """Whether the point after `before` marks an abbreviation, going by the word after it where that tells."""
    word = before.rpartition(" ")[2].lstrip(_OPENING)
    folded = word.lower()
    if folded in _lists()["abbreviations"]:
        return True
    if folded in _lists()["abbreviations+"] or _ACRONYM.fullmatch(word):
        return next(iter(tokens(following)), "").lower() not in _lists()["en"]
    return False


def words(text: str) -> list[Span]:
    """Where the words of `text` stand: runs of letters, digits and marks, as offsets `(start, end)` in characters.

    A script without spaces gives a run per stretch between punctuation.
    """
    return [match.span() for match in _WORD.finditer(text.replace("_", " "))]


def tokens(text: str) -> list[str]:
    """The words of `text` as they stand; cheaper than `words` where no offsets are needed."""
    # In UTF-8 all marks of ASCII go in one pass, whatever the script.
    plain = text.encode("utf-8", "surrogatepass").translate(_ASCII_MARKS).decode("utf-8", "surrogatepass")
    if plain.isascii():
        return plain.split()
    for mark in _COMMON_MARKS:
        plain = plain.replace(mark, " ")
    found = plain.split()
    if all(map(str.isalnum, found)):
        return found
    return [word for piece in found for word in ((piece,) if piece.isalnum() else _WORD.findall(piece))]


def characters_apart(text: str) -> str:
    """The text with a space around every character of a script without spaces, so that `tokens` gives each alone."""
    return text if text.isascii() else _SPACELESS_CHARACTER.sub(r" \1 ", text)


@cache
def _lists() -> dict[str, frozenset[str]]:
    lines = _STOPWORDS_FILE.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    return {name: frozenset(listed.split()) for name, _, listed in pairs}


@cache
def stopwords(language: str | None, *, news: bool = False) -> frozenset[str]:
    """The function words of a language in lower case; empty for one without a list.

    Args:
        language: an ISO 639-1 code, perhaps with a region (`en-GB`).
        news: also the words that news uses everywhere (`said`, `Monday`), where there is such a list.
    """
    code = (language or "").lower().replace("_", "-").partition("-")[0]
    found = _lists().get(code, frozenset())
    return found | _lists().get(f"{code}+", frozenset()) if news else found


def name_joints() -> frozenset[str]:
    """The small words within names (`of`, `van`), in lower case."""
    return _lists()["joints"]


def name_openers() -> frozenset[str]:
    """The words that say little but begin names (`New Zealand`), in lower case."""
    return _lists()["openers"]
