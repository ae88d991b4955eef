"""What the tagger knows of a word by itself: vector, spelling, shape, and which tables of names it stands in."""

from __future__ import annotations

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
)


def crc(text: str, seed: int = 0) -> int:
    """A hash that is the same on every machine and in every run, 32 bits."""
    return crc32(text.encode("utf-8", "surrogatepass"), seed)


def shape(word: str) -> str:
    """The word's outline: "Putin" is "Xxx", "NATO" is "XXX", "F-16" is "X-d"; runs are cut at three."""
    out = ""
    for letter in word[:24]:
        mark = "X" if letter.isupper() else "x" if letter.islower() else "d" if letter.isdigit() else letter
        if not out.endswith(mark * 3):
            out += mark
    return out


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
    bounded = f"<{lower}>"
    grams = [bounded[i : i + size] for size in (3, 4) for i in range(len(bounded) - size + 1)]
    return Spelling(
        crc(lower) % FORMS,
        crc(lower[:3], 1) % AFFIXES,
        crc(lower[-3:], 2) % AFFIXES,
        crc(shape(word), 3) % SHAPES,
        tuple(crc(gram, 4) % GRAMS for gram in grams[:MOST_GRAMS]),
    )


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
        self.nothing: npt.NDArray[np.float32] = np.zeros(self._vectors.shape[1], np.float32)

    def vector(self, word: str) -> npt.NDArray[np.float32]:
        """The word's vector, its lower-case form's, or zeros."""
        for form in (word, word.lower()):
            row = self._find(self._words, form)
            if row >= 0:
                number = self._rows[row]
                return np.asarray(self._vectors[number] * self._scales[number], np.float32)
        return self.nothing

    def marks(self, word: str) -> int:
        """Bits of the tables that the word stands in, as it is or in capitals for a capitalised name."""
        row = self._find(self._names, word.lower())
        return int(self._marks[row]) if row >= 0 else 0

    @staticmethod
    def _find(hashes: npt.NDArray[np.uint32], word: str) -> int:
        wanted = crc(word)
        at = int(np.searchsorted(hashes, np.uint32(wanted)))
        return at if at < len(hashes) and int(hashes[at]) == wanted else -1
