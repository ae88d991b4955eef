"""Documents with other names in the same places, so that a name is known by where it stands and not by heart."""

from __future__ import annotations

import random
from dataclasses import replace

from processors.training.corpora import Document, Sentence, Span
from processors.training.names import Names

CHANCE = 0.25


class Renamer:
    """Gives some people and listed organisations of a document another name, the same one throughout."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._list_of = {
            name: kind for kind, listed in names.lists.items() if kind not in ("loc", "cty", "nat") for name in listed
        }

    def renamed(self, document: Document, chance: random.Random) -> Document:
        """The document with new names for about `CHANCE` of the names that can have one."""
        new = self._chosen({(one.text[a:b], kind) for one in document.sentences for a, b, kind in one.spans}, chance)
        if not new:
            return document
        return replace(document, sentences=tuple(_with(one, new) for one in document.sentences))

    def _chosen(self, found: set[tuple[str, str]], chance: random.Random) -> dict[tuple[str, str], str]:
        new: dict[tuple[str, str], str] = {}
        for name, kind in sorted(found):
            words = name.split()
            if kind == "PER" and len(words) == 2 and all(map(str.istitle, words)) and chance.random() < CHANCE:
                given, family = chance.choice(self._names.given), chance.choice(self._names.family)
                new[name, kind] = f"{given} {family}"
                new.setdefault((words[1], kind), family)
            elif kind == "ORG" and name in self._list_of and chance.random() < CHANCE:
                new[name, kind] = chance.choice(self._names.lists[self._list_of[name]])
        return new


def _with(one: Sentence, new: dict[tuple[str, str], str]) -> Sentence:
    text, at, shifts = "", 0, [(0, 0)]
    spans: list[Span] = []
    for start, end, kind in sorted(one.spans):
        name = new.get((one.text[start:end], kind), one.text[start:end])
        text += one.text[at:start]
        spans.append((len(text), len(text) + len(name), kind))
        text += name
        at = end
        shifts.append((end, len(text) - end))
    masked = tuple((start + _shift(shifts, start), end + _shift(shifts, start)) for start, end in one.masked)
    return Sentence(text + one.text[at:], tuple(spans), masked)


def _shift(shifts: list[tuple[int, int]], place: int) -> int:
    return next(by for end, by in reversed(shifts) if end <= place)
