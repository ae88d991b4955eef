"""What is shown in one pass of training: a choice of the documents, varied, and stories of the wire."""

from __future__ import annotations

import random
from pathlib import Path

from processors.training import lexicon, synthetic
from processors.training.corpora import Document
from processors.training.examples import Example, varied
from processors.training.names import Names
from processors.training.renamed import Renamer

# How much of a corpus is seen in one pass: little of tweets and contracts, all of most others.
SEEN = {"btc": 0.25, "wnut": 0.35, "sec": 0.3}
WIRE_STORIES = 200


class Variations:
    """Choices of the documents, each with its own variation of them and its own stories of the wire."""

    def __init__(self, data: Path, seed: int) -> None:
        self._names = Names.read(data)
        self._renamer = Renamer(self._names)
        self._cities = lexicon.cities()
        self._seed = seed

    def of(self, documents: list[Document], turn: int, seen: dict[str, float] = SEEN) -> list[Example]:
        """The documents for one pass, of each corpus named in `seen` that part."""
        chance = random.Random(f"{self._seed}/{turn}")
        chosen = part(documents, seen, f"{self._seed}/{turn}")
        wire = list(synthetic.stories(self._names, WIRE_STORIES, f"{self._seed}/{turn}"))
        return [varied(self._renamer.renamed(one, chance), chance, self._cities) for one in chosen + wire]


def part(documents: list[Document], seen: dict[str, float], seed: str) -> list[Document]:
    """Of each corpus the share that `seen` names, by chance; all of others."""
    chance = random.Random(seed)
    return [one for one in documents if chance.random() < seen.get(one.corpus, 1)]
