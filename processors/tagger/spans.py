"""From tag probabilities to typed spans of the text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, pairwise
from operator import ne

import numpy as np
import numpy.typing as npt

from processors.tagger.network import Network
from processors.tagger.rules import Span, applied
from processors.tagger.tokens import Tokens

TYPES = ("person", "organisation", "place", "event")
TITLES = frozenset(
    "president vice prime minister chancellor king queen prince princess pope sheikh emperor mr mrs ms dr sir lady "
    "lord mr. mrs. ms. dr. gen. col. capt. lt. sgt. maj. sen. rep. gov. rev. prof. general colonel captain lieutenant "
    "sergeant major senator representative governor reverend professor secretary ambassador mayor judge ayatollah "
    "archbishop bishop cardinal chairman director premier deputy congressman congresswoman madam speaker chair".split()
)
_LINKING = frozenset(
    "of the and for de la le les des et und zu du del della von van der den bin ibn al el ul au di da dos e y "
    "& - ' ’ . / 's ’s".split()
)
_ROLES = frozenset(
    "spokesperson spokesman spokeswoman chief secretary minister president director chairman ceo".split()
)
_ENDS = frozenset("of the and for & - ' ’ . / 's ’s".split())
# Small words that end the name of an event: "2019 Canadian federal election".
_OCCASION = frozenset(
    "general presidential parliamentary legislative federal local municipal regional mayoral gubernatorial senate "
    "primary elections election referendum war wars uprising revolution summit games championship".split()
)
# What stands first in sentences and never in names as the corpora mark them: without an article.
_OPENING = frozenset(
    "The A An He She It They We You I This That These Those His Her Its Their My Our Your There Here But And Or If "
    "When While As For What Who Why How Some Many Most Such Also So Then Now Yet".split()
)
# An event's name says that it is one; without such a word it is rather a place or a body.
_EVENTS = frozenset(
    "war wars battle siege uprising revolution rebellion revolt coup intifada massacre genocide holocaust crisis "
    "election elections referendum primary primaries summit conference convention congress festival exhibition fair "
    "expo ceremony awards cup games olympics olympiad paralympics championship championships open masters tour prix "
    "marathon series bowl league tournament trophy derby hurricane cyclone typhoon storm earthquake tsunami flood "
    "disaster crash bombing bombings attack attacks operation offensive campaign invasion occupation partition march "
    "protests riots strike scandal affair treaty accords talks day week famine depression plague spring".split()
)
LEAST = {"person": 0.5, "organisation": 0.5, "place": 0.5, "event": 0.6}


def candidates(words: list[str]) -> npt.NDArray[np.intp]:
    """Where a name can stand: words with a capital, and what can link or extend them.

    A word that only begins a sentence is none: one of the commonest, not right after a capital. What can link or extend
    is up to three small words between two, what hangs on one by a hyphen ("Ki-moon", "al-Qaida"), a year before
    one, and small words about an occasion after one.
    """
    lower = list(map(str.lower, words))
    large = compress(range(len(words)), map(ne, words, lower))
    found = [at for at in large if words[at] not in _OPENING or (at and words[at - 1] != lower[at - 1])]
    more: list[int] = []
    for before, after in pairwise([-1, *found, len(words)]):
        at = before + 1
        inside = before >= 0 and after < len(words)
        if inside and 1 < after - before <= 4 and _LINKING.issuperset(words[at:after]):
            more += range(at, after)
            continue
        end = at
        if before >= 0 and at < after and (words[at] == "-" or words[at] in _OCCASION):
            end += _behind(words[at:after])
            more += range(at, end)
        if end < after < len(words) and (words[after - 1] == "-" or words[after - 1].isdigit()):
            more += range(after - _ahead(words[end:after]), after)
    return np.array(sorted({*found, *more}) if more else found, np.intp)


def _behind(gap: list[str]) -> int:
    """How many of the small words after a capital can still be of its name."""
    if len(gap) > 1 and gap[0] == "-" and gap[1].isalpha():
        return 2
    return next((number for number, word in enumerate(gap) if word not in _OCCASION), len(gap))


def _ahead(gap: list[str]) -> int:
    """How many of the small words before a capital can be of its name already."""
    if len(gap) > 1 and gap[-1] == "-" and gap[-2] in _LINKING:
        return 2
    return int(bool(gap) and len(gap[-1]) == 4 and gap[-1].isdigit())


def tagged(tokens: Tokens, network: Network) -> list[Span]:
    """The names that the network sees in the text, in order, none over another."""
    at = candidates(tokens.words)
    if not len(at):
        return []
    likely = network.probabilities(tokens.words, at)
    best = likely.argmax(1).tolist()
    by_kind = (likely[:, 1::2] + likely[:, 2::2]).tolist()
    return applied(_decoded(at.tolist(), best, by_kind, tokens.words), tokens)


def _decoded(at: list[int], best: list[int], by_kind: list[list[float]], words: list[str]) -> Iterator[Span]:
    start, size = 0, len(at)
    while start < size:
        end = start + 1
        if best[start]:
            while end < size and best[end] and best[end] % 2 == 0 and at[end] == at[end - 1] + 1:
                end += 1
            totals = [sum(column) for column in zip(*by_kind[start:end], strict=True)]
            number = totals.index(max(totals))
            score = totals[number] / (end - start)
            span = _trimmed(Span(at[start], at[end - 1] + 1, TYPES[number], score), words)
            if span and score >= LEAST[span.kind] and (span.kind != "event" or _occasion(span, words)):
                yield span
        start = end


def _occasion(span: Span, words: list[str]) -> bool:
    return not _EVENTS.isdisjoint(word.lower() for word in words[span.first : span.last])


def _trimmed(span: Span, words: list[str]) -> Span | None:
    """The span without titles and small words at its ends, and of "U.S.-led" the "U.S."."""
    first, last = span.first, span.last
    while first < last and (
        words[first].lower() in _ENDS or (span.kind == "person" and words[first].lower() in TITLES)
    ):
        first += 1
    while last - first > 2 and span.kind != "person" and words[last - 2] == "-" and words[last - 1].islower():
        last -= 2
    while last - first > 1 and span.kind == "organisation" and words[last - 1].lower() in _ROLES:
        last -= 1
    while first < last and words[last - 1].lower() in _ENDS:
        last -= 1
    return span._replace(first=first, last=last) if first < last else None
