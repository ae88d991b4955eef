"""More words for the topics: those whose vectors lie where the hand-written terms of a topic lie.

A softmax regression learns from the single-word terms (and from function words, which speak for nothing) where in the
space of the word vectors each top level is. Common words that it is sure of become weak terms of that top level.
"""

from __future__ import annotations

import gzip
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from processors.enrichers.words import stopwords, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Weights = dict[str, dict[str, float]]

RIDGE: Final = 1e-4
ROUNDS: Final = 600
RATE: Final = 2.0
MOMENTUM: Final = 0.9
LEAST_SURE: Final = 0.58
# Rarer words are slips, commoner ones say everything and nothing.
LEAST_COUNT, MOST_COUNT = 2, 100
SHORTEST: Final = 4


def read_vectors(data: Path) -> tuple[Matrix, dict[str, int]]:
    """Unit vectors, shape (rows, 96), and the row of each word."""
    stored = np.load(data / "vectors" / "vectors_pca96_int8.npz")
    vectors = stored["q"].astype(np.float32) * stored["scale"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-6
    words = gzip.decompress((data / "vectors" / "words.txt.gz").read_bytes()).decode().split("\n")
    return vectors, dict(zip(words, stored["row_of_word"].tolist(), strict=False))


def common_words(data: Path) -> Counter[str]:
    """The words of the corpora at hand that stand mostly in lower case, with their counts."""
    counts: Counter[str] = Counter()
    for archive in sorted((data / "text").glob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                counts.update(_untagged(opened.read(name).decode("utf-8", "replace")))
    for file in [*sorted((data / "ner" / "crossner").glob("*/train.txt")), data / "ner" / "gmb" / "GMB_dataset.txt"]:
        counts.update(tokens(file.read_text(encoding="utf-8", errors="replace")))
    return Counter({word: count for word, count in counts.items() if word.islower() and count > counts[word.title()]})


def _untagged(text: str) -> list[str]:
    return tokens(" ".join(word.rpartition("_")[0] or word for word in text.split()))


def learn(examples: Matrix, targets: Matrix) -> Matrix:
    """The softmax regression of `targets` (shape (n, classes), rows sum to 1) on `examples` (shape (n, 96))."""
    inputs = _with_bias(examples)
    weights: Matrix = np.zeros((inputs.shape[1], targets.shape[1]), dtype=np.float32)
    step: Matrix = np.zeros_like(weights)
    for _ in range(ROUNDS):
        slope: Matrix = inputs.T @ (_softmax(inputs @ weights) - targets) / len(inputs) + RIDGE * weights
        step = MOMENTUM * step - RATE * slope
        weights += step
    return weights


def _with_bias(examples: Matrix) -> Matrix:
    return np.concatenate([examples, np.ones((len(examples), 1), dtype=np.float32)], axis=1)


def _softmax(scores: Matrix) -> Matrix:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Matrix = powers / powers.sum(axis=1, keepdims=True)
    return shares


def near_words(data: Path, terms: Weights, tops: list[str]) -> dict[str, tuple[str, float]]:
    """For each further word the top level it speaks for, and how surely (0.5 to 1).

    Args:
        data: the folder that holds `vectors/`, `text/` and `ner/`.
        terms: the weights of the hand-written terms by term and top-level code.
        tops: the top-level codes.
    """
    vectors, row = read_vectors(data)
    idle = stopwords("en", news=True)
    known = sorted(term for term in terms if term in row)
    targets = np.array([[terms[term].get(top, 0.0) for top in tops] + [0.0] for term in known], dtype=np.float32)
    nothing = np.tile(np.eye(len(tops) + 1, dtype=np.float32)[-1], (len(idle & row.keys()), 1))
    examples = vectors[[row[word] for word in [*known, *sorted(idle & row.keys())]]]
    weights = learn(examples, np.concatenate([targets / targets.sum(axis=1, keepdims=True), nothing]))
    others = [
        word
        for word, count in sorted(common_words(data).items())
        if LEAST_COUNT <= count <= MOST_COUNT
        and len(word) >= SHORTEST
        and word in row
        and word not in terms
        and word not in idle
    ]
    shares = _softmax(_with_bias(vectors[[row[word] for word in others]]) @ weights)[:, :-1]
    sure = zip(others, shares.argmax(axis=1).tolist(), shares.max(axis=1).tolist(), strict=True)
    return {word: (tops[top], round(share, 2)) for word, top, share in sure if share >= LEAST_SURE}
