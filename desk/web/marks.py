"""Where marks and cuts stand in an article's text, from the offsets that are stored: pure functions."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST_TERMS = 300
_LINE = re.compile(r"[^\n]*\S[^\n]*")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of the text; `key` is an entity's or a topic's id, `kind` its type."""

    start: int
    end: int
    kind: str
    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the text, under one mark or none."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One line of the article, or with `cuts` what was cut out before it."""

    pieces: tuple[Piece, ...] = ()
    cuts: tuple[Mapping[str, Any], ...] = ()


def entity_spans(article: Mapping[str, Any]) -> Iterator[Span]:
    """Every mention of every entity."""
    for entity in article.get("entities", ()):
        for mention in entity["mentions"]:
            yield Span(mention["start"], mention["end"], entity["type"], entity["id"], entity["name"])


def topic_spans(article: Mapping[str, Any]) -> Iterator[Span]:
    """Every place where a term stands that speaks for a topic; a term of several topics goes to the first of them."""
    terms: dict[str, Mapping[str, Any]] = {}
    for topic in article.get("topics", ()):
        for term in topic.get("terms", ()):
            terms.setdefault(term.casefold(), topic)
    if not terms:
        return
    longest_first = sorted(terms, key=len, reverse=True)[:_MOST_TERMS]
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    for match in pattern.finditer(article["text"]):
        topic = terms.get(match[0].casefold())
        if topic:
            yield Span(match.start(), match.end(), "topic", topic["id"], topic["name"])


def longest(spans: Iterable[Span], length: int) -> list[Span]:
    """The spans that can be drawn side by side, in order: where some overlap, the longest wins, then the first."""
    kept: list[Span] = []
    starts: list[int] = []
    valid = (span for span in spans if 0 <= span.start < span.end <= length)
    for span in sorted(valid, key=lambda span: (span.start - span.end, span.start)):
        place = bisect_left(starts, span.start)
        is_behind = place == 0 or kept[place - 1].end <= span.start
        if is_behind and (place == len(kept) or span.end <= starts[place]):
            kept.insert(place, span)
            starts.insert(place, span.start)
    return kept


def lines_before(text: str, cuts: Sequence[Mapping[str, Any]]) -> list[int]:
    """How many lines of the clean text stand before each cut; lines without a character do not count.

    Offsets of cuts count in the text as it was before the cutting, which is not kept: between two cuts it was as long
    as the lines that stand there now, and the white space around them.
    """
    lines = [(match.start(), match.end()) for match in _LINE.finditer(text)]
    found: list[int] = []
    passed = before = 0
    for cut in cuts:
        room = cut["start"] - before - (2 if before else 1)
        passed += _fitting(lines[passed:], room)
        found.append(passed)
        before = cut["end"]
    return found


def _fitting(lines: Sequence[tuple[int, int]], room: int) -> int:
    """How many of these lines fit into so many characters, with what stands between them."""
    return sum(end - lines[0][0] <= room for _, end in lines) if lines else 0


def blocks(text: str, spans: Iterable[Span], cuts: Sequence[Mapping[str, Any]]) -> list[Block]:
    """The article as the page draws it: its lines with their marks, and between them what was cut."""
    drawn = longest(spans, len(text))
    cut_before: dict[int, list[Mapping[str, Any]]] = {}
    for cut, place in zip(cuts, lines_before(text, cuts), strict=True):
        cut_before.setdefault(place, []).append(cut)
    found: list[Block] = []
    for number, match in enumerate(_LINE.finditer(text)):
        if before := cut_before.pop(number, None):
            found.append(Block(cuts=tuple(before)))
        found.append(Block(tuple(_pieces(text, match.start(), match.end(), drawn))))
    if behind := [cut for place in sorted(cut_before) for cut in cut_before[place]]:
        found.append(Block(cuts=tuple(behind)))
    return found


def _pieces(text: str, start: int, end: int, spans: Sequence[Span]) -> Iterator[Piece]:
    at = start
    place = bisect_left(spans, start, key=lambda span: span.end - 1)
    while place < len(spans) and spans[place].start < end:
        span = spans[place]
        first, last = max(start, span.start), min(end, span.end)
        if at < first:
            yield Piece(text[at:first])
        yield Piece(text[first:last], span)
        at, place = last, place + 1
    if at < end:
        yield Piece(text[at:end])
