"""Everything that was published is accounted for, on real servers, while they work and when something was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from kafka import KafkaProducer

from deploy.ladder import Servers
from desk.reconcile import Span, reconcile
from desk.trace import trace
from desk.workers import Worker
from processors import index
from schemas.identity import article_id
from schemas.settings import Settings, load
from schemas.streams import producer_options, streams
from tests.integration.pipeline import drain, feed_generated, json_lines, made, until, wiredesk, working

COUNT = 30


@pytest.fixture(scope="module")
def fed(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, dict[str, Worker]]]:
    """One pipeline at work for all tests of this file, with some articles through it, and some poison."""
    settings = load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix="reconciled.",
        index_alias="reconciled-articles",
        data_dir=tmp_path_factory.mktemp("reconciled"),
    )
    with made(settings), working(settings) as workers:
        feed_generated(settings, COUNT, seed=21)
        producer = KafkaProducer(**producer_options(settings))
        poison = ((b"poison", b"{"), (None, b"x"), (article_id("https://a.example/", "").encode(), b"{}"))
        for sent in [producer.send(streams(settings).raw.name, key=key, value=value) for key, value in poison]:
            sent.get(30)
        producer.close()
        drain(settings)
        yield settings, workers


def ids(count: int, seed: int) -> list[str]:
    """The ids of the generator's articles."""
    return [article_id(f"https://news.example/{seed}/{number}", "") for number in range(count)]


def delete(settings: Settings, article: str) -> None:
    """Takes one document out of the index, as somebody might by hand; its version may be written again at once."""
    elasticsearch = index.client(settings)
    found = elasticsearch.get(index=settings.index_alias, id=article)
    elasticsearch.delete(
        index=settings.index_alias, id=article, version=found["_version"], version_type="external_gte", refresh=True
    )
    elasticsearch.close()


def test_all_is_accounted_for(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """Articles are stored, poison is dead, nothing is missing, and the command says so with 0."""
    settings, _ = fed
    answer = wiredesk(settings, "reconcile", "--json")
    (told,) = json_lines(answer.stdout)
    assert answer.returncode == 0, answer.stderr
    assert {name: told[name] for name in ("read", "stored", "stale", "dead", "in_flight", "missing")} == {
        "read": COUNT + 3,
        "stored": COUNT,
        "stale": 0,
        "dead": 3,
        "in_flight": 0,
        "missing": 0,
    }


def test_what_was_taken_away_is_named_and_brought_back(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """Of all articles exactly the one that is gone is listed, and after the repair it is in the index as it was."""
    settings, _ = fed
    lost = ids(COUNT, 21)[4]
    before = _document(settings, lost)
    delete(settings, lost)
    answer = wiredesk(settings, "reconcile")
    assert answer.returncode == 1
    assert [line.split()[1] for line in answer.stdout.splitlines() if line.startswith("missing:")] == [lost]
    assert trace(settings, lost).state == "removed"
    (told,) = json_lines(wiredesk(settings, "reconcile", "--repair", "--json").stdout)
    assert (told["missing"], told["republished"]) == (1, 1)
    drain(settings)
    after = reconcile(settings)
    assert (after.missing, after.stored) == (0, COUNT + 1)
    assert _document(settings, lost) == before


def _document(settings: Settings, article: str) -> Any:
    elasticsearch = index.client(settings)
    try:
        return elasticsearch.get(index=settings.index_alias, id=article)["_source"]
    finally:
        elasticsearch.close()


def test_what_is_on_its_way_is_not_missing(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """While a stage stands still, what it has not come to is in flight; what was lost before is still found."""
    settings, workers = fed
    lost = ids(COUNT, 21)[9]
    before = reconcile(settings)
    workers["sink"].stop()
    try:
        feed_generated(settings, 10, seed=22)
        delete(settings, lost)
        until(lambda: all(trace(settings, one).passages[0].enriched for one in ids(10, 22)), "all enriched")
        workers["enricher-1"].stop()
        feed_generated(settings, 5, seed=23)
        found = reconcile(settings)
        assert (found.in_flight, found.missing) == (15, 1)
        assert [one.article_id for one in found.listed] == [lost]
        assert found.read == before.read + 15
    finally:
        for name in ("sink", "enricher-1"):
            workers[name].start()
    until(lambda: reconcile(settings).in_flight == 0, "all through", 120)
    assert reconcile(settings, repair=True).republished == 1
    until(lambda: reconcile(settings).missing == 0, "the lost one back")


def test_a_span_narrows_what_is_looked_at(fed: tuple[Settings, dict[str, Worker]]) -> None:
    """Times and offsets each choose a part of the stream, and all parts together are the whole."""
    settings, _ = fed
    whole = reconcile(settings)
    cut = whole.at.replace(year=whole.at.year + 1)
    assert reconcile(settings, Span(since=cut)).read == 0
    assert reconcile(settings, Span(until=cut)).read == whole.read
    each = [reconcile(settings, Span(offsets=(part,))) for part in whole.parts]
    assert sum(one.read for one in each) == whole.read
    first = whole.parts[0]
    assert reconcile(settings, Span(offsets=(replace(first, end=first.start + 2),))).read == 2
    twice = [f"{first.partition}:{first.start}-{first.start + 1}", f"{first.partition}:{first.start}-{first.start + 2}"]
    (told,) = json_lines(wiredesk(settings, "reconcile", "--offsets", twice[1], "--offsets", twice[0], "--json").stdout)
    assert told["read"] == 2
    assert wiredesk(settings, "reconcile", "--offsets", "0:5-5").returncode == 2
    assert wiredesk(settings, "reconcile", "--offsets", "99:0-100").returncode == 2
