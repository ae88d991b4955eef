"""What is learned from and what is measured on. The two never share a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from processors.training import corpora
from processors.training.corpora import Document, Sentence

GMB_TRAINING = 2400


def fingerprint(one: Sentence) -> str:
    """The sentence's letters and digits alone, in lower case: equal for the same sentence in two corpora."""
    return re.sub(r"[\W_]+", "", one.text.lower())


def held_out(data: Path) -> dict[str, list[Document]]:
    """The sets to measure on: web text, broadcast news, Wikipedia on politics, Wikinews."""
    news = corpora.gum(data, ["news"])
    return {
        "ewt": corpora.ewt(data, "test"),
        "gmb": corpora.gmb(data)[GMB_TRAINING:],
        "politics": corpora.crossner(data, "test", ["politics"]),
        "gum-news": [news[name] for name in sorted(news)[1::3]],
    }


def labelled(data: Path) -> list[Document]:
    """Every labelled document to learn from, gold and silver, less what is held out."""
    kept = (
        corpora.crossner(data, "train")
        + corpora.crossner(data, "dev")
        + corpora.crossner(data, "test", ["science", "literature", "music", "ai"])
        + corpora.wnut(data)
        + corpora.btc(data)
        + corpora.sec_filings(data)
        + corpora.ewt(data, "dev")
        + corpora.gmb(data)[:GMB_TRAINING]
        + list(corpora.gum(data).values())
        + corpora.silver(data)
    )
    return without(kept, data)


def without(documents: Iterable[Document], data: Path) -> list[Document]:
    """The documents less every sentence of more than 20 letters that stands in a held-out set."""
    barred = {fingerprint(one) for part in held_out(data).values() for document in part for one in document.sentences}
    found = []
    for document in documents:
        clean = tuple(one for one in document.sentences if len(mark := fingerprint(one)) <= 20 or mark not in barred)
        if clean:
            found.append(replace(document, sentences=clean))
    return found
