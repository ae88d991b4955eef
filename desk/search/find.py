"""Searches the index, and gives what was found as plain facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from desk.search.request import MATCH_END, MATCH_START, Search, body, same_story

_SHARED = (("entities", "id", "name"), ("topics", "id", "name"))


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that was found. `shares` says what it has in common, where it came as of the same story."""

    article: dict[str, Any]
    score: float | None
    highlights: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """How many articles match, and the first of them."""

    total: int
    hits: tuple[Hit, ...]
    related: tuple[Hit, ...] = field(default=())


def run(elasticsearch: Elasticsearch, alias: str, search: Search, *, with_story: bool = False) -> Found:
    """Carries out a search; with `with_story`, gives what tells the same story as the best hit, too.

    Raises:
        QueryError: the search cannot be carried out as it stands.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    answer = elasticsearch.search(index=alias, **body(search)).body
    hits = tuple(_hit(found) for found in answer["hits"]["hits"])
    related: tuple[Hit, ...] = ()
    if with_story and hits:
        best = hits[0].article
        ids = [hit.article["id"] for hit in hits]
        request = same_story(answer["hits"]["hits"][0]["_source"], ids)
        others = elasticsearch.search(index=alias, **request).body["hits"]["hits"]
        related = tuple(_hit(other, shares=_shares(best, other["_source"])) for other in others)
    return Found(answer["hits"]["total"]["value"], hits, related)


def get(elasticsearch: Elasticsearch, alias: str, article_id: str) -> dict[str, Any] | None:
    """One article by its id; none where the index does not hold it."""
    try:
        return flat(elasticsearch.get(index=alias, id=article_id).body["_source"])
    except NotFoundError:
        return None


def flat(source: dict[str, Any]) -> dict[str, Any]:
    """An indexed document as people think of it: title and text are plain text, without their language's key."""
    plain = {name: " ".join(source.get(name, {}).values()) for name in ("title", "text")}
    return {**source, **plain}


def _hit(found: dict[str, Any], shares: tuple[str, ...] = ()) -> Hit:
    highlights = found.get("highlight", {})
    ordered = sorted(highlights.items(), key=lambda item: not item[0].startswith("title."))
    return Hit(flat(found["_source"]), found.get("_score"), tuple(one for _, many in ordered for one in many), shares)


def _shares(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
    """Names of the entities and topics that two articles have in common."""
    found: list[str] = []
    for group, key, name in _SHARED:
        ids = {thing[key] for thing in one.get(group, ())}
        found += [thing[name] for thing in other.get(group, ()) if thing[key] in ids]
    return tuple(dict.fromkeys(found))


def as_json(hit: Hit) -> dict[str, Any]:
    """A hit as one JSON object: the article, with `score`, `highlights` (matches in `<em>`), and `shares`."""
    marked = [text.replace(MATCH_START, "<em>").replace(MATCH_END, "</em>") for text in hit.highlights]
    return {**hit.article, "score": hit.score, "highlights": marked, **({"shares": hit.shares} if hit.shares else {})}
