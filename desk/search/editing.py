"""A query's text with a clause more or less: what a click on a facet, a bar or a way out makes of it.

The rest of the text stays as it was typed. Only clauses that the whole query must meet are looked at: those of an OR,
or behind a NOT, are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from desk.search import dates, topics
from desk.search.fields import FIELDS, NAME_FIELDS
from desk.search.language import parse
from desk.search.nodes import And, Dates, Everything, Named, Near, Node, Or, Phrase, Query, QueryError, Word
from desk.search.readas import quoted, read_as, value_said
from desk.search.tokens import cleaned, trimmed, within

MOST_WAYS = 12
# Fields of which an article has one value: two of them can only mean either.
_ONE_OF = ("source", "lang")
_NAMES = ("source", "author", "person", "org", "place", "event", "entity")
_CODE = re.compile(r"Q[1-9]\d*|(?:medtop:)?\d{8}|(?:person|organisation|place|event):[^\s\"()|,]+")


def with_clause(text: str, field: str, value: str) -> str:
    """The query with one more thing asked of every article; the same text where that is asked already.

    A second value of a field of which an article has one (`source`, `lang`) means either; of others, both.

    Raises:
        QueryError: the text cannot be read, or the field has no such value.
    """
    query, wanted = _parsed(text), _meant(field, value)
    items = _items(query)
    if any(_asks(item, wanted) for item in items):
        return text
    for index, item in enumerate(items):
        if wanted.field in _ONE_OF and _values(item) and _values(item)[0].field == wanted.field:
            return _rewritten(query, index, _clause([*_values(item), wanted]))
    return _together([*_slices(query), _clause([wanted])])


def without_clause(text: str, field: str, value: str) -> str:
    """The query without what it asks of every article's field; the same text where it does not ask that.

    Raises:
        QueryError: the text cannot be read, or the field has no such value.
    """
    query, wanted = _parsed(text), _meant(field, value)
    changed: list[str] = []
    for item, said in zip(_items(query), _slices(query), strict=True):
        kept = [one for one in _values(item) if not _is_same(one, wanted)]
        if len(kept) == len(_values(item)):
            changed.append(said)
        elif kept:
            changed.append(_clause(kept))
    return text if changed == _slices(query) else _together(changed)


def has_clause(text: str, field: str, value: str) -> bool:
    """Whether the query asks this of every article, alone or as one of a list.

    Raises:
        QueryError: the text cannot be read, or the field has no such value.
    """
    wanted = _meant(field, value)
    return any(_asks(item, wanted) for item in _items(_parsed(text)))


def with_dates(text: str, since: datetime | None, until: datetime | None) -> str:
    """The query narrowed to articles dated from `since` and before `until`, in place of the dates that it had.

    With neither, it is the query without dates. Parts of a second do not count.

    Raises:
        QueryError: the text cannot be read.
    """
    query = _parsed(text)
    pairs = zip(_items(query), _slices(query), strict=True)
    kept = [said for item, said in pairs if not isinstance(item, Dates)]
    start, end = (moment and moment.astimezone(UTC).replace(microsecond=0) for moment in (since, until))
    if start or end:
        return _together([*kept, dates.written(start, end)])
    return text if kept == _slices(query) else _together(kept)


def loosened(text: str) -> list[tuple[str, str]]:
    """Ways to find more: what each lets go, in words, and the query that is left.

    Raises:
        QueryError: the text cannot be read.
    """
    query = _parsed(text)
    items = _items(query)
    found: list[tuple[str, str]] = []
    for index, item in enumerate(items):
        said = _slices(query)[index]
        found += [(label, _rewritten(query, index, new)) for label, new in _ways(query, item)]
        if len(items) > 1:
            found.append((f"without {said}", _rewritten(query, index, None)))
    return found[:MOST_WAYS]


def _ways(query: Query, item: Node) -> Iterator[tuple[str, str]]:
    """What one part of a query could be instead, wider."""
    if isinstance(item, Phrase) and " " in item.text:
        yield f"the words of {quoted(item.text)} in any place", _words(item)
    elif isinstance(item, Near):
        sides = f"{_slice(query, item.left)} {_slice(query, item.right)}"
        yield f"{sides} at any distance", sides
    elif isinstance(item, Word) and item.scope != "all":
        yield f"{item.text} anywhere, not in {item.scope}: alone", read_as(Query("", replace(item, scope="all")))
    elif isinstance(item, Named) and item.manner == "exact" and item.field in _NAMES:
        words = read_as(Query("", replace(item, manner="words")))
        yield f"{words} as part of a name", words


def _words(phrase: Phrase) -> str:
    """The words of a phrase, each by itself."""
    words = [Word(word, phrase.scope) for piece in phrase.text.split() if (word := trimmed(piece))]
    return " ".join(read_as(Query("", word)) for word in words)


def _items(query: Query) -> tuple[Node, ...]:
    """What every article must meet, one by one; the words in a field's brackets (`title:(a b)`) are one thing."""
    root = query.root
    if isinstance(root, Everything):
        return ()
    is_open = isinstance(root, And) and (root.at == root.items[0].at or query.text[root.at] in "(（")
    return root.items if isinstance(root, And) and is_open else (root,)


def _slices(query: Query) -> list[str]:
    """Each of the items as it was typed, in brackets where it needs them beside others."""
    return [_slice(query, item) for item in _items(query)]


def _slice(query: Query, node: Node) -> str:
    said = query.text[node.at : node.end]
    if isinstance(node, Or) and not node.is_list and node.at == node.items[0].at:
        said = f"({said})"
    return said if _stands_alone(said, node) else _read(node)


def _read(node: Node) -> str:
    said = read_as(Query("", node))
    return f"({said})" if isinstance(node, Or) else said


def _stands_alone(said: str, node: Node) -> bool:
    """Whether a piece of the text means by itself what it meant there: signs may hang on what stood before."""
    if isinstance(node, Dates):
        return True
    try:
        return _parsed(said).root == node
    except QueryError:
        return False


def _rewritten(query: Query, index: int, new: str | None) -> str:
    """The query with one item written otherwise, or left out."""
    said = _slices(query)
    return _together([*said[:index], *([new] if new else []), *said[index + 1 :]])


def _together(parts: Sequence[str]) -> str:
    return " ".join(parts)


def _values(item: Node) -> tuple[Named, ...]:
    """A field's values where it is asked for any of them."""
    if isinstance(item, Named):
        return (item,)
    values = tuple(one for one in item.items if isinstance(one, Named)) if isinstance(item, Or) else ()
    is_whole = isinstance(item, Or) and len(values) == len(item.items)
    return values if is_whole and len({one.field for one in values}) == 1 else ()


def _asks(item: Node, wanted: Named) -> bool:
    """Whether an item asks for a value: alone, or, where an article has one of them, in a list."""
    values = _values(item)
    return any(_is_same(one, wanted) for one in values) and (len(values) == 1 or wanted.field in _ONE_OF)


def _is_same(one: Named, wanted: Named) -> bool:
    """Whether two are one choice to a person: `source:herald`, typed, is the value `Herald`."""
    if "prefix" in (one.manner, wanted.manner):
        return one == wanted
    return (one.field, one.value.casefold()) == (wanted.field, wanted.value.casefold())


def _parsed(text: str) -> Query:
    """A query that was read; times that count from now count from this minute, so that they are equal in its pieces."""
    return _parsed_at(text, datetime.now(UTC).replace(second=0, microsecond=0))


@lru_cache(maxsize=512)
def _parsed_at(text: str, now: datetime) -> Query:
    return parse(text, now)


def _meant(field: str, value: str) -> Named:
    """What a field and a value that the index holds ask for."""
    name = FIELDS.get(field.casefold(), field)
    found = _parsed(f"{name}:{_written(name, value)}").root
    if not isinstance(found, Named):
        raise QueryError(f"{field}: holds no names that could be chosen", 0, len(field))
    return found


def _written(field: str, value: str) -> str:
    if field not in NAME_FIELDS or _CODE.fullmatch(value):
        return value
    if field == "topic" and topics.code_of(value):
        return quoted(value)
    is_writable = within(cleaned(value)) == value
    return f"={quoted(value)}" if is_writable else quoted(within(cleaned(value)))


def _clause(values: Sequence[Named]) -> str:
    return f"{values[0].field}:" + ",".join(value_said(one) for one in values)
