"""The one interface of all taggers, and how the names of a model become spans of words."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from processors.tagger import network
from processors.tagger.rules import Span, applied
from processors.tagger.spans import TITLES, tagged
from processors.tagger.tokens import LONGEST_WORD, Tokens

_FRONT = frozenset("the - ' ’ \" “ „ « ( , . : 's ’s".split())
_BACK = frozenset("- ' ’ \" ” » ) , . : ; 's ’s".split())
# Scripts whose words stand without spaces, or with particles on them: a name ends in the midst of letters.
_UNSPACED = ("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


class Found(NamedTuple):
    """A name as a model finds it: characters `start` to `end` of the text, its type, and how sure it is (0 to 1)."""

    start: int
    end: int
    kind: str
    score: float


class Tagged(NamedTuple):
    """The names of a text as spans of its words, in order, none over another. A model may cut words finer."""

    tokens: Tokens
    spans: list[Span]


@dataclass(frozen=True, slots=True)
class Tier:
    """What finds names.

    Attributes:
        name: what the enriched article says of it, such as `spacy:en_core_web_sm@3.8.0`.
        languages: ISO 639 codes of the languages that it reads; None for every one.
        tag: finds the names in a text that has these words.
    """

    name: str
    languages: frozenset[str] | None
    tag: Callable[[str, Tokens], Tagged]

    def reads(self, language: str | None) -> bool:
        """Whether it reads texts in a language; what is in no known one is read."""
        return language is None or self.languages is None or language in self.languages


def of_model(name: str, languages: frozenset[str] | None, find: Callable[[str], Iterable[Found]]) -> Tier:
    """The tier of a model that finds names by characters."""
    return Tier(name, languages, partial(aligned, find))


def _own(_: str, tokens: Tokens) -> Tagged:
    return Tagged(tokens, tagged(tokens, network.default()))


WIREDESK = Tier("wiredesk", frozenset({"en"}), _own)


def aligned(find: Callable[[str], Iterable[Found]], text: str, tokens: Tokens) -> Tagged:
    """What `find` finds in the text, as spans of whole words, under the rules that hold of every tagger's names."""
    if not tokens.words:
        return Tagged(tokens, [])
    text = text[: tokens.ends[-1]]
    whole = [one for one in (_whole(one, text, tokens) for one in find(text)) if one]
    tokens = _cut(tokens, text, whole)
    return Tagged(tokens, applied(_spans(whole, tokens), tokens))


def _whole(one: Found, text: str, tokens: Tokens) -> Found | None:
    """The name out to the ends of its words and without white space around it; none where no name stands."""
    inside = text[one.start : one.end]
    if not _named(inside):
        return None
    start = one.start + len(inside) - len(inside.lstrip())
    end = one.start + len(inside.rstrip())
    while start and _joined(text[start - 1], text[start]):
        start -= 1
    while end < len(text) and _joined(text[end - 1], text[end]):
        end += 1
    first, last = bisect_right(tokens.starts, start) - 1, bisect_left(tokens.ends, end)
    if not any(map(_letter, text[tokens.starts[first] : start])):
        start = tokens.starts[first]
    if not any(map(_letter, text[end : tokens.ends[last]])):
        end = tokens.ends[last]
    return one._replace(start=start, end=end)


def _named(inside: str) -> bool:
    """Whether a name can be written so: it has a letter that is no small one."""
    return any(letter.isalpha() and letter.title() == letter for letter in inside)


def _letter(one: str) -> bool:
    return one.isalnum() or unicodedata.category(one)[0] == "M"


def _joined(one: str, other: str) -> bool:
    """Whether two neighbours stand in one word."""
    return _letter(one) and _letter(other) and not (_unspaced(one) or _unspaced(other))


def _unspaced(one: str) -> bool:
    return one > "\u0e00" and unicodedata.name(one, "").startswith(_UNSPACED)


def _cut(tokens: Tokens, text: str, names: Iterable[Found]) -> Tokens:
    """The words, those cut in two in which a name begins or ends."""
    cuts: dict[int, set[int]] = defaultdict(set)
    for at in {at for one in names for at in one[:2]}:
        number = bisect_right(tokens.starts, at) - 1
        if tokens.starts[number] < at < tokens.ends[number]:
            cuts[number].add(at)
    if not cuts:
        return tokens
    cut = Tokens([], [], [])
    for number, (word, start, end) in enumerate(zip(*tokens, strict=True)):
        edges = [start, *sorted(cuts.get(number, ())), end]
        cut.starts.extend(edges[:-1])
        cut.ends.extend(edges[1:])
        cut.words.extend([text[a:b][:LONGEST_WORD] for a, b in pairwise(edges)] if number in cuts else [word])
    return cut


def _spans(names: Iterable[Found], tokens: Tokens) -> Iterator[Span]:
    reached = 0
    for one in sorted(names, key=lambda one: (one.start, -one.end)):
        span = Span(bisect_left(tokens.starts, one.start), bisect_left(tokens.ends, one.end) + 1, one.kind, one.score)
        span = _trimmed(span, tokens.words)
        if reached <= span.first < span.last:
            reached = span.last
            yield span


def _trimmed(span: Span, words: list[str]) -> Span:
    """The span without article, title and marks at its ends."""
    first, last = span.first, span.last
    front = _FRONT | TITLES if span.kind == "person" else _FRONT
    while first < last and words[first].lower() in front:
        first += 1
    while first < last and words[last - 1].lower() in _BACK:
        last -= 1
    return span._replace(first=first, last=last)
