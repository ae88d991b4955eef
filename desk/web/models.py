"""The API's answers, as OpenAPI tells them; the facts come from where the pages and the terminal have them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from desk.search.found import Facet, Histogram, Loosened
from desk.search.suggest import Suggestion
from schemas.article import EnrichedArticle
from schemas.dead import DeadLetter
from schemas.source import SourceKind, SourceSpec


class Article(EnrichedArticle):
    """An article as it is indexed, with plain title and text.

    Places in the text are counted in characters. `date` is when it was published, or fetched where that is not known.
    """

    model_config = ConfigDict(extra="ignore")

    title: str  # type: ignore[assignment]  # the index keeps it under its language
    text: str  # type: ignore[assignment]


class HitCopies(BaseModel):
    """The other articles with the same text: how many, and of which sources."""

    count: int
    sources: list[str]


class FoundArticle(Article):
    """An article that was found, and what the search says of it.

    `score` is how well it fits, none where that was not asked for. `highlights` are pieces of title and text with the
    matches in `<em>`; the rest of them is as it stands in the article, and nothing is escaped. `copies` is there where
    others have the same text, `shares` where it came as alike: what the two have in common.
    """

    score: float | None
    highlights: list[str]
    copies: HitCopies | None = None
    shares: list[str] | None = None


class SearchAnswer(BaseModel):
    """One page of a search."""

    query: str = Field(description="The query as it was asked.")
    read_as: str = Field(description="How it was understood.")
    total: int = Field(description="Articles found, exactly, copies included.")
    hits: list[FoundArticle]
    next: str | None = Field(description="Give this as `after` for the next page.")
    newest: datetime | None = Field(description="The newest `fetched_at` that can be searched at all.")
    took_ms: int
    partial: str | None = Field(description="What is missing of the answer, where it was cut short.")
    facets: list[Facet]
    histogram: Histogram | None
    spelling: str | None = Field(description="The query with words as the index knows them, where few were found.")
    loosened: list[Loosened] = Field(description="Ways to find more, where nothing was found.")
    nearly: list[FoundArticle] = Field(description="The best that lack some of the words, where few have all.")


class Related(BaseModel):
    """Articles that belong to another one, the closest first."""

    hits: list[FoundArticle]


class Suggestions(BaseModel):
    """What begins as was typed, the most frequent first."""

    suggestions: list[Suggestion]


class Place(BaseModel):
    """Where in a query it is wrong."""

    at: int = Field(description="The first character, from 0.")
    length: int
    mend: str | None = Field(description="The whole query put right, where that is evident.")


class WrongParameter(BaseModel):
    """A parameter, and what is wrong with it."""

    parameter: str
    problem: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Which kind of problem: an address on the reference page.")
    title: str
    status: int
    detail: str = Field(description="What happened here.")
    instance: str = Field(description="The path that was asked.")
    next: str = Field(description="The next step.")
    place: Place | None = Field(None, description="For a query: where it is wrong.")
    parameters: list[WrongParameter] | None = Field(None, description="For parameters: which.")


class SourceRows(BaseModel):
    """The sources, as they were known at that time; none where Kafka told nothing yet."""

    at: datetime | None
    sources: list[dict[str, Any]]


class NewSource(BaseModel):
    """A source to follow; what is left out is what is found at the address, as `wiredesk feed add` finds it."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=4096, description="Address of a site, a feed, a sitemap or an article.")
    kind: Literal["feed", "sitemap", "page", "url"] | None = Field(None, description="What is there.")
    name: str | None = Field(None, max_length=200, description="What it is called; by default, as it calls itself.")
    links: str = Field("", max_length=1000, description="For a page: a CSS selector or XPath of its links to articles.")
    every: str = Field("15m", max_length=10, description="How often to look, as `30s`, `5m`, `2h` or `1d`.")
    language: str | None = Field(None, max_length=35, description="Language of articles that do not say theirs.")


class AddedSource(BaseModel):
    """The entry that stands in the file of sources now."""

    source: SourceSpec


class Candidate(BaseModel):
    """Something at an address that can be followed."""

    kind: SourceKind
    url: str
    title: str | None
    items: int = Field(description="Articles that it lists now.")
    newest: datetime | None


class Refused(BaseModel):
    """Something that could not be taken, and why."""

    place: str
    reason: str


class CheckedSource(BaseModel):
    """What following an address would give; nothing was written, and nothing published."""

    candidates: list[Candidate] = Field(description="What can be followed there, the most useful first.")
    source: SourceSpec = Field(description="The entry that would be written.")
    articles: list[dict[str, Any]] = Field(description="Its first articles, as they would be indexed.")
    refused: list[Refused] = Field(description="Articles that could not be had.")


class CheckedStage(BaseModel):
    """One stage of looking at a source."""

    stage: str
    fine: bool
    said: str


class CheckedStages(BaseModel):
    """The stages up to and with the first that fails."""

    fine: bool
    stages: list[CheckedStage]


class Letter(DeadLetter):
    """A dead letter; `key` and `value`, its original bytes in base64, only where one letter is asked for."""

    key: str | None = None
    value: str | None = None


class DeadLetters(BaseModel):
    """Open dead letters: how many there are, and the oldest of them."""

    total: int
    letters: list[Letter]


class Done(BaseModel):
    """What was done, and with what."""

    done: str
    what: str
