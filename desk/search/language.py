"""The query language: what a person types, read into a tree; the same in the terminal, on the page and in the API.

    query = all { "OR" all }                    a | b  is  a OR b
    all   = near { [ "AND" ] near }             words side by side must all occur
    near  = one { "NEAR/5" one }                with at most five words between them, in any order
    one   = ( "-" | "NOT" ) one | "(" query ")" | field | word | prefix* | "a phrase" | "any order"~5
    field = name ":" ( value { "," value } | "(" query ")" )          a list means any of them
    value = word | "a phrase" | prefix* | "=" exact

AND binds closer than OR; `desk.search.readas` says with brackets how a query was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from desk.search.leaves import Leaves
from desk.search.nodes import UNSPACED, And, Everything, Near, Node, Not, Or, Phrase, Query, QueryError, Word
from desk.search.tokens import Token, cleaned, scan, trimmed

__all__ = ["MOST_CHARACTERS", "MOST_CLAUSES", "MOST_DEPTH", "Query", "QueryError", "parse", "pointer"]

MOST_CHARACTERS = 2000
MOST_CLAUSES = 64
MOST_DEPTH = 12
MOST_NEARS = 8

_BINDS = "AND binds closer than OR: brackets say it otherwise"
_WORDS = re.compile(rf"{UNSPACED}|(?:(?!{UNSPACED})\w)+")
_STARTS = ("word", "phrase", "open", "not", "field")
_SAID = {"and": "AND", "or": "OR", "near": "NEAR", "not": "NOT"}


def parse(text: str, now: datetime | None = None) -> Query:
    """Reads a query.

    Args:
        text: what was typed; nothing, or `*`, asks for every article.
        now: what `7d` and `today` count from, where it is not this moment.

    Raises:
        QueryError: it cannot be read, or asks too much; nothing else, for any text.
    """
    if len(text) > MOST_CHARACTERS:
        message = f"{len(text)} characters: a query has at most {MOST_CHARACTERS}"
        raise QueryError(message, MOST_CHARACTERS, len(text) - MOST_CHARACTERS)
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    typed = cleaned(text)
    tokens = [token for token in scan(typed) if token.kind != "word" or trimmed(token.text)]
    parser = _Parser(typed, tokens, moment)
    root = parser.whole()
    return Query(text, root, tuple(parser.hints()))


def pointer(error: QueryError, text: str) -> str:
    """Two lines for a terminal: the query, and marks under the place that the error speaks of."""
    shown = cleaned(text)
    marks = "^" * max(1, min(error.length, len(shown) - error.at))
    return f"{shown}\n{' ' * error.at}{marks}"


class _Parser:
    def __init__(self, typed: str, tokens: list[Token], now: datetime) -> None:
        self.typed, self.tokens, self.index, self.depth, self.count = typed, tokens, 0, 0, 0
        self.nears = 0
        self.field: str | None = None
        self.leaves = Leaves(typed, now)

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def without(self, token: Token) -> str | None:
        """The text without a token; none where nothing would be left of it."""
        rest = f"{self.typed[: token.at].rstrip()} {self.typed[token.end :].lstrip()}".strip()
        return rest or None

    def whole(self) -> Node:
        first = self.token
        if first.kind == "end":
            return Everything()
        root = Everything() if first.kind == "close" else self.query()
        last = self.take()
        if last.kind == "close":
            message = "a bracket closes that was not opened: leave it out, or open it before"
            raise QueryError(message, last.at, 1, self.without(last))
        return root

    def query(self) -> Node:
        items = [self.all()]
        while self.token.kind == "or":
            operator = self.take()
            self.needs_next(operator)
            items.append(self.all())
        if any(isinstance(item, And) and item.at == item.items[0].at for item in items) and len(items) > 1:
            self.leaves.hints.append(_BINDS)
        return _joined(Or, items)

    def needs_next(self, operator: Token) -> None:
        if self.token.kind in _STARTS:
            return
        said = _SAID[operator.kind]
        message = f"{said} has nothing behind it: write what is wanted, or leave it out"
        mend = self.without(operator) or f'"{self.typed.strip()}"'
        raise QueryError(message, operator.at, operator.length, mend)

    def all(self) -> Node:
        if self.token.kind in ("and", "or", "near"):
            said = _SAID[self.token.kind]
            message = f'{said} has nothing before it: leave it out, or write "{said.lower()}" for the word itself'
            mend = self.without(self.token) or f'"{self.typed.strip()}"'
            raise QueryError(message, self.token.at, self.token.length, mend)
        items = [self.near()]
        while self.token.kind in (*_STARTS, "and"):
            if self.token.kind == "and":
                self.needs_next(self.take())
            items.append(self.near())
        return _joined(And, items)

    def near(self) -> Node:
        found = self.one()
        while self.token.kind == "near":
            operator = self.take()
            self.nears += 1
            if self.nears > MOST_NEARS:
                raise QueryError(f"a query has at most {MOST_NEARS} NEAR", operator.at, operator.length)
            self.needs_next(operator)
            other = self.one()
            self.check_near(found, operator, other)
            found = Near(found, other, operator.number or 1, at=found.at, length=other.end - found.at)
        return found

    def check_near(self, left: Node, operator: Token, right: Node) -> None:
        for side in (left, right):
            if not _can_be_near(side):
                message = f"NEAR/{operator.number} stands between words, phrases, or brackets of them with OR"
                raise QueryError(message, side.at, side.length)
        if len({*_scopes(left), *_scopes(right)}) > 1:
            bare = self.typed[left.at : right.end]
            name = next(scope for scope in (*_scopes(left), *_scopes(right)) if scope != "all")
            mend = f"{self.typed[: left.at]}{name}:({bare.replace(f'{name}:', '')}){self.typed[right.end :]}"
            message = f"both sides of NEAR/{operator.number} stand in one field: write {name}:(a NEAR/5 b)"
            raise QueryError(message, left.at, right.end - left.at, mend)

    def one(self) -> Node:
        if self.token.kind == "not":
            return self.negated()
        if self.token.kind == "open":
            return self.bracketed()
        if self.token.kind == "field":
            return self.fielded()
        token = self.take()
        return self.counted(self.leaves.made(self.field, token), token)

    def negated(self) -> Node:
        first, times = self.token, 0
        while self.token.kind == "not":
            operator, times = self.take(), times + 1
            self.needs_next(operator)
        item = self.one()
        length = item.end - first.at
        return Not(item, at=first.at, length=length) if times % 2 else replace(item, at=first.at, length=length)

    def bracketed(self) -> Node:
        opening = self.take()
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise QueryError(f"brackets in brackets: at most {MOST_DEPTH} deep", opening.at, 1)
        first = self.token
        if first.kind == "close":
            message = "there is nothing between the brackets: leave them out"
            length = first.end - opening.at
            raise QueryError(message, opening.at, length, self.without(replace(opening, length=length)))
        inner = self.query() if first.kind != "end" else None
        closing = self.take()
        if inner is None or closing.kind != "close":
            mend = self.typed.rstrip() + ")" if inner else self.without(opening)
            raise QueryError("a bracket is not closed: put a ) where it ends", opening.at, 1, mend)
        self.depth -= 1
        return replace(inner, at=opening.at, length=closing.end - opening.at)

    def fielded(self) -> Node:
        token = self.take()
        if self.field:
            message = f"{token.text}: stands in the brackets of {self.field}: — close those before it"
            raise QueryError(message, token.at, token.length)
        if self.token.kind == "open":
            self.field = token.text
            group = self.bracketed()
            self.field = None
            return replace(group, at=token.at, length=group.end - token.at)
        return self.listed(token)

    def listed(self, field: Token) -> Node:
        values = []
        while self.token.kind == "value":
            token = self.take()
            values.append(self.counted(self.leaves.made(field.text, token), token))
        end = values[-1].end
        if len(values) == 1:
            return replace(values[0], at=field.at, length=end - field.at)
        return Or(tuple(values), is_list=True, at=field.at, length=end - field.at)

    def counted(self, node: Node, token: Token) -> Node:
        self.count += _size(node)
        if self.count > MOST_CLAUSES:
            message = f"a query has at most {MOST_CLAUSES} words and values: leave out what stands from here"
            raise QueryError(message, token.at, len(self.typed) - token.at)
        return node

    def hints(self) -> list[str]:
        """What may have been meant otherwise."""
        found = list(dict.fromkeys(self.leaves.hints))
        small = {token.text for token in self.tokens if token.kind == "word"} & {"or", "and", "not"}
        found += [f"{one} in small letters is a word like any other: write {one.upper()}" for one in sorted(small)]
        return found


def _joined(kind: type[And | Or], items: list[Node]) -> Node:
    if len(items) == 1:
        return items[0]
    return kind(tuple(items), at=items[0].at, length=items[-1].end - items[0].at)


def _size(node: Node) -> int:
    """How many words a leaf is to an analyzer, at least one; a character may be one where no spaces part them."""
    return max(1, len(_WORDS.findall(node.text))) if isinstance(node, Word | Phrase) else 1


def _can_be_near(node: Node) -> bool:
    if isinstance(node, Or):
        return all(_can_be_near(item) for item in node.items)
    return isinstance(node, Word | Phrase | Near)


def _scopes(node: Node) -> Iterator[str]:
    if isinstance(node, Or):
        for item in node.items:
            yield from _scopes(item)
    elif isinstance(node, Near):
        yield from _scopes(node.left)
    elif isinstance(node, Word | Phrase):
        yield node.scope
