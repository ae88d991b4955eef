"""Entities on running text: exact spans and types, on the sets that nothing was learned from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from processors import linker
from processors.tagger import network
from processors.training import corpora, measure, newswire, splits
from processors.training.score import MAIN, Tally
from tests.eval.figure import Figure
from tests.eval.text import DATA, NO_TEXTS

NAMES = {
    "ewt": "English Web Treebank, test",
    "gmb": "Voice of America (GMB), held out",
    "politics": "CrossNER politics, test",
    "gum-news": "GUM news, held out",
}
NEWSWIRE = "ABC news stories, labelled by hand"
LABELS = DATA / "newswire" / "lee.jsonl"
WANTED = {"ewt": 0.70, "gmb": 0.76}


def entities(data: Path, texts: Path | None) -> Iterator[Figure]:
    """F1, precision and recall over people, organisations and places together, then F1 by type."""
    for name, documents in splits.held_out(data).items():
        yield from _of(NAMES[name], measure.tally(documents, network.default()), WANTED.get(name))
    if texts is None:
        yield Figure("entities", NEWSWIRE, "F1", None, wanted=0.785, remark=NO_TEXTS)
        return
    stories = newswire.read(texts / "lee.cor", LABELS)
    yield from _of(NEWSWIRE, measure.tally(stories, network.default()), 0.785, {"ORG": 0.67})


def _of(
    name: str, tally: Tally, wanted: float | None, by_type: Mapping[str, float] = MappingProxyType({})
) -> Iterator[Figure]:
    right, proposed, gold = tally.sums()
    yield Figure("entities", name, "F1", tally.f1(), gold, wanted=wanted)
    yield Figure("entities", name, "precision", right / max(proposed, 1), proposed)
    yield Figure("entities", name, "recall", right / max(gold, 1), gold)
    for kind in (*MAIN, "EVT"):
        if tally.wanted[kind]:
            yield Figure("entities", name, f"F1 {kind}", tally.f1(kind), tally.wanted[kind], wanted=by_type.get(kind))


def linking(data: Path) -> Iterator[Figure]:
    """Of the mentions whose Wikipedia page GUM names: how many of our links are right, and how many got theirs."""
    found = measure.linking(corpora.gum(data).values(), network.default(), linker.default())
    linked = found.right + found.wrong
    name = "GUM, Wikipedia pages"
    yield Figure("linking", name, "precision", found.right / max(linked, 1), linked, wanted=0.95)
    yield Figure("linking", name, "recall, of pages in the table", found.right / max(found.linkable, 1), found.linkable)
