"""The network at work: from words to the probability of each tag, in numpy.

A word's own vector is made once and kept. Three convolutions then see it in its place; between the second and the
third, all occurrences of the same word in the document are averaged, so that what is clear in one sentence helps in
another. The last steps are taken only where a name can stand.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from processors.tagger.features import NAME_TABLES, Lexicon, spelling

Floats = npt.NDArray[np.float32]
MOST_WORDS = 50_000
KEPT = 65_536
_BITS = np.array([1 << number for number in range(len(NAME_TABLES))])


class Network:
    """Weights and the vectors of the words met so far. The answer never depends on what was met before."""

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self._lexicon = Lexicon(arrays)
        self._tables = {
            name[:-5]: (arrays[name], arrays[name[:-5] + "_scale"]) for name in arrays if name.endswith("_int8")
        }
        dense = {name: value.astype(np.float32) for name, value in arrays.items() if value.dtype == np.float16}
        self._word, self._word_bias = dense["word"], dense["word_bias"]
        width = self._word.shape[1]
        first = dense["first"]
        self._reach = len(first) // width
        self._first = np.ascontiguousarray(first.reshape(self._reach, width, -1).transpose(1, 0, 2).reshape(width, -1))
        self._first_bias = dense["first_bias"]
        self._second, self._second_bias = dense["second"], dense["second_bias"]
        self._third, self._third_bias = dense["third"], dense["third_bias"]
        self._out, self._out_bias = dense["out"], dense["out_bias"]
        self._known: dict[str, int] = {}
        self._vectors: Floats = np.zeros((KEPT, width), np.float32)

    @classmethod
    def read(cls, path: Any) -> Network:
        """The network of a weights file (.npz)."""
        with path.open("rb") as stream, np.load(stream) as arrays:
            return cls({name: arrays[name] for name in arrays})

    def _embed(self, name: str, rows: Any) -> Floats:
        table, scale = self._tables[name]
        return np.asarray(table[rows] * scale[rows].astype(np.float32), np.float32)

    def _made(self, word: str) -> Floats:
        at = spelling(word)
        grams = self._embed("grams", list(at.grams))
        marks = (self._lexicon.marks(word) & _BITS) > 0
        parts = (
            self._lexicon.vector(word),
            self._embed("form", at.form),
            self._embed("prefix", at.prefix),
            self._embed("suffix", at.suffix),
            self._embed("shape", at.shape),
            grams.sum(0) / np.float32(np.sqrt(max(len(at.grams), 1))),
            marks.astype(np.float32),
        )
        made: Floats = np.concatenate(parts) @ self._word + self._word_bias
        return np.maximum(made, 0)

    def _slots(self, words: list[str]) -> npt.NDArray[np.int32]:
        """Each word's row in the kept vectors; words not met before are added."""
        known = self._known
        missing = [word for word in dict.fromkeys(words) if word not in known]
        if len(known) + len(missing) > KEPT:
            known.clear()
            missing = list(dict.fromkeys(words))
        for word in missing:
            self._vectors[len(known)] = self._made(word)
            known[word] = len(known)
        return np.array([known[word] for word in words], np.int32)

    def probabilities(self, words: list[str], candidates: npt.NDArray[np.intp]) -> Floats:
        """The probability of each tag for the words at `candidates`, of shape (candidates, tags).

        `words` holds at most `MOST_WORDS` words, the whole document.
        """
        slots = self._slots(words)
        used, place = np.unique(slots, return_inverse=True)
        first = self._contextual(used, place)
        second = first + self._convolved(first, self._second, self._second_bias, 1)
        same = self._averaged(second, words, candidates)
        third = second[candidates] + self._at(second, candidates, same)
        logits = third @ self._out + self._out_bias
        logits -= logits.max(1, keepdims=True)
        raised = np.exp(logits)
        return np.asarray(raised / raised.sum(1, keepdims=True), np.float32)

    def _contextual(self, used: npt.NDArray[Any], place: npt.NDArray[Any]) -> Floats:
        """The first convolution, computed once for each different word and added up in place."""
        width = self._first.shape[1] // self._reach
        projected = self._vectors[used] @ self._first
        half = self._reach // 2
        total = np.tile(self._first_bias, (len(place), 1))
        for offset in range(-half, half + 1):
            part = projected[:, (offset + half) * width : (offset + half + 1) * width]
            here = slice(max(0, -offset), len(place) - max(0, offset))
            there = slice(max(0, offset), len(place) - max(0, -offset))
            total[here] += part[place[there]]
        return np.maximum(total, 0, out=total)

    @staticmethod
    def _convolved(x: Floats, weights: Floats, bias: Floats, step: int) -> Floats:
        rows, width = x.shape
        around = np.zeros((rows + 2 * step, width), np.float32)
        around[step:-step] = x
        out = around[step:-step] @ weights[width : 2 * width]
        out += around[: -2 * step] @ weights[:width]
        out += around[2 * step :] @ weights[2 * width : 3 * width]
        out += bias
        return np.maximum(out, 0, out=out)

    @staticmethod
    def _averaged(x: Floats, words: list[str], candidates: npt.NDArray[np.intp]) -> Floats:
        """For each candidate the mean state of the same word (in any case) over the document's candidates."""
        numbers: dict[str, int] = {}
        group = np.array([numbers.setdefault(words[at].lower(), len(numbers)) for at in candidates], np.intp)
        total = np.zeros((len(numbers), x.shape[1]), np.float32)
        np.add.at(total, group, x[candidates])
        total /= np.bincount(group, minlength=len(numbers))[:, None]
        return np.asarray(total[group], np.float32)

    def _at(self, x: Floats, candidates: npt.NDArray[np.intp], same: Floats) -> Floats:
        """The third convolution, two words apart, at the candidates alone."""
        padded = np.zeros((len(x) + 4, x.shape[1]), np.float32)
        padded[2:-2] = x
        seen = np.concatenate([padded[candidates], padded[candidates + 2], padded[candidates + 4], same], 1)
        out = seen @ self._third + self._third_bias
        return np.maximum(out, 0, out=out)


@cache
def default() -> Network:
    """The network that comes with the project, read once, at first use."""
    return Network.read(files("processors") / "models" / "tagger.npz")
