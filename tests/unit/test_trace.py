"""A trace says of every article one thing, and says it from what the streams and the index hold."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import murmur2

from desk.evidence import Evidence, raw_spot
from desk.places import partition_of, windows
from desk.trace import State, Trace, assembled, wanted
from desk.tracing import lines, plain
from processors.letters import letter
from schemas.dead import Resolution
from schemas.envelope import envelope
from schemas.identity import article_id
from schemas.receipt import Receipt, ReceiptItem
from schemas.streams import streams
from tests.fakes import enriched_message, raw_article, raw_message, record, unit_settings

NAMES = streams(unit_settings())
RAW = raw_article()
VERSION = RAW.version
AT = datetime(2026, 3, 1, tzinfo=UTC)


def evidence(**given: Any) -> Evidence:
    """Evidence of the article, with every stage having committed 100 messages of each partition."""
    positions = {(stream.name, 0): 100 for stream in (NAMES.raw, NAMES.enriched)}
    return Evidence(RAW.id, **{"positions": positions, **given})


def raw_record(offset: int = 3) -> Any:
    """The raw message as a consumer gives it."""
    return record(raw_message(RAW, partition=0, offset=offset))


def enriched_record(offset: int = 5, raw: str = "0:3") -> Any:
    """The enriched message that was made of it."""
    headers = envelope("article.enriched", "e", "/wiredesk/sources/herald", 1, articleversion=VERSION, rawplace=raw)
    return record(enriched_message(1, offset=offset, key=RAW.id.encode(), headers=tuple(headers)))


def receipt(verdict: Any = "stored", offset: int = 5) -> dict[tuple[int, int], tuple[Receipt, ReceiptItem]]:
    """The sink's receipt for it."""
    item = ReceiptItem(id=RAW.id, version=VERSION, verdict=verdict, partition=0, offset=offset)
    return {(0, offset): (Receipt(at=AT, took_ms=40, by="host-1", items=(item,)), item)}


def document(version: int = VERSION) -> dict[str, Any]:
    """What the index holds of it."""
    return {"version": version, "source": "herald", "origin": "a.txt", "title": {"en": "A title"}}


def told(**given: Any) -> Trace:
    """The trace of such evidence."""
    return assembled(RAW.id, evidence(**given), NAMES)


DEAD = letter(raw_message(RAW, partition=0, offset=3), "enrich", "no_text", "nothing to read", "host-1")
DROPPED = Resolution(letter=DEAD.id, action="dropped", at=AT, by="me")
RETRIED = Resolution(letter=DEAD.id, action="retried", at=AT, by="me")
BOTH = {"raw": {(0, 3): raw_record()}, "enriched": {(0, 5): enriched_record()}}
LATE = {"raw": {(0, 107): raw_record(107)}}

CASES: list[tuple[State, dict[str, Any]]] = [
    ("unknown", {}),
    ("stored", {"document": document()}),
    ("stored", {**BOTH, "receipts": receipt(), "document": document()}),
    ("stored", {**BOTH, "document": document()}),
    ("stored", {"receipts": receipt(), "document": document()}),
    ("replaced", {**BOTH, "receipts": receipt(), "document": document(VERSION + 1)}),
    ("stale", {**BOTH, "receipts": receipt("stale"), "document": document(VERSION + 1)}),
    ("removed", {**BOTH, "receipts": receipt()}),
    ("removed", {**BOTH, "receipts": receipt("stale")}),
    ("stale", {**BOTH, "receipts": receipt("stale"), "index_problem": "away"}),
    ("lost", BOTH),
    ("lost", {"raw": {(0, 3): raw_record()}}),
    ("lost", {"raw": {(0, 3): raw_record()}, "document": document(VERSION - 1)}),
    ("waiting", LATE),
    ("waiting", {**LATE, "enriched": {(0, 104): enriched_record(104, "0:107")}}),
    ("dead", {"raw": {(0, 3): raw_record()}, "letters": [DEAD]}),
    ("dead", {"letters": [DEAD]}),
    ("dropped", {"letters": [DEAD], "resolutions": {DEAD.id: DROPPED}}),
    ("retried", {"letters": [DEAD], "resolutions": {DEAD.id: RETRIED}}),
    ("unclear", {"index_problem": "away"}),
    ("unclear", {**BOTH, "index_problem": "away"}),
    ("stored", {**BOTH, "receipts": receipt(), "index_problem": "away"}),
]


@pytest.mark.parametrize(("state", "given"), CASES)
def test_each_evidence_makes_one_state(state: State, given: dict[str, Any]) -> None:
    """What the streams and the index hold decides what is told, in a sentence and with the next step."""
    found = told(**given)
    assert found.state == state
    assert found.summary
    assert found.way_out
    assert "{" not in found.summary + found.way_out
    assert any(line.startswith(f"{state}: ") for line in lines(found))
    assert plain(found)["state"] == state


def test_an_article_that_waits_says_how_many_are_ahead() -> None:
    """Seven messages of its partition are read before the one that stands seven behind the committed offset."""
    assert told(**LATE).passages[0].ahead == 7
    assert "7 messages are ahead of it" in told(**LATE).summary


def test_the_steps_are_in_order_with_the_time_between() -> None:
    """Fetched, published, enriched and stored follow each other, each with the milliseconds since the one before."""
    steps = told(**BOTH, receipts=receipt(), document=document()).passages[0].steps
    assert [step.name for step in steps] == ["fetched", "published", "enriched", "stored"]
    for before, step in itertools.pairwise(steps):
        assert before.at is not None
        assert step.at is not None
        assert step.ms == round((step.at - before.at).total_seconds() * 1000)


def test_a_retry_is_a_passage_of_its_own() -> None:
    """A letter that was retried and the message that it became are both told, and the one in the index comes first."""
    found = told(
        raw={(0, 3): raw_record(), (0, 9): raw_record(9)},
        enriched={(0, 5): enriched_record(5, "0:9")},
        receipts=receipt(),
        letters=[DEAD],
        resolutions={DEAD.id: RETRIED},
        document=document(),
    )
    assert sorted(passage.state for passage in found.passages) == ["retried", "stored"]


def test_a_trace_is_plain_data_for_programs() -> None:
    """JSON of a trace holds its moments as text, and its letters without their bytes."""
    told_plain = plain(told(letters=[DEAD]))
    assert told_plain["passages"][0]["letter"]["reason"] == "no_text"
    assert "value" not in told_plain["passages"][0]["letter"]
    assert told_plain["passages"][0]["fetched_at"].endswith("Z")


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 60), st.none() | st.integers(0, 600))
def test_windows_cover_everything_and_nothing_else(start: int, length: int, size: int, first: int | None) -> None:
    """However a partition is cut, every offset of it is looked at, none outside, and no window is too large."""
    end = start + length
    cut = list(windows(start, end, size, first if first is None else first + start))
    assert {offset for low, high in cut for offset in range(low, high)} == set(range(start, end))
    assert all(start <= low < high <= end and high - low <= size for low, high in cut)


@given(st.binary(max_size=40), st.integers(1, 64))
def test_the_partition_of_a_key_is_kafkas(key: bytes, count: int) -> None:
    """A key's partition is within the count, and is Kafka's murmur2 of it."""
    assert partition_of(key, count) == (murmur2(key) & 0x7FFFFFFF) % count


@pytest.mark.parametrize(
    ("asked", "article"),
    [
        ("A" * 32, "a" * 32),
        (f"  {'0' * 32}\n", "0" * 32),
        ("https://News.Example/a?utm_source=x", article_id("https://news.example/a", "")),
    ],
)
def test_an_article_is_asked_for_by_id_or_address(asked: str, article: str) -> None:
    """Ids count in either case, and an address in any of its forms."""
    assert wanted(asked) == article


@given(st.text(max_size=80))
def test_what_is_neither_id_nor_address_is_refused(asked: str) -> None:
    """Any text is an article's id, or refused with words."""
    told_why = ""
    try:
        assert len(wanted(asked)) == 32
    except ValueError as error:
        told_why = str(error)
    assert "neither" in told_why or not told_why


@given(st.text(max_size=12) | st.from_regex(r"\d{0,3}:\d{0,6}", fullmatch=True))
def test_a_place_in_a_header_is_read_or_left(text: str) -> None:
    """A header that names no place is none, and never an error."""
    spot = raw_spot({"ce_rawplace": text})
    assert spot is None or text == f"{spot[0]}:{spot[1]}" or text.replace(":", "").isdigit()
