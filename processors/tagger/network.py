"""The network at work: from words to the probability of each tag, in numpy.

What a word gives to its surroundings is computed once and kept. Three convolutions then see it in its place; between
the second and the third, all occurrences of the same word in the document are averaged, so that what is clear in one
sentence helps in another. The later steps are taken only as far as they bear on where a name can stand.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from processors.tagger.features import NAME_TABLES, Lexicon, spelling

Floats = npt.NDArray[np.float32]
MOST_WORDS = 20_000
KEPT = 16_384
BLOCK = 2048
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
        self._width = first.shape[1]
        self._first = np.ascontiguousarray(first.reshape(self._reach, width, -1).transpose(1, 0, 2).reshape(width, -1))
        self._first_bias = dense["first_bias"]
        self._second, self._second_bias = dense["second"], dense["second_bias"]
        self._third, self._third_bias = dense["third"], dense["third_bias"]
        self._out, self._out_bias = dense["out"], dense["out_bias"]
        self._known: dict[str, int] = {}
        self._given: Floats = np.zeros((self._reach, KEPT, self._width), np.float32)

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
        return np.asarray(np.maximum(made, 0) @ self._first)

    def _slots(self, words: list[str]) -> npt.NDArray[np.intp]:
        """Each word's row in what is kept, new ones added; past `KEPT` different words the rest have row 0, empty."""
        known = self._known
        missing = [word for word in dict.fromkeys(words) if word not in known]
        if len(known) + len(missing) >= KEPT:
            known.clear()
            missing = list(dict.fromkeys(words))[: KEPT - 1]
        for word in missing:
            self._given[:, len(known) + 1] = self._made(word).reshape(self._reach, self._width)
            known[word] = len(known) + 1
        return np.array([known.get(word, 0) for word in words], np.intp)

    def probabilities(self, words: list[str], candidates: npt.NDArray[np.intp]) -> Floats:
        """The probability of each tag for the words at `candidates`, of shape (candidates, tags).

        `words` holds at most `MOST_WORDS` words, the whole document.
        """
        wanted = _around(candidates, len(words), 2)
        first = self._contextual(self._slots(words), _around(wanted, len(words), 1))
        second = self._convolved(first, wanted)
        same = self._averaged(np.take(second, candidates + 2, 0), words, candidates)
        before, here, after = (np.take(second, candidates + offset, 0) for offset in (0, 2, 4))
        third = self._last(before, here, after, same)
        logits = third @ self._out + self._out_bias
        logits -= logits.max(1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(1, keepdims=True)
        return np.asarray(logits, np.float32)

    def _contextual(self, slots: npt.NDArray[np.intp], at: npt.NDArray[np.intp]) -> Floats:
        """The first convolution for the words `at`, from what their neighbours give; an empty row at either end."""
        around = np.pad(slots, self._reach // 2)
        out = np.zeros((len(slots) + 2, self._width), np.float32)
        for begin in range(0, len(at), BLOCK):
            here = at[begin : begin + BLOCK]
            total = np.take(self._given[0], around[here], 0)
            for offset in range(1, self._reach):
                total += np.take(self._given[offset], around[here + offset], 0)
            out[here + 1] = _positive(total, self._first_bias)
        return out

    def _convolved(self, first: Floats, at: npt.NDArray[np.intp]) -> Floats:
        """The second convolution for the words `at`; two empty rows at either end."""
        width = self._width
        out = np.zeros((len(first) + 2, width), np.float32)
        windows = sliding_window_view(first.reshape(-1), 3 * width)[::width]
        for begin in range(0, len(at), BLOCK):
            here = at[begin : begin + BLOCK]
            seen = windows[here]
            out[here + 2] = seen[:, width : 2 * width] + _positive(seen @ self._second, self._second_bias)
        return out

    def _last(self, before: Floats, here: Floats, after: Floats, same: Floats) -> Floats:
        total = before @ self._third[: self._width]
        for number, part in enumerate((here, after, same), 1):
            total += part @ self._third[number * self._width : (number + 1) * self._width]
        return here + _positive(total, self._third_bias)

    @staticmethod
    def _averaged(x: Floats, words: list[str], candidates: npt.NDArray[np.intp]) -> Floats:
        """For each candidate the mean state of the same word (in any case) over the document; zeros for small words."""
        numbers: dict[str, int] = {}
        named = [words[at] for at in candidates.tolist()]
        forms = [word.lower() for word in named]
        group = np.array([numbers.setdefault(form, len(numbers)) for form in forms], np.intp)
        large = np.array([form != word for form, word in zip(forms, named, strict=True)], np.float32)[:, None]
        order = np.argsort(group, kind="stable")
        sizes = np.bincount(group)
        total = np.add.reduceat(x[order], np.concatenate([[0], np.cumsum(sizes)[:-1]]), 0)
        total /= sizes[:, None]
        return np.asarray(total[group] * large, np.float32)


def _around(at: npt.NDArray[np.intp], size: int, step: int) -> npt.NDArray[np.intp]:
    """The places `at` and those `step` before and after each, in order, inside a text of `size` words."""
    wanted = np.zeros(size + 2 * step, bool)
    for offset in (0, step, 2 * step):
        wanted[at + offset] = True
    return np.flatnonzero(wanted[step:-step])


def _positive(x: Floats, bias: Floats) -> Floats:
    x += bias
    return np.maximum(x, 0, out=x)


@cache
def default() -> Network:
    """The network that comes with the project, read once, at first use."""
    return Network.read(files("processors") / "models" / "tagger.npz")
