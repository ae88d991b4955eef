"""Any record becomes an article, or is refused with what is wrong about it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.reading import NotAnArticle, article, article_of_record
from schemas.article import RawArticle
from schemas.identity import article_id
from tests.fakes import FETCHED_AT, TEXT, quick


def read(record: object, max_bytes: int = 10_000, language: str | None = None) -> RawArticle:
    """The article of a record from the source `herald`."""
    return article_of_record(
        record, source="herald", origin="herald.jsonl", now=FETCHED_AT, max_bytes=max_bytes, language=language
    )


def test_a_full_record_keeps_everything() -> None:
    """Every field that the contract knows is taken, and what it does not know is kept as metadata."""
    found = read(
        {
            "url": "https://Herald.Example/a?utm_source=x",
            "title": "Talks",
            "text": TEXT,
            "authors": ["Ann Lee", "Bo Ek"],
            "published": "2026-02-28",
            "language": "en",
            "source": "gazette",
            "origin": "elsewhere",
            "fetched_at": "2026-03-01T08:00:00+02:00",
            "section": "World",
            "comments": 17,
            "metadata": {"desk": "foreign"},
        }
    )
    assert found.id == article_id("https://herald.example/a", "")
    assert (found.url, found.title, found.content) == ("https://herald.example/a", "Talks", TEXT)
    assert (found.authors, found.published, found.language) == (("Ann Lee", "Bo Ek"), "2026-02-28", "en")
    assert (found.source, found.origin) == ("gazette", "elsewhere")
    assert found.fetched_at == datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert found.metadata == {"section": "World", "comments": "17", "desk": "foreign"}


def test_the_least_record_is_its_text() -> None:
    """Text alone is an article: of this source and place, fetched now, named by its content."""
    found = read({"text": TEXT}, language="pt-BR")
    assert found.id == article_id(None, TEXT)
    assert (found.source, found.origin, found.fetched_at) == ("herald", "herald.jsonl", FETCHED_AT)
    assert (found.language, found.title, found.authors, found.metadata) == ("pt-BR", None, (), {})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("text", "content"),
        ("body", "content"),
        ("maintext", "content"),
        ("articleBody", "content"),
        ("headline", "title"),
        ("date_publish", "published"),
        ("datePublished", "published"),
        ("pubDate", "published"),
        ("lang", "language"),
        ("publisher", "source"),
        ("source_domain", "source"),
    ],
)
def test_names_of_other_tools_are_known(theirs: str, ours: str) -> None:
    """A field under the name that another tool gives it is taken, and is not kept a second time as metadata."""
    found = read({"content": TEXT, theirs: "en"} if ours != "content" else {theirs: "en"})
    assert getattr(found, ours) == "en"
    assert found.metadata == {}


def test_the_most_telling_name_wins_and_empty_ones_do_not_count() -> None:
    """Of two names for one thing the first in rank is taken, unless it is empty."""
    assert read({"content": TEXT, "body": "other"}).content == TEXT
    assert read({"content": "", "body": TEXT}).content == TEXT
    assert read({"content": None, "authors": [], "byline": "Ann Lee", "text": TEXT}).authors == ("Ann Lee",)


@pytest.mark.parametrize("record", [{"html": "<p>x</p>"}, {"text": "<p>x</p>", "content_type": "text/html"}])
def test_a_page_is_a_page(record: dict[str, Any]) -> None:
    """A record that brings HTML is marked as such."""
    assert read(record).content_type == "text/html"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (None, "not a JSON object"),
        ([TEXT], "not a JSON object"),
        ("text", "not a JSON object"),
        ({}, "it has no text"),
        ({"title": "only a title"}, "it has no text"),
        ({"text": "  \n "}, "it has no text"),
        ({"text": ["a"]}, "its text is list, not text"),
        ({"text": 5}, "its text is int, not text"),
        ({"text": "x", "title": {"en": "x"}}, "title is dict, not text"),
        ({"text": "x", "authors": [{"name": "Ann"}]}, "authors is dict, not text"),
        ({"text": "x", "published": True}, "published is bool, not text"),
        ({"text": "x", "url": "ftp://a.example/"}, "not an http or https address"),
        ({"text": "x", "url": "https://[::1"}, "Invalid IPv6"),
        ({"text": "x", "fetched_at": "yesterday"}, "fetched_at is no ISO 8601 time"),
        ({"text": "x", "fetched_at": "0001-01-01T00:00:00+14:00"}, "fetched_at is before 1970"),
        ({"text": "x", "fetched_at": "1969-12-31T23:59:59.999Z"}, "fetched_at is before 1970"),
        ({"text": "x", "source": "wiredesk-heartbeat"}, "source: wiredesk-heartbeat is Wiredesk's own"),
        ({"text": "x", "source": "s" * 201}, "source: String should have at most 200 characters"),
        ({"text": "x" * 10_001}, "too large: 10,001 bytes of text, and max_article_bytes is 10,000"),
        ({"text": "я" * 5_001}, "too large: 10,002 bytes"),
        ({"text": "a \ud83d b"}, "half of a surrogate pair"),
        ({"text": "x", "title": "\ud83d"}, "half of a surrogate pair"),
        ({"text": "x", "metadata": {"k": "\ud83d"}}, "half of a surrogate pair"),
    ],
)
def test_what_is_no_article_is_refused_in_words(record: object, reason: str) -> None:
    """Each fault of a record is named: the field, and what is wrong with it."""
    with pytest.raises(NotAnArticle) as refused:
        read(record)
    assert reason in str(refused.value)


def test_a_number_where_text_is_expected_is_taken_as_text() -> None:
    """A year as a number is a date; tools write them so."""
    assert read({"text": "x", "date": 2026}).published == "2026"


def test_a_time_without_a_zone_is_utc() -> None:
    """A time of fetching that names no zone counts as UTC."""
    assert read({"text": "x", "fetched_at": "2026-03-01T08:00:00"}).fetched_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("later", ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
def test_a_time_of_fetching_after_now_is_now(later: str) -> None:
    """A version to come would shut out every later one, so nobody chooses one."""
    assert read({"text": "x", "fetched_at": later}).fetched_at == FETCHED_AT


def test_metadata_is_plain_short_and_bounded() -> None:
    """Of what is not known only plain values stay, none over a thousand characters, and at most 64."""
    many = {f"k{number:03}": number for number in range(100)}
    found = read({"text": "x", **many, "a": [1], "b": {"c": 1}, "d": None, "e": "y" * 1001, "f": 1.5})
    assert len(found.metadata) == 64
    assert found.metadata["f"] == "1.5"
    assert not {"a", "b", "d", "e"} & set(found.metadata)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KNOWN = ["text", "html", "title", "url", "published", "authors", "language", "source", "fetched_at", "metadata", "id"]


@quick
@given(JSON | st.dictionaries(st.sampled_from(KNOWN), JSON | st.just("https://a.example/x")))
def test_any_json_is_an_article_or_refused(record: object) -> None:
    """Whatever JSON stands there, it is an article that survives its own JSON, or a refusal, and nothing else."""
    with contextlib.suppress(NotAnArticle):
        found = read(record)
        assert RawArticle.model_validate_json(found.model_dump_json()) == found


def test_a_field_over_the_contract_is_named() -> None:
    """A value that the contract refuses is named by its field, without repeating the value."""
    with pytest.raises(NotAnArticle) as refused:
        article(source="", origin="o", content="x", fetched_at=FETCHED_AT, max_bytes=10)
    assert str(refused.value).startswith("source: ")
