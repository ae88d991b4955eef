"""The monitor's numbers are those of Kafka and Elasticsearch, and what goes wrong on real servers is named."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from deploy.ladder import Servers
from desk.heartbeat import ARTICLE_ID, Heart, found_version
from desk.watch import Watch
from processors import index
from processors.dead import open_letters
from schemas.identity import HEARTBEAT_SOURCE
from schemas.settings import Settings, load
from schemas.streams import client_options, partitions_of, producer_options, read_to_end, reader_options, streams
from tests.generator import records
from tests.integration.pipeline import drain, json_lines, made, stored, until, wiredesk, working

ARTICLES = 120
POISON = 7


@pytest.fixture(scope="module")
def fed(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One pipeline with articles and dead letters through it, and a heartbeat; its workers tell metrics."""
    settings = load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix="monitoring.",
        index_alias="monitoring-articles",
        data_dir=tmp_path_factory.mktemp("monitoring"),
        metrics_port=free_ports(),
    )
    with made(settings), working(settings):
        lines = "\n".join(json.dumps(record) for record in records(ARTICLES))
        answer = wiredesk(settings, "feed", "files", "-", "--source", "test", stdin=lines)
        assert answer.returncode == 0, answer.stderr
        poison(settings, POISON)
        drain(settings)
        yield settings


def free_ports() -> int:
    """A port with two more after it that nobody has."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
        if port < 65_000 and all(_is_free(port + more) for more in range(3)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def poison(settings: Settings, count: int) -> None:
    """Publishes messages that are no articles."""
    producer = KafkaProducer(**producer_options(settings))
    for number in range(count):
        producer.send(streams(settings).raw.name, value=b"{broken", key=b"%032x" % number)
    producer.close()


def counted(settings: Settings) -> dict[str, Any]:
    """The same numbers, counted by reading every record and every document."""
    names = streams(settings)
    consumer = KafkaConsumer(**reader_options(settings))
    admin = KafkaAdminClient(**client_options(settings))
    try:
        messages = {
            stream.name: sum(1 for _ in read_to_end(consumer, stream.name))
            for stream in (names.raw, names.enriched, names.dead)
        }
        lags = {}
        for group, stream in ((names.enricher_group, names.raw), (names.sink_group, names.enriched)):
            found = admin.list_group_offsets({group: None})[group]
            partitions = partitions_of(consumer, stream.name)
            ends = consumer.end_offsets(partitions)
            committed = {one: found[one].offset for one in partitions if one in found}
            lags[stream.name] = sum(ends[one] - max(0, committed.get(one, 0)) for one in partitions)
    finally:
        consumer.close()
        admin.close()
    return {"messages": messages, "lags": lags}


def test_the_monitors_numbers_are_those_of_kafka_and_the_index(fed: Settings) -> None:
    """Messages, lag, dead letters by reason and stage, and documents equal what is counted one by one."""
    facts = drain(fed)
    expected = counted(fed)
    articles = {name: one for name, one in stored(fed).items() if one["source"] != HEARTBEAT_SOURCE}
    letters = open_letters(fed)
    assert {name: stream["messages"] for name, stream in facts["streams"].items()} == expected["messages"]
    assert {stage["reads"]: stage["lag"] for stage in facts["stages"].values()} == expected["lags"]
    assert facts["index"]["documents"] == len(articles) == ARTICLES
    assert facts["dead"]["open"] == len(letters) == POISON
    assert facts["dead"]["by_reason"] == dict(Counter(letter.reason for letter in letters))
    assert facts["dead"]["by_cause"] == {"enrich/not_json": POISON}
    assert (facts["stages"]["enrich"]["done"], facts["stages"]["sink"]["done"]) == (ARTICLES, ARTICLES)
    assert facts["reconcile"]["gap"] == 0
    assert facts["partitions"] == {"offline": 0, "under_replicated": 0}


def test_a_watch_tells_the_same_as_one_look(fed: Settings) -> None:
    """What is folded as it comes equals what is read at once, after more came in."""
    with Watch(fed) as watch:
        watch.facts()
        poison(fed, 1)
        once = drain(fed)
        again = watch.facts()
    assert again["dead"]["open"] == once["dead"]["open"] > POISON
    for name, stream in again["streams"].items():
        assert stream["messages"] == once["streams"][name]["messages"]


def test_lag_is_told_in_messages_and_in_time(settings: Settings) -> None:
    """Of articles that nobody takes, all are lag, and the oldest is as old as its record says."""
    with made(settings):
        before = time.time()
        poison(settings, 5)
        time.sleep(2)
        with Watch(settings) as watch:
            stage = watch.facts()["stages"]["enrich"]
    assert stage["lag"] == 5
    assert 2 <= stage["lag_seconds"] <= time.time() - before


def test_a_heartbeat_comes_through_and_is_counted_nowhere(fed: Settings) -> None:
    """A heartbeat is searchable, measured and told; neither counts, searches nor dead letters know of it."""
    before = drain(fed)
    elasticsearch = index.client(fed)
    producer = KafkaProducer(**producer_options(fed))
    try:
        heart = Heart(
            fed, producer, lambda: found_version(elasticsearch, fed.index_alias), lambda s: bool(time.sleep(s))
        )
        beats = [heart.once(), heart.once()]
        held = elasticsearch.count(index=fed.index_alias, query={"term": {"source": HEARTBEAT_SOURCE}})["count"]
    finally:
        producer.close()
        elasticsearch.close()
    after = drain(fed)
    assert all(one.searchable_ms for one in beats)
    assert held == 1
    assert ARTICLE_ID in stored(fed)
    assert after["heartbeat"]["searchable_ms"] == beats[-1].searchable_ms
    assert after["index"]["documents"] == before["index"]["documents"]
    assert HEARTBEAT_SOURCE not in after["sources"]
    assert HEARTBEAT_SOURCE not in {one["source"] for one in after["newest"]}
    assert [stage["done"] for stage in after["stages"].values()] == [ARTICLES, ARTICLES]
    assert after["dead"]["by_source"].keys() == before["dead"]["by_source"].keys()


def test_check_names_each_finding_and_exits_with_one(fed: Settings) -> None:
    """New dead letters are a finding by default and none under a limit that allows them; both exit as documented."""
    drain(fed)
    found = wiredesk(fed, "monitor", "--check", "--max-freshness", "3600")
    allowed = wiredesk(fed, "monitor", "--check", "--max-freshness", "3600", "--max-dead", "100", "--json")
    assert (found.returncode, found.stdout.split(":")[0]) == (1, "dead_growing")
    assert "dead list" in found.stdout
    assert (allowed.returncode, json_lines(allowed.stdout)[0]["wrong"]) == (0, [])


def test_check_exits_with_three_when_a_server_is_down(fed: Settings) -> None:
    """Where Elasticsearch does not answer, the command says so in a sentence with the next step, and exits with 3."""
    away = fed.model_copy(update={"elasticsearch_url": "http://127.0.0.1:9"})
    found = wiredesk(away, "monitor", "--check")
    assert (found.returncode, found.stdout) == (3, "")
    assert "Elasticsearch at http://127.0.0.1:9" in found.stderr
    assert "next: " in found.stderr


def test_what_comes_while_a_fresh_enricher_is_frozen_is_not_lost(settings: Settings) -> None:
    """An enricher that committed nothing yet, and is frozen until its group gave it up, makes every article after."""
    with made(settings), working(settings):
        (process,) = until(lambda: _enrichers(settings), "the enricher with its partitions")
        os.kill(process, signal.SIGSTOP)
        try:
            lines = "\n".join(json.dumps(record) for record in records(60))
            assert wiredesk(settings, "feed", "files", "-", stdin=lines).returncode == 0
            time.sleep(12)
        finally:
            os.kill(process, signal.SIGCONT)
        facts = drain(settings)
        assert len(stored(settings)) == facts["index"]["documents"] == 60
        assert (facts["reconcile"]["read"], facts["reconcile"]["gap"]) == (60, 0)
        # What it had fetched before it froze is made first, and again once it learns that its group gave it up.
        assert facts["reconcile"]["became"] >= 60


def _enrichers(settings: Settings) -> list[int]:
    """The enrichers that were given partitions, by process."""
    with Watch(settings) as watch:
        found = watch.facts()["stages"]["enrich"]["processes"]
    return [int(one["instance"].rpartition("-")[2]) for one in found if one["partitions"]]


def asked(port: int, path: str, timeout: float = 10) -> tuple[int, str]:
    """Status and text of an answer; 0 where none comes in time."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_each_worker_tells_its_metrics_at_its_own_port(fed: Settings) -> None:
    """Sink and enricher stand at the ports after the collector's, are alive, and count what they did."""
    for port, stage in ((fed.metrics_port + 1, "sink"), (fed.metrics_port + 2, "enrich")):
        until(lambda port=port: asked(port, "/readyz")[0] == 200, f"{stage} ready")
        assert asked(port, "/livez") == (200, "ok\n")
        assert f'wiredesk_articles_total{{result="done",stage="{stage}"}} {ARTICLES}.0' in asked(port, "/metrics")[1]


def test_a_blocked_index_is_noticed_by_probe_and_monitor(fed: Settings) -> None:
    """While the index is blocked the sink is not ready and the monitor names the block; the sink lives all the time."""
    elasticsearch, port = index.client(fed), fed.metrics_port + 1
    drain(fed)
    block = {"index.blocks.write": True}
    elasticsearch.indices.put_settings(index=fed.index_alias, settings=block)
    try:
        until(lambda: "blocked by index.blocks.write" in asked(port, "/readyz")[1], "the block noticed")
        told = wiredesk(fed, "monitor", "--check", "--max-dead", "100", "--max-freshness", "3600")
        lives = asked(port, "/livez")[0]
    finally:
        elasticsearch.indices.put_settings(index=fed.index_alias, settings={"index.blocks.write": None})
        elasticsearch.close()
    assert (told.returncode, told.stdout.split(":")[0], lives) == (1, "index_blocked", 200)
    until(lambda: asked(port, "/readyz")[0] == 200, "the sink ready again")


def _codes(facts: dict[str, Any]) -> dict[str, str]:
    """Where each finding is, by its code."""
    return {finding["code"]: finding["where"] for finding in facts["wrong"]}


def test_a_worker_that_is_frozen_is_noticed(fed: Settings) -> None:
    """A frozen enricher answers no probe, and the monitor misses it; thawed, it goes on where it was."""
    drain(fed)
    (process,) = (one["instance"].rpartition("-")[2] for one in drain(fed)["stages"]["enrich"]["processes"])
    os.kill(int(process), signal.SIGSTOP)
    try:
        assert asked(fed.metrics_port + 2, "/livez", timeout=5)[0] == 0
        poison(fed, 1)
        with Watch(fed) as watch:
            gone = until(lambda: _codes(watch.facts()).get("worker_gone"), "the enricher missed", 90)
    finally:
        os.kill(int(process), signal.SIGCONT)
    assert gone == "enrich"
    drain(fed)
