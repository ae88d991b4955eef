"""Lines that one source puts around its articles, learned as they come, within bounded memory."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from processors.enrichers.blocks import is_sentence
from schemas.repeated import RepeatedLine

MOST_SOURCES = 500
# Of each source: lines that are counted, paragraphs and articles that are remembered, lines that were learned.
MOST_COUNTED = 600
MOST_TOLD = 1_000
MOST_ARTICLES = 500
MOST_LEARNED = 300
# Of each article: lines from its start and as many from its end.
MOST_AT_AN_END = 100
LONGEST_LINE = 400
# Counts are halved when so many articles were looked at: what a source no longer prints is forgotten.
RECENT = 100

# A label is learned sooner than a sentence: a wire repeats sentences of background in its stories, for a while.
_LEAST_SEEN = {False: 6, True: 12}
_LEAST_SHARE = {False: 0.3, True: 0.7}
_FEWEST_LETTERS = 3
_STORY_CHARACTERS = 80
# With less that is new in it, an article is another version of one that was looked at.
_LEAST_NEW = 0.25

_DIGITS = re.compile(r"\d+")


def line_id(text: str) -> str:
    """The fingerprint of a line, 16 hexadecimal digits: case, spaces and the value of numbers make no difference."""
    said = _DIGITS.sub("0", " ".join(unicodedata.normalize("NFC", text).casefold().split()))
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).hexdigest()


@dataclass(slots=True)
class _Source:
    """What is known of one source. Fingerprints are kept as numbers, the oldest first."""

    articles: int = 0
    counted: dict[int, int] = field(default_factory=dict)
    told: OrderedDict[int, None] = field(default_factory=OrderedDict)
    looked_at: OrderedDict[int, None] = field(default_factory=OrderedDict)
    learned: OrderedDict[int, None] = field(default_factory=OrderedDict)


class Learner:
    """Learns the repeated lines of every source from its articles; the same articles teach the same lines."""

    def __init__(self) -> None:
        """Starts knowing nothing."""
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    def observe(self, raw_source: str, article_id: str, lines: Iterable[str]) -> list[RepeatedLine]:
        """Counts the lines of one article.

        An article that was looked at before, or most of whose paragraphs were, counts for nothing: versions of one
        story are no proof that a source repeats a line.

        Args:
            raw_source: The source as its articles name it.
            article_id: Tells the article from others.
            lines: The lines of its text before anything was cut.

        Returns:
            What is newly known to repeat, in the order of the lines.
        """
        source = self._of(raw_source)
        if _remembered(source.looked_at, int(_hash(article_id), 16), MOST_ARTICLES):
            return []
        found = _fingerprints(lines)
        if not _is_new(source, found):
            return []
        _count(source, found)
        records = [
            RepeatedLine(
                source=raw_source,
                line=f"{number:016x}",
                text=text[:200],
                seen=source.counted[number],
                articles=source.articles,
            )
            for number, text in found.items()
            if _repeats(source, number, text) and not _remembered(source.learned, number, MOST_LEARNED)
        ]
        _forget(source)
        return records

    def _of(self, name: str) -> _Source:
        source = self._sources.setdefault(name, _Source())
        self._sources.move_to_end(name)
        if len(self._sources) > MOST_SOURCES:
            self._sources.popitem(last=False)
        return source


def _hash(said: str) -> str:
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _remembered(known: OrderedDict[int, None], number: int, most: int) -> bool:
    """Whether a number was known already; it is from now on, and the oldest of too many are not."""
    if number in known:
        known.move_to_end(number)
        return True
    known[number] = None
    if len(known) > most:
        known.popitem(last=False)
    return False


def _fingerprints(lines: Iterable[str]) -> dict[int, str]:
    """The lines at both ends of an article that can be learned, each once, by fingerprint."""
    listed = list(lines)
    if len(listed) > 2 * MOST_AT_AN_END:
        listed = listed[:MOST_AT_AN_END] + listed[-MOST_AT_AN_END:]
    said = (line.strip() for line in listed if len(line) <= LONGEST_LINE)
    return {int(line_id(line), 16): line for line in said if sum(map(str.isalpha, line)) >= _FEWEST_LETTERS}


def _is_new(source: _Source, found: dict[int, str]) -> bool:
    """Whether enough of an article's paragraphs, by length, were in none before; they are remembered."""
    own = {number: len(text) for number, text in found.items() if number not in source.learned}
    told = {number: size for number, size in own.items() if size >= _STORY_CHARACTERS} or own
    new = sum(size for number, size in told.items() if not _remembered(source.told, number, MOST_TOLD))
    return new > 0 and new >= _LEAST_NEW * sum(told.values())


def _count(source: _Source, found: dict[int, str]) -> None:
    source.articles += 1
    for number in found:
        source.counted[number] = source.counted.get(number, 0) + 1
    too_many = len(source.counted) - MOST_COUNTED
    if too_many > 0:
        rare = sorted(source.counted, key=source.counted.__getitem__)
        for number in [number for number in rare if number not in found][:too_many]:
            del source.counted[number]


def _repeats(source: _Source, number: int, text: str) -> bool:
    is_told = is_sentence(text)
    seen = source.counted[number]
    return seen >= _LEAST_SEEN[is_told] and seen >= _LEAST_SHARE[is_told] * source.articles


def _forget(source: _Source) -> None:
    if source.articles >= RECENT:
        source.articles //= 2
        source.counted = {number: seen // 2 for number, seen in source.counted.items() if seen > 1}
