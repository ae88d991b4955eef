"""A dead letter says who gave up on what, why, and holds the original bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.letters import letter, posted
from processors.message import Message
from schemas.dead import DEAD_RECORD, DeadLetter, letter_id
from schemas.envelope import attributes
from tests.fakes import quick, raw_article, raw_message


def test_a_letter_names_place_stage_reason_and_article() -> None:
    """The letter says where the message was read, who gave up, at which stage and why, and of which source it is."""
    found = letter(raw_message(), "enrich", "invalid", "title: Input should be a string", "host-1")
    assert found.id == letter_id("articles.raw", 2, 41) == "articles.raw-2-41"
    assert (found.stream, found.partition, found.offset) == ("articles.raw", 2, 41)
    assert (found.stage, found.reason, found.by) == ("enrich", "invalid", "host-1")
    assert (found.article_id, found.source, found.attempts) == (raw_article().id, "herald", 1)


@quick
@given(st.none() | st.binary(max_size=100), st.none() | st.binary(max_size=100))
def test_the_original_comes_back_byte_for_byte(key: bytes | None, value: bytes | None) -> None:
    """Key and value of any bytes stand in the letter's JSON and come back as they were."""
    message = Message("articles.raw", 0, 1, 2, key, value)
    out = posted(letter(message, "enrich", "not_json", "", "h"), "articles.dead")
    found = DEAD_RECORD.validate_json(out.value)
    assert isinstance(found, DeadLetter)
    assert (found.original_key, found.original_value) == (key, value)


@quick
@given(st.lists(st.tuples(st.text(max_size=10), st.none() | st.binary(max_size=10)), max_size=5))
def test_any_headers_are_kept_as_text(headers: list[tuple[str, bytes | None]]) -> None:
    """Whatever headers a message has, the letter can be written, and names them all."""
    found = letter(raw_message(headers=tuple(headers)), "enrich", "failed", "", "h")
    assert set(found.headers) == {name for name, _ in headers}
    assert posted(found, "articles.dead").value


@pytest.mark.parametrize(("said", "attempts"), [(None, 1), (b"1", 2), (b"7", 8), (b"-1", 1), (b"many", 1)])
def test_attempts_count_on(said: bytes | None, attempts: int) -> None:
    """A message that was retried says how often it has ended here; what is no number counts as none."""
    headers = () if said is None else (("ce_attempts", said),)
    assert letter(raw_message(headers=headers), "enrich", "failed", "", "h").attempts == attempts


@pytest.mark.parametrize("key", [None, b"", b"other", b"A" * 32, b"\xff" * 32])
def test_a_key_that_is_no_id_names_no_article(key: bytes | None) -> None:
    """Where the key is no article's id the letter goes by its own, and names no article."""
    found = letter(raw_message(key=key), "enrich", "bad_envelope", "", "h")
    assert found.article_id is None
    assert posted(found, "articles.dead").key == b"articles.raw-2-41"


def test_letter_and_resolution_of_an_article_share_a_partition() -> None:
    """A letter is keyed by its article, as are its resolution and all other messages of that article."""
    message = raw_message()
    assert posted(letter(message, "sink", "refused", "", "h"), "articles.dead").key == message.key


def test_a_detail_is_bounded() -> None:
    """A detail of any length is cut to a size that can be shown."""
    assert len(letter(raw_message(), "enrich", "failed", "x" * 100_000, "h").detail) <= 2000


def test_an_original_too_large_to_keep_stays_on_its_stream() -> None:
    """Over 16 MiB the letter names the place of the original instead of holding it, and says so."""
    found = letter(raw_message(value=b"x" * (16 * 2**20 + 1)), "enrich", "too_large", "big", "h")
    assert found.value is None
    assert found.detail == "big (the original is too large to keep here)"
    assert found.offset == 41


def test_the_envelope_tells_the_reason() -> None:
    """Any Kafka tool can tell a letter's type, stage and reason from its headers."""
    said = attributes(posted(letter(raw_message(), "sink", "refused", "", "h"), "articles.dead").headers)
    assert (said["ce_type"], said["ce_source"], said["ce_reason"]) == (
        "wiredesk.article.dead",
        "/wiredesk/sink",
        "refused",
    )


@pytest.mark.parametrize("changes", [{"reason": "bored"}, {"stage": "feed"}, {"attempts": 0}, {"surprise": 1}])
def test_a_letter_that_breaks_the_contract_is_refused(changes: dict[str, Any]) -> None:
    """A reason or stage that the contract does not know cannot stand in a letter."""
    good = letter(raw_message(), "sink", "refused", "", "h").model_dump()
    with pytest.raises(ValueError, match="validation error"):
        DeadLetter.model_validate({**good, **changes})
