"""The lines that a source puts around its articles are learned, and sentences of its stories are not."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.enrichers import repeated
from processors.enrichers.repeated import Learner, line_id
from schemas.repeated import RepeatedLine

NOTICE = "The Port Post has brought news from the harbour to its readers since the first pier was built."


def story(number: int) -> list[str]:
    """The paragraphs of an article unlike every other."""
    words = random.Random(number)
    places = ["harbour", "quay", "town hall", "market", "river", "lighthouse", "school", "station", "bakery"]
    return [
        f"{words.choice(['Ada', 'Bo'])} {chr(97 + number % 26) * 3}{chr(97 + number // 26 % 26) * 3} spoke at the "
        f"{words.choice(places)} of what the council had decided on part {chr(97 + part)} of the plan."
        for part in range(4)
    ]


def taught(articles: Sequence[Sequence[str]], source: str = "post") -> list[RepeatedLine]:
    """What a new learner learns of these articles, each with an id of its own."""
    learner = Learner()
    return [record for number, lines in enumerate(articles) for record in learner.observe(source, str(number), lines)]


def test_a_label_around_most_articles_is_learned_once() -> None:
    """The record says where and how often the line stood, and comes once."""
    found = taught([["Port Post Plus", *story(number)] for number in range(30)])
    assert [(record.source, record.text, record.line) for record in found] == [
        ("post", "Port Post Plus", line_id("Port Post Plus"))
    ]
    assert 1 < found[0].seen <= found[0].articles <= 30


def test_a_sentence_needs_more_articles_than_a_label() -> None:
    """A notice that is a sentence is learned too, later than a label is."""
    found = taught([["Port Post Plus", *story(number), NOTICE] for number in range(30)])
    assert [record.text for record in found] == ["Port Post Plus", NOTICE]
    assert found[0].articles < found[1].articles


def test_a_sentence_of_background_is_not_learned() -> None:
    """What a wire repeats in half of its stories, for a while, is no furniture."""
    articles = [[*story(number), *([NOTICE] if number % 2 else [])] for number in range(80)]
    assert taught(articles) == []


def test_versions_of_one_story_teach_nothing() -> None:
    """Sixty versions of one story with a new line each are one article."""
    assert taught([["Port Post Plus", *story(1), f"Update {'x' * number}"] for number in range(60)]) == []


def test_the_same_article_counts_once() -> None:
    """An article that comes again under its id counts for nothing, whatever it says."""
    learner = Learner()
    found = [learner.observe("post", "one", ["Port Post Plus", *story(number)]) for number in range(60)]
    assert not any(found)


@given(st.lists(st.text(min_size=3, max_size=30), min_size=1, max_size=20))
def test_a_source_of_one_article_teaches_nothing(lines: list[str]) -> None:
    """Lines that repeat within one article are no furniture."""
    assert taught([lines * 20]) == []


def test_sources_are_told_apart() -> None:
    """What stands in one article each of many sources is learned of none."""
    learner = Learner()
    found = [learner.observe(f"source {n}", str(n), ["Port Post Plus", *story(n)]) for n in range(60)]
    assert not any(found)


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_articles_makes_no_difference_to_what_is_learned(order: random.Random) -> None:
    """Articles in any order teach the same lines, and in the same order the same records."""
    articles = [["Port Post Plus", *story(number), NOTICE, "Read our blog"] for number in range(40)]
    order.shuffle(articles)
    found = taught(articles)
    assert {record.text for record in found} == {"Port Post Plus", NOTICE, "Read our blog"}
    assert found == taught(articles)


def test_a_line_is_learned_when_its_numbers_change() -> None:
    """A count in a line changes from article to article; it is one line."""
    found = taught([[f"Readers today: {number * 7}", *story(number)] for number in range(30)])
    assert [record.line for record in found] == [line_id("Readers today: 1,000".replace(",", ""))]


def size(value: object) -> int:
    """How many things are kept, however deep."""
    if isinstance(value, dict):
        return sum(1 + size(one) for one in value.values())
    if isinstance(value, repeated._Source):
        return sum(size(getattr(value, name)) for name in value.__slots__)
    return 0


def test_memory_is_bounded() -> None:
    """More sources, more articles, more and longer lines than any bound leave no more behind than the bounds allow."""
    learner = Learner()
    for number in range(repeated.MOST_SOURCES + 50):
        learner.observe(f"source {number}", "one", ["one line", "x" * 10_000_000 if number == 1 else "another line"])
    for number in range(repeated.MOST_ARTICLES + 200):
        learner.observe(
            "post", str(number), [f"{'abcdefghij'[number % 10] * 3} {number:b} line {n:b}" for n in range(500)]
        )
    most = repeated.MOST_COUNTED + repeated.MOST_TOLD + repeated.MOST_ARTICLES + repeated.MOST_LEARNED
    assert len(learner._sources) == repeated.MOST_SOURCES
    assert size(learner._sources["post"]) <= most


@pytest.mark.parametrize("line", ["", "—", "12", "·" * 50, "x" * (repeated.LONGEST_LINE + 1)])
def test_marks_numbers_and_long_lines_are_not_learned(line: str) -> None:
    """What has no letters, and what is longer than furniture is, is never learned."""
    assert taught([[line, *story(number)] for number in range(40)]) == []


@given(st.text(max_size=100))
def test_a_fingerprint_is_sixteen_digits_and_does_not_heed_case_and_spaces(text: str) -> None:
    """Any text has a fingerprint; spaces around it make no other one."""
    assert len(line_id(text)) == 16
    assert int(line_id(text), 16) >= 0
    assert line_id(f"  {text} ") == line_id(text)
    assert line_id("Read  MORE 12") == line_id("read more 7") != line_id("read less 7")
