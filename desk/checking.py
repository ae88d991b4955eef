"""A source gone through stage by stage, up to the first that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from desk import sampling
from processors.enrich import chosen
from producers import sources
from producers.fetched import Fetched, FetchError
from producers.items import Item, Listing, NotAListing
from producers.polite import Web
from producers.reading import Refusal
from schemas.settings import Settings
from schemas.source import SourceSpec

# In the order in which a request meets them.
REQUEST: Final = ("url", "dns", "private address", "tcp", "tls", "robots", "request", "redirects", "content")
STAGES = (*REQUEST, "parse", "extract", "dates")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a check: whether it went well, and what was found there."""

    name: str
    is_fine: bool
    said: str = ""


async def check(web: Web, spec: SourceSpec, settings: Settings) -> AsyncIterator[Stage]:
    """The stages of looking at a source of the web, up to and with the first that fails."""
    fetched: Fetched | None = None
    async for stage, answer in _requested(web, spec.url or ""):
        fetched = answer
        yield stage
    if fetched is None:
        return
    listing, stage = _parsed(fetched, spec)
    yield stage
    if listing and not listing.items:
        listing, stage = await _further(web, listing.more[0], spec)
        yield stage
    if listing and listing.items:
        async for one in _first_article(web, listing.items[0], spec, settings):
            yield one


async def _requested(web: Web, url: str) -> AsyncIterator[tuple[Stage, Fetched | None]]:
    try:
        verdict = await web.verdict(url)
        fetched = await web.get(url)
    except FetchError as error:
        failed = "request" if error.stage == "timeout" else error.stage
        for name in REQUEST[: REQUEST.index(failed)]:
            yield Stage(name, is_fine=True), None
        yield Stage(failed, is_fine=False, said=error.reason), None
        return
    said = {
        "robots": verdict.line or "nothing forbids it",
        "request": f"{fetched.status}, {len(fetched.body):,} bytes in {fetched.seconds:.1f} s",
        "redirects": f"moved for good to {fetched.moved_to}: use that address" if fetched.moved_to else "",
        "content": fetched.headers.get("content-type", "does not say what it is"),
    }
    for name in REQUEST:
        yield Stage(name, is_fine=True, said=said.get(name, "")), fetched


def _parsed(fetched: Fetched, spec: SourceSpec) -> tuple[Listing | None, Stage]:
    try:
        listing = sources.LISTINGS[spec.kind](fetched.body, fetched.url, fetched.headers.get("content-type"), spec)
    except NotAListing as error:
        return None, Stage("parse", is_fine=False, said=str(error))
    notes = "; ".join(listing.notes)
    if not listing.items and listing.more:
        said = f"an index of {len(listing.more):,} sitemaps; the first is looked at"
        return listing, Stage("parse", is_fine=True, said="; ".join((said, *listing.notes)))
    if not listing.items:
        reason = listing.refused[0].reason if listing.refused else "it lists nothing now"
        return None, Stage("parse", is_fine=False, said=f"no article: {reason}")
    left = f"{len(listing.refused):,} refused, as: {listing.refused[-1].reason}" if listing.refused else ""
    said = "; ".join(filter(None, (f"{len(listing.items):,} listed", left, notes)))
    return listing, Stage("parse", is_fine=True, said=said)


async def _further(web: Web, url: str, spec: SourceSpec) -> tuple[Listing | None, Stage]:
    """The first listing that an index names."""
    try:
        listing, stage = _parsed(await web.get(url), spec)
    except FetchError as error:
        return None, Stage("parse", is_fine=False, said=f"{url}: {error.stage}: {error.reason}")
    return listing, Stage(stage.name, is_fine=stage.is_fine, said=f"{url}: {stage.said}")


async def _first_article(web: Web, item: Item, spec: SourceSpec, settings: Settings) -> AsyncIterator[Stage]:
    raw = await sampling.raw(web, item, spec, settings)
    article = sampling.enriched(raw, chosen(settings))
    if isinstance(article, Refusal):
        yield Stage("extract", is_fine=False, said=f"{article.place}: {article.reason}")
        return
    yield Stage("extract", is_fine=True, said=f"{article.words:,} words, {len(article.cuts)} lines cut: {article.url}")
    notes = "; ".join(note.message for note in article.notes if note.enricher == "dates")
    if article.published_at is None:
        yield Stage("dates", is_fine=False, said=notes or "the article does not say when it was published")
        return
    yield Stage("dates", is_fine=True, said=f"{article.published_at:%Y-%m-%d %H:%M} UTC {notes}".strip())
