"""The set phrases of page furniture, by what they do: read once from `processors/models/furniture.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "models" / "furniture.toml"
# A line that begins like furniture and is longer is taken for a paragraph of the story.
_LONGEST_START = 220
_EDGES = " \t-–—|•·>»«<*#:…?!.,()[]【】→←›‹▶►▼▲"
# What someone says is no furniture, whatever it says; a lone « or » is an arrow.
_QUOTED = re.compile(r"\W{0,2}[\"“”„'‘’「『]|«.*»")
# "Comments (14)"
_COUNT = re.compile(r"\s\(\d{1,6}\)$")
_SPACE = re.compile(r"\s+")
# "More from The Wire": a name may follow what introduces links.
_NAME_AFTER_MORE = re.compile(r"(?:More (?:from|in|by|on)|MORE (?:FROM|IN|BY|ON))\s(?:the\s)?[A-Z][^?!#]{0,40}")


@cache
def _table(kind: str) -> frozenset[str]:
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return frozenset(phrase for language in found.values() for phrase in language.get(kind, ()))


@cache
def _by_first_letters(kind: str) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for phrase in sorted(_table(kind)):
        groups[phrase[:2]] = (*groups.get(phrase[:2], ()), phrase)
    return groups


def _begins(line: str, kind: str) -> bool:
    said = _regular(line)
    return any(
        said.startswith(phrase) and not (phrase[-1].islower() and said[len(phrase) :][:1].islower())
        for phrase in _by_first_letters(kind).get(said[:2], ())
    )


def bare(line: str) -> str:
    """A line as the tables have it: one case, single spaces, straight apostrophes, no marks at its ends.

    A quotation comes out empty.
    """
    return _COUNT.sub("", _regular(line)).rstrip(_EDGES)


@lru_cache(maxsize=64)  # each line is asked about by several tables in turn
def _regular(line: str) -> str:
    if _QUOTED.match(line):
        return ""
    return _SPACE.sub(" ", line.replace("’", "'").replace("İ", "i")).casefold().lstrip(_EDGES)


def is_set_line(line: str) -> bool:
    """Whether a line says nothing but a set phrase of furniture, as `Read more` or `Advertisement`."""
    return len(line) <= _LONGEST_START and bare(line) in _table("lines")


def introduces_links(line: str) -> bool:
    """Whether a line says nothing but that headlines of other articles follow, as `Next Article`."""
    if len(line) > _LONGEST_START or line.rstrip().endswith("."):
        return False
    said = bare(line)
    if said in _table("links"):
        return True
    return (
        _NAME_AFTER_MORE.fullmatch(line.strip(" :—–-")) is not None and len(said.split()) <= 6 and " than " not in said
    )


def is_set_line_at_edge(line: str) -> bool:
    """Whether a line before or after the story is a word of a page's menus, as `Home`, that could head a part of it."""
    return len(line) <= _LONGEST_START and bare(line) in _table("edges")


def begins_as_furniture(line: str) -> bool:
    """Whether a short line begins with a phrase that only furniture begins with, as `Sign up for our`."""
    return len(line) <= _LONGEST_START and _begins(line, "starts")


def may_begin_furniture(line: str) -> bool:
    """Whether a short line begins as furniture does, and sentences do too, as `Watch:` and `Photo:`."""
    return len(line) <= _LONGEST_START and _begins(line, "weak")


def is_furniture(line: str) -> bool:
    """Whether a line by itself is furniture by any of the phrases."""
    tests = (is_set_line, is_set_line_at_edge, introduces_links, begins_as_furniture, may_begin_furniture)
    return any(test(line) for test in tests)
