"""The requests of a search, as Elasticsearch takes them: pure functions over a query that is built already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from desk.search.found import MATCH_END, MATCH_START, Sort

MOST_HITS = 1000
TIMEOUT = "10s"
SNIPPETS = 2
MOST_COPIES = 200
_SNIPPET_CHARACTERS = 160
_MOST_SOURCES = 20
# An article of today weighs as much as a word of middling rarity; one of two weeks ago a third of that.
_FRESHNESS = {"field": "date", "pivot": "7d", "boost": 2.0}

_SORTS: dict[Sort, list[Any]] = {
    "relevance": ["_score", {"date": "desc"}, {"id": "asc"}],
    "newest": [{"date": "desc"}, {"id": "asc"}],
    "oldest": [{"date": "asc"}, {"id": "asc"}],
}


@dataclass(frozen=True, slots=True)
class Matching:
    """What is looked for, in the order it is wanted.

    `query` is in Elasticsearch's terms, `by_language` the same for each language alone. Freshness counts from `now`;
    `boosts` raise what is found as well.
    """

    query: dict[str, Any]
    sort: Sort
    now: datetime
    by_language: Mapping[str, dict[str, Any]]
    boosts: Sequence[dict[str, Any]] = ()

    @property
    def is_ranked(self) -> bool:
        """Whether the text decides on the order."""
        return self.sort == "relevance"

    @property
    def order(self) -> list[Any]:
        """The order, settled by the id, so that it is the same every time."""
        return _SORTS[self.sort]

    @property
    def scored(self) -> dict[str, Any]:
        """The query with what the order needs, and no more: without ranking nothing is scored."""
        if not self.is_ranked:
            return filtered(self.query)
        fresh = {"distance_feature": {**_FRESHNESS, "origin": self.now.isoformat()}}
        return {"bool": {"must": [self.query], "should": [fresh, *self.boosts]}}


def filtered(query: dict[str, Any]) -> dict[str, Any]:
    """The query without scores."""
    return {"bool": {"filter": [query]}}


def view(pit: str, kept: str) -> dict[str, Any]:
    """The part of a request that names the point in time, and asks to keep it."""
    return {"pit": {"id": pit, "keep_alive": kept}, "timeout": TIMEOUT}


def ranked(matching: Matching, size: int, after: Sequence[Any] = ()) -> dict[str, Any]:
    """Which articles come first, from the one after `after` on: ids, content hashes and languages, and no total."""
    return {
        "query": matching.scored,
        "sort": matching.order,
        "size": size,
        "track_total_hits": False,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["id", "content_hash", "language"],
        **({"search_after": list(after)} if after else {}),
    }


def documents(matching: Matching, ids: Sequence[str], keys: Collection[str]) -> dict[str, Any]:
    """Whole articles with their highlights, in any order; `keys` are those of their languages."""
    spoken = {key: query for key, query in matching.by_language.items() if key in keys}
    return {
        "query": {"bool": {"filter": [{"terms": {"id": list(ids)}}]}},
        "size": len(ids),
        "track_total_hits": False,
        "highlight": _highlight(spoken),
    }


def first(matching: Matching, size: int, *, with_copies: bool) -> dict[str, Any]:
    """The first articles whole, with their highlights and without a total; the best of each text's copies, unless all.

    All in one request, which is right for a few of them alone; how many copies there are is cheaper asked after it.
    """
    return {
        "query": matching.scored,
        "sort": matching.order,
        "size": size,
        "track_total_hits": False,
        "track_scores": True,
        "highlight": _highlight(matching.by_language),
        **({} if with_copies else {"collapse": {"field": "content_hash"}}),
    }


def _highlight(by_language: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The whole title, and two pieces of the text; its beginning where nothing of it matches."""
    fields = {}
    for key, query in by_language.items():
        fields[f"title.{key}"] = {"number_of_fragments": 0, "highlight_query": query}
        fields[f"text.{key}"] = {"no_match_size": SNIPPETS * _SNIPPET_CHARACTERS, "highlight_query": query}
    return {
        "type": "unified",
        "pre_tags": [MATCH_START],
        "post_tags": [MATCH_END],
        "fragment_size": _SNIPPET_CHARACTERS,
        "number_of_fragments": SNIPPETS,
        "max_analyzed_offset": 900_000,
        "fields": fields,
    }


def copies(matching: Matching, hashes: Sequence[str]) -> dict[str, Any]:
    """The articles that are found with one of these content hashes: what stands for all its copies comes first.

    That is the newest, or the oldest where those come first; it does not depend on the score, which would cost more
    than the search itself.
    """
    return {
        "query": _with_hashes(matching, hashes),
        "sort": _unscored(matching),
        "size": MOST_COPIES,
        "track_total_hits": True,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["id", "content_hash", "source"],
    }


def grouped(matching: Matching, hashes: Sequence[str]) -> dict[str, Any]:
    """The same in numbers, for more copies than can be listed."""
    best = {"top_hits": {"size": 1, "sort": _unscored(matching), "_source": False, "docvalue_fields": ["id"]}}
    inner = {"sources": {"terms": {"field": "source", "size": _MOST_SOURCES, "execution_hint": "map"}}, "best": best}
    group = {"field": "content_hash", "include": list(hashes), "size": len(hashes), "execution_hint": "map"}
    return {
        "query": _with_hashes(matching, hashes),
        "size": 0,
        "track_total_hits": False,
        "aggs": {"copies": {"terms": group, "aggs": inner}},
    }


def _with_hashes(matching: Matching, hashes: Sequence[str]) -> dict[str, Any]:
    return {"bool": {"filter": [{"terms": {"content_hash": list(hashes)}}, matching.query]}}


def _unscored(matching: Matching) -> list[Any]:
    return _SORTS["oldest" if matching.sort == "oldest" else "newest"]


def counted(query: dict[str, Any]) -> dict[str, Any]:
    """How many articles match, exactly, and nothing else."""
    return {"query": filtered(query), "size": 0, "track_total_hits": True, "timeout": TIMEOUT}


def newest(everything: dict[str, Any]) -> dict[str, Any]:
    """The article that was fetched last."""
    return {
        "query": filtered(everything),
        "size": 1,
        "sort": [{"fetched_at": "desc"}],
        "track_total_hits": False,
        "_source": False,
        "docvalue_fields": ["fetched_at"],
    }
