"""The open dead letters are those that nobody resolved; each can be retried or dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaTimeoutError

from processors.dead import Selection, Undertaker, fold
from processors.letters import letter
from schemas.dead import DEAD_RECORD, DeadLetter, Reason, Resolution, Stage
from schemas.envelope import attributes
from tests.fakes import FakeProducer, quick, raw_article, raw_message, timed_out, unit_settings

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def dead(offset: int = 41, stage: Stage = "enrich", reason: Reason = "failed", **changes: Any) -> DeadLetter:
    """A letter of the message at that offset."""
    return letter(raw_message(offset=offset, **changes), stage, reason, "detail", "host-1")


def resolved(found: DeadLetter, action: Any = "dropped") -> bytes:
    """The record that closes a letter."""
    return Resolution(letter=found.id, action=action, at=NOW, by="me").model_dump_json().encode()


def written(found: DeadLetter) -> bytes:
    """A letter as it stands on the stream."""
    return found.model_dump_json().encode()


@quick
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=30))
def test_open_letters_are_those_without_a_resolution(history: list[tuple[int, bool]]) -> None:
    """After any history the open letters are exactly those written and never closed, each once.

    A letter that is written again after its resolution stays closed.
    """
    values = [resolved(dead(offset)) if closes else written(dead(offset)) for offset, closes in history]
    wrote = {offset for offset, closes in history if not closes}
    closed = {offset for offset, closes in history if closes}
    found = [one.offset for one in fold(values)]
    assert sorted(found) == sorted(wrote - closed)


@quick
@given(st.lists(st.none() | st.binary(max_size=30) | st.just(b'{"kind":"dead_letter","schema_version":2}')))
def test_records_of_another_kind_are_left_alone(values: list[bytes | None]) -> None:
    """Tombstones, nonsense and records of a later version are no open letters, and hide none."""
    assert [one.offset for one in fold([*values, written(dead(1)), *values])] == [1]


def test_a_letter_written_twice_is_one() -> None:
    """One place is one letter: of two that are open the later one stands."""
    first, second = dead(1), dead(1, headers=(("ce_attempts", b"3"),))
    assert [one.attempts for one in fold([written(first), written(second)])] == [4]


SELECTIONS = [
    (Selection(), True),
    (Selection(ids=("articles.raw-2-41",)), True),
    (Selection(ids=("articles.raw-2-4",)), False),
    (Selection(ids=("x", raw_article().id)), True),
    (Selection(reason="failed"), True),
    (Selection(reason="invalid"), False),
    (Selection(source="herald"), True),
    (Selection(source="gazette"), False),
    (Selection(stage="enrich"), True),
    (Selection(stage="sink"), False),
    (Selection(older_than=timedelta(days=2)), True),
    (Selection(older_than=timedelta(days=4)), False),
    (Selection(older_than=timedelta(days=999_999)), False),
    (Selection(reason="failed", stage="sink"), False),
    (Selection(ids=("articles.raw-2-41",), reason="failed", source="herald", stage="enrich"), True),
]


@pytest.mark.parametrize(("selection", "takes"), SELECTIONS)
def test_a_selection_takes_what_all_its_parts_take(selection: Selection, takes: bool) -> None:
    """Ids, reason, source, stage and age each narrow; what is not given does not."""
    found = dead().model_copy(update={"at": NOW - timedelta(days=3)})
    assert selection.takes(found, NOW) is takes


def test_a_retry_sends_the_original_back_and_then_closes() -> None:
    """The original bytes go back to their stream under their key with the count of attempts; then the letter closes."""
    producer, message = FakeProducer(), raw_message()
    found = dead(headers=(*message.headers, ("ce_attempts", b"1")))
    Undertaker(producer, unit_settings()).retry(found)
    back, closing = producer.sent
    assert (back.stream, back.key, back.value) == ("articles.raw", message.key, message.value)
    assert attributes(back.headers) == {**message.attributes, "ce_attempts": "2"}
    assert (closing.stream, closing.key) == ("articles.dead", message.key)
    assert fold([written(found), closing.value]) == []


def test_what_is_retried_and_dies_again_counts_its_attempts() -> None:
    """A message that went back and ended again has one attempt more in its letter."""
    producer = FakeProducer()
    Undertaker(producer, unit_settings()).retry(dead())
    back = producer.sent[0]
    again = letter(raw_message(offset=99, headers=tuple(back.headers)), "enrich", "failed", "", "h")
    assert again.attempts == 2


def test_a_message_without_a_key_goes_back_without_one() -> None:
    """A key that was not there is not made up."""
    producer = FakeProducer()
    Undertaker(producer, unit_settings()).retry(dead(key=None))
    assert producer.sent[0].key is None


def test_a_drop_only_closes() -> None:
    """A dropped letter sends nothing back, and is open no more."""
    producer, found = FakeProducer(), dead()
    Undertaker(producer, unit_settings()).drop(found)
    (closing,) = producer.sent
    record = DEAD_RECORD.validate_json(closing.value or b"")
    assert isinstance(record, Resolution)
    assert (record.action, record.letter) == ("dropped", found.id)


def test_a_letter_without_its_original_cannot_be_retried() -> None:
    """A tombstone's letter says why it cannot go back, and stays open."""
    producer = FakeProducer()
    with pytest.raises(ValueError, match=r"articles\.raw-2-41 holds no original"):
        Undertaker(producer, unit_settings()).retry(dead(value=None))
    assert producer.sent == []


def test_a_retry_that_kafka_does_not_take_leaves_the_letter_open() -> None:
    """Where the original cannot be sent back, the letter is not closed."""
    producer = FakeProducer(refuse=timed_out)
    with pytest.raises(KafkaTimeoutError):
        Undertaker(producer, unit_settings()).retry(dead())
    assert producer.to("articles.dead") == []
