"""What a person types becomes a bounded query of plain matches; nothing of it is read as query syntax."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.search.request import MOST_TERMS, QueryError, Search, Term, body, query, same_story, terms
from tests.fakes import quick

SYNTAX = ("query_string", "simple_query_string", "script", "regexp", "wildcard", "prefix", "fuzzy")


def keys(value: Any) -> set[str]:
    """Every key of a request."""
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys(one)}
    return {key for one in value for key in keys(one)} if isinstance(value, list) else set()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", []),
        ("zakharova", [Term("zakharova")]),
        ("arms control", [Term("arms"), Term("control")]),
        ('"arms control"', [Term("arms control", is_phrase=True)]),
        ("-sanctions", [Term("sanctions", is_excluded=True)]),
        ('arms -"trade war"', [Term("arms"), Term("trade war", is_phrase=True, is_excluded=True)]),
        ('"never closed', [Term("never closed", is_phrase=True)]),
        ("anti-missile", [Term("anti-missile")]),
        ("a AND b OR title:x*", [Term(one) for one in ("a", "AND", "b", "OR", "title:x*")]),
        ('- "" " " * ( ) / \\ ~ ^', []),
        ("Захарова 世界", [Term("Захарова"), Term("世界")]),
    ],
)
def test_words_phrases_and_exclusions_are_told_apart(typed: str, found: list[Term]) -> None:
    """Words, "phrases" and -exclusions are read as people write them; signs alone are nothing."""
    assert terms(typed) == found


@quick
@given(st.text(max_size=120))
def test_any_text_is_a_bounded_query_or_refused(typed: str) -> None:
    """Whatever is typed, the request is plain JSON without query syntax, or is refused for its length."""
    try:
        request = body(Search(typed))
    except QueryError:
        assert len(typed.split()) + typed.count('"') > MOST_TERMS
        return
    assert not keys(request) & set(SYNTAX)
    assert json.loads(json.dumps(request)) == request
    assert request["size"] == 10
    clauses = request["query"]["bool"]
    assert len(clauses["must"]) + len(clauses["must_not"]) <= MOST_TERMS + 1


def test_too_many_words_are_refused_with_the_bound() -> None:
    """A search of more words than an index should bear says how many it takes."""
    assert len(terms("w " * MOST_TERMS)) == MOST_TERMS
    with pytest.raises(QueryError, match="33 words: a search takes at most 32"):
        terms("w " * 33)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_bounds_is_refused(limit: int) -> None:
    """A limit that is none, or too great for one answer, is refused with what it can be."""
    with pytest.raises(QueryError, match="1 to 1000"):
        body(Search(limit=limit))


def test_all_words_must_occur_and_excluded_ones_must_not() -> None:
    """Each word is a clause of its own that must match in title or text of any language; phrases keep their order."""
    clauses = query(Search('arms "trade war" -sanctions'))["bool"]
    matches = [one["multi_match"] for one in clauses["must"]]
    assert [(one["query"], one["type"]) for one in matches] == [("arms", "best_fields"), ("trade war", "phrase")]
    assert all(one["fields"] == ["title.*^3", "text.*"] for one in matches)
    assert [one["multi_match"]["query"] for one in clauses["must_not"]] == ["sanctions"]


@pytest.mark.parametrize("word", ["anti-missile", "O'Neill", "U.S.", "COVID-19"])
def test_a_word_of_several_parts_stays_together(word: str) -> None:
    """A word with a hyphen, an apostrophe or a full stop matches where its parts stand together."""
    (match,) = query(Search(word))["bool"]["must"]
    assert match["multi_match"]["type"] == "phrase"


def test_without_words_everything_matches_the_newest_first() -> None:
    """A search of filters alone gives what they let through, the newest first, unless another order is asked."""
    request = body(Search(source="herald"))
    assert request["query"]["bool"]["must"] == [{"match_all": {}}]
    assert request["sort"][0] == {"date": "desc"}
    assert body(Search("-x"))["sort"][0] == {"date": "desc"}
    assert body(Search("x"))["sort"][0] == "_score"
    assert body(Search("x", sort="oldest"))["sort"][0] == {"date": "asc"}


def test_every_order_is_settled_by_the_id() -> None:
    """Articles of the same date come in the same order every time."""
    for sort in ("relevance", "newest", "oldest"):
        assert body(Search("x", sort=sort))["sort"][-1] == {"id": "asc"}


@pytest.mark.parametrize(
    ("search", "clause"),
    [
        (
            Search(source="The Herald"),
            {
                "multi_match": {
                    "query": "The Herald",
                    "type": "phrase",
                    "fields": ["source.words", "also_from.words"],
                }
            },
        ),
        (Search(language="EN"), {"term": {"language": "en"}}),
        (Search(topic="medtop:20000639"), {"term": {"topic_ids": "medtop:20000639"}}),
        (Search(topic="arms control"), {"match_phrase": {"topics.name.words": "arms control"}}),
        (Search(entity="Q7747"), {"term": {"entities.id": "Q7747"}}),
        (Search(entity="person:maria-zakharova"), {"term": {"entities.id": "person:maria-zakharova"}}),
        (Search(entity="Q"), {"match_phrase": {"entities.name.words": "Q"}}),
        (Search(entity="Maria Zakharova"), {"match_phrase": {"entities.name.words": "Maria Zakharova"}}),
    ],
)
def test_each_filter_is_a_term_for_a_code_and_a_phrase_for_a_name(search: Search, clause: dict[str, Any]) -> None:
    """Codes are matched exactly, names by their words; filters do not count in the score."""
    assert query(search)["bool"]["filter"] == [clause]


def test_dates_bound_the_articles_date_on_both_sides() -> None:
    """Since and until are inclusive bounds of the article's date."""
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC)
    both = query(Search(since=since, until=until))["bool"]["filter"]
    assert both == [{"range": {"date": {"gte": since.isoformat(), "lte": until.isoformat()}}}]
    assert query(Search(since=since))["bool"]["filter"] == [{"range": {"date": {"gte": since.isoformat()}}}]


FOUND = {
    "entities": [{"id": f"Q{number}"} for number in range(1, 20)],
    "topic_ids": ["medtop:11000000", "medtop:20000639"],
    "keywords": ["arms control", "treaty", "inspection"],
}


def test_the_same_story_needs_names_topics_and_telling_words_together() -> None:
    """Two names, a topic and two telling words must agree, and what was found already is not given again."""
    request = same_story(FOUND, ["0a"])["query"]["bool"]
    assert [one["bool"]["minimum_should_match"] for one in request["filter"]] == [2, 1, 2]
    assert request["must_not"] == [{"ids": {"values": ["0a"]}}]
    assert len(request["should"]) <= 12 + 8 + 10


@pytest.mark.parametrize("lacking", [{"entities": [{"id": "Q1"}]}, {"topic_ids": []}, {"keywords": ["one"]}, {}])
def test_an_article_that_tells_too_little_has_no_story(lacking: dict[str, Any]) -> None:
    """Where names, topics or telling words are too few to agree on, nothing is called the same story."""
    found = {**FOUND, **lacking} if lacking else {}
    assert {"match_none": {}} in same_story(found, [])["query"]["bool"]["filter"]
