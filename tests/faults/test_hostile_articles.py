"""Articles that could stop a pipeline, on a real one: each ends stored or dead, and what comes after it flows on."""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer

from deploy.ladder import Servers
from processors import index
from producers.publish import feed, open_publisher
from producers.reading import article_of_record
from schemas.settings import Settings, load
from schemas.streams import producer_options, read_to_end, reader_options, streams
from tests.faults.oracle import Oracle, lightly, raw_articles
from tests.faults.rig import DEADLINE
from tests.faults.scale import scaled
from tests.generator import FETCHED_AT, records
from tests.integration.pipeline import buried, drain, made, stored, working
from tests.table import Row

KEYS = 5000
TURNS = scaled(1, 5)
POISON = (b"no json", None, b'{"schema_version": 9}', b"[]", b"\xff\xfe", b"{}")
LONG = "x" * 40_000
LISTS = ("authors", "also_from", "near", "people", "places", "keywords", "topic_ids")
PLAIN = ("source", "origin", "url", "content_hash", "language", "tagger")
BAD_DATES = (
    *("", " ", "0", "-1", "null", "None", "some day", "N/A", "0000-00-00", "0000-01-01T00:00:00Z", "0001-01-01"),
    *(
        "0001-01-01T00:00:00Z",
        "1246-05-01",
        "1582-10-10",
        "1600-01-01",
        "1492-10-12T00:00:00Z",
        "0099-12-31",
        "-0044-03-15",
    ),
    *(
        "2024-13-01",
        "2024-02-30",
        "2024-14-10",
        "2024-01-99",
        "32/13/2024",
        "2024-99-99T99:99:99Z",
        "2023-02-29T12:00:00Z",
    ),
    *("99999-01-01", "10000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "9999-12-31", "3024-01-01", "2100-06-01"),
    *("2027-11-01", "2050-01-01T00:00:00Z", "2026-12-24T18:00:00Z", "2038-01-19T03:14:08Z", "292277026596-12-04"),
    *("1e400", "1e18", "NaN", "Infinity", "-62135596800000", "253402300800", "99999999999999999999", "0x7fffffff"),
    *(
        "٢٠٢٤-١٣-٤٥",
        "二〇二四年十三月",
        "Feb 31, 2024",
        "Monday",
        "13:45",
        "next week",
        "\u202e",
        "2024\x0001",
        "T",
        "--",
    ),
    *("2024-01-01" * 500, "<b>soon</b>", "' OR 1=1", "{{now}}", "12/34/56", "00.00.0000"),
)


@pytest.fixture(scope="module")
def shared(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Streams and index that all tests of this file share, so that one pipeline serves them."""
    folder = tmp_path_factory.mktemp("hostile")
    settings = load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix=f"{folder.parent.name}.hostile.",
        index_alias=f"{folder.parent.name}-hostile".lower(),
        data_dir=folder,
    )
    with made(settings), working(settings):
        yield settings


@pytest.fixture(scope="module")
def oracle(shared: Settings) -> Iterator[Oracle]:
    """One oracle for all that goes through."""
    with closing(Oracle(shared)) as found:
        yield found


def judged(settings: Settings, oracle: Oracle, row: Row) -> dict[str, dict[str, Any]]:
    """Waits until everything is through, and compares."""
    oracle.settle()
    drain(settings, DEADLINE)
    documents = stored(settings)
    oracle.judge(documents, row)
    return documents


def fields(settings: Settings) -> int:
    """How many fields the mapping of the index has."""
    elasticsearch = index.client(settings)
    try:
        return sum(
            str(one).count("'type'")
            for one in elasticsearch.indices.get_mapping(index=settings.index_alias).body.values()
        )
    finally:
        elasticsearch.close()


def test_unknown_keys_are_stopped_at_the_schema(shared: Settings, oracle: Oracle, row: Row) -> None:
    """Thousands of unknown keys, raw and enriched, become dead letters; the index gets no field from them."""
    row(f"mapping explosion: {KEYS:,} unknown keys")
    before, names = fields(shared), streams(shared)
    unknown = {f"key-{number}": number for number in range(KEYS)}
    (raw,) = raw_articles(1, 20)
    article = json.loads(lightly(raw).model_dump_json())
    oracle.poison(names.raw.name, json.dumps({**json.loads(raw.model_dump_json()), **unknown}).encode())
    for number, spoilt in enumerate(
        ({**article, **unknown}, {**article, "text": unknown}, {**article, "entities": [unknown]})
    ):
        key = f"{number:032x}"
        oracle.poison(names.enriched.name, json.dumps(spoilt).encode(), key)
    oracle.raw(raw_articles(5, 21))
    judged(shared, oracle, row)
    row.is_exactly("new fields in the index", fields(shared) - before, 0)


def test_an_immense_term_is_indexed(shared: Settings, oracle: Oracle, row: Row) -> None:
    """A value longer than Lucene's longest term, in every field that is a keyword, costs no article."""
    row("immense term: 40 KB in keyword fields")
    oracle.raw(raw_articles(3, 22, authors=[LONG], title=LONG, language=LONG))
    article = lightly(raw_articles(1, 23)[0])
    oracle.enriched(
        [
            article.model_copy(
                update=dict.fromkeys(
                    ("authors", "also_from", "near", "people", "places", "keywords", "topic_ids"), (LONG,)
                )
                | {"source": LONG, "origin": LONG, "url": LONG, "content_hash": LONG, "language": LONG, "tagger": LONG}
            )
        ]
    )
    judged(shared, oracle, row)


def test_bad_dates_cost_no_article(shared: Settings, oracle: Oracle, row: Row) -> None:
    """A date that is none is null with a note, one in the future is held back with a note, and none is refused."""
    row(f"dates: {len(BAD_DATES)} bad ones")
    for number, published in enumerate(BAD_DATES):
        (raw,) = raw_articles(1, 1000 + number)
        oracle.raw([raw.model_copy(update={"published": published, "url": None})])
    documents = judged(shared, oracle, row)
    late = (FETCHED_AT + timedelta(days=2)).isoformat()
    dated = [one for one in documents.values() if "story number 10" in str(one["text"])]
    row.is_exactly("dates in the future that stand", sum((one["published_at"] or "") > late for one in dated), 0)
    silent = [one for one in dated if not any(note["enricher"] == "dates" for note in one["notes"])]
    row.is_exactly("bad dates without a note", len(silent), sum(not one.strip() for one in BAD_DATES))


def test_an_oversize_article_stops_nobody(shared: Settings, oracle: Oracle, row: Row) -> None:
    """5 MB are refused by the producer, which goes on; in the stream all the same, they are cut with a flag.

    They hardly compress: on the stream, too, the article is larger than what is fetched of a partition at once.
    """
    row("oversize article: 5 MB")
    chance = random.Random(25)
    large = "".join(f"The minister met {chance.getrandbits(256):x}. " for _ in range(5 * 2**20 // 83))
    record = {**next(records(1, 24)), "text": large}
    given = [*raw_articles(3, 25), article_of_record(record, source="t", origin="t", now=FETCHED_AT, max_bytes=10**7)]
    publisher = open_publisher(shared.model_copy(update={"max_article_bytes": 8 * 2**20}))
    report = feed(given, publisher)
    row.is_exactly("published by a producer that lives", report.published, len(given))
    oracle.articles.update({one.id: one for one in given})
    documents = judged(shared, oracle, row)
    row.is_exactly("cut with a flag", sum(one["truncated"] for one in documents.values()), 1)


def test_replaying_changes_nothing(shared: Settings, oracle: Oracle, row: Row) -> None:
    """The streams sent again three times in any order leave the same documents, and stale writes are no errors."""
    row("replay: the topic 3 times, shuffled")
    older = raw_articles(scaled(60, 2000), 26)
    newer = [one.model_copy(update={"fetched_at": one.fetched_at + timedelta(days=1)}) for one in older]
    oracle.raw(older)
    oracle.raw(newer)
    before, dead = judged(shared, oracle, row), buried(shared)
    replay(shared, streams(shared).enriched.name, 3)
    facts = drain(shared, DEADLINE)
    row.did("stale writes", facts["stages"]["sink"]["stale"], len(older))
    after = stored(shared)
    row.is_exactly("documents that changed", sum(after[one] != before[one] for one in before), 0)
    row.is_exactly("articles dead that were not before", len(buried(shared) - dead), 0)


def replay(settings: Settings, stream: str, times: int) -> None:
    """Sends everything on a stream again so many times, each time in another order."""
    consumer = KafkaConsumer(**reader_options(settings))
    found = list(read_to_end(consumer, stream))
    consumer.close()
    producer, chance = KafkaProducer(**producer_options(settings)), random.Random(times)
    for _ in range(times):
        chance.shuffle(found)
        for record in found:
            producer.send(stream, value=record.value, key=record.key, headers=list(record.headers))
    producer.flush()
    producer.close()


@pytest.mark.timeout(2400)
def test_poison_is_buried_and_slows_nothing(shared: Settings, oracle: Oracle, row: Row) -> None:
    """One message in a hundred is no article: exactly these are dead letters, and the others are stored as fast."""
    count = scaled(300, 10_000)
    row(f"poison: 1 % of {count:,}")
    before, seconds = len(buried(shared)), defaultdict[bool, float](float)
    for turn in range(2 * TURNS):
        is_poisoned = turn % 2 == 1
        began = time.monotonic()
        for number, article in enumerate(raw_articles(count // TURNS, 27 + turn)):
            oracle.raw([article])
            if is_poisoned and number % 100 == 0:
                oracle.poison(streams(shared).raw.name, POISON[number // 100 % len(POISON)])
        judged(shared, oracle, row)
        seconds[is_poisoned] += time.monotonic() - began
    row.is_exactly("dead letters", len(buried(shared)) - before, count // 100)
    row.is_at_most("per cent slower than without", 100 * (seconds[True] / seconds[False] - 1), 5)
