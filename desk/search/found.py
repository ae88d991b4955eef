"""What a search asks and what it gives, as plain facts: the same for the terminal, the page and the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Sort = Literal["relevance", "newest", "oldest"]

# Private-use characters around a match: no text that is shown holds them.
MATCH_START, MATCH_END = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class Ask:
    """One search.

    `text` is in the query language (`desk.search.language`). `after` is the `next` of the page before, as it was given.
    Copies of one text come once, under the best of them, unless `copies` is set. `facets` asks for facets and
    histogram.
    """

    text: str = ""
    sort: Sort = "relevance"
    limit: int = 10
    after: str | None = None
    copies: bool = False
    facets: bool = False


@dataclass(frozen=True, slots=True)
class Copies:
    """The other articles with the same text as one that was found: how many, and of which sources."""

    count: int = 0
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that was found.

    `article` is the indexed document with plain `title` and `text`. In `title` and `snippets` each match stands between
    `MATCH_START` and `MATCH_END`. `shares` says what it has in common with another, where it came as alike.
    """

    article: dict[str, Any]
    score: float | None
    title: str
    snippets: tuple[str, ...] = ()
    copies: Copies = field(default_factory=Copies)
    shares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet.

    `value` is what the query language takes (a source's name, `en`, `medtop:20000639`, `Q7747` or a name), `label` what
    people read, `count` the articles with it among those found. `text` is the query with this value added, or without
    it where it `is_chosen`. `depth` is 0, or how deep a topic stands in the tree.
    """

    value: str
    label: str
    count: int
    text: str
    is_chosen: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one field (`source`, `lang`, `topic`, `person`, `org`, `place`, `event`), the most frequent first.

    `others` counts articles under values that are not listed, for fields of which an article has one value.
    """

    field: str
    label: str
    values: tuple[FacetValue, ...]
    others: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """How many articles are dated from `start` to the next bar; `text` is the query narrowed to that time.

    `all` counts every article of that time, found or not, so that a share can be told.
    """

    start: datetime
    count: int
    text: str
    all: int = 0


@dataclass(frozen=True, slots=True)
class Histogram:
    """Attention over time: bars of equal `interval` (`hour`, `day`, `week`, `month`, `year`), empty ones included."""

    interval: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Loosened:
    """A way to find more: `label` says what is left out, `text` is the query without it, `count` what that finds."""

    label: str
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    `read_as` says in words how the query was understood. `total` counts the articles exactly, copies included. `next`
    asks for the next page (`Ask.after`). `newest` is the newest `fetched_at` that can be searched at all.
    `partial` says in words what is missing of the answer, where it was cut short. `spelling` is the query with words as
    the index knows them, where few or none were found; `loosened` ways to find more, where none were. `nearly` are
    the best of the articles that lack some of the words, where few have all: they stand below `hits`, and in no count.
    """

    read_as: str
    total: int
    hits: tuple[Hit, ...]
    next: str | None = None
    newest: datetime | None = None
    took_ms: int = 0
    partial: str | None = None
    facets: tuple[Facet, ...] = ()
    histogram: Histogram | None = None
    spelling: str | None = None
    loosened: tuple[Loosened, ...] = ()
    nearly: tuple[Hit, ...] = ()
