"""Which script a text is written in: for many languages that alone settles the language."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

#: Characters of each script, as the inside of a character class (Unicode's Scripts.txt, the letters and marks in use).
RANGES: Final = {
    "latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0250-\u02af\u0300-\u036f"
    "\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a",
    "cyrillic": "\u0400-\u052f\u1c80-\u1c88\u2de0-\u2dff\ua640-\ua69f",
    "arabic": "\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06e1-\u06ef\u06fa-\u06ff\u0750-\u077f"
    "\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "devanagari": "\u0900-\u0963\u0971-\u097f\ua8e0-\ua8ff",
    "han": "\u2e80-\u2fd5\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "kana": "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9d",
    "hangul": "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff",
    "greek": "\u0370-\u037d\u0386\u0388-\u03ff\u1f00-\u1fff",
    "hebrew": "\u0591-\u05f4\ufb1d-\ufb4f",
    "thai": "\u0e01-\u0e3a\u0e40-\u0e4e",
    "armenian": "\u0531-\u0556\u0559-\u058a",
    "georgian": "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2d",
    "bengali": "\u0980-\u09e3\u09f0-\u09fe",
    "gurmukhi": "\u0a00-\u0a65\u0a70-\u0a7f",
    "gujarati": "\u0a80-\u0ae3\u0af9-\u0aff",
    "oriya": "\u0b00-\u0b63\u0b71",
    "tamil": "\u0b80-\u0be5",
    "telugu": "\u0c00-\u0c65",
    "kannada": "\u0c80-\u0ce5",
    "malayalam": "\u0d00-\u0d65\u0d7a-\u0d7f",
    "sinhala": "\u0d80-\u0de5\u0df2-\u0df4",
    "lao": "\u0e80-\u0ecd\u0edc-\u0edf",
    "myanmar": "\u1000-\u103f\u1050-\u108f\ua9e0-\ua9ef\uaa60-\uaa7f",
    "khmer": "\u1780-\u17d3\u17dd",
    "ethiopic": "\u1200-\u1360\u1380-\u139f\u2d80-\u2ddf",
    "tibetan": "\u0f40-\u0fbc\u0f00",
    "thaana": "\u0780-\u07b1",
}  # fmt: skip
_WORD: Final = re.compile(
    # First what no word begins with, so that at those places no script is tried.
    r"[\x00-@\[-`{-\xa9]+|"
    + "|".join(f"(?P<{name}>[{inside}]+(?:['\u2019-][{inside}]+)*)" for name, inside in RANGES.items())
)
_ASCII_WORD: Final = re.compile("[A-Za-z]+(?:['-][A-Za-z]+)*")
#: One character of these says about as much as this many letters of an alphabet.
_WEIGHT: Final = {"han": 3, "kana": 2, "hangul": 2}


@dataclass(frozen=True, slots=True)
class Script:
    """The script that most of a text is in.

    `words` are the text's words in it, `letters` how many letters these have (a Chinese character counts as three),
    `share` is its part of all letters, 0 to 1.
    """

    name: str
    words: tuple[str, ...]
    letters: int
    share: float


def main_script(text: str) -> Script | None:
    """The script that most letters of `text` are in; None where there are no letters. Japanese counts as `kana`."""
    words = _words(text)
    if not words:
        return None
    letters = {name: sum(map(len, found)) * _WEIGHT.get(name, 1) for name, found in words.items()}
    if letters.get("kana", 0) * 10 >= letters.get("han", 0) and "kana" in letters:
        letters["kana"] += letters.pop("han", 0)
    name = max(letters, key=lambda each: letters[each])
    return Script(name, tuple(words[name]), letters[name], letters[name] / sum(letters.values()))


def _words(text: str) -> dict[str, list[str]]:
    """The words of each script that stands in `text`."""
    if text.isascii():
        found = _ASCII_WORD.findall(text)
        return {"latin": found} if found else {}
    words: dict[str, list[str]] = defaultdict(list)
    for match in _WORD.finditer(text):
        if match.lastgroup:
            words[match.lastgroup].append(match.group())
    return words
