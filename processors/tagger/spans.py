"""From tag probabilities to typed spans of the text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.tagger.network import Network
from processors.tagger.tokens import Tokens

TYPES = ("person", "organisation", "place", "event")
TITLES = frozenset(
    "president vice prime minister chancellor king queen prince princess pope sheikh emperor mr mrs ms dr sir lady lord "
    "mr. mrs. ms. dr. gen. col. capt. lt. sgt. maj. sen. rep. gov. rev. prof. general colonel captain lieutenant sergeant "
    "major senator representative governor reverend professor secretary ambassador mayor judge ayatollah archbishop "
    "bishop cardinal chairman director premier deputy congressman congresswoman".split()
)
_LINKING = frozenset(
    "of the and for de la le du del della von van der den bin ibn al el di da dos e y & - ' ’ . / 's ’s".split()
)
LEAST = {"person": 0.5, "organisation": 0.5, "place": 0.5, "event": 0.6}


class Span(NamedTuple):
    """Words `first` to `last` (one past the end) as a name of `kind`, with the tagger's probability."""

    first: int
    last: int
    kind: str
    score: float


def candidates(words: list[str]) -> npt.NDArray[np.intp]:
    """Where a name can stand: words with a capital, and up to three small words that link two of them."""
    capital = [word != word.lower() for word in words]
    found = [number for number, is_capital in enumerate(capital) if is_capital]
    linked = []
    for before, after in zip(found, found[1:], strict=False):
        if 1 < after - before <= 4 and all(words[at].lower() in _LINKING for at in range(before + 1, after)):
            linked += range(before + 1, after)
    return np.array(sorted(found + linked), np.intp)


def tagged(tokens: Tokens, network: Network) -> list[Span]:
    """The names that the network sees in the text, in order, none over another."""
    at = candidates(tokens.words)
    if not len(at):
        return []
    likely = network.probabilities(tokens.words, at)
    best = likely.argmax(1)
    spans = []
    start = 0
    while start < len(at):
        if best[start] == 0:
            start += 1
            continue
        kind = (best[start] - 1) // 2
        end = start + 1
        while end < len(at) and at[end] == at[end - 1] + 1 and best[end] == 2 * kind + 2:
            end += 1
        mass = likely[start:end, 2 * kind + 1] + likely[start:end, 2 * kind + 2]
        spans.append(Span(int(at[start]), int(at[end - 1]) + 1, TYPES[kind], float(mass.mean())))
        start = end
    trimmed = (_trimmed(span, tokens.words) for span in spans if span.score >= LEAST[span.kind])
    return [span for span in trimmed if span]


def _trimmed(span: Span, words: list[str]) -> Span | None:
    """The span without leading titles and articles, and without small words at its ends."""
    first, last = span.first, span.last
    while first < last and (
        words[first].lower() in _LINKING or (span.kind == "person" and words[first].lower() in TITLES)
    ):
        first += 1
    while first < last and words[last - 1].lower() in _LINKING:
        last -= 1
    return span._replace(first=first, last=last) if first < last else None
