"""What stands near an answer, and what raises one: clauses beside those of the query itself."""

from __future__ import annotations

import pytest

from desk.search.clauses import NEARLY, boosts, elastic, nearly
from desk.search.language import parse


@pytest.mark.parametrize("text", ["", "war", "war lang:en", "source:herald", "-war -peace", "medtop:20000639", "wa*"])
def test_nothing_is_near_a_query_of_less_than_two_words(text: str) -> None:
    """One word can only be there or not."""
    assert nearly(parse(text), ["en"]) is None


def test_half_of_the_words_and_not_the_answers_themselves() -> None:
    """In title or text of one language at a time; what has all words stands among the answers."""
    query = parse("war peace talks")
    clause = nearly(query, ["en"])
    assert clause is not None
    (half,) = clause["bool"]["must"]
    asked = half["multi_match"]
    assert (asked["query"], asked["minimum_should_match"]) == ("war peace talks", NEARLY)
    assert asked["fields"] == ["title.en", "text.en"]
    assert elastic(query, ["en"]) in clause["bool"]["must_not"]


def test_filters_hold_and_names_become_words() -> None:
    """A source, a language, a date or what is left out is no matter of degree; a name may stand in the text alone."""
    clause = nearly(parse("person:zinni mission source:herald since:2026-01-01 -war"), ["en"])
    assert clause is not None
    assert clause["bool"]["must"][0]["multi_match"]["query"] == "zinni mission"
    filters = elastic(parse("source:herald since:2026-01-01 -war"), ["en"])["bool"]
    assert clause["bool"]["filter"] == filters["filter"]
    assert clause["bool"]["must_not"][0] == filters["must_not"][0]


def test_words_and_names_raise_what_speaks_of_them() -> None:
    """Words count a little in the names of entities and topics; a name that is asked for counts as words do."""
    assert boosts(parse("lang:en -war"), ["en"]) == ()
    (known,) = boosts(parse("war peace"), ["en"])
    assert known["multi_match"]["query"] == "war peace"
    assert "people.words" in known["multi_match"]["fields"]
    spoken_of, known = boosts(parse("person:zinni peace -person:sharon"), ["en"])
    assert spoken_of["multi_match"] == {"query": "zinni", "fields": ["title.en", "text.en"]}
    assert known["multi_match"]["query"] == "zinni peace"
