"""The open dead letters are those that nobody resolved; each can be retried or dropped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaTimeoutError

from processors.dead import MENDS, Selection, Undertaker, grouped
from processors.letters import letter
from processors.register import OpenLetter, OpenLetters
from processors.retried import outcomes
from schemas.dead import DEAD_RECORD, DeadLetter, Reason, Resolution, Stage
from schemas.envelope import attributes
from schemas.receipt import Receipt, ReceiptItem
from tests.fakes import (
    FETCHED_AT,
    FakeProducer,
    enriched_message,
    quick,
    raw_article,
    raw_message,
    timed_out,
    unit_settings,
)

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


def fold(values: Iterable[bytes | None]) -> list[OpenLetter]:
    """The letters of a stream of these values that are open."""
    letters = OpenLetters()
    for offset, value in enumerate(values):
        letters.take(SimpleNamespace(value=value, partition=0, offset=offset))
    return letters.open


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


def test_every_reason_has_what_would_mend_it() -> None:
    """No letter is left without a word on what to do about it."""
    assert set(MENDS) == set(get_args(Reason))


def kept(found: DeadLetter) -> OpenLetter:
    """What is kept of a letter while it is open."""
    return OpenLetter.of(found, (0, found.offset))


def test_letters_are_grouped_by_their_cause() -> None:
    """Groups come with the largest first, their count, first and last moment, the newest letter, and what mends it."""
    reasons: tuple[Reason, ...] = ("invalid", "failed", "failed", "invalid", "failed")
    ones = [
        kept(dead(number, reason=reason).model_copy(update={"at": NOW + timedelta(hours=number)}))
        for number, reason in enumerate(reasons)
    ]
    found = grouped(ones, "reason")
    assert [(group.name, group.count, group.sample.offset) for group in found] == [("failed", 3, 4), ("invalid", 2, 3)]
    assert (found[0].first, found[0].last) == (NOW + timedelta(hours=1), NOW + timedelta(hours=4))
    assert found[0].mend == MENDS["failed"]
    assert grouped([kept(dead(1, headers=()))], "source")[0].name == "(none)"
    assert "several reasons" in grouped(ones, "stage")[0].mend


def test_a_retry_tells_where_its_letter_would_be() -> None:
    """The id that a retry gives is the one that the message's letter has if it ends there again."""
    assert Undertaker(FakeProducer(), unit_settings()).retry(dead()) == "articles.raw-0-0"


def told(stream: str, value: bytes) -> Any:
    """A record of the dead letters or of the receipts."""
    return SimpleNamespace(topic=stream, value=value)


def receipt(verdict: Any, **item: Any) -> bytes:
    """A receipt for one article."""
    given = {
        "id": raw_article().id,
        "version": raw_article().version,
        "verdict": verdict,
        "partition": 0,
        "offset": 9,
        **item,
    }
    found = Receipt(at=NOW, took_ms=1, by="h", items=(ReceiptItem.model_validate(given),))
    return found.model_dump_json().encode()


AGAIN = dead(99, headers=(("ce_attempts", b"1"),))
AT_SINK = letter(enriched_message(4, headers=(("ce_rawplace", b"2:99"),)), "sink", "refused", "no", "h")
OUTCOMES: list[tuple[Any, str, Any]] = [
    (told("articles.dead", written(AGAIN)), "articles.raw-2-99", AGAIN),
    (told("articles.dead", written(AT_SINK)), "articles.raw-2-99", AT_SINK),
    (told("articles.dead", written(dead(98))), "articles.raw-2-99", None),
    (told("articles.dead", resolved(AGAIN)), "articles.raw-2-99", None),
    (told("articles.dead", b"nonsense"), "articles.raw-2-99", None),
    (told("articles.stored", receipt("stored")), "articles.raw-2-99", "stored"),
    (told("articles.stored", receipt("stale")), "articles.raw-2-99", "stale"),
    (told("articles.stored", receipt("dead")), "articles.raw-2-99", None),
    (told("articles.stored", receipt("stored", id="0" * 32)), "articles.raw-2-99", None),
    (told("articles.stored", b"nonsense"), "articles.raw-2-99", None),
]


@pytest.mark.parametrize(("record", "place", "outcome"), OUTCOMES)
def test_what_becomes_of_a_retried_letter_is_told(record: Any, place: str, outcome: Any) -> None:
    """Its new letter, of either stage, or the sink's receipt decides; what is of others decides nothing."""
    found = outcomes([record], {place: dead()}, unit_settings())
    assert found == ({place: outcome} if outcome else {})


def version(number: int, **changes: Any) -> DeadLetter:
    """The letter of one article as it was fetched that many days later."""
    return dead(article=raw_article(fetched_at=FETCHED_AT + timedelta(days=number)), **changes)


V1, V2 = version(0), version(1)
NO_HEADER = version(1, headers=())
WHAT_VERSIONS_BECOME: list[tuple[dict[str, Any], Any]] = [
    ({"v2": "stored"}, {"v2": "stored"}),
    ({"v2": "stored", "v1": "stale"}, {"v2": "stored", "v1": "stale"}),
    ({"v1": "stored", "v2": "stored"}, {"v1": "stored", "v2": "stored"}),
    ({"v1": "stale"}, {"v1": "stale"}),
    ({"v2": "dead", "v1": "stored"}, {"v1": "stored"}),
]


@pytest.mark.parametrize("second", [V2, NO_HEADER], ids=["its header says the version", "its body says it"])
@pytest.mark.parametrize(("verdicts", "became"), WHAT_VERSIONS_BECOME)
def test_each_version_of_an_article_is_answered_by_its_own_receipt(
    verdicts: dict[str, Any], became: dict[str, Any], second: DeadLetter
) -> None:
    """Of two letters of one article that are retried, a receipt tells of the version it names, and not of the other."""
    versions = {"v1": raw_article().version, "v2": raw_article().version + 86_400_000}
    records = [told("articles.stored", receipt(what, version=versions[name])) for name, what in verdicts.items()]
    assert outcomes(records, {"v1": V1, "v2": second}, unit_settings()) == became


@pytest.mark.parametrize("changes", [{"headers": (), "value": b"{}"}, {"headers": (("ce_articleversion", b"soon"),)}])
def test_a_letter_that_names_no_version_is_answered_by_no_receipt(changes: dict[str, Any]) -> None:
    """Where neither header nor body says which version it is, whatever is stored of its article may be another."""
    records = [told("articles.stored", receipt("stored", version=one)) for one in (raw_article().version, None)]
    assert outcomes(records, {"articles.raw-2-99": dead(**changes)}, unit_settings()) == {}


def test_a_letter_of_the_sink_is_followed_by_its_place() -> None:
    """What went back to the enriched stream is known by its offset there, not by its article, which may come again."""
    sent = {"articles.enriched-0-9": AT_SINK}
    assert (
        outcomes([told("articles.stored", receipt("stored", id=AT_SINK.article_id, offset=8))], sent, unit_settings())
        == {}
    )
    assert outcomes([told("articles.stored", receipt("stored"))], sent, unit_settings()) == {
        "articles.enriched-0-9": "stored"
    }
