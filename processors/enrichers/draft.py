"""The article while it is being enriched: what each enricher reads, and what it adds to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from schemas.article import Cut, Entity, Note, Precision, RawArticle, Topic
from schemas.repeated import RepeatedLine


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known so far. `extracted` is the text before furniture was cut from it, `text` is the clean one.

    Offsets of cuts count in `extracted`, offsets of mentions in `text`, both in characters. `repeated` is what was
    learned of the article's source: its repeated lines, each under its `line`.
    """

    raw: RawArticle
    repeated: Mapping[str, RepeatedLine] = field(default_factory=dict)
    title: str = ""
    extracted: str = ""
    text: str = ""
    truncated: bool = False
    authors: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    language: str | None = None
    language_confidence: float | None = None
    published_hint: str | None = None
    published_at: datetime | None = None
    published_precision: Precision | None = None
    content_hash: str = ""
    near: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    topics: tuple[Topic, ...] = ()
    keywords: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def noted(self, enricher: str, message: str) -> Draft:
        """The same draft with one more note in it."""
        return replace(self, notes=(*self.notes, Note(enricher=enricher, message=message)))


@dataclass(frozen=True, slots=True)
class Enricher:
    """One step: a pure function from draft to draft. `fills` names the only fields that it may change.

    Raise `version` whenever the same input gives another output: every stored article says which made it.
    """

    name: str
    version: int
    run: Callable[[Draft], Draft]
    fills: tuple[str, ...]
