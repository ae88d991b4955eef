"""What stands beside the results to narrow them by: the values of each field, with counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from desk.search import editing, topics
from desk.search.fields import LANGUAGES
from desk.search.found import Facet, FacetValue
from desk.search.nodes import And, Named, Node, Or, Query
from desk.search.readas import value_said

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
# A language and a name that nobody has: what is written around it is written around any other.
_PROBE = "zqx"
_PLAIN = re.compile(r"\w[\w .&'’-]*\w|\w")
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
    values = _Values(query, field, picked, counts)
    if field == "topic":
        return Facet(field, LABELS[field], _tree(values), others)
    listed = [key for key, _ in counts.most_common(MOST_VALUES)]
    known = {key.casefold() for key in listed}
    keys = [*listed, *(one for one in picked if one.casefold() not in known)]
    return Facet(field, LABELS[field], tuple(values.value(key) for key in keys), others)


def _tree(values: _Values) -> tuple[FacetValue, ...]:
    """The top level, and below each chosen topic what is right below it; the most frequent first on each level."""
    counts = values.counts
    shown = {*counts, *values.picked}

    def below(codes: Iterable[str], depth: int) -> Iterator[FacetValue]:
        ordered = sorted((code for code in codes if code in shown), key=lambda code: (-counts[code], code))
        for number, code in enumerate(ordered):
            if number < MOST_VALUES or code in values.picked:
                yield values.value(code, depth)
                yield from below(topics.children_of(code), depth + 1)

    return tuple(below((code for code in shown if not topics.parents_of(code)), 0))


class _Values:
    """Makes the values of one facet; reads the query once for all that are not chosen, since there are many."""

    def __init__(self, query: Query, field: str, picked: tuple[str, ...], counts: Counter[str]) -> None:
        self.picked, self.counts = picked, counts
        self._query, self._field = query, field
        self._folded = {one.casefold() for one in picked}
        self._before, self._after = self._around()

    def _around(self) -> tuple[str, str]:
        """What stands before and after a value that is added to the query; nothing where that cannot be told."""
        said = _said(self._field, _PROBE)
        before, mark, after = editing.with_clause(self._query.text, self._field, _PROBE).partition(said)
        return (before, after) if mark and _PROBE not in self._query.text else ("", "")

    def value(self, key: str, depth: int = 0) -> FacetValue:
        """One value, with what the query becomes by it."""
        text = self._query.text
        is_chosen = key.casefold() in self._folded and editing.has_clause(text, self._field, key)
        edited = editing.without_clause(text, self._field, key) if is_chosen else self._with(key)
        return FacetValue(key, _label(self._field, key), self.counts[key], edited, is_chosen, depth)

    def _with(self, key: str) -> str:
        is_plain = self._before and (self._field == "topic" or _PLAIN.fullmatch(key))
        if is_plain and key.casefold() not in self._folded:
            return f"{self._before}{_said(self._field, key)}{self._after}"
        return editing.with_clause(self._query.text, self._field, key)


def _said(field: str, key: str) -> str:
    return value_said(Named(field, key, "exact"))


def _label(field: str, key: str) -> str:
    if field == "topic":
        return topics.name_of(key)
    return LANGUAGES[key].capitalize() if field == "lang" and key in LANGUAGES else key
