"""What a person types, as Elasticsearch's query: pure functions; no text of a person reaches its query syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Sort = Literal["relevance", "newest", "oldest"]

MOST_TERMS = 32
MOST_HITS = 1000
# Private-use characters around a match: no text that is shown holds them.
MATCH_START, MATCH_END = "\ue000", "\ue001"

_TOKEN = re.compile(r'(?P<minus>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_FIELDS = ["title.*^3", "text.*"]
_ENTITY_ID = re.compile(r"Q[1-9]\d*|(person|organisation|place|event):\S+")
_TOPIC_ID = re.compile(r"medtop:\d{8}")
_SORTS: dict[Sort, list[Any]] = {
    "relevance": ["_score", {"date": "desc"}, {"id": "asc"}],
    "newest": [{"date": "desc"}, {"id": "asc"}],
    "oldest": [{"date": "asc"}, {"id": "asc"}],
}


class QueryError(ValueError):
    """The search cannot be carried out as it stands; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Words must all occur, `"phrases"` in order, `-words` not at all.

    `topic` and `entity` are codes (`medtop:20000639`, `Q7747`) or words of a name. `since` and `until` bound the
    article's date, both inclusive.
    """

    words: str = ""
    source: str | None = None
    topic: str | None = None
    entity: str | None = None
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sort: Sort = "relevance"
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase of what was typed."""

    text: str
    is_phrase: bool = False
    is_excluded: bool = False


def terms(words: str) -> list[Term]:
    """The words and phrases of what was typed.

    Raises:
        QueryError: more than `MOST_TERMS` of them.
    """
    found = []
    for match in _TOKEN.finditer(words):
        text = match["word"] if match["phrase"] is None else match["phrase"].strip()
        if text and re.search(r"\w", text):
            found.append(Term(text, match["phrase"] is not None, match["minus"] is not None))
    if len(found) > MOST_TERMS:
        raise QueryError(f"{len(found)} words: a search takes at most {MOST_TERMS}")
    return found


def _match(term: Term) -> dict[str, Any]:
    return {"multi_match": {"query": term.text, "fields": _FIELDS, **_manner(term)}}


def _manner(term: Term) -> dict[str, str]:
    # A word with a hyphen or an apostrophe is several to an analyzer: they must stand together.
    if term.is_phrase or not term.text.isalnum():
        return {"type": "phrase"}
    return {"type": "best_fields"}


def _named(field: str, text: str) -> dict[str, Any]:
    return {"match_phrase": {f"{field}.words": text}}


def _filters(search: Search) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if search.source:
        names = ["source.words", "also_from.words"]
        found.append({"multi_match": {"query": search.source, "type": "phrase", "fields": names}})
    if search.language:
        found.append({"term": {"language": search.language.lower()}})
    if search.topic:
        is_code = _TOPIC_ID.fullmatch(search.topic)
        found.append({"term": {"topic_ids": search.topic}} if is_code else _named("topics.name", search.topic))
    if search.entity:
        is_code = _ENTITY_ID.fullmatch(search.entity)
        found.append({"term": {"entities.id": search.entity}} if is_code else _named("entities.name", search.entity))
    span = {"gte": search.since, "lte": search.until}
    bounds = {name: moment.isoformat() for name, moment in span.items() if moment}
    if bounds:
        found.append({"range": {"date": bounds}})
    return found


def query(search: Search) -> dict[str, Any]:
    """The query alone.

    Raises:
        QueryError: too many words.
    """
    found = terms(search.words)
    return {
        "bool": {
            "must": [_match(term) for term in found if not term.is_excluded] or [{"match_all": {}}],
            "must_not": [_match(term) for term in found if term.is_excluded],
            "filter": _filters(search),
        }
    }


def body(search: Search) -> dict[str, Any]:
    """Everything of a search request, bounded in time and size.

    Raises:
        QueryError: too many words, or a limit out of bounds.
    """
    if not 1 <= search.limit <= MOST_HITS:
        raise QueryError(f"a limit of {search.limit}: it can be 1 to {MOST_HITS}")
    has_words = any(not term.is_excluded for term in terms(search.words))
    sort: Sort = "newest" if search.sort == "relevance" and not has_words else search.sort
    return {
        "query": query(search),
        "size": search.limit,
        "sort": _SORTS[sort],
        "track_scores": True,
        "track_total_hits": True,
        "timeout": "10s",
        "highlight": {
            "pre_tags": [MATCH_START],
            "post_tags": [MATCH_END],
            "fragment_size": 160,
            "number_of_fragments": 2,
            "max_analyzed_offset": 900_000,
            "fields": {"title.*": {"number_of_fragments": 0}, "text.*": {}},
        },
    }


def same_story(found: dict[str, Any], without: list[str], limit: int = 5) -> dict[str, Any]:
    """A request for articles that tell the same story as one that was found.

    Two articles tell one story when they name the same entities, are about the same topics, and share telling words
    of their keywords; none of it alone is enough.

    Args:
        found: the `_source` of the article.
        without: ids that are not wanted again.
        limit: most articles to give.
    """
    names = [{"term": {"entities.id": {"value": entity["id"]}}} for entity in found.get("entities", ())[:12]]
    topics = [{"term": {"topic_ids": {"value": code, "boost": 0.5}}} for code in found.get("topic_ids", ())[:8]]
    telling = [_match(Term(word, is_phrase=True)) for word in found.get("keywords", ())[:10]]
    return {
        "size": limit,
        "query": {
            "bool": {
                "filter": [
                    _at_least(names, 2),
                    _at_least(topics, 1),
                    _at_least(telling, 2),
                ],
                "should": names + topics + telling,
                "must_not": [{"ids": {"values": without}}],
            }
        },
    }


def _at_least(clauses: list[dict[str, Any]], count: int) -> dict[str, Any]:
    if len(clauses) < count:
        return {"match_none": {}}
    return {"bool": {"should": clauses, "minimum_should_match": count}}
