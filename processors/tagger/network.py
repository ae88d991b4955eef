"""The network at work: from words to the probability of each tag, in numpy.

What a word gives to its surroundings is computed once and kept. Three convolutions then see it in its place; between
the second and the third, all occurrences of the same word in the document are averaged, so that what is clear in one
sentence helps in another. The later steps are taken only as far as they bear on where a name can stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import chain, filterfalse
from typing import Any

import numpy as np
import numpy.typing as npt

from processors.tagger.features import Lexicon, spelling

Floats = npt.NDArray[np.float32]
MOST_WORDS = 20_000
KEPT = 32_768
STAYING = 24_576
MADE = 32
BLOCK = 2048
_NEAR = np.arange(3)


class Network:
    """Weights and the vectors of the words met so far. The answer never depends on what was met before."""

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self._lexicon = Lexicon(arrays)
        self._tables = {
            name[:-5]: (arrays[name], arrays[name[:-5] + "_scale"]) for name in arrays if name.endswith("_int8")
        }
        dense = {name: value.astype(np.float32) for name, value in arrays.items() if value.dtype == np.float16}
        self._word, self._word_bias = dense["word"], dense["word_bias"]
        known = self._lexicon.size + sum(table.shape[1] for table, _ in self._tables.values())
        self._bits = 1 << np.arange(len(self._word) - known)
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
        self._uses = np.zeros(KEPT, np.int64)
        # Filled, not left to be mapped bit by bit: the memory that it will take is taken at the start.
        self._given: Floats = np.full((self._reach, KEPT, self._width), 0, np.float32)

    @classmethod
    def read(cls, path: Any) -> Network:
        """The network of a weights file (.npz)."""
        with path.open("rb") as stream, np.load(stream) as arrays:
            return cls({name: arrays[name] for name in arrays})

    def _embed(self, name: str, rows: Sequence[int]) -> Floats:
        table, scale = self._tables[name]
        return np.asarray(table[rows] * scale[rows], np.float32)

    def _made(self, words: Sequence[str]) -> Floats:
        """What each word gives to its surroundings, of shape (words, reach * width); of `MADE` words at most."""
        at = [spelling(word) for word in words]
        sizes = [len(one.grams) for one in at]
        counts = np.array(sizes, np.float32)[:, None]
        every = list(chain.from_iterable(one.grams for one in at))
        grams = np.add.reduceat(self._embed("grams", every), np.cumsum([0, *sizes[:-1]]))
        # Always as many rows, so that a word's numbers are the same bits whatever words it comes with.
        parts = np.zeros((MADE, len(self._word)), np.float32)
        np.concatenate(
            (
                self._lexicon.vectors(words),
                self._embed("form", [one.form for one in at]),
                self._embed("prefix", [one.prefix for one in at]),
                self._embed("suffix", [one.suffix for one in at]),
                self._embed("shape", [one.shape for one in at]),
                grams / np.sqrt(counts),
                (self._lexicon.marks(words)[:, None] & self._bits) > 0,
            ),
            axis=1,
            out=parts[: len(words)],
        )
        return (_positive(parts @ self._word, self._word_bias) @ self._first)[: len(words)]

    def _slots(self, words: list[str]) -> npt.NDArray[np.intp]:
        """Each word's row in what is kept, new ones added. There are at most `MOST_WORDS` words."""
        missing = self._missing(words)
        for staying in (STAYING, 0):
            if len(self._known) + len(missing) >= KEPT:
                self._forget(staying)
                missing = self._missing(words)
        known = self._known
        for begin in range(0, len(missing), MADE):
            here = missing[begin : begin + MADE]
            rows = slice(len(known) + 1, len(known) + 1 + len(here))
            self._given[:, rows] = self._made(here).reshape(len(here), self._reach, self._width).transpose(1, 0, 2)
            known.update(zip(here, range(rows.start, rows.stop), strict=True))
        slots = np.fromiter(map(known.__getitem__, words), np.intp, len(words))
        self._uses[slots] += 1
        return slots

    def _missing(self, words: list[str]) -> list[str]:
        return list(dict.fromkeys(filterfalse(self._known.__contains__, words)))

    def _forget(self, staying: int) -> None:
        """Keeps so many words: those that the most documents had, of these alike the latest. Counts fall by half."""
        words = list(self._known)
        order = np.argsort(self._uses[1 : len(words) + 1], kind="stable") + 1
        rows = np.sort(order[len(words) - min(staying, len(words)) :])
        for begin in range(0, len(rows), BLOCK):
            here = rows[begin : begin + BLOCK]
            self._given[:, begin + 1 : begin + 1 + len(here)] = self._given[:, here]
        self._uses[1 : len(rows) + 1] = self._uses[rows] // 2
        self._uses[len(rows) + 1 :] = 0
        self._known = {words[row - 1]: number for number, row in enumerate(rows.tolist(), 1)}

    def probabilities(self, words: list[str], candidates: npt.NDArray[np.intp]) -> Floats:
        """The probability of each tag for the words at `candidates`, of shape (candidates, tags).

        `words` holds at most `MOST_WORDS` words, the whole document.
        """
        wanted = _around(candidates, len(words), 2)
        near = _around(wanted, len(words), 1)
        read = _around(near, len(words), self._reach // 2)
        slots = np.zeros(len(words), np.intp)
        slots[read] = self._slots([words[at] for at in read.tolist()])
        first = self._contextual(slots, near)
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
        for begin in range(0, len(at), BLOCK):
            here = at[begin : begin + BLOCK]
            seen = np.take(first, (here[:, None] + _NEAR).ravel(), 0).reshape(len(here), -1)
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
