"""From a raw article to the enriched one: the tuple of enrichers, and the pure function that runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from processors.enrichers.dates import DATES
from processors.enrichers.draft import Draft, Enricher
from processors.enrichers.entities import ENTITIES, found_by
from processors.enrichers.extract import EXTRACT
from processors.enrichers.fingerprint import FINGERPRINT
from processors.enrichers.furniture import FURNITURE
from processors.enrichers.keywords import KEYWORDS
from processors.enrichers.language import LANGUAGE
from processors.enrichers.summary import SUMMARY
from processors.enrichers.topics import TOPICS
from processors.tiers.choose import choose
from processors.tiers.tier import WIREDESK, Tier
from schemas.article import EnrichedArticle, EntityType, RawArticle
from schemas.identity import article_id
from schemas.index import text_key
from schemas.repeated import RepeatedLine
from schemas.settings import Settings

Enrich = Callable[[RawArticle], EnrichedArticle]
_NOTHING: Mapping[str, RepeatedLine] = {}

# In this order: each may read what those before it have filled.
ENRICHERS: tuple[Enricher, ...] = (
    EXTRACT,
    FURNITURE,
    LANGUAGE,
    DATES,
    FINGERPRINT,
    ENTITIES,
    TOPICS,
    KEYWORDS,
    SUMMARY,
)


class LearnedEnrich(Protocol):
    """`enrich` with its models, still to be told what was learned of the article's source."""

    def __call__(self, raw: RawArticle, *, repeated: Mapping[str, RepeatedLine] = ...) -> EnrichedArticle:
        """The enriched article."""


class NoTextError(ValueError):
    """Nothing is left to read in the article: there is nothing to index."""


def enrichers_with(tier: Tier) -> tuple[Enricher, ...]:
    """The enrichers in their order, with this tier to find the names."""
    return tuple(found_by(tier) if enricher is ENTITIES else enricher for enricher in ENRICHERS)


def chosen(settings: Settings, around: Callable[[Enricher], Enricher] = lambda one: one) -> LearnedEnrich:
    """The function `enrich` as the settings want it, with its models loaded.

    Args:
        settings: which tagger.
        around: what is put around each step, as to take its time.

    Raises:
        SettingsError: the tagger that they name cannot be had.
    """
    tier = choose(settings.tagger)
    return partial(enrich, enrichers=tuple(map(around, enrichers_with(tier))), tagger=tier.name)


def enrich(
    raw: RawArticle,
    enrichers: tuple[Enricher, ...] = ENRICHERS,
    tagger: str = WIREDESK.name,
    repeated: Mapping[str, RepeatedLine] = _NOTHING,
) -> EnrichedArticle:
    """The enriched article. The same arguments give the same result, whenever and wherever it runs.

    An enricher that fails costs its own fields, with a note in the article. `tagger` is what finds names in these
    enrichers, for the article to say. `repeated` is what was learned of the article's source: its repeated lines, each
    under its `line`.

    Raises:
        NoTextError: no text was found in it.
    """
    draft = Draft(raw=raw, repeated=repeated)
    for enricher in enrichers:
        draft = _step(draft, enricher)
    if not draft.text.strip():
        raise NoTextError("no text was found in it")
    return _finished(draft, enrichers, tagger)


def warm_up(make: Enrich = enrich) -> None:
    """Loads what the enrichers load when first used, so that the first article does not wait for it."""
    text = "The spokesman said on Monday in Geneva that talks would go on.\n" * 3
    fetched_at = datetime(2000, 1, 1, tzinfo=UTC)
    make(RawArticle(id=article_id(None, text), source="warm-up", origin="", content=text, fetched_at=fetched_at))


def _step(draft: Draft, enricher: Enricher) -> Draft:
    try:
        return enricher.run(draft)
    except Exception as error:  # noqa: BLE001 (one enricher's defect must not cost the article)
        return draft.noted(enricher.name, f"failed: {type(error).__name__}: {error}"[:500])


def _finished(draft: Draft, enrichers: tuple[Enricher, ...], tagger: str) -> EnrichedArticle:
    raw, key = draft.raw, text_key(draft.language)
    topic_ids = dict.fromkeys(code for topic in draft.topics for code in (*topic.parents, topic.id))
    return EnrichedArticle(
        id=raw.id,
        version=raw.version,
        source=raw.source,
        also_from=raw.also_from,
        origin=raw.origin,
        url=raw.url,
        fetched_at=raw.fetched_at,
        title={key: draft.title} if draft.title else {},
        text={key: draft.text},
        summary=draft.summary,
        authors=draft.authors,
        published_at=draft.published_at,
        published_precision=draft.published_precision,
        date=draft.published_at or raw.fetched_at,
        language=draft.language,
        language_confidence=draft.language_confidence,
        content_hash=draft.content_hash,
        near=draft.near,
        entities=draft.entities,
        people=_names(draft, "person"),
        organisations=_names(draft, "organisation"),
        places=_names(draft, "place"),
        events=_names(draft, "event"),
        topics=draft.topics,
        topic_ids=tuple(topic_ids),
        keywords=draft.keywords,
        cuts=draft.cuts,
        words=len(draft.text.split()),
        truncated=draft.truncated,
        notes=draft.notes,
        enrichers={enricher.name: enricher.version for enricher in enrichers},
        tagger=tagger,
        learned=len(draft.repeated),
    )


def _names(draft: Draft, kind: EntityType) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entity.name for entity in draft.entities if entity.type == kind))
