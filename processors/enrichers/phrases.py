"""The set phrases of page furniture, by what they do: read once from `processors/models/furniture.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "models" / "furniture.toml"
# A line that begins like furniture and is longer is taken for a paragraph of the story.
LONGEST_SAID = 220
_EDGES = " \t-–—|•·>»«<*#:…?!.,()[]【】→←›‹▶►▼▲"
# What someone says is no furniture, whatever it says; a lone « or » is an arrow.
_QUOTED = re.compile(r"\W{0,2}[\"“”„'‘’「『]|«.*»")
# "Comments (14)"
_COUNT = re.compile(r"\s\(\d{1,6}\)$")
# "More from The Wire": a name may follow what introduces links.
_NAME_AFTER_MORE = re.compile(r"(?:More (?:from|in|by|on)|MORE (?:FROM|IN|BY|ON))\s(?:the\s)?[A-Z][^?!#]{0,40}")
_NOTHING: frozenset[str] = frozenset()


@cache
def _tables() -> tuple[dict[str, frozenset[str]], dict[str, tuple[tuple[str, str], ...]]]:
    """Whole phrases with the kinds that each is of, and the phrases that lines begin with by their first letters."""
    whole: dict[str, frozenset[str]] = {}
    starts: dict[str, tuple[tuple[str, str], ...]] = {}
    for language in tomllib.loads(_FILE.read_text(encoding="utf-8")).values():
        for kind, phrases in language.items():
            for phrase in phrases:
                if kind in {"starts", "weak"}:
                    starts[phrase[:2]] = (*starts.get(phrase[:2], ()), (phrase, kind))
                else:
                    whole[phrase] = whole.get(phrase, _NOTHING) | {kind}
    return whole, starts


def _regular(line: str) -> str:
    if _QUOTED.match(line):
        return ""
    return " ".join(line.replace("’", "'").replace("İ", "i").split()).casefold().lstrip(_EDGES)


def kinds(line: str) -> frozenset[str]:
    """What kinds of furniture a line is by its phrase; none for a quotation and for a long line.

    Returns:
        Any of `lines` (says nothing but a set phrase, as `Read more`), `links` (says nothing but that headlines of
        other articles follow, as `Next Article`), `edges` (a word of a page's menus, as `Home`, that could head a
        part of a story), `starts` (begins with what only furniture begins with, as `Sign up for our`) and `weak`
        (begins as furniture does, and sentences do too, as `Watch:` and `Photo:`).
    """
    if len(line) > LONGEST_SAID:
        return _NOTHING
    said = _regular(line)
    whole, starts = _tables()
    found = whole.get(_COUNT.sub("", said).rstrip(_EDGES), _NOTHING)
    if "links" in found and line.rstrip().endswith("."):
        found -= {"links"}
    if said.startswith("more ") and _names_more(line, said):
        found |= {"links"}
    begun = {kind for phrase, kind in starts.get(said[:2], ()) if _begins(said, phrase)}
    return found | begun if begun else found


def _begins(said: str, phrase: str) -> bool:
    return said.startswith(phrase) and not (phrase[-1].islower() and said[len(phrase) :][:1].islower())


def _names_more(line: str, said: str) -> bool:
    if len(said.split()) > 6 or " than " in said or line.rstrip().endswith("."):
        return False
    return _NAME_AFTER_MORE.fullmatch(line.strip(" :—–-")) is not None


def is_furniture(line: str) -> bool:
    """Whether a line by itself is furniture by any of the phrases."""
    return bool(kinds(line))
