"""How a query was read, in the query language itself: every AND said, every precedence bracketed, every date whole."""

from __future__ import annotations

import re
from datetime import UTC

from desk.search import dates, topics
from desk.search.nodes import And, Dates, Everything, Named, Near, Node, Not, Or, Phrase, Prefix, Query, Word

EVERYTHING = "*"
_PLAIN = re.compile(r"\w[\w'’]*")
_PLAIN_VALUE = re.compile(r"\w[\w'’.:-]*\w|\w")
_PLAIN_ADDRESS = re.compile(r"[\w:/.][\w:/.?&%~#+*;@!$'=-]*")
_LIKE_OPERATORS = ("and", "or", "not")


def read_as(query: Query) -> str:
    """The query as it was understood; it means the same when it is read again. Every article is `*`."""
    return _said(query.root)


def _said(node: Node) -> str:
    if isinstance(node, Word | Phrase | Prefix):
        return _scoped(node.scope, _text(node))
    if isinstance(node, Named):
        return f"{node.field}:{value_said(node)}"
    if isinstance(node, Dates):
        return _dates(node)
    if isinstance(node, Everything):
        return EVERYTHING
    return _joined(node)


def _scoped(scope: str, said: str) -> str:
    return said if scope == "all" else f"{scope}:{said}"


def _text(node: Word | Phrase | Prefix) -> str:
    if isinstance(node, Prefix):
        return f"{node.text}*"
    if isinstance(node, Phrase):
        return quoted(node.text) + (f"~{node.within}" if node.within else "")
    is_plain = node.text.casefold() not in _LIKE_OPERATORS and _PLAIN.fullmatch(node.text)
    return node.text if is_plain else quoted(node.text)


def quoted(text: str) -> str:
    """A text as a phrase, in quotes of another kind than those in it."""
    return f"«{text}»" if '"' in text else f'"{text}"'


def value_said(node: Named) -> str:
    """A field's value as it is written behind the colon."""
    code = topics.written_code(node.value) if node.field == "topic" else None
    if code:
        name = topics.name_of(code)
        return _plain_or_quoted(name) if topics.code_of(name) == code else code
    if node.manner == "prefix":
        return f"{node.value}*"
    if node.field in ("lang", "id", "url"):
        return node.value if _PLAIN_ADDRESS.fullmatch(node.value) else quoted(node.value)
    return ("=" if node.manner == "exact" else "") + _plain_or_quoted(node.value)


def _plain_or_quoted(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else quoted(text)


def _dates(node: Dates) -> str:
    if node.since is None and node.until is None:
        return EVERYTHING
    return dates.written(node.since and node.since.astimezone(UTC), node.until and node.until.astimezone(UTC))


def _joined(node: Node) -> str:
    if isinstance(node, Not):
        return f"NOT {_inner(node.item)}"
    if isinstance(node, Near):
        right = _inner(node.right)
        left = _said(node.left) if isinstance(node.left, Near) else _inner(node.left)
        return f"{left} NEAR/{node.within} {right}"
    if isinstance(node, Or) and is_list(node):
        return _list(node)
    if isinstance(node, And | Or):
        return (" OR " if isinstance(node, Or) else " AND ").join(_side(item) for item in node.items)
    raise TypeError(type(node).__name__)


def is_list(node: Or) -> bool:
    """Whether it can be written as a list of values of one field (`lang:en,fr`)."""
    fields = {item.field if isinstance(item, Named) else None for item in node.items}
    return len(fields) == 1 and not fields & {None, "url"}


def _list(node: Or) -> str:
    values = [item for item in node.items if isinstance(item, Named)]
    return f"{values[0].field}:" + ",".join(value_said(value) for value in values)


def _side(node: Node) -> str:
    is_loose = isinstance(node, And) or (isinstance(node, Or) and not is_list(node))
    return f"({_said(node)})" if is_loose else _said(node)


def _inner(node: Node) -> str:
    return f"({_said(node)})" if isinstance(node, And | Or | Near) else _said(node)
