"""Stories of the wire made from patterns and lists of names: results, standings, earnings, ratings, headlines.

No corpus at hand has such text, and in it a city may be a club, a line may be all capitals and have no verb.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from importlib.resources import files

from processors.training.corpora import Document, Sentence, Span
from processors.training.names import Maker, Names, acronym

_SLOT = re.compile(r"\{(\w+)(?::(\w))?\}")
_TYPES = {
    "PER": "per sur init",
    "LOC": "loc city cty cc hall",
    "ORG": "cteam usteam nick cityteam county club make league org sho air agency news body bank exch rate party "
    "police acr group univ court union firm hospital ebody bureau",
}
_TYPE_OF = {kind: label for label, kinds in _TYPES.items() for kind in kinds.split()}
_TIGHT = re.compile(r" (?=[.,;:?!)%](?: |$)|'s?\b)|(?<=\() ")
_SPACED = 0.25  # the share of lines that keep a blank on either side of each stop


class Writer:
    """Fills one story's patterns; a name with a mark is the same wherever the mark stands again."""

    def __init__(self, names: Names, chance: random.Random) -> None:
        self._maker = Maker(names, chance)
        self._forms = frozenset(names.lists["form"])
        self._held: dict[tuple[str, str], str] = {}

    def line(self, pattern: str) -> Iterator[Sentence]:
        """The sentences of a pattern's line, several where it may come several times."""
        times = 1
        if pattern.startswith("*"):
            mark, _, pattern = pattern.partition(" ")
            times = self._maker.between(min(2, int(mark[1:])), int(mark[1:]))
        for _ in range(times):
            yield self._filled(pattern)

    def _filled(self, pattern: str) -> Sentence:
        capitals = pattern.startswith("^")
        pattern = pattern.removeprefix("^")
        text, at = "", 0
        spans: list[Span] = []
        for slot in _SLOT.finditer(pattern):
            before = pattern[at : slot.start()]
            text += _cased(before.removesuffix("^"), capitals)
            name = self._name(slot.group(1), slot.group(2))
            if label := _TYPE_OF.get(slot.group(1)):
                spans.append((len(text), len(text) + len(name), label))
            text += _cased(name, capitals or before.endswith("^"))
            at = slot.end()
        one = Sentence(text + _cased(pattern[at:], capitals), tuple(spans))
        return one if self._maker.sometimes(_SPACED) else tightened(one)

    def _name(self, kind: str, mark: str | None) -> str:
        if mark is None:
            return self._maker.new(kind)
        whole = {"sur": "per", "sho": "org", "acr": "group" if mark == "g" else "party", "city": "loc"}.get(kind, kind)
        if (whole, mark) not in self._held:
            self._held[whole, mark] = self._maker.new(whole)
        return self._shorter(kind, self._held[whole, mark])

    def _shorter(self, kind: str, name: str) -> str:
        words = name.split()
        if kind == "sho" and len(words) > 1 and words[-1] in self._forms:
            return " ".join(words[:-1])
        return words[-1] if kind == "sur" else acronym(name) if kind == "acr" else name


def _cased(text: str, capitals: bool) -> str:
    return text.upper() if capitals and len(text.upper()) == len(text) else text


def tightened(one: Sentence) -> Sentence:
    """The sentence as running text has it: no blanks before stops and inside brackets."""
    gone = {
        match.start()
        for match in _TIGHT.finditer(one.text)
        if not any(start <= match.start() < end for start, end, _ in one.spans)
    }

    def moved(place: int) -> int:
        return place - sum(1 for blank in gone if blank < place)

    text = "".join(letter for at, letter in enumerate(one.text) if at not in gone)
    return Sentence(text, tuple((moved(start), moved(end), label) for start, end, label in one.spans))


def patterns() -> list[list[str]]:
    """The stories' patterns, a list of lines each."""
    text = (files("processors.training") / "tables" / "wire.txt").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [block.split("\n") for block in lines.strip().split("\n\n")]


def stories(names: Names, count: int, seed: str) -> Iterator[Document]:
    """`count` stories, from all patterns in turn."""
    every = patterns()
    for number in range(count):
        writer = Writer(names, random.Random(f"wire/{seed}/{number}"))
        sentences = [one for line in every[number % len(every)] for one in writer.line(line)]
        yield Document("wire", tuple(sentences))
