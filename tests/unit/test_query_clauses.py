"""A query becomes plain matches of known fields; what was typed is never read as syntax by Elasticsearch."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.search.clauses import ALL_LANGUAGES, elastic, spoken
from desk.search.language import QueryError, parse
from schemas.identity import HEARTBEAT_SOURCE, article_id
from schemas.index import mapping
from tests.fakes import quick

SYNTAX = {"query_string", "simple_query_string", "script", "regexp", "wildcard", "fuzzy", "more_like_this"}
HEARTBEAT = {"term": {"source": HEARTBEAT_SOURCE}}
PIECES = (
    *("war", '"a b"', '"a b"~3', "x-y", "de*", "a NEAR/2 b", "a OR b", "(a OR -b)", "-c", "NOT (d e)", "北京", "the"),
    *("title:war", "body:(a b)", "title:de*", "source:a,=b", "author:x*", "topic:diplomacy", "topic:x", "person:Q7"),
    *(
        "org:nato",
        "place:=x",
        "event:a-b",
        "entity:event:x-y",
        "lang:en",
        "since:2026",
        "date:2026..2027",
        "id:" + "0" * 32,
    ),
    *("https://a.example/b", "url:a.example", "query_string:x", "{}", "*", "AND"),
)
queries = st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join), st.text(max_size=40))


def everything(value: Any) -> list[dict[str, Any]]:
    """Every object of a request, the outermost first."""
    if isinstance(value, dict):
        return [value, *(found for one in value.values() for found in everything(one))]
    return [found for one in value for found in everything(one)] if isinstance(value, list) else []


def fields_of(clause: dict[str, Any]) -> set[str]:
    """The fields that a request names."""
    found: set[str] = set()
    for one in everything(clause):
        for kind in ("term", "match", "match_phrase", "match_phrase_prefix", "prefix", "range", "intervals"):
            if isinstance(one.get(kind), dict) and not {"query", "prefix"} & set(one[kind]):
                found |= set(one[kind])
        found |= {field.partition("^")[0] for field in one.get("fields", ())}
        found |= {one["exists"]["field"]} if "exists" in one else set()
    return found


def mapped() -> set[str]:
    """Every field that can be searched, with its subfields."""

    def names(properties: dict[str, Any], before: str) -> set[str]:
        found: set[str] = set()
        for name, field in properties.items():
            found |= {before + name, *(f"{before}{name}.{one}" for one in field.get("fields", ()))}
            found |= names(field.get("properties", {}), f"{before}{name}.")
        return found

    return names(mapping()["properties"], "")


MAPPED = mapped()


@given(queries)
@quick
def test_every_query_is_bounded_plain_and_names_fields_that_exist(text: str) -> None:
    """No text becomes query syntax, names a field that is not mapped, or makes a request that grows without bound."""
    try:
        query = parse(text)
    except QueryError:
        return
    clause = elastic(query, ["en", "other"])
    assert fields_of(clause) <= MAPPED
    assert not {key for one in everything(clause) for key in one} & SYNTAX
    assert len(json.dumps(clause)) < 20_000
    assert HEARTBEAT in clause["bool"]["must_not"]


@given(queries)
@quick
def test_there_is_something_to_rank_by_where_words_are_asked_for(text: str) -> None:
    """A query without words scores nothing: all of it stands in filters; one with words has clauses that score."""
    try:
        query = parse(text)
    except QueryError:
        return
    assert spoken(query) == bool(elastic(query).get("bool", {}).get("must"))


@pytest.mark.parametrize(
    ("text", "is_spoken"),
    [
        *(("", False), ("-war", False), ("source:a lang:en", False), ("NOT (a OR title:b)", False), ("topic:x", False)),
        *(
            ("war", True),
            ("source:a OR war", True),
            ("title:wa*", True),
            ("lang:en (-a b)", True),
            ("a NEAR/2 b", True),
        ),
    ],
)
def test_only_words_that_are_wanted_rank(text: str, is_spoken: bool) -> None:
    """Fields other than title and text, and what is left out, say nothing of how well an article fits."""
    assert spoken(parse(text)) is is_spoken


def test_words_are_asked_for_once_in_each_language() -> None:
    """All words together, in title and text of one language at a time; all languages unless some are named."""
    asked = [one["combined_fields"] for one in everything(elastic(parse("war peace"))) if "combined_fields" in one]
    assert {field for one in asked for field in one["fields"]} == {
        field for language in ALL_LANGUAGES for field in (f"title.{language}^3", f"text.{language}")
    }
    assert {(one["query"], one["operator"]) for one in asked} == {("war peace", "and")}
    assert fields_of(elastic(parse("war"), ["ru"])) == {"title.ru", "text.ru", "source"}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("source:x", {"source.words", "also_from.words"}),
        ("source:=x", {"source", "also_from"}),
        ("author:x", {"authors.words"}),
        ("person:x", {"people.words"}),
        ("person:a-b", {"people.words", "entities.id"}),
        ("org:=x", {"organisations"}),
        ("place:xy*", {"places.words"}),
        ("event:Q1", {"events.words", "entities.id"}),
        ("entity:x", {"entities.name.words"}),
        ("topic:diplomacy", {"topic_ids"}),
        ("topic:relations", {"topics.name.words"}),
        ("lang:en", {"language"}),
        ("since:2026", {"date"}),
        ("url:https://a.example/b", {"url", "id"}),
    ],
)
def test_each_field_is_looked_up_in_its_own(text: str, fields: set[str]) -> None:
    """Names are searched by their words, exact ones as they are, codes as codes."""
    assert fields_of(elastic(parse(text))) == fields | {"source"}


def test_an_address_is_found_however_it_is_spelt() -> None:
    """An address finds the article that it would make, whatever its scheme and tracking."""
    clause = elastic(parse("http://A.example/b?utm_source=x"))
    assert {"term": {"id": {"value": article_id("https://a.example/b", "")}}} in everything(clause)
