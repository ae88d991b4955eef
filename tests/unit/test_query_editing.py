"""Clauses are put into a query's text and taken out of it again; what a person typed stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.search.editing import has_clause, loosened, with_clause, with_dates, without_clause
from desk.search.language import QueryError, parse
from desk.search.readas import read_as
from tests.fakes import quick

CHOICES = (
    ("source", "ABC"),
    ("source", "abc news"),
    ("source", 'The "Foo" Times'),
    ("lang", "en"),
    ("lang", "pt-br"),
    ("topic", "medtop:20000639"),
    ("topic", "medtop:04000000"),
    ("person", "Vladimir Putin"),
    ("person", "Q7747"),
    ("org", "ООО «Ромашка»"),
    ("org", 'a"b»c'),
    ("place", "-"),
    ("place", "title:x OR y*"),
    ("event", "(x) | y, z"),
    ("entity", "person:maria-zakharova"),
)
PIECES = (
    *("war", "peace talks", '"arms control"', '"a b"~3', "a NEAR/2 b", "a OR b", "(a OR b)", "-c", "(c (d e))", "x-y"),
    *("title:war", "title:(a b)", "source:abc", "-source:abc", "source:abc,=ABC", "(source:a OR source:b)", "lang:en"),
    *("since:2026", "date:2026-11-01", "AND", "topic:diplomacy", "person:Q7747", 'org:"x y"', "https://a.example/b"),
)
queries = st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join)


def is_read(text: str) -> bool:
    """Whether a text is a query."""
    try:
        parse(text)
    except QueryError:
        return False
    return True


read = queries.filter(is_read)


@given(read, st.sampled_from(CHOICES))
@quick
def test_a_clause_is_added_once_and_taken_out_again(text: str, choice: tuple[str, str]) -> None:
    """Adding is idempotent, what was added is there, and taking it out gives the query that was."""
    added = with_clause(text, *choice)
    assert has_clause(added, *choice)
    assert with_clause(added, *choice) == added
    if has_clause(text, *choice):
        assert added == text
    else:
        assert read_as(parse(without_clause(added, *choice))) == read_as(parse(text))


@given(read, st.sampled_from(CHOICES))
@quick
def test_what_is_taken_out_is_gone(text: str, choice: tuple[str, str]) -> None:
    """Without a clause a query does not ask it, and taking it out twice changes nothing."""
    left = without_clause(text, *choice)
    assert not has_clause(left, *choice)
    assert without_clause(left, *choice) == left


@pytest.mark.parametrize(
    ("text", "field", "value", "new"),
    [
        ("", "source", "ABC", "source:=ABC"),
        ("war", "source", "ABC News", 'war source:="ABC News"'),
        ("a OR b", "lang", "en", "(a OR b) lang:en"),
        ("lang:en war", "lang", "ru", "lang:en,ru war"),
        ("source:abc", "source", "Herald", "source:abc,=Herald"),
        ("person:Q1 war", "person", "Q2", "person:Q1 war person:Q2"),
        ("war", "topic", "medtop:20000639", "war topic:diplomacy"),
        ("title:(a b)", "lang", "en", "title:(a b) lang:en"),
        ("-lang:en", "lang", "en", "-lang:en lang:en"),
        ("source:abc", "source", "ABC", "source:abc"),
        ("topic:20000639", "topic", "medtop:20000639", "topic:20000639"),
    ],
)
def test_a_clause_is_added_to_what_was_typed(text: str, field: str, value: str, new: str) -> None:
    """The typed text stays; an OR gets brackets; a second source or language means either."""
    assert with_clause(text, field, value) == new


@pytest.mark.parametrize(
    ("text", "field", "value", "new"),
    [
        ("war lang:en", "lang", "en", "war"),
        ("lang:en,ru war", "lang", "en", "lang:ru war"),
        ("a AND source:abc AND b", "source", "abc", "a b"),
        ("(war source:=ABC)", "source", "ABC", "war"),
        ("topic:diplomacy", "topic", "medtop:20000639", ""),
        ("war OR lang:en", "lang", "en", "war OR lang:en"),
        ("war -lang:en", "lang", "en", "war -lang:en"),
    ],
)
def test_a_clause_is_taken_out_of_what_was_typed(text: str, field: str, value: str, new: str) -> None:
    """Only what every article must meet is taken out; the rest stays as it was typed."""
    assert without_clause(text, field, value) == new


def test_a_field_without_names_cannot_be_chosen() -> None:
    """A title is no choice, and a language that is none is refused."""
    for field, value in (("title", "war"), ("since", "7d"), ("lang", "no such language"), ("nothing", "x")):
        with pytest.raises(QueryError):
            has_clause("", field, value)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("", "date:2026-11-01..2026-11-02"),
        ("war since:7d", "war date:2026-11-01..2026-11-02"),
        ("date:2026 (a OR b) until:2026-12", "(a OR b) date:2026-11-01..2026-11-02"),
        ("a OR since:7d", "(a OR since:7d) date:2026-11-01..2026-11-02"),
    ],
)
def test_a_span_of_time_takes_the_place_of_the_dates_before(text: str, new: str) -> None:
    """The bar of a histogram narrows a query to its time, whose end is the next bar's start."""
    assert with_dates(text, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)) == new


def test_one_end_of_time_may_be_open_or_both() -> None:
    """Since alone, until alone, and neither: a query without dates."""
    noon = datetime(2026, 11, 1, 12, 0, 0, 999, tzinfo=UTC)
    assert with_dates("war", noon, None) == "war since:2026-11-01T12:00Z"
    assert with_dates("war", None, noon) == "war until:2026-11-01T11:59Z"
    assert with_dates("since:7d war until:1d", None, None) == "war"
    assert with_dates("a OR b", None, None) == "a OR b"


def test_ways_to_find_more_are_told_with_their_queries() -> None:
    """Each part can be left out; phrases, nearness, fields and whole names can be asked for less strictly."""
    assert dict(loosened('"arms control" title:war a NEAR/2 b source:="ABC" -x')) == {
        'the words of "arms control" in any place': 'arms control title:war a NEAR/2 b source:="ABC" -x',
        'without "arms control"': 'title:war a NEAR/2 b source:="ABC" -x',
        "war anywhere, not in title: alone": '"arms control" war a NEAR/2 b source:="ABC" -x',
        "without title:war": '"arms control" a NEAR/2 b source:="ABC" -x',
        "a b at any distance": '"arms control" title:war a b source:="ABC" -x',
        "without a NEAR/2 b": '"arms control" title:war source:="ABC" -x',
        "source:ABC as part of a name": '"arms control" title:war a NEAR/2 b source:ABC -x',
        'without source:="ABC"': '"arms control" title:war a NEAR/2 b -x',
        "without -x": '"arms control" title:war a NEAR/2 b source:="ABC"',
    }
    assert loosened("war") == []
    assert loosened("") == []


@given(read)
@quick
def test_every_way_to_find_more_is_another_query(text: str) -> None:
    """What is offered can be read, and does not mean the same."""
    for label, other in loosened(text):
        assert label
        assert read_as(parse(other)) != read_as(parse(text))
