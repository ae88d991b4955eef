"""What a query says, as a tree: frozen values that compare by meaning, each with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

# Thai, Burmese, Khmer and the scripts of China, Japan and Korea write words without spaces between them.
UNSPACED = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"

Scope = Literal["all", "title", "body"]
Manner = Literal["words", "exact", "prefix"]


class QueryError(ValueError):
    """The query cannot be carried out as it stands.

    The message names what is wrong and the way out. It stands at `at` in the text, `length` characters long; `mend` is
    the whole text put right, where that is evident.
    """

    def __init__(self, message: str, at: int = 0, length: int = 1, mend: str | None = None) -> None:
        super().__init__(message)
        self.message, self.at, self.length, self.mend = message, at, length, mend


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a part of a query stands in its text, in characters; two parts are equal wherever they stand."""

    at: int = field(default=0, compare=False)
    length: int = field(default=0, compare=False)

    @property
    def end(self) -> int:
        """The place after its last character."""
        return self.at + self.length


@dataclass(frozen=True, slots=True)
class Word(Placed):
    """One word of the title or the text."""

    text: str
    scope: Scope = "all"


@dataclass(frozen=True, slots=True)
class Phrase(Placed):
    """Words that follow each other; or, with `within`, stand in any order with at most so many others between them."""

    text: str
    scope: Scope = "all"
    within: int | None = None


@dataclass(frozen=True, slots=True)
class Prefix(Placed):
    """Words that start with these letters."""

    text: str
    scope: Scope = "all"


@dataclass(frozen=True, slots=True)
class Near(Placed):
    """Two things with at most `within` words between them, in any order."""

    left: Node
    right: Node
    within: int


@dataclass(frozen=True, slots=True)
class Named(Placed):
    """A field with a value: `words` of a name, the `exact` value, or a `prefix` of a word of the name."""

    field: str
    value: str
    manner: Manner = "words"


@dataclass(frozen=True, slots=True)
class Dates(Placed):
    """Articles dated from `since` on and before `until`; either may be open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class And(Placed):
    """All of these."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Placed):
    """Any of these. A list of values (`lang:en,fr`) is one, with `is_list`."""

    items: tuple[Node, ...]
    is_list: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Not(Placed):
    """All but this."""

    item: Node


@dataclass(frozen=True, slots=True)
class Everything(Placed):
    """Every article: what an empty query asks for."""


Text: TypeAlias = Word | Phrase | Prefix | Near
Node: TypeAlias = Text | Named | Dates | And | Or | Not | Everything


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood.

    `text` is what was typed, `root` what it says. `hints` tell in words of what may have been meant otherwise.
    """

    text: str = field(compare=False)
    root: Node
    hints: tuple[str, ...] = field(default=(), compare=False)
