"""The requests of a search: bounded, and settled in their order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from desk.search import request
from desk.search.alike import near_duplicates, same_story
from desk.search.clauses import elastic
from desk.search.found import Sort
from desk.search.language import parse
from desk.search.suggest import folded, pattern, starts

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FOUND = {
    "id": "0a",
    "content_hash": "h",
    "near": ["00:1", "01:2"],
    "entities": [{"id": f"Q{number}"} for number in range(1, 20)],
    "topic_ids": ["medtop:11000000", "medtop:20000639"],
    "keywords": ["arms control", "treaty", "inspection"],
}


def matching(sort: Sort) -> request.Matching:
    """Something that is looked for in two languages."""
    query = parse("grain")
    alone = {key: elastic(query, [key]) for key in ("en", "de")}
    return request.Matching(elastic(query, ["en", "de"]), sort, NOW, alone)


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
def test_every_order_is_settled_by_the_id(sort: Sort) -> None:
    """Articles of the same date come in the same order every time."""
    assert request.ranked(matching(sort), 10)["sort"][-1] == {"id": "asc"}


def test_only_relevance_is_scored_and_by_freshness_from_the_first_page_on() -> None:
    """By date nothing is scored; by relevance what is fresh counts more, from the same moment on every page."""
    assert list(matching("newest").scored["bool"]) == ["filter"]
    (fresh,) = matching("relevance").scored["bool"]["should"]
    assert fresh["distance_feature"]["origin"] == NOW.isoformat()


def test_what_is_ranked_brings_no_text_and_what_is_shown_is_marked_by_its_own_language() -> None:
    """Whole articles come for those alone that are shown, each field marked by its language's own query."""
    assert request.ranked(matching("relevance"), 10)["_source"] is False
    fields = request.documents(matching("relevance"), ["0a"], {"de", "fr"})["highlight"]["fields"]
    assert set(fields) == {"title.de", "text.de"}
    assert "text.en" not in str(fields["text.de"]["highlight_query"])


def test_a_page_starts_after_the_one_before() -> None:
    """The place where the page before ended is where this one starts; the first page names none."""
    assert request.ranked(matching("newest"), 10, (5, "0a"))["search_after"] == [5, "0a"]
    assert "search_after" not in request.ranked(matching("newest"), 10)


def test_the_same_story_needs_names_topics_and_telling_words_together() -> None:
    """Two names, a topic and two telling words must agree, and what was found already is not given again."""
    asked = same_story(FOUND, ["0a"])["query"]["bool"]
    assert [one["bool"]["minimum_should_match"] for one in asked["filter"][1:]] == [2, 1, 2]
    assert {"ids": {"values": ["0a"]}} in asked["must_not"]
    assert len(asked["should"]) <= 12 + 8 + 10


@pytest.mark.parametrize("lacking", [{"entities": [{"id": "Q1"}]}, {"topic_ids": []}, {"keywords": ["one"]}])
def test_an_article_that_tells_too_little_has_no_story(lacking: dict[str, object]) -> None:
    """Where names, topics or telling words are too few to agree on, nothing is called the same story."""
    assert {"match_none": {}} in same_story({**FOUND, **lacking}, [])["query"]["bool"]["filter"]


def test_the_same_text_outweighs_all_bands() -> None:
    """A copy comes before whatever shares bands alone, and the article itself never."""
    asked = near_duplicates(FOUND)["query"]["bool"]
    same, *bands = (one["constant_score"]["boost"] for one in asked["should"])
    assert same > sum(bands)
    assert asked["must_not"] == [{"ids": {"values": ["0a"]}}]


@pytest.mark.parametrize(
    ("name", "typed", "is_meant"),
    [
        ("Maria Zakharova", "zakh", True),
        ("Maria Zakharova", "maria z", True),
        ("Maria Zakharova", "mar z", False),
        ("Maria Zakharova", "harova", False),
        ("São Paulo", "sao p", True),
        ("Łódź", "Łód", True),
        ("Захарова", "заха", True),
    ],
)
def test_a_name_is_meant_by_the_start_of_its_last_typed_word(name: str, typed: str, is_meant: bool) -> None:
    """Whole words and then a start, without accents and case, mean a name; the middle of a word does not."""
    assert starts(name, folded(typed)) is is_meant


def test_what_is_typed_is_no_pattern() -> None:
    """Signs that mean something in a regular expression never reach it."""
    assert folded(" .*[a-z]{9}|\\") == ["a", "z", "9"]
    letters = pattern(["a9"]).removeprefix("(.*[^a-zA-Z0-9])?").removesuffix(".*")
    assert all(one in letters for one in "aAáÀ9")
    assert not set(letters) & set(".*{}|\\()^")
