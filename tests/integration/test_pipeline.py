"""The pipeline from end to end on real Kafka and Elasticsearch."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import KafkaProducer

from desk.pipeline import SEEDS
from schemas.settings import Settings
from schemas.streams import producer_options, streams
from tests.integration.pipeline import buried, drain, json_lines, made, stored, wiredesk, working

FURNITURE = (
    "No time to read?",
    "Get a summary",
    "Previous Article",
    "Next Article",
    "Poland's constitutional reform debate",
    "The First Berserker",
)


@pytest.fixture
def fed(settings: Settings):
    """The seeds, fed, enriched and indexed."""
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
    """Once drained, the monitor says lag 0 for every stage, and counts what was fed."""
    (facts,) = json_lines(wiredesk(fed, "monitor", "--once", "--check", "--json").stdout)
    assert [stage["lag"] for stage in facts["stages"].values()] == [0, 0]
    assert facts["index"]["documents"] == 2
    assert facts["streams"][streams(fed).raw.name]["messages"] == 2


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


def test_bad_input_is_refused_with_reasons_and_the_rest_is_published(settings: Settings, tmp_path: Path) -> None:
    """Each bad file is refused by name and reason, the good ones around it are published, and the exit code says so."""
    (tmp_path / "empty.txt").touch()
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 is not UTF-8")
    with (tmp_path / "huge.txt").open("wb") as huge:
        huge.truncate(50 * 2**20)
    (tmp_path / "lines.jsonl").write_text('{"text": "A first good line."}\nnot json\n[1]\n{"title": "no text"}\n')
    (tmp_path / "good.txt").write_text("A title\n\nA good text stands here.")
    with made(settings), working(settings):
        answer = wiredesk(settings, "feed", "files", str(tmp_path), "--json")
        (told,) = json_lines(answer.stdout)
        facts = drain(settings)
    assert answer.returncode == 1
    assert (told["published"], told["refused"], told["failed"]) == (2, 7, 0)
    assert all(one["reason"] and str(tmp_path) in one["place"] for one in told["reasons"])
    assert facts["index"]["documents"] == 2


def test_an_article_without_text_is_a_dead_letter_with_the_reason(settings: Settings, tmp_path: Path) -> None:
    """A page that holds no text is published, and ends in the dead letters as `no_text`."""
    (tmp_path / "page.html").write_text(
        "<html><head><title>Nothing</title></head><body><script>x()</script></body></html>"
    )
    with made(settings), working(settings):
        assert wiredesk(settings, "feed", "files", str(tmp_path)).returncode == 0
        drain(settings)
        (letter,) = json_lines(wiredesk(settings, "dead", "list", "--json").stdout)
    assert (letter["reason"], letter["stage"]) == ("no_text", "enrich")


def test_poison_becomes_dead_letters_that_can_be_retried_and_dropped(settings: Settings) -> None:
    """What is no article is dead-lettered with its original bytes; a retry counts up; a drop closes the letter."""
    names = streams(settings)
    with made(settings), working(settings):
        producer = KafkaProducer(**producer_options(settings))
        poison = [b"no json", b'{"schema_version": 9}', b"[]"]
        for sent in [producer.send(names.raw.name, value=value, key=b"poison") for value in poison]:
            sent.get(30)
        sent = producer.send(names.enriched.name, value=b'{"two":\n"lines"}', key=b"a" * 32, headers=[])
        sent.get(30)
        producer.close()
        drain(settings)
        letters = json_lines(wiredesk(settings, "dead", "list", "--json").stdout)
        (unknown,) = [letter for letter in letters if letter["reason"] == "unknown_version"]
        assert wiredesk(settings, "dead", "drop", "--reason", "not_json").returncode == 2
        assert wiredesk(settings, "dead", "retry", unknown["id"], "--yes").returncode == 0
        drain(settings)
        again = json_lines(wiredesk(settings, "dead", "list", "--reason", "unknown_version", "--json").stdout)
        dropped = wiredesk(settings, "dead", "drop", "--stage", "enrich", "--stage", "enrich", "--yes")
        left = json_lines(wiredesk(settings, "dead", "list", "--json").stdout)
    assert sorted(letter["reason"] for letter in letters) == ["bad_envelope", "invalid", "not_json", "unknown_version"]
    assert [letter["attempts"] for letter in again] == [2]
    assert again[0]["value"] == unknown["value"]
    assert dropped.returncode == 0
    assert [letter["stage"] for letter in left] == ["sink"]


def test_the_index_ends_the_same_however_often_the_stream_is_replayed(settings: Settings) -> None:
    """Enriched articles that are sent again, an old version after a new one, leave the newest standing."""
    from tests.generator import records

    names = streams(settings)
    lines = [{**record, "fetched_at": moment} for record in records(20) for moment in _MOMENTS]
    import json

    with made(settings), working(settings):
        text = "\n".join(json.dumps(line) for line in lines)
        assert wiredesk(settings, "feed", "files", "-", stdin=text).returncode == 0
        drain(settings)
        before = stored(settings)
        _replay(settings, names.enriched.name)
        facts = drain(settings)
        after = stored(settings)
    assert len(before) == 20
    assert {document["fetched_at"][:10] for document in before.values()} == {"2026-11-02"}
    assert after == before
    assert facts["stages"]["sink"]["stale"] > 0
    assert not buried_ids(settings, facts)


_MOMENTS = ("2026-11-02T00:00:00+00:00", "2026-11-01T00:00:00+00:00")


def buried_ids(settings: Settings, facts: dict) -> int:
    """How many dead letters the monitor counted."""
    return int(facts["dead"]["open"])


def _replay(settings: Settings, stream: str) -> None:
    """Sends everything on a stream again, the newest first."""
    from kafka import KafkaConsumer

    from schemas.streams import read_to_end, reader_options

    consumer, producer = KafkaConsumer(**reader_options(settings)), KafkaProducer(**producer_options(settings))
    for record in reversed(list(read_to_end(consumer, stream))):
        producer.send(stream, value=record.value, key=record.key, headers=list(record.headers))
    producer.flush()
    consumer.close()
    producer.close()
