"""An index is made anew, went back from and restored while articles come in, and none is lost; on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from kafka import KafkaAdminClient, TopicPartition

from deploy.ladder import Servers
from desk.failure import Failure
from desk.places import Log
from desk.rebuilding import begin, replay
from desk.rebuilding.indexes import Indexes
from desk.rebuilding.snapshots import Snapshots
from desk.reconcile import reconcile
from processors import index
from processors.setup import lacking, setup
from schemas.index import index_body
from schemas.settings import Settings
from schemas.settings import load as settings_with
from schemas.streams import client_options, streams
from tests.integration.pipeline import drain, json_lines, made, until, wiredesk, working
from tests.integration.renewal import articles, contents, killed, lives, load, publish, put

COUNT = 60
PAST_RETENTION = 6
BY_HAND = ["as it was"]


@dataclass
class Pipeline:
    """A pipeline at work, with a client of its Elasticsearch."""

    settings: Settings
    elasticsearch: Elasticsearch

    @property
    def current(self) -> str:
        """The index that is searched."""
        return str(Indexes(self.elasticsearch, self.settings).current())

    @property
    def searched(self) -> dict[str, Any]:
        """Every document that is searched, by id."""
        return contents(self.elasticsearch, self.settings.index_alias)


def told(*_: object) -> None:
    """Nobody looks at the progress."""


@pytest.fixture(scope="module")
def flow(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """One pipeline at work for all tests of this file, with some articles through it."""
    settings = settings_with(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix="rebuilt.",
        index_alias="rebuilt-articles",
        data_dir=tmp_path_factory.mktemp("rebuilt"),
    )
    elasticsearch = index.client(settings)
    indexes = Indexes(elasticsearch, settings)
    for name in indexes.family():
        indexes.drop(name)
    try:
        with made(settings), working(settings):
            publish(settings, articles(COUNT, 31))
            drain(settings)
            yield Pipeline(settings, elasticsearch)
    finally:
        for name in indexes.family():
            indexes.drop(name)
        elasticsearch.close()


def _forget(settings: Settings, count: int) -> list[str]:
    """Lets the first messages of the first partition that has as many go past retention; the articles they held."""
    stream = streams(settings).raw.name
    with Log(settings) as log:
        number = next(n for n in log.partitions(stream) if log.bounds(stream, n)[1] >= count)
        gone = [record.key.decode() for record in log.span(stream, number, 0, count)]
    admin = KafkaAdminClient(**client_options(settings))
    admin.delete_records({TopicPartition(stream, number): count})
    admin.close()
    return gone


def test_a_rebuild_that_is_killed_again_and_again_loses_nothing(flow: Pipeline) -> None:
    """Killed at every step under load, it goes on; searches never fail, and the alias stands on one index always."""
    past = _forget(flow.settings, PAST_RETENTION)
    put(flow.elasticsearch, flow.current, past[0], keywords=BY_HAND)
    first = flow.current
    with load(flow.settings, seed=32) as seen:
        helpers = killed(flow.settings, "enrich", 20)
        assert helpers
        until(lambda: not any(map(lives, helpers)), "its processes gone with it", 15)
        killed(flow.settings, "carry")
        assert flow.current == first
        killed(flow.settings, "settle")
        second = flow.current
        report = begin.rebuild(flow.settings, "today", told)
    drain(flow.settings)
    assert (report.is_moved, report.missing, report.late) == (True, 0, 0)
    assert (second, report.renewal.target) == (f"{first[:-1]}2", second)
    assert seen.wrong == []
    assert seen.searches > 20
    assert seen.fewest >= COUNT
    assert seen.stood == [(first,), (second,)]
    assert set(seen.published) | {one.id for one in articles(COUNT, 31)} <= flow.searched.keys()
    assert flow.searched[past[0]]["keywords"] == BY_HAND
    assert reconcile(flow.settings).missing == 0


def test_back_and_forth(flow: Pipeline) -> None:
    """Moved back, the old index has what came since; what it holds of before is as it was; and forth again."""
    new = flow.current
    report = begin.back(flow.settings, told)
    old = flow.current
    assert (old, report.renewal.origin, report.is_moved) == (report.renewal.target, new, True)
    assert contents(flow.elasticsearch, old).keys() == contents(flow.elasticsearch, new).keys()
    publish(flow.settings, articles(5, 33))
    drain(flow.settings)
    assert begin.back(flow.settings, told).renewal.target == new
    assert {one.id for one in articles(5, 33)} <= flow.searched.keys()
    assert begin.old(flow.settings) == [old]


def test_what_changed_is_told_before_the_alias_moves(flow: Pipeline) -> None:
    """A held rebuild tells counts and changed fields, leaves the alias alone, and another kind is refused meanwhile."""
    for one in sorted(_kept(flow.settings))[:3]:
        put(flow.elasticsearch, flow.current, one, keywords=["other"])
    before = flow.current
    done = wiredesk(flow.settings, "rebuild", "--hold", "--processes", "1", "--json")
    assert done.returncode == 0, done.stderr
    (report,) = json_lines(done.stdout)
    assert (report["moved"], report["missing"]) == (False, 0)
    assert report["comparison"]["fields"]["keywords"] == 3
    assert {one["before"] for one in report["comparison"]["samples"] if one["field"] == "keywords"} == {'["other"]'}
    assert flow.current == before
    with pytest.raises(Failure, match="not finished"):
        begin.rebuild(flow.settings, "as_is", told)
    # The alias moved, and the process was gone before it could note that: what is left is done, nothing anew.
    Indexes(flow.elasticsearch, flow.settings).move(before, report["target"])
    assert begin.rebuild(flow.settings, "today", told).renewal.target == report["target"]
    assert flow.current == report["target"]
    assert Indexes(flow.elasticsearch, flow.settings).target() is None


def test_a_rebuild_that_is_given_up_leaves_nothing(flow: Pipeline) -> None:
    """What was begun is dropped, the index that is searched stays, and the next one starts anew."""
    before = flow.current
    killed(flow.settings, "compare", kind="as_is")
    dropped = begin.give_up(flow.settings)
    assert dropped not in Indexes(flow.elasticsearch, flow.settings).family()
    assert (flow.current, begin.give_up(flow.settings)) == (before, None)
    documents = flow.searched
    report = begin.rebuild(flow.settings, "as_is", told)
    assert report.is_moved
    assert report.comparison
    assert report.comparison.changed == 0
    assert flow.searched == documents


def test_a_replay_changes_what_is_meant_and_nothing_else(flow: Pipeline) -> None:
    """Only what an older enricher made is made again, then only what is of a source; broken off, it goes on."""
    one, other, third = [a for a in articles(COUNT, 31) if a.id in _kept(flow.settings)][:3]
    documents = flow.searched
    versions = documents[one.id]["enrichers"]
    for article in (one, other, third):
        put(flow.elasticsearch, flow.current, article.id, words=-1)
    put(flow.elasticsearch, flow.current, one.id, enrichers={**versions, "topics": 0})
    wanted = replay.Replay(enricher="topics", parts=replay.parts(flow.settings, None, None))
    assert replay.run(flow.settings, wanted, told).sent == 1
    drain(flow.settings)
    assert flow.searched[one.id]["words"] == documents[one.id]["words"]
    assert (flow.searched[other.id]["words"], flow.searched[third.id]["words"]) == (-1, -1)
    wanted = replay.Replay(source=other.source, parts=replay.parts(flow.settings, None, None))
    with pytest.raises(ZeroDivisionError):
        replay.run(flow.settings, wanted, lambda *_: 1 / 0)
    kept = replay.Kept(flow.settings).load()
    assert kept
    assert 0 < kept.read < kept.read + kept.left
    done = wiredesk(flow.settings, "replay", "--resume", "--processes", "1")
    assert done.returncode == 0, done.stderr
    drain(flow.settings)
    assert replay.Kept(flow.settings).load() is None
    assert flow.searched[other.id]["words"] == documents[other.id]["words"]
    assert flow.searched[third.id]["words"] == -1


def _kept(settings: Settings) -> set[str]:
    """The articles whose raw message is on its stream still."""
    stream = streams(settings).raw.name
    with Log(settings) as log:
        spans = [log.span(stream, number, *log.bounds(stream, number)) for number in log.partitions(stream)]
        return {record.key.decode() for span in spans for record in span}


def test_a_lost_index_comes_back_from_its_snapshot(flow: Pipeline) -> None:
    """What was in the snapshot and what came since, before and after the loss, is searched again."""
    repository = f"test-{flow.settings.stream_prefix.strip('.')}"
    snapshots = Snapshots(flow.elasticsearch, flow.settings, repository)
    documents = flow.searched
    # What was put into the index by hand comes back as the stream has it, where that was within the last minute.
    streamed = {one: made for one, made in documents.items() if made["words"] >= 0 and made["keywords"] != BY_HAND}
    assert len(documents) - len(streamed) <= 3
    try:
        with Log(flow.settings) as log:
            taken = snapshots.take(log, told, "kept")
        assert (taken.state, taken.index) == ("SUCCESS", flow.current)
        publish(flow.settings, articles(5, 34))
        drain(flow.settings)
        Indexes(flow.elasticsearch, flow.settings).drop(flow.current)
        publish(flow.settings, articles(5, 35))
        done = wiredesk(flow.settings, "snapshot", "restore", "latest", "--repository", repository)
        assert done.returncode == 0, done.stderr
        drain(flow.settings)
        later = {one.id for seed in (34, 35) for one in articles(5, seed)}
        assert flow.searched.keys() == documents.keys() | later
        after = flow.searched
        assert {one: after[one] for one in streamed} == streamed
    finally:
        flow.elasticsearch.snapshot.delete(repository=repository, snapshot="*")
        flow.elasticsearch.snapshot.delete_repository(name=repository)


@pytest.fixture
def alone(settings: Settings) -> Iterator[tuple[Settings, Elasticsearch]]:
    """An index of an earlier mapping with one article, and streams that hold nothing."""
    body = index_body(settings)
    properties = body["mappings"]["properties"]
    del properties["people"]["fields"]
    properties["of_before"] = {"type": "keyword"}
    elasticsearch = index.client(settings)
    name = f"{settings.index_alias}-000001"
    elasticsearch.indices.create(index=name, aliases={settings.index_alias: {"is_write_index": True}}, **body)
    _put_by_hand(elasticsearch, name, "0" * 32, people=["Angela Merkel"])
    setup(settings)
    try:
        yield settings, elasticsearch
    finally:
        for one in Indexes(elasticsearch, settings).family():
            elasticsearch.indices.delete(index=one)
        admin = KafkaAdminClient(**client_options(settings))
        admin.delete_topics([stream.name for stream in streams(settings).all])
        admin.close()
        elasticsearch.close()


def _put_by_hand(elasticsearch: Elasticsearch, name: str, article_id: str, **fields: object) -> None:
    document = {"id": article_id, "version": 1, "source": "herald", **fields}
    elasticsearch.index(
        index=name, id=article_id, version=1, version_type="external_gte", document=document, refresh=True
    )


def test_setup_tells_what_older_articles_lack(alone: tuple[Settings, Elasticsearch]) -> None:
    """A subfield that is new to an index is told with the way out, until the index was rebuilt."""
    settings, _ = alone
    assert lacking(settings) == {"people.words": 1}
    said = wiredesk(settings, "setup").stdout
    assert "1 older articles lack people.words until `wiredesk rebuild --as-is`" in said
    assert begin.rebuild(settings, "as_is", told).is_moved
    assert lacking(settings) == {}


def test_the_alias_does_not_move_where_an_article_would_be_lost(alone: tuple[Settings, Elasticsearch]) -> None:
    """An article that the new index refuses is named, and what is searched stays; then nothing is left of it."""
    settings, elasticsearch = alone
    before = Indexes(elasticsearch, settings).current()
    _put_by_hand(elasticsearch, str(before), "f" * 32, of_before="a field that articles have no more")
    report = begin.rebuild(settings, "as_is", told)
    assert (report.is_moved, report.missing, report.listed) == (False, 1, {"f" * 32: 1})
    assert Indexes(elasticsearch, settings).current() == before
    assert begin.give_up(settings) == report.renewal.target
