"""Documents as the tagger's words with one tag each, and how they are varied for training."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from processors.tagger.tokens import tokenize
from processors.training.corpora import Document, Sentence

TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-EVT", "I-EVT")
UNKNOWN = -1
_BEGIN = {tag[2:]: number for number, tag in enumerate(TAGS) if tag.startswith("B-")}


@dataclass(frozen=True, slots=True)
class Example:
    """Words of one document; `tags` holds one index into `TAGS` a word, `UNKNOWN` where nothing is known."""

    corpus: str
    words: list[str]
    tags: npt.NDArray[np.int8]


def joined(document: Document, joint: str) -> tuple[str, list[int]]:
    """The document's sentences as one text, and where each starts."""
    starts, size = [], 0
    for one in document.sentences:
        starts.append(size)
        size += len(one.text) + len(joint)
    return joint.join(one.text for one in document.sentences), starts


def example(document: Document, joint: str = " ") -> Example:
    """The document's sentences in one row of words, joined by `joint`."""
    text, shifts = joined(document, joint)
    words, starts, ends = tokenize(text)
    tags = np.zeros(len(words), np.int8)
    at = np.asarray(starts)
    until = np.asarray(ends)
    placed = list(zip(document.sentences, shifts, strict=True))
    for start, end in ((a + shift, b + shift) for one, shift in placed for a, b in one.masked):
        tags[(at < end) & (until > start)] = UNKNOWN
    for start, end, kind in ((a + shift, b + shift, kind) for one, shift in placed for a, b, kind in one.spans):
        inside = np.flatnonzero((at < end) & (until > start))
        tags[inside] = _BEGIN[kind] + 1
        tags[inside[:1]] = _BEGIN[kind]
    return Example(document.corpus, words, tags)


def recased(one: Sentence, chance: random.Random) -> Sentence:
    """The sentence in capitals, as headlines and tables of the wire are, or with each word capitalised."""
    if chance.random() < 0.5:
        text = one.text.upper()
    else:
        text = "".join(
            letter.upper() if before in " “\"'(-" else letter
            for before, letter in zip(" " + one.text, one.text, strict=False)
        )
    return replace(one, text=text) if len(text) == len(one.text) else one


_AGENCIES = ("Reuters", "AP", "AFP", "Xinhua", "TASS", "Interfax", "UPI", "dpa", "Bloomberg")
_MONTHS = "January February March April May June July August September October November December".split()


def dateline(city: str, chance: random.Random) -> Sentence:
    """A line such as a wire story opens with: a place, often a date, often the agency."""
    style = chance.randrange(4)
    place = city if style == 3 else city.upper()
    text, spans = place, [(0, len(place), "LOC")]
    if style == 0:
        text += f" {chance.randrange(1950, 2030)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        return Sentence(text + "\n", tuple(spans))
    if style == 1:
        text += f", {chance.choice(_MONTHS)[:3]} {chance.randrange(1, 29)}"
    agency = chance.choice(_AGENCIES)
    text += " ("
    spans.append((len(text), len(text) + len(agency), "ORG"))
    return Sentence(text + agency + ") " + chance.choice("-–—"), tuple(spans))


def varied(document: Document, chance: random.Random, cities: list[str]) -> Example:
    """The document with some sentences recased, sometimes under a dateline, with line breaks here and there."""
    sentences = [recased(one, chance) if chance.random() < 0.06 else one for one in document.sentences]
    if document.corpus in ("gmb", "gum", "silver") and chance.random() < 0.12:
        sentences.insert(0, dateline(chance.choice(cities), chance))
    joint = "\n" if chance.random() < 0.35 else " "
    return example(replace(document, sentences=tuple(sentences)), joint)
