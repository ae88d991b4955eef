"""A query's text cut into tokens, each with its place: words, phrases, brackets, operators, fields and their values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, NoReturn

from desk.search.fields import FIELDS, SHORT_NAMES, nearest
from desk.search.nodes import QueryError
from desk.search.topics import written_code

Kind = Literal["word", "phrase", "open", "close", "and", "or", "not", "near", "field", "value", "end"]

MOST_WITHIN = 100

# What closes a phrase, by what opens it, in the manner of each language; another kind of quote may stand within.
_CLOSES = {'"': '"', "“": '”“"', "”": '”"', "„": '“”„"', "‟": '”‟"', "«": "»", "»": "«»"}
_QUOTES = "".join(_CLOSES)
_ALIKE = str.maketrans("＂（）：，＊−", '"():,*-')
_RUN = re.compile(rf"[^\s{_QUOTES}()|]+")
_DISTANCE = re.compile(r"~(\d{1,9})")
_PLAIN_VALUE = re.compile(rf"[^\s{_QUOTES}(),|]+")
_ADDRESS = re.compile(rf"[^\s{_QUOTES}]+")
_URL = re.compile(r"https?://[^/]", re.IGNORECASE)
_NAMED = re.compile(r"([A-Za-z][A-Za-z_-]*):")
_NEAR = re.compile(r"(?:near|within|w)/(\d{1,9})", re.IGNORECASE)
_OPERATORS: dict[str, Kind] = {"AND": "and", "&&": "and", "OR": "or", "NOT": "not"}
_SIGNS = "-!+"
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query.

    `text` is its content as it counts. A `field` has its canonical name there; a `value` belongs to the field before
    it. `number` is the distance of `near` or behind a phrase. `is_exact` marks a value behind `=`.
    """

    kind: Kind
    text: str
    at: int
    length: int
    number: int | None = None
    is_quoted: bool = False
    is_exact: bool = False

    @property
    def end(self) -> int:
        """The place after its last character."""
        return self.at + self.length


@cache
def _stands(character: str) -> bool:
    """Whether a character is text at all: no control, no sign that turns direction, no half of one, no private one."""
    return unicodedata.category(character) not in ("Cc", "Cs", "Co") and character not in _TURNS


@cache
def _says(character: str) -> bool:
    """Whether a character says something at the end of a word: a letter, mark, number or picture."""
    return unicodedata.category(character)[0] in "LMN" or unicodedata.category(character) == "So"


def cleaned(text: str) -> str:
    """The text, character for character, with a space for what is none: controls, signs that turn the direction."""
    return "".join(one if _stands(one) else " " for one in text)


def plain(text: str) -> str:
    """A piece of text as it is looked for: composed, without characters that cannot be seen."""
    seen = (one for one in text if one in _JOINERS or unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFC", "".join(seen))


def trimmed(word: str) -> str:
    """A word without punctuation around it."""
    start, end = 0, len(word)
    while start < end and not _says(word[start]):
        start += 1
    while end > start and not _says(word[end - 1]):
        end -= 1
    return word[start:end]


def within(quoted: str) -> str:
    """What stands between quotes, such that quotes of one kind can be put around it again."""
    words = plain(quoted).replace("＂", '"')
    return " ".join((words.replace('"', " ") if "»" in words else words).split())


def scan(text: str) -> list[Token]:
    """The tokens of a text, an `end` last.

    Raises:
        QueryError: a quote is not closed, a field is unknown or has no value.
    """
    return [*_Scanner(text).tokens(), Token("end", "", len(text), 0)]


class _Scanner:
    def __init__(self, text: str) -> None:
        self.typed, self.at = cleaned(text), 0
        self.text = self.typed.translate(_ALIKE)

    def tokens(self) -> Iterator[Token]:
        while self._skip_space():
            yield from self._next()

    def _skip_space(self) -> bool:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _next(self) -> Iterator[Token]:
        character = self.text[self.at]
        if character in _QUOTES:
            yield self._phrase("phrase")
        elif character in "()":
            yield self._taken("open" if character == "(" else "close", 1)
        elif character == "|":
            yield self._taken("or", len(self.text[self.at :]) - len(self.text[self.at :].lstrip("|")))
        elif self._is_sign():
            yield from self._sign()
        else:
            yield from self._run()

    def _matched(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        return found[0] if found else ""

    def _taken(self, kind: Kind, length: int, text: str = "", number: int | None = None) -> Token:
        token = Token(kind, text, self.at, length, number)
        self.at += length
        return token

    def _is_sign(self) -> bool:
        """Whether a `-`, `+` or `!` stands before what it belongs to, and not between or behind words."""
        if self.text[self.at] not in _SIGNS:
            return False
        starts = self.at == 0 or self.text[self.at - 1].isspace() or self.text[self.at - 1] in "(|"
        belongs = _RUN.match(self.text, self.at + 1)
        says = belongs and belongs[0][0] not in _SIGNS and any(_says(one) for one in belongs[0])
        return starts and bool(says or self.text[self.at + 1 : self.at + 2] in (*_QUOTES, "("))

    def _sign(self) -> Iterator[Token]:
        if self.text[self.at] == "+":
            self.at += 1
        else:
            yield self._taken("not", 1)

    def _phrase(self, kind: Kind) -> Token:
        closers = _CLOSES[self.text[self.at]]
        end = next((i for i in range(self.at + 1, len(self.text)) if self.text[i] in closers), None)
        if end is None:
            self._fail('a quote is not closed: put a " behind the phrase', 1, self.typed.rstrip() + closers[-1])
        words = within(self.typed[self.at + 1 : end])
        behind = _DISTANCE.match(self.text, end + 1)
        number = self._distance(behind[1], behind.start(1)) if behind else None
        after = behind.end() if behind else end + 1
        token = Token(kind, words, self.at, after - self.at, number, is_quoted=True)
        self.at = after
        return token

    def _distance(self, digits: str, at: int) -> int:
        if 1 <= int(digits) <= MOST_WITHIN:
            return int(digits)
        mended = self.typed[:at] + ("1" if int(digits) == 0 else str(MOST_WITHIN)) + self.typed[at + len(digits) :]
        raise QueryError(f"within {digits} words: it can be 1 to {MOST_WITHIN}", at, len(digits), mended)

    def _run(self) -> Iterator[Token]:
        run = self._matched(_RUN)
        near, named = _NEAR.fullmatch(run), _NAMED.match(run)
        if run in _OPERATORS:
            yield self._taken(_OPERATORS[run], len(run))
        elif near:
            number = self._distance(near[1], self.at + near.start(1))
            yield self._taken("near", len(run), number=number)
        elif _URL.match(run):
            yield Token("field", "url", self.at, 0)
            yield self._address()
        elif named:
            yield from self._named(run, named[1])
        else:
            yield self._taken("word", len(run), plain(run))

    def _address(self) -> Token:
        """An address, up to a bracket that closes what was open before it."""
        address, depth = self._matched(_ADDRESS), 0
        for index, character in enumerate(address):
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth < 0:
                address = address[:index]
                break
        return self._taken("value", len(address), plain(self.typed[self.at : self.at + len(address)]))

    def _named(self, run: str, name: str) -> Iterator[Token]:
        rest = run[len(name) + 1 :]
        if name.casefold() in FIELDS:
            yield self._taken("field", len(name) + 1, FIELDS[name.casefold()])
            yield from self._values(name)
        elif written_code(run):
            yield Token("field", "topic", self.at, 0)
            yield self._taken("value", len(run), run)
        elif self._follows(len(run)) or (rest and not rest.startswith("//")):
            self._unknown(name)
        else:
            yield self._taken("word", len(run), plain(run))

    def _follows(self, length: int) -> bool:
        """Whether a quote or bracket comes right behind a run that ends with a colon."""
        after = self.text[self.at + length : self.at + length + 1]
        return self.text[self.at + length - 1] == ":" and after in (*_QUOTES, "(")

    def _unknown(self, name: str) -> NoReturn:
        better = nearest(name)
        after = self.at + len(name)
        if better:
            message = f"there is no field {name}: — is {better}: meant?"
            self._fail(message, len(name) + 1, self.typed[: self.at] + better + self.typed[after:])
        known = " ".join(f"{one}:" for one in SHORT_NAMES)
        message = f"there is no field {name}: — the fields are {known}; for the word itself leave the colon out"
        self._fail(message, len(name) + 1, f"{self.typed[:after]} {self.typed[after + 1 :]}")

    def _fail(self, message: str, length: int, mend: str | None) -> NoReturn:
        raise QueryError(message, self.at, length, mend)

    def _values(self, name: str) -> Iterator[Token]:
        """The values behind a field's colon; none where a bracket opens, whose words they are."""
        start = self.at - len(name) - 1
        if self.text[self.at : self.at + 1] == "(":
            return
        self._refuse_minus(name, start)
        count = 0
        for value in self._listed(FIELDS[name.casefold()]):
            count += 1
            yield value
        if not count:
            self._empty(name, start)

    def _refuse_minus(self, name: str, start: int) -> None:
        if self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2].strip():
            mended = f"{self.typed[:start]}-{self.typed[start : self.at]}{self.typed[self.at + 1 :]}"
            raise QueryError(f"the minus stands before the field: -{name}:…", self.at, 1, mended)

    def _listed(self, field: str) -> Iterator[Token]:
        while True:
            start = self.at
            is_exact = self.text[self.at : self.at + 1] == "="
            self.at += is_exact
            value = self._value(field)
            if value is None:
                self.at = start
                return
            yield Token("value", value.text, start, self.at - start, value.number, value.is_quoted, is_exact=is_exact)
            if self.text[self.at : self.at + 1] != ",":
                return
            self._comma(field)

    def _value(self, field: str) -> Token | None:
        if self.text[self.at : self.at + 1] in (*_QUOTES,):
            return self._phrase("value")
        if field == "url" and _PLAIN_VALUE.match(self.text, self.at):
            return self._address()
        found = self._matched(_PLAIN_VALUE)
        return self._taken("value", len(found), plain(found)) if found else None

    def _comma(self, field: str) -> None:
        """Steps over a comma; one with a space behind it may part a list or a sentence, so that is asked."""
        comma = self.at
        self.at += 1
        rest = self.text[self.at :]
        after = rest.lstrip()
        if after and after != rest:
            gap = len(rest) - len(after)
            mended = self.typed[: self.at] + self.typed[self.at + gap :]
            raise QueryError(f"a list of values has no spaces: {field}:one,other", comma, gap + 1, mended)

    def _empty(self, name: str, start: int) -> None:
        rest = self.typed[self.at :].lstrip(" =")
        is_joined = bool(rest) and rest[0] not in ")|,"
        mended = self.typed[: self.at] + rest if is_joined else (self.typed[:start] + rest).strip()
        raise QueryError(
            f"{name}: has no value: write it right behind the colon, {name}:…", start, len(name) + 1, mended
        )
