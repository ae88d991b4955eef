"""Sample articles of a source, fetched, cleaned and enriched without any server: what one would get."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from processors.enrich import Enrich, NoTextError, chosen
from producers import pages
from producers.fetched import FetchError
from producers.items import Item
from producers.polite import Web
from producers.reading import Refusal
from schemas.article import EnrichedArticle, RawArticle
from schemas.settings import Settings
from schemas.source import SourceSpec

SAMPLES = 3
_MOST_TRIED = 6


async def samples(
    web: Web, items: tuple[Item, ...], spec: SourceSpec, settings: Settings, count: int = SAMPLES
) -> list[EnrichedArticle | Refusal]:
    """The first articles of a listing as they would be indexed, and refusals for those that cannot be had."""
    make = chosen(settings)
    found: list[EnrichedArticle | Refusal] = []
    for item in items[:_MOST_TRIED]:
        found.append(enriched(await raw(web, item, spec, settings), make))
        if sum(isinstance(one, EnrichedArticle) for one in found) == count:
            break
    return found


async def raw(web: Web, item: Item, spec: SourceSpec, settings: Settings) -> RawArticle | Refusal:
    """The raw article of a listing's item."""
    now, limit = datetime.now(UTC), settings.max_article_bytes
    if pages.is_whole(item, spec):
        return pages.article(item, None, spec, now, limit)
    try:
        page = await web.get(item.url or "", max_bytes=limit)
    except FetchError as error:
        return Refusal(item.url or "", f"{error.stage}: {error.reason}")
    return pages.article(item, page, spec, now, limit)


def enriched(found: RawArticle | Refusal, make: Enrich) -> EnrichedArticle | Refusal:
    """The enriched article that `make` makes of a raw one."""
    if isinstance(found, Refusal):
        return found
    try:
        return make(found)
    except NoTextError as error:
        return Refusal(found.url or found.origin, f"extract: {error}")


def told(article: EnrichedArticle) -> dict[str, Any]:
    """An article as the index would give it back."""
    plain = article.model_dump(mode="json")
    return {**plain, **{name: " ".join(plain[name].values()) for name in ("title", "text")}}
