"""Which lines of a whole page's text are its story: a linear model of each line and of the lines around it.

A page that lost its markup is menus, teasers, the story, comments and notices, line after line. No line tells alone
what it is; sentences that stand among sentences are story, and what stands among short lines is not. The weights are
learned by `processors.training.blocks`, which says how.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FILE = Path(__file__).parent.parent / "models" / "blocks.json"
# More lines than any page has that was measured; what is longer is no page, and is not judged.
MOST_LINES = 4_000

_SENTENCE_ENDS = frozenset(".!?…。！？।۔։።។؟")
_CLOSING = "\"'”’»」』）)]"
_SENTENCE_INSIDE = re.compile(r"\w{3}[.!?]\s")
_WIDE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_SEPARATORS = re.compile(r"[|»›•]|\s[·>/]\s")
_WHEN = re.compile(
    r"\b\d{1,2}[:.h]\d\d\b|\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b"
    r"|\b(?:ago|vor|il y a|hace|fa|назад|geleden|temu)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?:|www\.|@\w|#\w|\.(?:com|de|org|net|fr|pl)\b")
_NOTICE = re.compile(r"\bcookies?\b|©|\bcopyright\b|all rights reserved", re.IGNORECASE)
_DISCUSSION = re.compile(
    r"\b(?:comments?|repl(?:y|ies)|kommentare?|antwort(?:en)?|commentaires?|répondre|coment[aá]rios?|responder|commenti|"
    r"rispondi|reacties?|komentarz[ey]?|odpowiedz|комментари\w+|ответить|коментар\w+|yorum\w*|yanıtla|kommentarer|svara|"
    r"diskuse|komentář\w*)\b|评论|コメント|댓글",
    re.IGNORECASE,
)
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_OPENING_QUOTES = tuple("\"“„«'‘「『")
_PARAGRAPH_WORDS = 12
_SHORT_WORDS = 15
_MOST_READ = 300


@dataclass(frozen=True, slots=True)
class Judged:
    """What the model says of a page's lines: how much each reads as story (log odds), and its length in words."""

    odds: Array
    words: Array


def judge(lines: Sequence[str], furniture: Sequence[bool], labels: Sequence[bool]) -> Judged:
    """Judges each line of a page.

    Args:
        lines: The lines, none of them empty.
        furniture: Whether a line is furniture by itself.
        labels: Whether a line announces other articles.
    """
    names, features, words = describe(lines, furniture, labels)
    return Judged(features @ _weights(names), words)


@cache
def _weights(names: tuple[str, ...]) -> Array:
    stored = json.loads(_FILE.read_text(encoding="utf-8"))
    return np.array([stored[name] for name in names])


def describe(
    lines: Sequence[str], furniture: Sequence[bool], labels: Sequence[bool]
) -> tuple[tuple[str, ...], Array, Array]:
    """The names of the features, a row of them for each line, and the lines' lengths in words."""
    own = _own(lines)
    columns = own | {"furniture": np.array(furniture, float), "label": np.array(labels, float)}
    columns |= _shared(lines, columns) | _places(columns)
    words = columns.pop("words")
    groups = [_neighbours(own | columns), _surroundings(own | columns)]
    names = (*columns, *(name for group, _ in groups for name in group))
    return names, np.vstack([*columns.values(), *(values for _, values in groups)]).T, words


def _own(lines: Sequence[str]) -> dict[str, Array]:
    """What a line says of itself."""
    repeated = Counter(lines)
    rows = [_row(line, repeated[line] > 1) for line in lines]
    columns = dict(zip(_OWN, np.array(rows, float).T, strict=True))
    words, told = columns["words"], columns["told"]
    length = np.minimum(1.5, np.log1p(words) / np.log(50))
    return columns | {
        "one": np.ones(len(lines)),
        "length": length,
        "told-length": length * told,
        "few": words <= 3,
        "many": words >= 20,
        "most": words >= 40,
        "headline": columns["capitals"] * (words <= 20) * (1 - told),
        "short-when": columns["when"] * (words <= _SHORT_WORDS),
        "discussion": columns["discussion"] * (words <= 8),
    }


_OWN = (
    "words told capitals digits commas inside separators repeated quoted colon ellipsis asks when lower address notice "
    "discussion"
).split()


def _row(line: str, is_repeated: bool) -> tuple[float, ...]:
    start = line[:_MOST_READ]
    words = _words(line)
    return (
        words,
        is_sentence(line),
        min(1.0, _capitals(start) / max(1.0, words)),
        min(1.0, 5 * sum(map(str.isdigit, start)) / len(start)),
        min(1.0, start.count(",") / 3),
        _SENTENCE_INSIDE.search(start) is not None,
        _SEPARATORS.search(start) is not None,
        is_repeated,
        line.startswith(_OPENING_QUOTES),
        line.endswith((":", "：")),
        line.endswith(("…", "...", "...]", "…]")),
        line.endswith(("?", "!")),
        _WHEN.search(start) is not None,
        line[0].islower(),
        _ADDRESS.search(start) is not None,
        _NOTICE.search(start) is not None,
        len(line) <= 80 and _DISCUSSION.search(line) is not None,
    )


def _words(line: str) -> float:
    return len(line.split()) + (0 if line.isascii() else len(_WIDE.findall(line)) / 2)


def _capitals(start: str) -> int:
    return sum(word[0].isupper() for word in start.split())


def is_sentence(line: str) -> bool:
    """Whether a line ends as sentences end."""
    return line.rstrip(_CLOSING)[-1:] in _SENTENCE_ENDS


def _shared(lines: Sequence[str], columns: dict[str, Array]) -> dict[str, Array]:
    """How many of a line's long words the page's paragraphs use elsewhere: a teaser speaks of something else."""
    paragraph = _paragraphs(columns)
    words = [set(_LONG_WORD.findall(line[:_MOST_READ].lower())) for line in lines]
    used = Counter(word for line, is_one in zip(words, paragraph, strict=True) if is_one for word in line)
    once, often = (
        np.array([_share(line, used, least + is_one) for line, is_one in zip(words, paragraph, strict=True)])
        for least in (0, 2)
    )
    told = columns["told"]
    return {
        "shared": once,
        "often": often,
        "told-shared": once * told,
        "told-often": often * told,
        "untold-shared": once * (1 - told),
    }


def _share(words: set[str], used: Counter[str], least: int) -> float:
    return sum(used[word] > least for word in words) / len(words) if words else 0.4


def _paragraphs(columns: dict[str, Array]) -> npt.NDArray[np.int64]:
    return ((columns["told"] > 0) & (columns["words"] >= _PARAGRAPH_WORDS)).astype(np.int64)


def _short(columns: dict[str, Array]) -> Array:
    return (1 - columns["told"]) * (columns["words"] < _SHORT_WORDS)


def _neighbours(columns: dict[str, Array]) -> tuple[tuple[str, ...], Array]:
    """What the three lines on each side are."""
    size = len(columns["words"])
    said = np.zeros((4, size + 2 * _NEAR))
    said[:, _NEAR : _NEAR + size] = (
        columns["length"] * columns["told"] * (columns["words"] >= 6),
        _short(columns),
        columns["furniture"],
        np.ones(size),
    )
    said[3] = 1 - said[3]
    return _NEIGHBOURS, np.vstack([said[:, _NEAR + step : _NEAR + step + size] for step in _STEPS])


_NEAR = 3
_STEPS = (-3, -2, -1, 1, 2, 3)
_NEIGHBOURS = tuple(f"{name}{step:+d}" for step in _STEPS for name in ("told", "short", "furniture", "end"))


def _surroundings(columns: dict[str, Array]) -> tuple[tuple[str, ...], Array]:
    """How much of a kind stands in the lines before and after, near and far."""
    told = columns["words"] * _paragraphs(columns)
    kinds = np.vstack((told, _short(columns), columns["furniture"], columns["label"], columns["discussion"]))
    size = kinds.shape[1]
    sums = np.zeros((len(kinds), size + 1))
    np.cumsum(kinds, axis=1, out=sums[:, 1:])
    at = np.arange(size)
    found = []
    for reach in _REACHES:
        before = sums[:, :-1] - sums[:, np.maximum(at - reach, 0)]
        after = sums[:, np.minimum(at + 1 + reach, size)] - sums[:, 1:]
        for near in (before, after):
            found += [np.log1p(near[0]) / 5, near[1] / reach, near[2] / 5, np.minimum(1, near[3]), near[4] / 5]
    return _SURROUNDINGS, np.vstack(found)


_REACHES = (5, 12, 30)
_SURROUNDINGS = tuple(
    f"{name} {side} {reach}"
    for reach in _REACHES
    for side in ("before", "after")
    for name in ("told", "short", "furniture", "label", "discussion")
)


def _places(columns: dict[str, Array]) -> dict[str, Array]:
    """Where in the page a line stands, and what was met since its first paragraph."""
    told, size = columns["words"] * _paragraphs(columns), len(columns["words"])
    total = told.sum() or 1.0
    before = (np.cumsum(told) - told) / total
    after = 1 - before - told / total
    seen = (np.cumsum(told) > 0).astype(float)
    labels, discussion = (_met(columns[name] * seen) for name in ("label", "discussion"))
    none_before, none_after = (before < 1e-9).astype(float), (after < 1e-9).astype(float)
    return {
        "before": before,
        "after": after,
        "none before": none_before,
        "none after": none_after,
        "far from start": (1 - before) ** 2,
        "far from end": (1 - after) ** 2,
        "page told": np.full(size, np.log1p(total) / 6),
        "page lines": np.full(size, np.log1p(size) / 6),
        "place": np.arange(size) / size,
        "labels met": np.minimum(3, labels) / 3,
        "discussion met": np.minimum(1, discussion) * (before > 0.2),
        "discussions met": np.minimum(10, discussion) / 10,
        "told in discussion": columns["told"] * np.minimum(1, discussion),
        "length after label": columns["length"] * np.minimum(1, labels),
        "length none before": columns["length"] * none_before,
        "length none after": columns["length"] * none_after,
    }


def _met(column: Array) -> Array:
    """How often something stood above each line."""
    return np.cumsum(column) - column


@dataclass(frozen=True, slots=True)
class Block:
    """Where a page's story stands: its first and last line by number, and the lines between that are none of it."""

    first: int
    last: int
    beside: tuple[int, ...]


# Odds are raised by so much before a line is held to be outside: words of a story are worth more than words of a menu.
_BENEFIT_OF_DOUBT = 3.4
_SURELY_BESIDE = -4.0
_LONGEST_WEIGHED = 60


def story_block(lines: Sequence[str], furniture: Sequence[bool], labels: Sequence[bool]) -> Block | None:
    """The run of lines that reads most as a story; see `judge` for what it takes. None where no line reads as one."""
    judged = judge(lines, furniture, labels)
    gain = (judged.odds + _BENEFIT_OF_DOUBT) * np.sqrt(np.minimum(judged.words, _LONGEST_WEIGHED))
    first, last, best = _best_run(gain.tolist())
    if best <= 0:
        return None
    beside = np.flatnonzero(judged.odds[first : last + 1] < _SURELY_BESIDE) + first
    return Block(first, last, tuple(int(number) for number in beside))


def _best_run(gains: Sequence[float]) -> tuple[int, int, float]:
    """The run with the greatest sum: its first and last place, and the sum."""
    best, current, start = (0, 0, 0.0), 0.0, 0
    for place, gain in enumerate(gains):
        if current <= 0:
            current, start = 0.0, place
        current += gain
        if current > best[2]:
            best = (start, place, current)
    return best
