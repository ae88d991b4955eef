"""What is like an article: others that tell the same story, and near-duplicates of its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elasticsearch import Elasticsearch

from desk.search import request
from desk.search.asking import many
from desk.search.clauses import elastic
from desk.search.found import Hit
from desk.search.language import parse
from desk.search.page import hit_of

MOST_ALIKE = 5
MOST_COPIES = 50
_SHARED = (("entities", "id", "name"), ("topics", "id", "name"))
_TELLING_FIELDS = ["title.*^3", "text.*"]


def alike(
    elasticsearch: Elasticsearch,
    alias: str,
    article: dict[str, Any],
    *,
    without: Sequence[str] = (),
    limit: int = MOST_ALIKE,
) -> tuple[Hit, ...]:
    """Articles that tell the same story as one, with what they share with it; copies of its text are left out.

    Args:
        elasticsearch: the client.
        alias: the index.
        article: the indexed document.
        without: ids of further articles that are not wanted.
        limit: most articles to give.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    (answer,) = many(elasticsearch, [same_story(article, [article["id"], *without], limit)], alias)
    return tuple(hit_of(found, shares=_shares(article, found["_source"])) for found in answer["hits"]["hits"])


def copies(
    elasticsearch: Elasticsearch, alias: str, article: dict[str, Any], *, limit: int = MOST_COPIES
) -> tuple[Hit, ...]:
    """Other articles with the same text, or nearly: by content hash, and by the MinHash bands they have in common.

    `shares` says how much: `the same text`, or `9 of 16 bands`. Most alike come first.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    (answer,) = many(elasticsearch, [near_duplicates(article, limit)], alias)
    hits = [hit_of(found, shares=(_common(article, found["_source"]),)) for found in answer["hits"]["hits"]]
    return tuple(hits)


def same_story(article: dict[str, Any], without: Sequence[str], limit: int = MOST_ALIKE) -> dict[str, Any]:
    """The request for articles that tell the same story as one.

    Two articles tell one story when they name the same entities, are about the same topics, and share telling words
    of their keywords; none of it alone is enough.
    """
    names = [{"term": {"entities.id": {"value": entity["id"]}}} for entity in article.get("entities", ())[:12]]
    topics = [{"term": {"topic_ids": {"value": code, "boost": 0.5}}} for code in article.get("topic_ids", ())[:8]]
    telling = [_telling(word) for word in article.get("keywords", ())[:10]]
    copies = {"term": {"content_hash": article.get("content_hash", "")}}
    return {
        "size": limit,
        "track_total_hits": False,
        "timeout": request.TIMEOUT,
        "query": {
            "bool": {
                "filter": [elastic(parse("")), _at_least(names, 2), _at_least(topics, 1), _at_least(telling, 2)],
                "should": names + topics + telling,
                "must_not": [{"ids": {"values": list(without)}}, copies],
            }
        },
        "sort": ["_score", {"date": "desc"}, {"id": "asc"}],
    }


def _telling(words: str) -> dict[str, Any]:
    return {"multi_match": {"query": words, "type": "phrase", "fields": _TELLING_FIELDS}}


def _at_least(clauses: list[dict[str, Any]], count: int) -> dict[str, Any]:
    if len(clauses) < count:
        return {"match_none": {}}
    return {"bool": {"should": clauses, "minimum_should_match": count}}


def near_duplicates(article: dict[str, Any], limit: int = MOST_COPIES) -> dict[str, Any]:
    """The request for articles with the same content hash or a band in common; the score counts what they share."""
    bands = article.get("near", ())
    same = {"constant_score": {"filter": {"term": {"content_hash": article["content_hash"]}}, "boost": len(bands) + 1}}
    shared = [{"constant_score": {"filter": {"term": {"near": band}}, "boost": 1}} for band in bands]
    return {
        "size": limit,
        "track_total_hits": False,
        "timeout": request.TIMEOUT,
        "query": {
            "bool": {
                "filter": [elastic(parse(""))],
                "should": [same, *shared],
                "minimum_should_match": 1,
                "must_not": [{"ids": {"values": [article["id"]]}}],
            }
        },
        "sort": ["_score", {"date": "asc"}, {"id": "asc"}],
    }


def _common(one: dict[str, Any], other: dict[str, Any]) -> str:
    if one["content_hash"] == other["content_hash"]:
        return "the same text"
    bands = set(one["near"])
    return f"{len(bands & set(other['near']))} of {len(bands)} bands"


def _shares(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
    """Names of the entities and topics that two articles have in common."""
    found: list[str] = []
    for group, key, name in _SHARED:
        ids = {thing[key] for thing in one.get(group, ())}
        found += [thing[name] for thing in other.get(group, ()) if thing[key] in ids]
    return tuple(dict.fromkeys(found))
