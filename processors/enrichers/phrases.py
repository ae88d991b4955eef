"""The set phrases of page furniture, by what they do: read once from `processors/models/furniture.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "models" / "furniture.toml"
# A line that begins like furniture and is longer is taken for a paragraph of the story.
_LONGEST_START = 220
_EDGES = " \t-–—|•·>»«<*#:…?!.,\"“”„'‘’()[]【】→←›‹▶►▼▲"
_SPACE = re.compile(r"\s+")
# "More from The Wire": a name may follow what introduces links.
_NAME_AFTER = re.compile(r"(?:from|in|by|on|von|de|di|da|van|из|від)\s+\S.{0,40}")


@cache
def _table(kind: str) -> frozenset[str]:
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return frozenset(phrase for language in found.values() for phrase in language[kind])


@cache
def _starts() -> tuple[str, ...]:
    return tuple(sorted(_table("starts")))


def bare(line: str) -> str:
    """A line as the tables have it: one case, single spaces, straight apostrophes, no marks at its ends."""
    return _SPACE.sub(" ", line.replace("’", "'")).strip(_EDGES).casefold()


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
    first, _, rest = said.partition(" ")
    return first == "more" and _NAME_AFTER.fullmatch(rest) is not None and len(said.split()) <= 6


def begins_as_furniture(line: str) -> bool:
    """Whether a short line begins with a phrase that only furniture begins with, as `Sign up for our`."""
    if len(line) > _LONGEST_START:
        return False
    said = _SPACE.sub(" ", line.replace("’", "'")).lstrip(_EDGES).casefold()
    return said.startswith(_starts())


def is_furniture(line: str) -> bool:
    """Whether a line by itself is furniture by any of the phrases."""
    return is_set_line(line) or introduces_links(line) or begins_as_furniture(line)
