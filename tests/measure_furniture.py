"""How well furniture is told from story: `python -m tests.measure_furniture [ARCHIVE.zip | PAGES.jsonl ...]`.

Scores the hand-labelled passages of `tests/data/furniture`, by word. Every text in an archive that is named is taken
for clean: what is cut there is wrong. A file of pages is labelled line by line, in the form that the passages have.
`measured` gives the same figures to other programs.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from processors.enrichers.draft import Draft
from processors.enrichers.furniture import FURNITURE
from schemas.article import RawArticle

FOLDER = Path(__file__).parent / "data" / "furniture"
TOLERATED_LOSS = 0.05

# A word, or a character of a script that is written without spaces.
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W\u3040-\u30ff\u4e00-\u9fff]+")
_TAG = re.compile(r"(\S+)_\S+")


@dataclass(frozen=True, slots=True)
class Passage:
    """An invented page, its lines labelled: `s` for story, `f` for furniture."""

    language: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Precision and recall of what was cut, in words, and the share of texts that lost over 5 % of their story."""

    texts: int
    precision: float
    recall: float
    damaged: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / (self.precision + self.recall or 1)

    def __str__(self) -> str:
        return (
            f"{self.texts} texts, precision {self.precision:.3f}, recall {self.recall:.3f}, F1 {self.f1:.3f}, "
            f"{self.damaged:.1%} lose over {TOLERATED_LOSS:.0%} of their story"
        )


def passages(half: str) -> list[Passage]:
    """The labelled passages of one half: `build` to find rules by, `held` to judge them."""
    return labelled(FOLDER / f"{half}.jsonl")


def labelled(path: Path) -> list[Passage]:
    """The passages or pages of a file, labelled line by line."""
    with path.open(encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    return [Passage(one["language"], tuple((label, text) for label, text in one["lines"])) for one in read]


def words(text: str) -> int:
    """How many words `text` has; each Chinese or Japanese character counts as one."""
    return len(_WORD.findall(text))


def cut_lines(lines: Iterable[str]) -> set[int]:
    """The numbers of the lines that are cut from a text of these."""
    text = "\n".join(lines)
    raw = RawArticle(id="0" * 32, source="s", origin="o", fetched_at=datetime(2026, 1, 1, tzinfo=UTC), content="")
    cuts = FURNITURE.run(Draft(raw=raw, extracted=text, text=text)).cuts
    return {text.count("\n", 0, cut.start) for cut in cuts}


def score(found: Iterable[Passage]) -> Score:
    """Scores the enricher on labelled texts."""
    right = cut = labelled = damaged = texts = 0
    for passage in found:
        gone = cut_lines(text for _, text in passage.lines)
        sizes = [(label, words(text), number in gone) for number, (label, text) in enumerate(passage.lines)]
        story = sum(size for label, size, _ in sizes if label == "s")
        lost = sum(size for label, size, is_cut in sizes if label == "s" and is_cut)
        right += sum(size for label, size, is_cut in sizes if label == "f" and is_cut)
        cut += sum(size for _, size, is_cut in sizes if is_cut)
        labelled += sum(size for label, size, _ in sizes if label == "f")
        damaged += lost > TOLERATED_LOSS * story
        texts += 1
    return Score(texts, right / cut if cut else 1.0, right / labelled if labelled else 1.0, damaged / max(texts, 1))


def measured() -> Score:
    """What the enricher reaches on the held-out passages.

    Returns:
        The number of passages (`texts`), `precision`, `recall` and `f1` of the words that were cut, and the share of
        passages that lost over 5 % of the words of their story (`damaged`); all shares are between 0 and 1.
    """
    return score(passages("held"))


def mistakes(found: Iterable[Passage]) -> Iterator[str]:
    """The lines that were judged wrongly, each with its label and language."""
    for passage in found:
        gone = cut_lines(text for _, text in passage.lines)
        for number, (label, text) in enumerate(passage.lines):
            if (label == "f") != (number in gone):
                yield f"{label} {passage.language} {text}"


def clean_texts(archive: Path) -> list[Passage]:
    """Every text of an archive as a passage that is all story; tags such as `_NN` are taken off."""
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if name.endswith(".txt") and "README" not in name]
        texts = [opened.read(name).decode("utf-8", "replace") for name in names]
    return [Passage("en", tuple(("s", _TAG.sub(r"\1", line)) for line in text.split("\n"))) for text in texts]


def main(paths: list[str]) -> None:
    """Prints the scores, and what the rules get wrong in the half that they may be built by."""
    print(f"build: {score(passages('build'))}")
    print(f"held: {measured()}")
    for path in map(Path, paths):
        found = labelled(path) if path.suffix == ".jsonl" else clean_texts(path)
        print(f"{path}: {score(found)}; {len(list(mistakes(found)))} lines judged wrongly")
    print(*mistakes(passages("build")), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
