"""Scores of the tagger on the held-out sets, as it runs: whole documents of running text, agreement included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from processors import linker
from processors.tagger.agree import agreed
from processors.tagger.network import Network
from processors.tagger.spans import tagged
from processors.tagger.tokens import tokenize
from processors.training import corpora, splits
from processors.training.corpora import Document
from processors.training.score import Tally

KINDS = {"person": "PER", "organisation": "ORG", "place": "LOC", "event": "EVT"}


@dataclass(slots=True)
class Running:
    """A document as one text with its gold spans and masked stretches (characters)."""

    text: str = ""
    gold: set[tuple[int, int, str]] = field(default_factory=set)
    masked: list[tuple[int, int]] = field(default_factory=list)


def running(document: Document) -> Running:
    """The document's sentences as one text, a line each."""
    out = Running()
    for one in document.sentences:
        out.text += "\n" if out.text else ""
        shift = len(out.text)
        out.gold |= {(start + shift, end + shift, kind) for start, end, kind in one.spans}
        out.masked += [(start + shift, end + shift) for start, end in one.masked]
        out.text += one.text
    return out


def found(text: str, network: Network, *, agreement: bool = True) -> set[tuple[int, int, str]]:
    """The names found in a text as character spans with the corpora's types."""
    tokens = tokenize(text)
    spans = tagged(tokens, network)
    if not agreement:
        return {(tokens.starts[one.first], tokens.ends[one.last - 1], KINDS[one.kind]) for one in spans}
    clusters = agreed(spans, tokens, text)
    return {(one.start, one.end, KINDS[cluster.kind]) for cluster in clusters for one in cluster.mentions}


def tally(documents: Iterable[Document], network: Network, *, agreement: bool = True) -> Tally:
    """Right, proposed and wanted over the documents; events are counted apart, see `Tally.f1`."""
    out = Tally()
    for document in documents:
        one = running(document)
        ours = found(one.text, network, agreement=agreement)
        unknown = {
            span for span in ours - one.gold if any(span[0] < end and start < span[1] for start, end in one.masked)
        }
        out.count(one.gold, ours - unknown)
    return out


class Links(NamedTuple):
    """Linked mentions whose Wikipedia page the corpus names: right, wrong; and mentions whose page the table has."""

    right: int
    wrong: int
    linkable: int


def linking(documents: Iterable[Document], network: Network, table: linker.Table) -> Links:
    """How many mentions are linked to the entity that the corpus names by its Wikipedia page, and how many wrongly."""
    right = wrong = linkable = 0
    for document in documents:
        text = running(document).text
        pages = dict(_pages(document))
        linkable += sum(any(table.named(kind, page) for kind in "POL") for page in pages.values())
        tokens = tokenize(text)
        clusters = agreed(tagged(tokens, network), tokens, text)
        here = linker.context(tokens.words, clusters, table, text)
        for cluster in clusters:
            link = linker.link(cluster, here, table)
            named = [pages[one.start, one.end] for one in cluster.mentions if link and (one.start, one.end) in pages]
            same = sum(1 for page in named if link and link.entry in table.named(link.entry.kind, page))
            right, wrong = right + same, wrong + len(named) - same
    return Links(right, wrong, linkable)


def _pages(document: Document) -> Iterator[tuple[tuple[int, int], str]]:
    """Where a name stands in the running text, and its Wikipedia page's title without what is in brackets."""
    shift = 0
    for one in document.sentences:
        for start, end, page in one.pages:
            title = re.sub(r" \(.*\)$", "", unquote(page).replace("_", " "))
            yield (start + shift, end + shift), title
        shift += len(one.text) + 1


def lines(data: Path, weights: Path) -> Iterator[str]:
    """One line a set: F1, precision and recall over people, organisations and places, then F1 by type."""
    network = Network.read(weights)
    yield f"{weights.name}: {weights.stat().st_size / 1e6:.1f} MB"
    for name, documents in splits.held_out(data).items():
        yield f"{name:10} {tally(documents, network).line()}"
        yield f"{'':10} {tally(documents, network, agreement=False).line()}  (without agreement)"
    right, wrong, _ = linking(corpora.gum(data).values(), network, linker.default())
    yield f"links      {right / max(right + wrong, 1):.3f} right of {right + wrong} mentions whose page GUM names"
