"""Words of a text with their character offsets, as the tagger sees them."""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST_WORD = 64
_ABBREVIATIONS = (
    "Mr|Mrs|Ms|Dr|Prof|Gen|Col|Capt|Lt|Sgt|Maj|Cmdr|Adm|Sen|Rep|Gov|Rev|Hon|St|Mt|Ft|Jr|Sr|"
    "Inc|Corp|Co|Ltd|Cos|Bros|No|vs|Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec|Ave|Blvd|"
    "Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|Md|Mass|Mich|Minn|Miss|Mo|Mont|Neb|Nev|Okla|"
    "Ore|Pa|Tenn|Tex|Va|Vt|Wash|Wis|Wyo"
)
# Possessives stand alone; a hyphen is a word, so that "US-Russia" has two names in it; an abbreviation keeps its dot.
_WORD = re.compile(
    rf"""\n+
    | ['’]s\b
    | (?:[^\W\d_]\.){{2,}}
    | \b(?:{_ABBREVIATIONS}|[A-Z])\.(?=\s+\S)
    | [^\W\d_]+(?:['’](?!s\b)[^\W\d_]+|&[^\W\d_]+)*
    | \d+(?:[.,:/]\d+)*
    | \w
    | [^\w\s]
    """,
    re.VERBOSE,
)


class Tokens(NamedTuple):
    """The words of a text in order: what they are, and where they start and end (characters)."""

    words: list[str]
    starts: list[int]
    ends: list[int]


def tokenize(text: str) -> Tokens:
    """The words of `text`. A word longer than `LONGEST_WORD` is shortened in `words`, never in its offsets."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _WORD.finditer(text):
        word = match.group()
        words.append(word if len(word) <= LONGEST_WORD else word[:LONGEST_WORD])
        starts.append(match.start())
        ends.append(match.end())
    return Tokens(words, starts, ends)
