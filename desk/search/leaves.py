"""The single things a query asks for: a word, phrase or value, checked and understood by its field."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import cast

from desk.search import dates, topics
from desk.search.fields import DATE_FIELDS, NAME_FIELDS, TEXT_FIELDS, language_code, nearest_language
from desk.search.nodes import Dates, Named, Node, Phrase, Prefix, QueryError, Scope, Word
from desk.search.tokens import Token, trimmed

LEAST_PREFIX = 2
MOST_PREFIXES = 4
LONGEST_PREFIX = 800

_STAR = re.compile(r"\*+$")
_INNER_STAR = re.compile(r"\w[*?]+\w")
_PHRASE_STAR = re.compile(r"\w\*(?=\s|$)")
_FUZZY = re.compile(r"(.*\w)(~\d*|\^\d+(?:\.\d+)?)")
_FIELD_BEFORE = re.compile(r"[A-Za-z]+:$")
_ENTITY_ID = re.compile(r"Q[1-9]\d*")
_ARTICLE_ID = re.compile(r"[0-9a-f]{32}")


class Leaves:
    """Makes the leaves of one query's tree; `hints` gathers what may have been meant otherwise."""

    def __init__(self, typed: str, now: datetime) -> None:
        self.typed, self.now, self.prefixes = typed, now, 0
        self.hints: list[str] = []

    def made(self, field: str | None, token: Token) -> Node:
        """What a word, phrase or value asks for, within a field or without.

        Raises:
            QueryError: the field has no such value, or a wildcard stands where it cannot.
        """
        if field is None or field in TEXT_FIELDS:
            return self._text(cast("Scope", field or "all"), token)
        if field in NAME_FIELDS:
            return self._name(field, token)
        if field in DATE_FIELDS:
            return self._dates(field, token)
        special: dict[str, Callable[[Token], Node]] = {"lang": self._lang, "url": self._url, "id": self._id}
        return special[field](token)

    def _mended(self, token: Token, new: str, *, text: str | None = None) -> str:
        """The whole text with a token, or a part of it, written otherwise."""
        found = -1 if text is None else self.typed.find(text, token.at, token.end)
        start, end = (token.at, token.end) if found < 0 else (found, found + len(text or ""))
        return f"{self.typed[:start]}{new}{self.typed[end:]}"

    def _text(self, scope: Scope, token: Token) -> Node:
        if token.is_quoted:
            return self._phrase(scope, token)
        fuzzy = _FUZZY.fullmatch(token.text)
        if fuzzy:
            message = f"{fuzzy[2]} behind a word means nothing here: leave it out, or write the word's start and a *"
            raise QueryError(message, token.at, token.length, self._mended(token, fuzzy[1], text=token.text))
        if self._is_prefix(token):
            return Prefix(self._prefix(token), scope, at=token.at, length=token.length)
        self._check_stars(token)
        word = trimmed(token.text)
        kind = Word if _is_one(word) else Phrase
        if not word:
            return self._nothing(token)
        if _ENTITY_ID.fullmatch(word):
            self.hints.append(f"{word} is looked for as a word: entity:{word} means what Wikidata calls so")
        return kind(word, scope, at=token.at, length=token.length)

    def _nothing(self, token: Token) -> Node:
        raise QueryError("there is no word here: write one, or leave it out", token.at, token.length)

    def _phrase(self, scope: Scope, token: Token) -> Node:
        phrase = trimmed(token.text)
        if not phrase:
            mend = f"{self.typed[: token.at]}{self.typed[token.end :]}".strip()
            raise QueryError("there is nothing between the quotes: leave them out", token.at, token.length, mend)
        if _PHRASE_STAR.search(token.text):
            message = "a * in quotes stands for nothing: leave it out, or write the words without quotes"
            raise QueryError(message, token.at, token.length, self._mended(token, _unquoted(token.text)))
        if _is_one(phrase):
            return Word(phrase, scope, at=token.at, length=token.length)
        return Phrase(phrase, scope, token.number, at=token.at, length=token.length)

    def _is_prefix(self, token: Token) -> bool:
        return not token.is_quoted and bool(_STAR.search(token.text)) and bool(trimmed(token.text))

    def _prefix(self, token: Token) -> str:
        start = trimmed(_STAR.sub("", token.text))
        if not _is_one(start):
            last = re.split(r"[\W_]+", start)[-1]
            self._check_stars(token, start)
            mend = self._mended(token, f'"{start}"' if len(last) < LEAST_PREFIX else f'"{start[: -len(last)]}" {last}*')
            raise QueryError("a * stands behind the start of one word", token.at, token.length, mend)
        if len(start) < LEAST_PREFIX:
            message = f"{start}* is too short: write at least {LEAST_PREFIX} letters before the *"
            raise QueryError(message, token.at, token.length, self._mended(token, start, text=token.text))
        self._check_length(start, token)
        self.prefixes += 1
        if self.prefixes > MOST_PREFIXES:
            mend = self._mended(token, start, text=token.text)
            raise QueryError(f"a query has at most {MOST_PREFIXES} words with a *", token.at, token.length, mend)
        return start

    def _check_length(self, start: str, token: Token) -> None:
        if len(start) > LONGEST_PREFIX:
            message = f"{len(start)} characters before the end is left open: at most {LONGEST_PREFIX}"
            raise QueryError(message, token.at, token.length)

    def _check_stars(self, token: Token, text: str | None = None) -> None:
        word = token.text if text is None else text
        inner, starts = _INNER_STAR.search(word), word.startswith(("*", "?*"))
        if not inner and not (starts and trimmed(word)):
            return
        head = trimmed(re.split(r"[*?]", word.lstrip("*?"))[0])
        mend = self._mended(token, head + ("*" if inner and len(head) >= LEAST_PREFIX else ""), text=token.text)
        raise QueryError("a * stands only at the end of a word", token.at, token.length, mend if head else None)

    def _name(self, field: str, token: Token) -> Node:
        if token.is_exact and token.text:
            return Named(field, token.text, "exact", at=token.at, length=token.length)
        if not trimmed(token.text):
            return self._nothing(token)
        if field == "topic":
            return self._topic(token)
        if self._is_prefix(token):
            return Named(field, self._prefix(token), "prefix", at=token.at, length=token.length)
        if not token.is_quoted:
            self._check_stars(token)
        return Named(field, trimmed(token.text), at=token.at, length=token.length)

    def _topic(self, token: Token) -> Node:
        name = trimmed(token.text)
        code = topics.written_code(name)
        if code and not topics.topic(code):
            message = f"there is no Media Topic {code}: write its name, topic:diplomacy"
            raise QueryError(message, token.at, token.length)
        if self._is_prefix(token):
            return Named("topic", self._prefix(token), "prefix", at=token.at, length=token.length)
        found = topics.topic(code or topics.code_of(name) or "")
        if found:
            return Named("topic", found.code, "exact", at=token.at, length=token.length)
        return Named("topic", name, at=token.at, length=token.length)

    def _lang(self, token: Token) -> Node:
        code = language_code(token.text)
        if code:
            return Named("lang", code, "exact", at=token.at, length=token.length)
        better = nearest_language(token.text)
        message = (
            f"there is no language {token.text}: write a code or an English name, lang:en or lang:{better or 'english'}"
        )
        raise QueryError(message, token.at, token.length, self._mended(token, better) if better else None)

    def _url(self, token: Token) -> Node:
        address = token.text.rstrip(",;")
        if not re.search(r"\w", address):
            return self._nothing(token)
        if "://" not in address or address.endswith("*"):
            self._check_length(address, token)
        return Named("url", address, "exact", at=token.at, length=token.length)

    def _id(self, token: Token) -> Node:
        if _ARTICLE_ID.fullmatch(token.text.casefold()):
            return Named("id", token.text.casefold(), "exact", at=token.at, length=token.length)
        message = "an article's id is 32 hexadecimal digits: for an address write url:, for an entity entity:"
        raise QueryError(message, token.at, token.length)

    def _dates(self, field: str, token: Token) -> Node:
        first, dots, last = token.text.strip().partition("..")
        if field != "date" and dots:
            name = _FIELD_BEFORE.search(self.typed, 0, token.at)
            mend = f"{self.typed[: name.start()]}date:{self.typed[name.end() :]}" if name else None
            message = f"{field}: takes one date: for a span write date:{first}..{last}"
            raise QueryError(message, token.at, token.length, mend)
        since, until = self._bound(first, token), self._bound(last, token)
        if field != "date" or not dots:
            return self._one(field, since, token)
        return self._between(since, until, token)

    def _bound(self, text: str, token: Token) -> dates.Span | None:
        if not text.strip():
            return None
        try:
            return dates.span(text, self.now)
        except dates.DateError as error:
            mend = self._mended(token, error.mend, text=text) if error.mend else None
            raise QueryError(str(error), token.at, token.length, mend) from None

    def _one(self, field: str, bound: dates.Span | None, token: Token) -> Node:
        if bound is None:
            return self._nothing(token)
        start, end = bound
        if field == "until":
            return Dates(None, end or start, at=token.at, length=token.length)
        return Dates(start, end if field == "date" else None, at=token.at, length=token.length)

    def _between(self, since: dates.Span | None, until: dates.Span | None, token: Token) -> Node:
        if since is None and until is None:
            return self._nothing(token)
        start, end = since and since[0], until and (until[1] or until[0])
        if start and end and start >= end:
            first, _, last = token.text.partition("..")
            mend = self._mended(token, f"{last}..{first}", text=token.text)
            raise QueryError(f"{first} is not before {last}: turn them round", token.at, token.length, mend)
        return Dates(start, end, at=token.at, length=token.length)


def _is_one(text: str) -> bool:
    """Whether a text is one word: no space, hyphen or other sign within that an analyzer may cut at."""
    return bool(text) and not re.search(r"[^\w'’\u0300-\u036f\u0900-\u0dff\u200c\u200d]", text)


def _unquoted(text: str) -> str:
    return " ".join(text.split())
