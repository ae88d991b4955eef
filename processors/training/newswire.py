"""News stories with names labelled by hand, for measuring only: labels from a file here, text from one elsewhere.

`python -m processors.training.newswire STORIES LABELS` prints the tagger's scores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from processors.tagger import network
from processors.training import measure
from processors.training.corpora import Document, Sentence

SHA256 = "a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e"
OPEN = "?"


class Label(NamedTuple):
    """A named stretch: the story's number from 1, characters from start to end, type (`OPEN`: usage differs)."""

    story: int
    start: int
    end: int
    type: str
    surface: str


def labels(lines: Iterable[str]) -> list[Label]:
    """The labels of a JSON Lines file."""
    return [Label(**json.loads(line)) for line in lines if line.strip()]


def documents(stories: list[str], found: Iterable[Label]) -> list[Document]:
    """Each story as a document of one sentence; raises ValueError where a label does not fit the text."""
    of_story: dict[int, list[Label]] = {}
    for one in found:
        if not 1 <= one.story <= len(stories) or stories[one.story - 1][one.start : one.end] != one.surface:
            raise ValueError(
                f"story {one.story} does not read {one.surface!r} at {one.start}: is it the text labelled?"
            )
        of_story.setdefault(one.story, []).append(one)
    return [_document(story, of_story.get(number, [])) for number, story in enumerate(stories, 1)]


def _document(story: str, found: list[Label]) -> Document:
    spans = tuple((one.start, one.end, one.type) for one in found if one.type != OPEN)
    masked = tuple((one.start, one.end) for one in found if one.type == OPEN)
    return Document("newswire", (Sentence(story, spans, masked),))


def read(stories: Path, labelled: Path) -> list[Document]:
    """The stories (one a line, Latin-1) with their labels; raises ValueError if the text is another."""
    content = stories.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{stories} is not the labelled text: take lee.cor of the package gensim 4.4.0")
    return documents(content.decode("latin-1").splitlines(), labels(labelled.read_text(encoding="utf-8").splitlines()))


def main() -> int:
    """Reads the arguments, prints the scores."""
    parser = argparse.ArgumentParser(prog="python -m processors.training.newswire", description=__doc__)
    parser.add_argument("stories", type=Path, help="lee.cor of the package gensim 4.4.0")
    parser.add_argument("labels", type=Path, help="the labels, JSON Lines")
    given = parser.parse_args()
    try:
        stories = read(given.stories, given.labels)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"newswire   {measure.tally(stories, network.default()).line()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
