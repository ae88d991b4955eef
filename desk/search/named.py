"""Fields with values as Elasticsearch's clauses: names by their words, codes and addresses as they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from desk.search.nodes import Named
from desk.search.topics import written_code
from schemas.identity import article_id

Clause = dict[str, Any]

_KEYWORDS = {
    "source": ("source", "also_from"),
    "author": ("authors",),
    "topic": ("topics.name",),
    "person": ("people",),
    "org": ("organisations",),
    "place": ("places",),
    "event": ("events",),
    "entity": ("entities.name",),
}
_LOCAL_TYPES = {"person": "person", "org": "organisation", "place": "place", "event": "event"}
_WIKIDATA = re.compile(r"Q[1-9]\d*")
_LOCAL = re.compile(r"(person|organisation|place|event):\S+")
_SLUG = re.compile(r"[^\s\W]+(-[^\s\W]+)+")


def any_of(clauses: Sequence[Clause]) -> Clause:
    """Any of some clauses."""
    if len(clauses) == 1:
        return clauses[0]
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def named(node: Named) -> Clause:
    """The clause for a field with a value."""
    if node.field == "lang":
        return _term("language", node.value)
    if node.field == "id":
        return _term("id", node.value)
    if node.field == "url":
        return any_of(_addresses(node.value))
    if node.field == "topic" and node.manner == "exact" and written_code(node.value):
        return _term("topic_ids", node.value)
    return any_of([*_entity_ids(node), *(_of_name(field, node) for field in _KEYWORDS[node.field])])


def _term(field: str, value: str) -> Clause:
    return {"term": {field: {"value": value}}}


def _of_name(field: str, node: Named) -> Clause:
    if node.manner == "exact":
        return _term(field, node.value)
    if node.manner == "prefix":
        return {"prefix": {f"{field}.words": {"value": _folded(node.value)}}}
    return {"match_phrase": {f"{field}.words": {"query": node.value}}}


def _folded(text: str) -> str:
    """Small letters without accents, as names' words are indexed."""
    parts = unicodedata.normalize("NFD", text.lower())
    return unicodedata.normalize("NFC", "".join(one for one in parts if not unicodedata.combining(one)))


def _entity_ids(node: Named) -> list[Clause]:
    if node.manner != "words":
        return []
    if _LOCAL.fullmatch(node.value) and node.field in (*_LOCAL_TYPES, "entity"):
        return [_term("entities.id", node.value)]
    if node.field in _LOCAL_TYPES and _SLUG.fullmatch(node.value):
        return [_term("entities.id", f"{_LOCAL_TYPES[node.field]}:{node.value}")]
    if node.field in (*_LOCAL_TYPES, "entity") and _WIKIDATA.fullmatch(node.value):
        return [_term("entities.id", node.value)]
    return []


def _addresses(value: str) -> list[Clause]:
    """An article by its address in any spelling; of a host or folder without a scheme, all below it."""
    if "://" in value:
        if value.endswith("*"):
            return [{"prefix": {"url": {"value": value.rstrip("*")}}}]
        return [_term("url", value), *_by_identity(value)]
    host, slash, path = value.rstrip("*").partition("/")
    below = f"{host.lower()}/{path}" if slash else f"{host.lower()}/"
    starts = [f"{scheme}://{www}{below}" for scheme in ("https", "http") for www in ("", "www.")]
    return [*({"prefix": {"url": {"value": start}}} for start in starts), *_by_identity(f"https://{value}")]


def _by_identity(address: str) -> list[Clause]:
    try:
        return [_term("id", article_id(address, ""))]
    except ValueError:
        return []
