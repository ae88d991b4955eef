"""The names of the months in the languages of the news, so that a date in words can be read as numbers."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).parent.parent / "models" / "months.txt"
_MARKS: Final = re.compile("[\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_NON_ASCII_DIGIT: Final = re.compile(r"[^\D0-9]")


def fold(text: str) -> str:
    """`text` without case, accents and invisible marks, its digits those of ASCII: forms of one date compare equal."""
    if text.isascii():
        return text.lower()
    decomposed = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    composed = unicodedata.normalize("NFC", decomposed)
    return _NON_ASCII_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit.group())), composed).replace("ı", "i")


def with_month_numbers(text: str, language: str | None) -> tuple[str, ...]:
    """Folded `text` with ` @7 ` where July is named.

    A few names are different months in different languages (`listopad`): where `language` does not tell, every
    reading is given.
    """
    names, pattern = _names()
    named = {match.group() for match in pattern.finditer(text)}
    if not named:
        return (text,)
    # A name has two months at most, and no date needs two such names: all doubtful ones are read alike.
    choices = {name: _months(names[name], language) for name in named}
    readings = range(max(map(len, choices.values())))
    return tuple(
        pattern.sub(lambda match, at=at: f" @{choices[match.group()][at % len(choices[match.group()])]} ", text)  # type: ignore[misc]
        for at in readings
    )


def _months(languages: dict[str, int], language: str | None) -> tuple[int, ...]:
    if language in languages:
        return (languages[language],)
    return tuple(sorted(set(languages.values())))


@cache
def _names() -> tuple[dict[str, dict[str, int]], re.Pattern[str]]:
    """Of every folded name the month it is in each language, and a pattern that finds the names."""
    names: dict[str, dict[str, int]] = defaultdict(dict)
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        language, _, months = line.partition(" ")
        for number, forms in enumerate(months.split("|"), 1):
            for form in forms.split():
                names[fold(form.replace("_", " "))][language] = number
    return dict(names), re.compile(rf"(?<![^\W\d_])(?:{_alternatives(names)})(?![^\W\d_])")


def _alternatives(names: Iterable[str]) -> str:
    """A pattern of `names`, longer ones first, by their first letters: at most places that alone tells of none."""
    after: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names, key=len, reverse=True):
        after[name[0]].append(re.escape(name[1:]))
    return "|".join(f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in after.items())
