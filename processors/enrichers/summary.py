"""An article in up to three of its own sentences: TextRank over their words, with a bias to the lead."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import chain, count, filterfalse
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.enrichers import words
from processors.enrichers.draft import Draft, Enricher

MOST: Final = 3
SENTENCES_READ: Final = 100
CHARACTERS_READ: Final = 40_000
# A sentence of the summary has this many characters, where the text has any such sentence.
SHORTEST, LONGEST = 40, 400
# What is longer is no sentence but text without full stops.
LONGEST_ALONE: Final = 1000
DAMPING: Final = 0.85
ROUNDS: Final = 20
LEAD_BIAS: Final = 1.0
TOO_ALIKE: Final = 0.6

Matrix = NDArray[np.float64]


def key_sentences(text: str, language: str | None = None) -> tuple[str, ...]:
    """Up to three sentences of the text, as they stand and in its order; fewer of a short one, none of an empty one.

    Args:
        text: its first 100 sentences are read, of 40,000 characters.
        language: an ISO 639-1 code, for the function words that do not count.

    Source: Mihalcea and Tarau, TextRank: Bringing Order into Text (2004), on TF-IDF cosines.
    """
    spans = _candidates(words.sentences(text[:CHARACTERS_READ], SENTENCES_READ))
    found = [text[start:end] for start, end in spans]
    wanted = min(MOST, (len(found) + 1) // 2)
    if wanted < 2:
        return tuple(found[:wanted])
    likeness = _likeness(found, language)
    chosen = _spread(_ranks(likeness), likeness, wanted)
    return tuple(found[at] for at in sorted(chosen))


def _candidates(spans: list[words.Span]) -> list[words.Span]:
    fitting = [(start, end) for start, end in spans if SHORTEST <= end - start <= LONGEST]
    return fitting or [(start, end) for start, end in spans if end - start <= LONGEST_ALONE]


def _likeness(sentences: list[str], language: str | None) -> Matrix:
    """Cosines of the sentences' TF-IDF vectors, shape (sentences, sentences), zero on the diagonal."""
    counts = _counts(sentences, words.stopwords(language))
    frequency = np.count_nonzero(counts, axis=0)
    weighted = counts * np.log1p(len(sentences) / np.maximum(frequency, 1))
    norms = np.sqrt(np.einsum("ij,ij->i", weighted, weighted))
    weighted /= np.where(norms == 0, 1.0, norms)[:, None]
    likeness: Matrix = weighted @ weighted.T
    np.fill_diagonal(likeness, 0.0)
    return likeness


def _counts(sentences: list[str], idle: frozenset[str]) -> Matrix:
    """How often each word stands in each sentence, shape (sentences, words)."""
    columns: defaultdict[str, int] = defaultdict(count().__next__)
    cells = [
        list(map(columns.__getitem__, filterfalse(idle.__contains__, words.tokens(sentence.lower()))))
        for sentence in map(words.characters_apart, sentences)
    ]
    height, width = len(sentences), max(len(columns), 1)
    rows = np.repeat(np.arange(height), list(map(len, cells)))
    flat = rows * width + np.fromiter(chain.from_iterable(cells), dtype=np.intp, count=len(rows))
    return np.bincount(flat, minlength=height * width).reshape(height, width).astype(np.float64)


def _ranks(likeness: Matrix) -> Matrix:
    """PageRank over the likeness, restarting more often at the first sentences."""
    size = len(likeness)
    lead = 1.0 + LEAD_BIAS * size / (1.0 + np.arange(size)) ** 2
    lead /= lead.sum()
    sums = likeness.sum(axis=0)
    flow = likeness / np.where(sums == 0, 1.0, sums)
    restart = (1 - DAMPING) * lead
    ranks = np.full(size, 1.0 / size)
    for _ in range(ROUNDS):
        ranks = flow @ ranks
        ranks *= DAMPING
        ranks += restart
    return ranks


def _spread(ranks: Matrix, likeness: Matrix, wanted: int) -> list[int]:
    """The best ranked, leaving out what says nearly the same as one already chosen."""
    chosen: list[int] = []
    for at in np.argsort(-ranks, kind="stable").tolist():
        if len(chosen) < wanted and all(likeness[at, other] < TOO_ALIKE for other in chosen):
            chosen.append(at)
    return chosen


def summary(draft: Draft) -> Draft:
    """The draft with its summary."""
    return replace(draft, summary=key_sentences(draft.text, draft.language))


SUMMARY: Final = Enricher(name="summary", version=1, run=summary, fills=("summary",))
