"""What the tagger knows of a word by itself: vector, spelling, shape, and which tables of names it stands in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

FORMS, AFFIXES, SHAPES, GRAMS = 16384, 4096, 512, 16384
MOST_GRAMS = 20
NAME_TABLES = (
    "given name",
    "family name",
    "country",
    "city",
    "city part",
    "region",
    "organisation part",
    "often lower",
    "company part",
    "news part",
    "club part",
    "body part",
    "one-word organisation",
)


def crc(text: str, seed: int = 0) -> int:
    """A hash that is the same on every machine and in every run, 32 bits."""
    return crc32(text.encode("utf-8", "surrogatepass"), seed)


def shape(word: str) -> str:
    """The word's outline: "Putin" is "Xxxx", "NATO" is "XXX", "F-16" is "X-dd"; runs are cut at three."""
    return _cut(word[:24].translate(_MARKS) if word.isascii() else "".join(map(_mark, word[:24])))


@lru_cache(maxsize=4096)
def _cut(marks: str) -> str:
    return _LONG_RUN.sub(r"\1\1\1", marks)


def _mark(letter: str) -> str:
    return "X" if letter.isupper() else "x" if letter.islower() else "d" if letter.isdigit() else letter


_MARKS = {number: _mark(chr(number)) for number in range(128)}
_LONG_RUN = re.compile(r"(.)\1{3,}", re.DOTALL)


class Spelling(NamedTuple):
    """Rows of the hashed tables for a word: its form, prefix, suffix, shape, and its character n-grams."""

    form: int
    prefix: int
    suffix: int
    shape: int
    grams: tuple[int, ...]


def spelling(word: str) -> Spelling:
    """Where the word's parts stand in the hashed tables."""
    lower = word.lower()
    return Spelling(
        crc(lower) % FORMS,
        crc(lower[:3], 1) % AFFIXES,
        crc(lower[-3:], 2) % AFFIXES,
        crc(shape(word), 3) % SHAPES,
        tuple(_grams(f"<{lower}>")),
    )


def _grams(bounded: str) -> list[int]:
    """Rows of the runs of three letters, then of four, the first `MOST_GRAMS` of them."""
    if bounded.isascii():
        plain = bounded.encode()
        runs = [plain[i : i + size] for size in (3, 4) for i in range(len(plain) - size + 1)]
        return [row % GRAMS for row in map(crc32, runs[:MOST_GRAMS], repeat(4))]
    wide = [bounded[i : i + size] for size in (3, 4) for i in range(len(bounded) - size + 1)]
    return [crc(run, 4) % GRAMS for run in wide[:MOST_GRAMS]]


class Lexicon:
    """Word vectors and name tables, found by hash.

    `words` and `names` are sorted hashes; `rows` gives each word's row of `vectors` (int8, times `scales`), `marks`
    each name's bits, one for each of `NAME_TABLES`.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self._words = np.cumsum(arrays["word_gaps"], dtype=np.uint32)
        self._rows = arrays["word_rows"]
        self._vectors = arrays["vectors"]
        self._scales = arrays["vector_scales"].astype(np.float32)
        self._names = np.cumsum(arrays["name_gaps"], dtype=np.uint32)
        self._marks = arrays["name_marks"]
        self.size: int = self._vectors.shape[1]

    def vectors(self, words: Sequence[str]) -> npt.NDArray[np.float32]:
        """The words' vectors, their lower-case forms' where they have none, or zeros; of shape (words, `size`)."""
        lower = [word.lower() for word in words]
        at = _places(self._words, words)
        at = np.where(at >= 0, at, _places(self._words, lower))
        numbers = self._rows[np.maximum(at, 0)]
        found = self._vectors[numbers] * self._scales[numbers]
        found[at < 0] = 0
        return np.asarray(found, np.float32)

    def marks(self, words: Sequence[str]) -> npt.NDArray[np.uint16]:
        """For each word the bits of the tables that it stands in, in whatever case."""
        at = _places(self._names, [word.lower() for word in words])
        return np.asarray(np.where(at >= 0, self._marks[np.maximum(at, 0)], 0), np.uint16)


def _places(hashes: npt.NDArray[np.uint32], words: Sequence[str]) -> npt.NDArray[np.intp]:
    """Where the words' hashes stand in a sorted table; -1 for those that do not."""
    wanted = np.array([crc(word) for word in words], np.uint32)
    at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
    return np.asarray(np.where(hashes[at] == wanted, at, -1), np.intp)
