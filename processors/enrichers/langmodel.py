"""A naive Bayes model of languages over runs of bytes: py3langid's, reduced to what articles are asked about."""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

FILE: Final = Path(__file__).parent.parent / "models" / "language.npz"
_NO_FEATURE: Final = -1

Vector = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Automaton:
    """Finds at every byte the longest known run of bytes that ends there (Aho and Corasick, 1975).

    Bytes come in classes. In state `s` the class `c` leads to state `steps[begins[s] + c]`; `rows[s]` is the feature
    that the state stands for, -1 for none.
    """

    classes: bytes
    steps: array[int]
    begins: array[int]
    rows: array[int]

    def found(self, encoded: bytes) -> list[int]:
        """The feature at each byte."""
        steps, begins, rows = self.steps, self.begins, self.rows
        state, found = 0, []
        for each in encoded.translate(self.classes):
            state = steps[begins[state] + each]
            found.append(rows[state])
        return found


def automaton(sizes: list[int], parents: Numbers, last: NDArray[np.uint8], rows: Numbers) -> Automaton:
    """The automaton of a tree of runs.

    Args:
        sizes: how many runs there are of each length, from the empty one on; runs are in that order.
        parents: of each run the run without its last byte, by its place; of the empty one 0.
        last: of each run its last byte.
        rows: of each run its feature, -1 for none.
    """
    used = np.unique(last[1:])
    classes = np.zeros(256, dtype=np.uint8)
    classes[used] = np.arange(1, len(used) + 1)
    inner = np.flatnonzero(np.bincount(parents))
    # Only a run that goes on needs steps of its own; others step as the longest run that they end with does.
    steps = np.zeros((len(inner), len(used) + 1), dtype=np.uint32)
    own = np.full(len(parents), -1)
    own[inner] = np.arange(len(inner))
    line, ends = np.zeros_like(parents), np.zeros_like(parents)
    start = 1
    for size in sizes[1:]:
        level = np.arange(start, start + size)
        before, kind = parents[level], classes[last[level]]
        ends[level] = np.where(before > 0, steps[line[ends[before]], kind], 0)
        steps[line[before], kind] = level
        goes_on = level[own[level] >= 0]
        line[level] = np.where(own[level] >= 0, own[level], line[ends[level]])
        steps[line[goes_on]] = steps[line[ends[goes_on]]]
        start += size
    begins = (line * steps.shape[1]).astype(np.uint32)
    return Automaton(classes.tobytes(), _array("I", steps), _array("I", begins), _array("i", rows.astype(np.int32)))


def _array(kind: str, numbers: NDArray[np.integer]) -> array[int]:
    return array(kind, numbers.tobytes())


@dataclass(frozen=True, slots=True)
class Model:
    """The features of the model and what each says for each language.

    `table` has a row for each feature and a column for each of `languages`. One that is written in several scripts has
    several columns: `again` pairs its first with a later one.
    """

    languages: tuple[str, ...]
    again: tuple[tuple[int, int], ...]
    prior: Vector
    runs: Automaton
    table: Vector

    def shares(self, text: str) -> Vector:
        """How likely each of `languages` is, adding up to 1; a text without a feature leaves all alike.

        The logarithms are divided by the square root of the length, which keeps them calibrated (py3langid).
        """
        encoded = unicodedata.normalize("NFC", text.lower() if text.isupper() else text).encode()
        scores = self._scores(encoded) / np.sqrt(len(encoded) or 1)
        likely = np.exp(scores - scores.max())
        return self._joined(likely / likely.sum())

    def _joined(self, shares: Vector) -> Vector:
        """The shares with those of a language's later columns added to its first."""
        for first, later in self.again:
            shares[first] += shares[later]
            shares[later] = 0.0
        return shares

    def _scores(self, encoded: bytes) -> Vector:
        """The logarithm of each column's likelihood, up to a constant; what a feature adds grows ever less."""
        seen = Counter(self.runs.found(encoded))
        seen.pop(_NO_FEATURE, None)
        if not seen:
            return np.zeros_like(self.prior)
        rows = np.fromiter(seen.keys(), dtype=np.intp, count=len(seen))
        often = np.fromiter(seen.values(), dtype=np.float32, count=len(seen))
        return np.log1p(often) @ self.table[rows] + self.prior


@cache
def model(path: Path = FILE) -> Model:
    """The model in a file, read once."""
    with np.load(path) as stored:
        languages = tuple(stored["languages"].tolist())
        rows = stored["rows"].astype(np.int64)
        return Model(
            languages=languages,
            again=tuple((languages.index(code), at) for at, code in enumerate(languages) if code in languages[:at]),
            prior=stored["prior"],
            runs=automaton(stored["runs"].tolist(), stored["parents"].astype(np.int64), stored["last"], rows),
            table=_dense(stored["floors"], stored["sizes"], stored["columns"], stored["levels"][stored["values"]]),
        )


def _dense(floors: Vector, sizes: NDArray[np.uint8], columns: NDArray[np.uint8], excess: Vector) -> Vector:
    """The table whose rows are `floors`, raised by `excess` in `columns`: in as many of each row as `sizes` tells."""
    table = np.tile(floors, len(sizes))
    cells = np.repeat(np.arange(len(sizes)) * len(floors), sizes)
    cells += columns
    table[cells] += excess
    return table.reshape(len(sizes), -1)
