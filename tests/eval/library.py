"""The articles that relevance is measured on: a list of places and digests, joined with texts that stand elsewhere.

`tests/data/relevance/README.md` says where the texts are from and how old each article is held to be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from processors.training.corpora import Document, gum
from processors.training.topics_real import digest, read_article
from schemas.article import RawArticle
from schemas.identity import article_id

FOLDER = Path(__file__).parents[1] / "data" / "relevance"
GUM = "ner/gum/tsv"
#: What stands behind is left out: some of MASC's texts are whole books.
MOST_CHARACTERS = 12_000
#: GUM's talk and fiction start without a heading.
_HEADED = ("news", "interview", "bio", "academic", "voyage", "whow", "essay", "letter", "textbook")
_NO_HEADING = tuple(".!?…\"”'")


@dataclass(frozen=True, slots=True)
class Story:
    """An article of the library.

    `at` is its place (a file, after `#` a line or a member), `hours` how much older it is than the newest.
    """

    at: str
    title: str
    text: str
    hours: float

    @property
    def raw(self) -> RawArticle:
        """The article as a source would have given it, without its date."""
        return RawArticle(
            id=article_id(None, f"{self.at}\n{self.text}"),
            source=self.at.partition("#")[0].partition("/")[0].partition("_")[0],
            origin=self.at,
            title=self.title or None,
            content=self.text,
            language="en",
            fetched_at=datetime.fromisoformat("2026-11-01T00:00:00+00:00"),
        )

    def dated(self, now: datetime) -> RawArticle:
        """The same, published so many hours before `now`."""
        moment = now - timedelta(hours=self.hours)
        return self.raw.model_copy(update={"published": moment.isoformat(), "fetched_at": moment})


def stories(data: Path, texts: Path | None) -> Iterator[Story]:
    """The articles whose texts are at hand: those of `data`, and those of `texts` where that is named.

    Raises:
        FileNotFoundError: a text is not where it should be.
        ValueError: a text is another one than was judged.
    """
    headed = gum(data, _HEADED)
    for line in (FOLDER / "articles.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if texts is None and not is_free(row["at"]):
            continue
        title, text = read(row["at"], data, texts, headed)
        if digest(title, text) != row["sha256"]:
            raise ValueError(f"{row['at']} is not the text that was judged: take the release that the README names")
        yield Story(row["at"], title, text, row["hours"])


def is_free(at: str) -> bool:
    """Whether the text stands among the free corpora."""
    return at.startswith(("ner/", "text/"))


def read(at: str, data: Path, texts: Path | None, headed: dict[str, Document]) -> tuple[str, str]:
    """Title (may be empty) and text of a place."""
    if at.startswith(GUM):
        return _headed(headed[Path(at).stem]) if Path(at).stem in headed else read_article(data, at)
    title, text = read_article(data if is_free(at) or texts is None else texts, at)
    return title, text[:MOST_CHARACTERS]


def _headed(document: Document) -> tuple[str, str]:
    first, *rest = (sentence.text for sentence in document.sentences)
    if first.endswith(_NO_HEADING):
        return "", " ".join([first, *rest])[:MOST_CHARACTERS]
    return first, " ".join(rest)[:MOST_CHARACTERS]
