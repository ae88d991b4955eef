"""What stands beside the results to narrow them by: the values of each field, with counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from desk.search import editing, topics
from desk.search.fields import LANGUAGES
from desk.search.found import Facet, FacetValue
from desk.search.nodes import And, Named, Node, Or, Query

MOST_VALUES = 12
LABELS = {
    "source": "Source",
    "lang": "Language",
    "topic": "Topic",
    "person": "People",
    "org": "Organisations",
    "place": "Places",
    "event": "Events",
}
_INDEXED = {
    "source": "source",
    "also": "also_from",
    "lang": "language",
    "person": "people",
    "org": "organisations",
    "place": "places",
    "event": "events",
}
_SINGLE = ("lang",)
_TOPIC_CODES = frozenset(topics.children_of())


def asked(query: Query) -> dict[str, Any]:
    """The aggregations for all facets of a query."""
    terms = {name: {"field": field, "size": MOST_VALUES} for name, field in _INDEXED.items()}
    terms["also"]["size"] = 10 * MOST_VALUES
    codes = sorted(_TOPIC_CODES.union(*(_opened(code) for code in chosen(query, "topic"))))
    terms["topic"] = {"field": "topic_ids", "include": codes, "size": len(codes)}
    return {f"facet.{name}": {"terms": one} for name, one in terms.items()}


def read(query: Query, answer: dict[str, Any]) -> tuple[Facet, ...]:
    """The facets of an answer's aggregations; none of a field without values."""
    found = {name.removeprefix("facet."): one for name, one in answer.items() if name.startswith("facet.")}
    counts = {name: Counter({one["key"]: one["doc_count"] for one in agg["buckets"]}) for name, agg in found.items()}
    counts["source"] += counts.pop("also")
    others = {name: found[name]["sum_other_doc_count"] for name in _SINGLE}
    facets = (_facet(query, name, counts[name], others.get(name, 0)) for name in LABELS)
    return tuple(facet for facet in facets if facet.values)


def chosen(query: Query, field: str) -> tuple[str, ...]:
    """The values of a field that a query narrows to, as it writes them."""
    return tuple(dict.fromkeys(node.value for node in _narrowing(query.root) if node.field == field))


def _narrowing(node: Node) -> Iterator[Named]:
    if isinstance(node, Named):
        yield node
    elif isinstance(node, And) or (isinstance(node, Or) and node.is_list):
        for item in node.items:
            yield from _narrowing(item)


def _opened(code: str) -> tuple[str, ...]:
    """A chosen topic with what stands above and right below it."""
    return (code, *topics.parents_of(code), *topics.children_of(code))


def _facet(query: Query, field: str, counts: Counter[str], others: int) -> Facet:
    picked = chosen(query, field)
    if field == "topic":
        values = _tree(query, counts, picked)
    else:
        listed = [key for key, _ in counts.most_common(MOST_VALUES)]
        known = {key.casefold() for key in listed}
        keys = [*listed, *(one for one in picked if one.casefold() not in known)]
        values = tuple(_value(query, field, key, counts[key]) for key in keys)
    return Facet(field, LABELS[field], values, others)


def _tree(query: Query, counts: Counter[str], picked: tuple[str, ...]) -> tuple[FacetValue, ...]:
    """The top level, and below each chosen topic what is right below it; the most frequent first on each level."""
    shown = {*counts, *picked}
    tops = [code for code in shown if not topics.parents_of(code)]

    def below(codes: list[str], depth: int) -> Iterator[FacetValue]:
        ordered = sorted(codes, key=lambda code: (-counts[code], code))
        kept = [code for number, code in enumerate(ordered) if number < MOST_VALUES or code in picked]
        for code in kept:
            yield _value(query, "topic", code, counts[code], depth)
            yield from below([one for one in topics.children_of(code) if one in shown], depth + 1)

    return tuple(below(tops, 0))


def _value(query: Query, field: str, key: str, count: int, depth: int = 0) -> FacetValue:
    text = query.text
    is_chosen = editing.has_clause(text, field, key)
    edited = (editing.without_clause if is_chosen else editing.with_clause)(text, field, key)
    return FacetValue(key, _label(field, key), count, edited, is_chosen, depth)


def _label(field: str, key: str) -> str:
    if field == "topic":
        return topics.name_of(key)
    return LANGUAGES.get(key, key).capitalize() if field == "lang" else key
