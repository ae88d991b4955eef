"""The article on its way: raw as it was fetched, and enriched as it is indexed.

Every message on a stream is the UTF-8 JSON of one of these models. A published version never changes in a way
that breaks a reader; `schemas/versions/` holds each, and `tests/contract/test_versions.py` compares.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


class Contract(BaseModel):
    """A frozen model that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Indexed:
    """How Elasticsearch maps the field that carries this annotation; `schemas.index` reads it."""

    def __init__(self, **mapping: Any) -> None:
        self.mapping = mapping


def _utc_milliseconds(moment: datetime) -> datetime:
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC it is before the year 1 or after 9999") from None
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


KEYWORD = Indexed(type="keyword", ignore_above=8191)
FACET_NAME = Indexed(type="keyword", ignore_above=512, fields={"words": {"type": "text", "analyzer": "wiredesk_name"}})
STORED_ONLY = Indexed(type="object", enabled=False)
NOT_INDEXED = Indexed(type="keyword", index=False, doc_values=False)

UtcMoment = Annotated[AwareDatetime, AfterValidator(_utc_milliseconds)]
ArticleId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Score = Annotated[float, Field(ge=0, le=1)]
EntityType = Literal["person", "organisation", "place", "event"]
Precision = Literal["second", "minute", "hour", "day", "month", "year"]


class RawArticle(Contract):
    """One article as a source gave it, page furniture and all: what stands on `articles.raw`.

    `id` is `schemas.identity.article_id` of it. `published` and `language` are what the source said, unchecked;
    `origin` is where it was read (a path, a feed's address); `metadata` keeps what else the source said.
    `also_from` names the other sources that gave the same article.
    """

    schema_version: Literal[1] = 1
    id: ArticleId
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    origin: Annotated[str, StringConstraints(max_length=4096)]
    url: Annotated[str, StringConstraints(max_length=4096)] | None = None
    fetched_at: UtcMoment
    content_type: Literal["text/plain", "text/html"] = "text/plain"
    content: str
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None
    language: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    also_from: tuple[str, ...] = ()

    @property
    def version(self) -> int:
        """When it was fetched, in milliseconds since 1970: of two versions of an article the later one stands."""
        return round(self.fetched_at.timestamp() * 1000)


class Mention(Contract):
    """Where an entity is named: characters `start` to `end` of the clean text, and what stands there."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    text: str


class Entity(Contract):
    """Someone or something the article names.

    `id` is a Wikidata id (`Q7747`) where the linker is sure, else a local one (`person:maria-zakharova`).
    `evidence` says what the judgement stands on: the tagger, a table of names, an expansion found in the text.
    """

    id: Annotated[str, KEYWORD]
    name: Annotated[str, FACET_NAME]
    type: Annotated[EntityType, KEYWORD]
    score: Annotated[Score, Indexed(type="float", index=False)]
    mentions: Annotated[tuple[Mention, ...], STORED_ONLY]
    evidence: Annotated[tuple[str, ...], NOT_INDEXED] = ()


class Topic(Contract):
    """What the article is about: an IPTC Media Topic with the terms of the text that speak for it.

    `id` is `medtop:########`; `parents` are the codes above it, the top level first; `terms` the matched words.
    """

    id: Annotated[str, KEYWORD]
    name: Annotated[str, FACET_NAME]
    score: Annotated[Score, Indexed(type="float", index=False)]
    parents: Annotated[tuple[str, ...], KEYWORD] = ()
    terms: Annotated[tuple[str, ...], NOT_INDEXED] = ()


class Cut(Contract):
    """Page furniture taken out of the text: characters `start` to `end` of the extracted text, and why."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    text: str
    rule: str
    reason: str


class Note(Contract):
    """What an enricher could not do, or corrected, in words for people."""

    enricher: Annotated[str, KEYWORD]
    message: Annotated[str, Indexed(type="text", index=False)]


class EnrichedArticle(Contract):
    """The article as it is searched: what stands on `articles.enriched` and, byte for byte, in the index.

    `title` and `text` have one key, the analyzer's language (`en`, `ru`, …; `other` where there is none), so that
    each is analysed by its own language. `date` is when it was published, or fetched where that is not known. `near`
    holds MinHash bands: articles that share one are near-duplicates. `topic_ids` holds the codes of all topics and of
    their parents, for facets. `enrichers` says which version of each enricher made this, `tagger` what found the names,
    `learned` how many repeated lines of its source were known then.
    """

    schema_version: Annotated[Literal[1], Indexed(type="short")] = 1
    id: Annotated[ArticleId, KEYWORD]
    version: Annotated[int, Indexed(type="long")]
    source: Annotated[str, FACET_NAME]
    also_from: Annotated[tuple[str, ...], FACET_NAME] = ()
    origin: Annotated[str, KEYWORD]
    url: Annotated[str | None, KEYWORD] = None
    fetched_at: Annotated[UtcMoment, Indexed(type="date")]
    title: Annotated[dict[str, str], Indexed(by_language=True)]
    text: Annotated[dict[str, str], Indexed(by_language=True)]
    summary: Annotated[tuple[str, ...], Indexed(type="text", index=False)] = ()
    authors: Annotated[tuple[str, ...], FACET_NAME] = ()
    published_at: Annotated[UtcMoment | None, Indexed(type="date")] = None
    published_precision: Annotated[Precision | None, KEYWORD] = None
    date: Annotated[UtcMoment, Indexed(type="date")]
    language: Annotated[str | None, KEYWORD] = None
    language_confidence: Annotated[Score | None, Indexed(type="float", index=False)] = None
    content_hash: Annotated[str, KEYWORD]
    near: Annotated[tuple[str, ...], KEYWORD] = ()
    entities: Annotated[tuple[Entity, ...], Indexed()] = ()
    people: Annotated[tuple[str, ...], FACET_NAME] = ()
    organisations: Annotated[tuple[str, ...], FACET_NAME] = ()
    places: Annotated[tuple[str, ...], FACET_NAME] = ()
    events: Annotated[tuple[str, ...], FACET_NAME] = ()
    topics: Annotated[tuple[Topic, ...], Indexed()] = ()
    topic_ids: Annotated[tuple[str, ...], KEYWORD] = ()
    keywords: Annotated[tuple[str, ...], KEYWORD] = ()
    cuts: Annotated[tuple[Cut, ...], STORED_ONLY] = ()
    words: Annotated[int, Indexed(type="integer")] = 0
    truncated: Annotated[bool, Indexed(type="boolean")] = False
    notes: Annotated[tuple[Note, ...], Indexed()] = ()
    enrichers: Annotated[dict[str, int], STORED_ONLY] = Field(default_factory=dict)
    tagger: Annotated[str, KEYWORD] = "wiredesk"
    learned: Annotated[int, Indexed(type="integer")] = 0
