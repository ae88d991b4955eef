"""What `wiredesk tail` tells of the records that pass."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desk.tailing import line, thinned, told_of
from processors.enrich import enrich
from processors.letters import PermanentError
from processors.message import Message
from processors.outcome import dead, enriched
from schemas.receipt import Receipt, ReceiptItem
from schemas.streams import streams
from tests.fakes import FETCHED_AT, Record, quick, raw_article, raw_message, record, unit_settings

NAMES = streams(unit_settings())
FIELDS = st.sampled_from(["items", "title", "url", "source", "reason", "detail", "stage", "id", "article_id"])
PLAIN = st.none() | st.integers() | st.text()
OBJECTS = st.dictionaries(FIELDS, PLAIN | st.lists(PLAIN) | st.dictionaries(FIELDS, PLAIN)).map(
    lambda found: json.dumps(found).encode()
)


def passed(stream: str, value: bytes, headers: Any = ()) -> Record:
    """A record of a stream."""
    return record(Message(stream, 1, 7, 1_772_368_215_250, b"k", value, tuple(headers)))


def test_an_article_tells_its_source_title_and_address() -> None:
    """Raw and enriched alike say whose they are, what they are called and where they stand."""
    article = raw_article(title="Talks in Geneva", url="https://news.example/1")
    message = raw_message(article)
    (raw,) = told_of(record(message), NAMES)
    out = enriched(message, enrich(article), NAMES)
    (done,) = told_of(passed(out.stream, out.value or b"", out.headers), NAMES)
    for told, stage in ((raw, "raw"), (done, "enriched")):
        assert (told["stage"], told["source"], told["id"]) == (stage, "herald", article.id)
        assert told["words"] == "Talks in Geneva  https://news.example/1"


def test_a_dead_letter_tells_its_reason() -> None:
    """A letter says at which stage it ended, why, and of which source it was."""
    out = dead(raw_message(), PermanentError("no_text", "no text was found in it"), NAMES, "host")
    (told,) = told_of(passed(out.stream, out.value or b"", out.headers), NAMES)
    assert told["words"] == "enrich no_text: no text was found in it"


def test_a_receipt_tells_each_of_its_articles() -> None:
    """One line for each article that a bulk brought to its end."""
    items = tuple(
        ReceiptItem(id=f"{n:032x}", version=1, verdict=verdict, partition=0, offset=n)
        for n, verdict in enumerate(("stored", "stale"))
    )
    value = Receipt(at=FETCHED_AT, took_ms=3, by="host", items=items).model_dump_json().encode()
    assert [one["words"] for one in told_of(passed(NAMES.stored.name, value), NAMES)] == [
        f"stored {0:032x}",
        f"stale {1:032x}",
    ]


@quick
@given(st.sampled_from(["raw", "enriched", "stored", "dead"]), st.binary(max_size=200) | OBJECTS)
def test_no_record_ends_the_tail_or_steers_the_terminal(stage: str, value: bytes) -> None:
    """Whatever stands on a stream, it is told on lines that can be printed."""
    for told in told_of(passed(getattr(NAMES, stage).name, value), NAMES):
        assert line({**told, "skipped": 0}).isprintable()


def test_an_interval_thins_and_counts_what_it_leaves_out() -> None:
    """One is shown in an interval, which says how many were left out before it, and the limit ends it."""
    times = iter([0.0, 0.0, 0.4, 0.8, 1.2, 1.2, 2.5, 2.5])
    told = [{"n": number} for number in range(9)]
    shown = list(thinned(told, limit=3, interval=1.0, clock=lambda: next(times)))
    assert [(one["n"], one["skipped"]) for one in shown] == [(0, 0), (3, 2), (4, 0)]
