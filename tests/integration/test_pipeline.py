"""The pipeline from end to end on real Kafka and Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer

from deploy.ladder import Servers
from desk.pipeline import SEEDS
from schemas.settings import Settings, load
from schemas.streams import producer_options, read_to_end, reader_options, streams
from tests.integration.pipeline import drain, json_lines, made, stored, wiredesk, working

FURNITURE = (
    "No time to read?",
    "Get a summary",
    "Previous Article",
    "Next Article",
    "Poland's constitutional reform debate",
    "The First Berserker",
)


@pytest.fixture(scope="module")
def fed(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One pipeline at work for all tests of this file, with the seeds through it."""
    settings = load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix="pipeline.",
        index_alias="pipeline-articles",
        data_dir=tmp_path_factory.mktemp("pipeline"),
    )
    with made(settings), working(settings):
        answer = wiredesk(settings, "feed", "files", str(SEEDS / "articles"), "--source", "seeds", "--json")
        assert answer.returncode == 0, answer.stderr
        assert json_lines(answer.stdout)[0]["published"] == 2
        drain(settings)
        yield settings


def test_seeds_are_searchable_clean_and_tagged(fed: Settings) -> None:
    """Both seeds are found by what they say, with their entities and topics, and without their furniture."""
    (named,) = json_lines(wiredesk(fed, "search", "zakharova", "--json").stdout)
    both = json_lines(wiredesk(fed, "search", "arms control", "--json").stdout)
    related = json_lines(wiredesk(fed, "search", "zakharova", "--story", "--json").stdout)
    names = {article["title"][:6]: {entity["name"] for entity in article["entities"]} for article in both}
    assert "Maria Zakharova" in {entity["name"] for entity in named["entities"]}
    assert {"NATO", "Russia", "United States", "Maria Zakharova"} <= names["Russia"]
    assert {"Vladimir Putin", "Russia", "United States"} <= names["US-Rus"]
    assert len(related) == 2
    assert related[1]["shares"]
    for article in both:
        assert not any(line in article["text"] for line in FURNITURE)
        assert article["language"] == "en"
        assert any(
            "international relations" in topic["name"] or "diplomacy" in topic["name"] for topic in article["topics"]
        )
    assert {cut["text"].strip() for cut in named["cuts"]} >= set(FURNITURE[:4])
    assert all(any(cut["text"].strip().startswith(line) for line in FURNITURE) for cut in named["cuts"])
    assert all(not article["cuts"] for article in both if article["title"].startswith("US-Russia"))


def test_monitor_tells_that_all_is_through(fed: Settings) -> None:
    """Once drained, the monitor says lag 0 for every stage, and what it counts is what Kafka and the index hold."""
    drain(fed)
    (facts,) = json_lines(wiredesk(fed, "monitor", "--once", "--check", "--json").stdout)
    assert [stage["lag"] for stage in facts["stages"].values()] == [0, 0]
    assert facts["index"]["documents"] == len(stored(fed))
    assert facts["streams"][streams(fed).raw.name]["messages"] == len(everything(fed, streams(fed).raw.name))


def test_feeding_again_publishes_nothing(fed: Settings) -> None:
    """What was published before is unchanged, and is not published twice."""
    answer = wiredesk(fed, "feed", "files", str(SEEDS / "articles"), "--source", "seeds", "--json")
    assert json_lines(answer.stdout)[0] == {
        "published": 0,
        "unchanged": 2,
        "refused": 0,
        "failed": 0,
        "reasons": [],
    }


def test_show_prints_one_article_and_knows_when_there_is_none(fed: Settings) -> None:
    """An article is shown whole by its id; an unknown id exits with 4 and the next step."""
    (found,) = json_lines(wiredesk(fed, "search", "zakharova", "--json").stdout)
    shown = wiredesk(fed, "show", found["id"])
    missing = wiredesk(fed, "show", "0" * 32)
    assert found["title"] in shown.stdout
    assert "Get a summary" in shown.stdout.partition("cut")[2]
    assert (missing.returncode, "wiredesk dead list" in missing.stderr) == (4, True)


def test_bad_input_is_refused_with_reasons_and_the_rest_is_published(fed: Settings, tmp_path: Path) -> None:
    """Each bad file is refused by name and reason, the good ones around it are published, and the exit code says so."""
    (tmp_path / "empty.txt").touch()
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 is not UTF-8")
    with (tmp_path / "huge.txt").open("wb") as huge:
        huge.truncate(50 * 2**20)
    (tmp_path / "lines.jsonl").write_text('{"text": "A first good line."}\nnot json\n[1]\n{"title": "no text"}\n')
    (tmp_path / "good.txt").write_text("A title\n\nA good text stands here.")
    answer = wiredesk(fed, "feed", "files", str(tmp_path), "--source", "bad input", "--json")
    (told,) = json_lines(answer.stdout)
    drain(fed)
    found = json_lines(wiredesk(fed, "search", "--source", "bad input", "--json").stdout)
    assert answer.returncode == 1
    assert (told["published"], told["refused"], told["failed"]) == (2, 7, 0)
    assert all(one["reason"] and str(tmp_path) in one["place"] for one in told["reasons"])
    assert {article["text"] for article in found} == {"A first good line.", "A good text stands here."}


def test_an_article_without_text_is_a_dead_letter_with_the_reason(fed: Settings, tmp_path: Path) -> None:
    """A page that holds no text is published, and ends in the dead letters as `no_text`."""
    page = "<html><head><title>Nothing</title></head><body><script>x()</script></body></html>"
    (tmp_path / "page.html").write_text(page)
    assert wiredesk(fed, "feed", "files", str(tmp_path), "--source", "no text").returncode == 0
    drain(fed)
    (letter,) = json_lines(wiredesk(fed, "dead", "list", "--source", "no text", "--json").stdout)
    assert (letter["reason"], letter["stage"]) == ("no_text", "enrich")


def test_poison_becomes_dead_letters_that_can_be_retried_and_dropped(fed: Settings) -> None:
    """What is no article is buried whole; a retry that dies again says so and counts up, to a limit; a drop closes."""
    names = streams(fed)
    producer = KafkaProducer(**producer_options(fed))
    poison = [(names.raw.name, value) for value in (b"no json", b'{"schema_version": 9}', b"[]")]
    for sent in [
        producer.send(stream, value=value, key=b"poison") for stream, value in (*poison, (names.enriched.name, b"{}"))
    ]:
        sent.get(30)
    producer.close()
    drain(fed)
    letters = {letter["reason"]: letter for letter in json_lines(wiredesk(fed, "dead", "list", "--json").stdout)}
    unknown = letters["unknown_version"]
    assert {"bad_envelope", "invalid", "not_json", "unknown_version"} <= set(letters)
    assert wiredesk(fed, "dead", "drop", "--reason", "not_json").returncode == 2, "it asks, and nobody is there"
    assert json_lines(wiredesk(fed, "dead", "retry", unknown["id"], "--dry-run", "--json").stdout) == [unknown]
    retried = wiredesk(fed, "dead", "retry", unknown["id"], "--yes")
    assert (retried.returncode, "1 dead again" in retried.stdout) == (1, True)
    assert "ended here again, attempt 2" in retried.stderr
    drain(fed)
    (again,) = json_lines(wiredesk(fed, "dead", "list", "--reason", "unknown_version", "--json").stdout)
    assert (again["attempts"], again["value"]) == (2, unknown["value"])
    for _ in range(2):
        assert wiredesk(fed, "dead", "retry", "--reason", "unknown_version", "--yes").returncode == 1
    tired = wiredesk(fed, "dead", "retry", "--reason", "unknown_version", "--yes")
    assert (tired.returncode, "--force" in tired.stderr) == (1, True)
    by_reason = {
        one["name"]: one for one in json_lines(wiredesk(fed, "dead", "list", "--by", "reason", "--json").stdout)
    }
    assert (by_reason["unknown_version"]["count"], by_reason["unknown_version"]["sample"]["attempts"]) == (1, 4)
    assert wiredesk(fed, "dead", "drop", "--stage", "enrich", "--yes").returncode == 0
    left = json_lines(wiredesk(fed, "dead", "list", "--json").stdout)
    assert {letter["stage"] for letter in left} == {"sink"}


def everything(settings: Settings, stream: str) -> list[Any]:
    """All records of a stream."""
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        return list(read_to_end(consumer, stream))
    finally:
        consumer.close()
