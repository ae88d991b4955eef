"""Words of a text with their character offsets, as the tagger sees them."""

from __future__ import annotations

import re
from itertools import accumulate, compress
from typing import NamedTuple

LONGEST_WORD = 64
_ABBREVIATIONS = frozenset(
    "Mr Mrs Ms Dr Prof Gen Col Capt Lt Sgt Maj Cmdr Adm Sen Rep Gov Rev Hon St Mt Ft Jr Sr "
    "Inc Corp Co Ltd Cos Bros No vs Jan Feb Mar Apr Aug Sept Sep Oct Nov Dec Ave Blvd "
    "Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Mass Mich Minn Miss Mo Mont Neb Nev Okla "
    "Ore Pa Tenn Tex Va Vt Wash Wis Wyo A B C D E F G H I J K L M N O P Q R S T U V W X Y Z".split()
)
# Possessives stand alone; a hyphen is a word, so that "US-Russia" has two names in it; "G8" and "1990s" are one word.
_WORD = re.compile(
    r"""([A-Za-z]{2,}+(?![\w'’&])
    | (?:[^\W\d_]\.){2,}
    | \d*[^\W\d_][^\W_]*(?:(?:['’](?!s\b)|&)[^\W_]+)*
    | [^\w\s]s\b(?<=['’]s)
    | [^\w\s]
    | \d+(?:[.,:/]\d+)*
    | \n+
    | \w)
    """,
    re.VERBOSE,
)
_MORE = re.compile(r"\.\s+\S")


class Tokens(NamedTuple):
    """The words of a text in order: what they are, and where they start and end (characters)."""

    words: list[str]
    starts: list[int]
    ends: list[int]


def tokenize(text: str) -> Tokens:
    """The words of `text`. A word longer than `LONGEST_WORD` is shortened in `words`, never in its offsets."""
    pieces = _WORD.split(text)
    bounds = list(accumulate(map(len, pieces)))
    words, starts, ends = pieces[1::2], bounds[:-1:2], bounds[1::2]
    points = compress(range(len(words)), map(".".__eq__, words))
    stops = [number for number in points if words[number - 1] in _ABBREVIATIONS]
    for number in reversed(stops):
        if starts[number] == ends[number - 1] and _MORE.match(text, starts[number]):
            words[number - 1] += "."
            ends[number - 1] += 1
            del words[number], starts[number], ends[number]
    if max(map(len, words), default=0) > LONGEST_WORD:
        words = [word[:LONGEST_WORD] for word in words]
    return Tokens(words, starts, ends)
