"""Where little or nothing was found: words as the index knows them, and what the query finds with less in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elasticsearch import Elasticsearch

from desk.search import request, snapshot
from desk.search.asking import many
from desk.search.clauses import elastic
from desk.search.editing import loosened
from desk.search.found import MATCH_END, MATCH_START, Loosened
from desk.search.language import parse
from desk.search.nodes import And, Near, Node, Not, Or, Query, QueryError, Word

_MOST_WORDS = 8
_LEAST_LETTERS = 4
_NAMES = "entities.name.words"


@dataclass(frozen=True, slots=True)
class Better:
    """`spelling` is the query in words that the index knows, `loosened` the ways to find more."""

    spelling: str | None = None
    loosened: tuple[Loosened, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """A word of the index that is like one that it does not hold: as it stands in `field`, where it may be a stem."""

    text: str
    field: str
    score: float
    count: int


def better(elasticsearch: Elasticsearch, alias: str, query: Query, total: int, now: datetime) -> Better:
    """What to offer for a query that finds only so many; ways to find more where it finds none."""
    ways = [] if total else loosened(query.text)
    words = list(dict.fromkeys(_words(query.root)))[:_MOST_WORDS]
    texts = [text for _, text in ways] + [word.text for word in words]
    counts = _counts(elasticsearch, alias, texts, now)
    unknown = [word for word, count in zip(words, counts[len(ways) :], strict=True) if count == 0]
    spelling = _spelt(elasticsearch, alias, query.text, unknown)
    if spelling and _counts(elasticsearch, alias, [spelling], now)[0] <= total:
        spelling = None
    found = (Loosened(label, text, count) for (label, text), count in zip(ways, counts, strict=False))
    return Better(spelling, tuple(found))


def _words(node: Node) -> Iterator[Word]:
    """The words that must occur."""
    match node:
        case Word():
            yield node
        case And(items=items) | Or(items=items):
            for item in items:
                yield from _words(item)
        case Near(left=left, right=right):
            yield from _words(left)
            yield from _words(right)
        case Not():
            return


def _counts(elasticsearch: Elasticsearch, alias: str, texts: list[str], now: datetime) -> list[int]:
    """What each text finds; nothing, where a word alone is no query."""
    queries = [_understood(text, now) for text in texts]
    languages = snapshot.languages(elasticsearch, alias)
    clauses = [elastic(one, languages) for one in queries if one]
    answers = iter(many(elasticsearch, [request.counted(one) for one in clauses], alias))
    return [next(answers)["hits"]["total"]["value"] if one else -1 for one in queries]


def _understood(text: str, now: datetime) -> Query | None:
    try:
        return parse(text, now)
    except QueryError:
        return None


def _spelt(elasticsearch: Elasticsearch, alias: str, text: str, unknown: list[Word]) -> str | None:
    """The text with each unknown word as the index knows it; none where it knows nothing like them."""
    words = [word for word in unknown if len(word.text) >= _LEAST_LETTERS]
    if not words:
        return None
    fields = [_NAMES, *(f"text.{key}" for key in snapshot.languages(elasticsearch, alias))]
    known = _alike(elasticsearch, alias, words, fields)
    whole = _whole(elasticsearch, alias, [known[word] for word in words if word in known])
    mended = text
    for word in sorted((word for word in words if word in known), key=lambda word: -word.at):
        put = whole.get(known[word])
        if put and text[word.at : word.end].casefold() == word.text.casefold():
            mended = f"{mended[: word.at]}{put}{mended[word.end :]}"
    return mended if mended != text else None


def _alike(elasticsearch: Elasticsearch, alias: str, words: list[Word], fields: list[str]) -> dict[Word, _Known]:
    """For each word the one of the index that is most like it, and of those the most frequent."""
    asked = {
        f"{number} {field}": {
            "text": word.text,
            "term": {"field": field, "suggest_mode": "missing", "size": 1, "prefix_length": 1, "max_edits": 2},
        }
        for number, word in enumerate(words)
        for field in fields
    }
    answer = elasticsearch.search(index=alias, size=0, suggest=asked, track_total_hits=False).body["suggest"]
    found: dict[Word, _Known] = {}
    for number, word in enumerate(words):
        options = [one for field in fields for one in _options(answer[f"{number} {field}"], field)]
        if options:
            found[word] = max(options, key=lambda one: (one.score, one.count))
    return found


def _options(entries: list[dict[str, Any]], field: str) -> Iterator[_Known]:
    for entry in entries:
        for option in entry["options"]:
            yield _Known(option["text"], field, option["score"], option["freq"])


def _whole(elasticsearch: Elasticsearch, alias: str, known: list[_Known]) -> dict[_Known, str]:
    """Whole words for stems, as an article writes them."""
    stems = [one for one in known if one.field != _NAMES]
    answers = many(elasticsearch, [_one_with(stem) for stem in stems], alias)
    found = {one: one.text for one in known if one.field == _NAMES}
    for stem, answer in zip(stems, answers, strict=True):
        for hit in answer["hits"]["hits"]:
            piece = next(iter(hit.get("highlight", {}).values()), [""])[0]
            found[stem] = piece.partition(MATCH_START)[2].partition(MATCH_END)[0].lower()
    return {one: text for one, text in found.items() if text}


def _one_with(stem: _Known) -> dict[str, Any]:
    return {
        "query": {"term": {stem.field: stem.text}},
        "size": 1,
        "_source": False,
        "track_total_hits": False,
        "highlight": {
            "pre_tags": [MATCH_START],
            "post_tags": [MATCH_END],
            "number_of_fragments": 1,
            "max_analyzed_offset": 900_000,
            "fields": {stem.field: {}},
        },
    }
