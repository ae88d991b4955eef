"""Words and names for a made-up wire, drawn as often as in life."""

from __future__ import annotations

import random
from functools import cache
from hashlib import blake2b
from itertools import accumulate

_SYLLABLES = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er", "in", "or")]
_STARTS = {"person": 1, "organisation": 2, "place": 3}


class Pool:
    """Names drawn as often as in life: the n-th a n-th as often as the first."""

    def __init__(self, names: list[str], chance: random.Random) -> None:
        self.names, self._chance = names, chance
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(names))))

    def some(self, count: int) -> list[str]:
        """So many of them."""
        return self._chance.choices(self.names, cum_weights=self._weights, k=count)


def word(number: int) -> str:
    """A word of two to four syllables, the same one for the same number."""
    digits = blake2b(number.to_bytes(8, "big"), digest_size=5).digest()
    return "".join(_SYLLABLES[one % len(_SYLLABLES)] for one in digits[: 2 + digits[4] % 3])


@cache
def vocabulary(count: int) -> list[str]:
    """So many words."""
    return [word(number) for number in range(count)]


@cache
def names(kind: str, count: int, words: int) -> list[str]:
    """So many names of people, organisations or places, of so many words each."""
    start = _STARTS[kind] * 10_000_000
    return [" ".join(word(start + number * 7 + one).capitalize() for one in range(words)) for number in range(count)]
