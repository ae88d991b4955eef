"""What a person may mean by the letters typed so far: entities, topics and sources, each with how many articles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from elasticsearch import Elasticsearch

from desk.search import editing, request, topics
from desk.search.asking import many
from desk.search.clauses import elastic
from desk.search.language import parse

MOST = 50
_LONGEST = 64
# More letters of an expression cost Elasticsearch too much; `starts` looks at all of them.
_LETTERS = 6
_SPARE = 3
_FIELDS = {"person": "person", "organisation": "org", "place": "place", "event": "event", "source": "source"}
_RESERVED = set('.?+*|{}[]()"\\#@&<>~^-')


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that may be meant.

    `type` is `person`, `organisation`, `place`, `event`, `topic` or `source`; `id` its code, or the source's name;
    `count` the articles that `text`, its clause in the query language, finds.
    """

    name: str
    type: str
    id: str
    count: int
    text: str


def suggest(elasticsearch: Elasticsearch, alias: str, start: str, limit: int = 10) -> tuple[Suggestion, ...]:
    """What has a word that starts as was typed, whole words before it included; the most frequent first.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    words = folded(start[:_LONGEST])
    if not words:
        return ()
    limit = max(1, min(limit, MOST))
    answers = many(elasticsearch, [_entities_with(words, limit), _sources_with(words, limit)], alias)
    named = [*_entities(answers[0], words), *_topics(words, limit), *_sources(answers[1], words)]
    unique = list({(one.type, one.id): one for one in named}.values())
    counts = many(elasticsearch, [request.counted(elastic(parse(one.text))) for one in unique], alias)
    found = [replace(one, count=answer["hits"]["total"]["value"]) for one, answer in zip(unique, counts, strict=True)]
    ordered = sorted((one for one in found if one.count), key=lambda one: (-one.count, one.name, one.id))
    return tuple(ordered[:limit])


def folded(text: str) -> list[str]:
    """The words of a text in small letters without accents, as names are compared."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(one for one in plain if not unicodedata.combining(one)))


def starts(name: str, words: list[str]) -> bool:
    """Whether a name has these words one after the other, of the last at least the start."""
    own = folded(name)
    places = range(len(own) - len(words) + 1)
    return any(
        own[place : place + len(words) - 1] == words[:-1] and own[place + len(words) - 1].startswith(words[-1])
        for place in places
    )


def pattern(words: list[str]) -> str:
    """Lucene's regular expression for names that hold the last word's start, in whatever case and with any accents."""
    letters = "".join(_any_form(letter) for letter in words[-1][:_LETTERS])
    return f"(.*[^a-zA-Z0-9])?{letters}.*"


def _any_form(letter: str) -> str:
    forms = sorted({*_forms().get(letter, ()), letter, letter.upper()})
    single = [one for one in forms if len(one) == 1]
    return "[" + "".join(f"\\{one}" if one in _RESERVED else one for one in single) + "]"


@cache
def _forms() -> dict[str, set[str]]:
    """The Latin letters that differ from a plain one by accent or case alone."""
    found: dict[str, set[str]] = {}
    for number in range(0xC0, 0x250):
        plain = folded(chr(number))
        if plain and len(plain[0]) == 1:
            found.setdefault(plain[0], set()).add(chr(number))
    return found


def _clauses(field: str, words: list[str]) -> dict[str, Any]:
    """Articles that name something with these words: what is aggregated over."""
    typed = {"match_bool_prefix": {field: {"query": " ".join(words), "operator": "and"}}}
    return {"bool": {"filter": [elastic(parse("")), typed]}}


def _names_with(field: str, words: list[str], limit: int, inner: dict[str, Any]) -> dict[str, Any]:
    names = {"field": field, "include": pattern(words), "size": _SPARE * limit, "execution_hint": "map"}
    return {
        "query": _clauses(f"{field}.words", words),
        "size": 0,
        "track_total_hits": False,
        "timeout": request.TIMEOUT,
        "aggs": {"names": {"terms": names, **inner}},
    }


def _entities_with(words: list[str], limit: int) -> dict[str, Any]:
    wanted = ["entities.id", "entities.name", "entities.type"]
    one = {"top_hits": {"size": 1, "_source": wanted, "sort": [{"date": "desc"}]}}
    return _names_with("entities.name", words, limit, {"aggs": {"one": one}})


def _sources_with(words: list[str], limit: int) -> dict[str, Any]:
    return _names_with("source", words, limit, {})


def _entities(answer: dict[str, Any], words: list[str]) -> Iterator[Suggestion]:
    for bucket in answer["aggregations"]["names"]["buckets"]:
        source = bucket["one"]["hits"]["hits"][0]["_source"]
        for entity in source["entities"]:
            if entity["name"] == bucket["key"] and starts(entity["name"], words):
                yield _suggestion(entity["name"], entity["type"], entity["id"])


def _sources(answer: dict[str, Any], words: list[str]) -> Iterator[Suggestion]:
    names: Iterable[str] = (bucket["key"] for bucket in answer["aggregations"]["names"]["buckets"])
    yield from (_suggestion(name, "source", name) for name in names if starts(name, words))


def _topics(words: list[str], limit: int) -> list[Suggestion]:
    codes = (code for name in topics.names() if starts(name, words) and (code := topics.code_of(name)))
    found = [_suggestion(topics.name_of(code), "topic", code) for code in codes]
    return found[: _SPARE * limit]


def _suggestion(name: str, kind: str, code: str) -> Suggestion:
    return Suggestion(name, kind, code, 0, editing.with_clause("", _FIELDS.get(kind, "topic"), code))
