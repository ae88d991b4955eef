"""A query's tree as Elasticsearch's query: plain matches of known fields; what was typed is never read as syntax there.

Each article has one language, so what is said of its text is asked once for each language: all words of an article's
title and text together (`combined_fields`). A language that drops a word (`the`, or `war` in German)
looks for the rest, and for nothing where it drops all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeGuard

from desk.search.named import any_of, named
from desk.search.nodes import (
    UNSPACED,
    And,
    Dates,
    Everything,
    Named,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Scope,
    Word,
)
from schemas.identity import HEARTBEAT_SOURCE
from schemas.index import ANALYZERS, OTHER_LANGUAGE

Clause = dict[str, Any]

TITLE_BOOST = 3.0
#: What a word adds that names an entity or a topic of the article.
NAME_BOOST = 0.1
#: How many words of a query an article has at least that nearly answers it.
NEARLY = "50%"
MOST_EXPANSIONS = 50
ALL_LANGUAGES = (*ANALYZERS, OTHER_LANGUAGE)

_HEARTBEAT: Clause = {"term": {"source": HEARTBEAT_SOURCE}}
_FIELDS: dict[Scope, tuple[str, ...]] = {"all": ("title", "text"), "title": ("title",), "body": ("text",)}
_UNSPACED = re.compile(UNSPACED)
_NAMES = ("people", "organisations", "places", "events", "topics.name")
_NAMED = ("person", "org", "place", "event", "entity", "topic")


def elastic(query: Query, languages: Sequence[str] | None = None) -> Clause:
    """The query in Elasticsearch's language; what nothing is ranked by stands in its filters.

    Args:
        query: a query that was read.
        languages: keys of `title` and `text` that the index holds; all where it is not known.
    """
    clause = _Compiler(languages or ALL_LANGUAGES).conjunction((query.root,))
    clause["bool"].setdefault("must_not", []).append(_HEARTBEAT)
    return clause


def spoken(query: Query) -> bool:
    """Whether there is something to rank by: a word, phrase or prefix that is looked for in title or text."""
    return _is_spoken(query.root)


def _is_spoken(node: Node) -> bool:
    if isinstance(node, And | Or):
        return any(_is_spoken(item) for item in node.items)
    return isinstance(node, Word | Phrase | Prefix | Near)


def boosts(query: Query, languages: Sequence[str] | None = None) -> tuple[Clause, ...]:
    """What raises an article among those that are found.

    That is how much it speaks of the names that are asked for, and that words of the query name an entity or topic of
    it. None where there is neither word nor name.
    """
    text = " ".join(_said(query.root))
    names = " ".join(_names(query.root))
    fields = [f"{name}.{language}" for language in languages or ALL_LANGUAGES for name in _FIELDS["all"]]
    spoken_of = {"multi_match": {"query": names, "fields": fields}}
    known = {"multi_match": {"query": text, "fields": [f"{field}.words" for field in _NAMES], "boost": NAME_BOOST}}
    return (*([spoken_of] if names else []), *([known] if text else []))


def nearly(query: Query, languages: Sequence[str] | None = None) -> Clause | None:
    """Articles that lack some of the words or names that a query asks for, with half of them in title or text.

    Sources, languages, dates and what is left out hold as they are. None where fewer than two words are asked for.
    """
    items = list(_flat((query.root,)))
    text = " ".join(_said(query.root))
    if len(text.split()) < 2:
        return None
    keys = languages or ALL_LANGUAGES
    clause = _Compiler(keys).conjunction(item for item in items if not any(_said(item)))
    clause["bool"].setdefault("must", []).append(either([_half(text, language) for language in keys]))
    clause["bool"].setdefault("must_not", []).extend([_HEARTBEAT, elastic(query, languages)])
    return clause


def _half(text: str, language: str) -> Clause:
    fields = [f"{name}.{language}" for name in _FIELDS["all"]]
    return {"multi_match": {"query": text, "fields": fields, "minimum_should_match": NEARLY}}


def _said(node: Node) -> Iterator[str]:
    """The words that are wanted, those of names among them."""
    for leaf in _wanted(node):
        if isinstance(leaf, Word | Phrase):
            yield leaf.text
        elif _is_name(leaf):
            yield leaf.value


def _names(node: Node) -> Iterator[str]:
    return (leaf.value for leaf in _wanted(node) if _is_name(leaf))


def _is_name(node: Node) -> TypeGuard[Named]:
    return isinstance(node, Named) and node.field in _NAMED and node.manner == "words"


def _wanted(node: Node) -> Iterator[Node]:
    """The leaves of a query that are not left out."""
    if isinstance(node, And | Or):
        for item in node.items:
            yield from _wanted(item)
    elif isinstance(node, Near):
        yield from _wanted(node.left)
        yield from _wanted(node.right)
    elif not isinstance(node, Not):
        yield node


def either(clauses: Sequence[Clause]) -> Clause:
    """The best of some clauses, each for a field or language of its own."""
    return clauses[0] if len(clauses) == 1 else {"dis_max": {"queries": list(clauses), "tie_breaker": 0.3}}


def _flat(items: Iterable[Node]) -> Iterable[Node]:
    for item in items:
        if isinstance(item, And):
            yield from _flat(item.items)
        elif not isinstance(item, Everything):
            yield item


class _Compiler:
    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = languages

    def clause(self, node: Node) -> Clause:
        if _is_plain(node):
            return self.together(node.scope, [node], beside_others=False)
        if isinstance(node, Prefix):
            return self.prefix(node)
        if isinstance(node, Near | Phrase):
            return self.near(node)
        if isinstance(node, Named):
            return named(node)
        return self._combined(node)

    def _combined(self, node: Node) -> Clause:
        if isinstance(node, Or):
            return any_of([self.clause(item) for item in node.items])
        if isinstance(node, Dates):
            return between(node)
        if isinstance(node, Everything):
            return {"match_all": {}}
        return self.conjunction((node,))

    def conjunction(self, nodes: Iterable[Node]) -> Clause:
        """All of the nodes: the words of each scope as one, the rest by itself, in the context that it needs."""
        items = list(_flat(nodes))
        words = [item for item in items if _is_plain(item)]
        others = [item for item in items if not _is_plain(item)]
        spoken_others = [item for item in others if _is_spoken(item)]
        by_scope = [(scope, [word for word in words if word.scope == scope]) for scope in _FIELDS]
        groups = [(scope, group) for scope, group in by_scope if group]
        beside = len(groups) + len(spoken_others) > 1
        must = [self.together(scope, group, beside_others=beside) for scope, group in groups]
        must += [self.clause(item) for item in spoken_others]
        silent = [item for item in others if not _is_spoken(item)]
        found = {
            "must": must,
            "filter": [self.clause(item) for item in silent if not isinstance(item, Not)],
            "must_not": [self.clause(item.item) for item in silent if isinstance(item, Not)],
        }
        return {"bool": {name: clauses for name, clauses in found.items() if clauses}}

    def together(self, scope: Scope, leaves: Sequence[Word | Phrase], *, beside_others: bool) -> Clause:
        """Words and phrases that must all occur in one article."""
        return either([_together(scope, leaves, language, beside_others) for language in self.languages])

    def prefix(self, node: Prefix) -> Clause:
        small = node.text.lower()
        fields = self.fields(node.scope)
        exact = [{"prefix": {field: {"value": small, "boost": boost}}} for field, boost in fields]
        # The analyzer cuts endings and accents off what is indexed; so it does with this.
        analysed = [
            {"match_phrase_prefix": {field: {"query": node.text, "max_expansions": MOST_EXPANSIONS, "boost": boost}}}
            for field, boost in fields
        ]
        return either(exact + analysed)

    def near(self, node: Near | Phrase) -> Clause:
        fields = self.fields(_scope(node))
        return either([{"intervals": {field: {**intervals(node), "boost": boost}}} for field, boost in fields])

    def fields(self, scope: Scope) -> list[tuple[str, float]]:
        return [
            (f"{name}.{language}", TITLE_BOOST if name == "title" else 1.0)
            for language in self.languages
            for name in _FIELDS[scope]
        ]


def _is_plain(node: Node) -> TypeGuard[Word | Phrase]:
    """Whether it is a word or phrase that is looked for in the order that it has."""
    return isinstance(node, Word) or (isinstance(node, Phrase) and node.within is None)


def _together(scope: Scope, leaves: Sequence[Word | Phrase], language: str, beside_others: bool) -> Clause:
    fields = [f"{name}.{language}" for name in _FIELDS[scope]]
    phrases = [leaf.text for leaf in leaves if isinstance(leaf, Phrase) or _UNSPACED.search(leaf.text)]
    if len(leaves) == 1 and phrases:
        return _phrase(phrases[0], fields, "none")
    # Where other words are asked for beside these, those that a language drops are no reason to find nothing.
    words = _words(" ".join(leaf.text for leaf in leaves), fields, "all" if beside_others else "none")
    must = [words, *(_phrase(phrase, fields, "all") for phrase in phrases)]
    found: Clause = {"must": must}
    if beside_others:
        found["filter"] = [{"exists": {"field": f"text.{language}"}}]
    return {"bool": found} if len(must) > 1 or len(found) > 1 else words


def _weighted(fields: Iterable[str]) -> list[str]:
    return [f"{field}^{TITLE_BOOST:g}" if field.startswith("title.") else field for field in fields]


def _words(text: str, fields: list[str], zero: str) -> Clause:
    """All words in one of the fields or spread over them."""
    asked = {"query": text, "operator": "and", "zero_terms_query": zero}
    if len(fields) == 1:
        return {"match": {fields[0]: asked}}
    return {"combined_fields": {**asked, "fields": _weighted(fields)}}


def _phrase(text: str, fields: list[str], zero: str) -> Clause:
    asked = {"query": text, "fields": _weighted(fields), "zero_terms_query": zero}
    return {"multi_match": {**asked, "type": "phrase"}}


def _scope(node: Near | Phrase | Node) -> Scope:
    while isinstance(node, Near | Or):
        node = node.left if isinstance(node, Near) else node.items[0]
    return node.scope if isinstance(node, Word | Phrase) else "all"


def intervals(node: Node) -> Clause:
    """The rule of an `intervals` query for what can stand near something else."""
    if isinstance(node, Near):
        sides = [intervals(node.left), intervals(node.right)]
        return {"all_of": {"intervals": sides, "max_gaps": node.within, "ordered": False}}
    if isinstance(node, Or):
        return {"any_of": {"intervals": [intervals(item) for item in node.items]}}
    if not isinstance(node, Word | Phrase):
        raise TypeError(f"{type(node).__name__} stands near nothing")
    within = node.within if isinstance(node, Phrase) else None
    return {"match": {"query": node.text, "max_gaps": within or 0, "ordered": within is None}}


def between(node: Dates) -> Clause:
    """Articles dated within a span of time."""
    bounds = {"gte": node.since, "lt": node.until}
    written = {name: moment.isoformat().replace("+00:00", "Z") for name, moment in bounds.items() if moment}
    return {"range": {"date": written}} if written else {"match_all": {}}
