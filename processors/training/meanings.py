"""What a name may mean besides the one thing looked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from processors.linker import normal
from processors.tagger.tokens import tokenize
from processors.training import corpora


@dataclass(frozen=True, slots=True)
class Meanings:
    """Words of running text, names of places, parts of names of people; all as names are looked up."""

    words: frozenset[str]
    places: frozenset[str]
    people: frozenset[str]

    @classmethod
    def of(cls, data: Path, places: Iterable[str], people: Iterable[str]) -> Meanings:
        """From the texts of the data folder and names of places and people."""
        counts = Counter(
            word
            for document in corpora.plain_texts(data)
            for one in document.sentences
            for word in tokenize(one.text).words
            if word.islower()
        )
        return cls(
            frozenset(word for word, count in counts.items() if count >= 2),
            frozenset(map(normal, places)),
            frozenset(part for name in people for part in normal(name).split()),
        )

    def plain(self, key: str) -> bool:
        """Whether the name is a place, or nothing but words and parts of people's names."""
        return key in self.places or all(
            self._other(part) or self._other(part.removesuffix("s")) for part in key.split()
        )

    def _other(self, part: str) -> bool:
        return part in self.words or part in self.people or part in self.places
