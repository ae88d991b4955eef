"""Lag, rates, freshness, findings and the verdict are counted from what Kafka, the index and the stages say."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from desk import flow
from desk.findings import CODES, Limits, verdict, wrong
from desk.flow import Change, IndexSeen, KafkaSeen, Part
from desk.screen import monitor_lines
from processors.letters import letter
from processors.progress import Progress
from schemas.dead import DeadLetter
from schemas.status import Heartbeat, StageStatus
from schemas.streams import streams
from tests.fakes import quick, raw_message, unit_settings

SETTINGS = unit_settings()
NAMES = streams(SETTINGS)
NOW = datetime.now(UTC)
PARTS = {
    "articles.raw": [Part(0, 0, 100, 90), Part(1, 40, 60, 60)],
    "articles.enriched": [Part(0, 0, 80, 75)],
    "articles.dead": [Part(0, 0, 0, 0)],
}
THROUGH = {("articles.raw", 0): 100, ("articles.raw", 1): 60, ("articles.enriched", 0): 80}
# Eighty more were made than are on the stream: what is read fits what it became.
STARTED = NOW - timedelta(hours=1)
BOTH = (Progress("enrich", "e-1", started=STARTED).status(), Progress("sink", "s-1", started=STARTED).status())


def seen(**changes: Any) -> KafkaSeen:
    """A Kafka in which everything is through and both stages run."""
    given: dict[str, Any] = {"parts": PARTS, "committed": THROUGH, "statuses": BOTH, "buried": 80}
    return KafkaSeen(at=NOW, **{"stored_per_minute": 5, **given, **changes})


def facts(
    kafka: KafkaSeen | None = None, index: IndexSeen | None = None, down: str = "", limits: Limits | None = None
) -> dict[str, Any]:
    """All facts, with one server down or none."""
    up = {"ok": True, "since": None, "words": "", "seen_at": flow.text(NOW), "age_seconds": 0.0}
    away = {**up, "ok": False, "since": "2026-03-01T12:00:00.000Z", "words": "nobody answers", "age_seconds": 75.0}
    found = {
        "servers": {name: away if name == down else up for name in ("kafka", "elasticsearch")},
        **flow.of_kafka(kafka or seen(), NAMES, NOW),
        **flow.of_index(index or IndexSeen(NOW), "articles", NOW),
    }
    found["wrong"] = wrong(found, limits or Limits())
    return {**found, "verdict": verdict(found)}


def codes(found: dict[str, Any]) -> list[str]:
    """The codes of what is wrong."""
    return [finding["code"] for finding in found["wrong"]]


def silent(stage: Any, instance: str, seconds: float, **changes: Any) -> StageStatus:
    """A process that told of itself so many seconds ago."""
    at = NOW - timedelta(seconds=seconds)
    return Progress(stage, instance, started=at).status().model_copy(update={"at": at, **changes})


def test_lag_is_what_stands_and_was_not_committed() -> None:
    """Each partition's lag is its end less what was committed, and the stage's lag is their sum."""
    found = facts(seen(committed={("articles.raw", 0): 70, ("articles.raw", 1): 60}))["stages"]["enrich"]
    assert [part["lag"] for part in found["partitions"]] == [30, 0]
    assert found["lag"] == 30


def test_before_the_first_commit_everything_that_stands_is_lag() -> None:
    """A group that committed nothing has all that the stream still holds before it."""
    assert facts(seen(committed={}))["stages"]["enrich"]["lag"] == 100 + 20


@quick
@given(st.integers(0, 50), st.integers(0, 50), st.none() | st.integers(0, 200))
def test_lag_is_never_negative_nor_more_than_what_stands(start: int, held: int, committed: int | None) -> None:
    """Whatever was committed, even of a stream that was made anew, the lag is within what the partition holds."""
    assert 0 <= flow.partition(Part(0, start, start + held, start), committed)["lag"] <= held


def test_lag_is_told_in_time_too() -> None:
    """The lag in seconds is the age of the oldest message that waits, and 0 where none does."""
    oldest = {"articles.raw": NOW - timedelta(seconds=42)}
    waiting = facts(seen(committed={}, oldest=oldest))["stages"]["enrich"]
    assert waiting["lag_seconds"] == 42
    assert facts(seen(oldest=oldest))["stages"]["enrich"]["lag_seconds"] == 0


def test_a_streams_facts_are_its_messages_and_its_rate() -> None:
    """Messages are those it still holds, and the rate those of the last minute."""
    found = facts()["streams"]["articles.raw"]
    assert (found["messages"], found["per_minute"]) == (120, 10)
    assert [part["partition"] for part in found["partitions"]] == [0, 1]


def test_what_a_stage_finished_is_counted_by_what_it_wrote() -> None:
    """An enricher's rate is that of enriched articles and of its new dead letters, a sink's that of its receipts."""
    died = replace_at(letter(raw_message(), "enrich", "no_text", "", "h"), NOW)
    stages = facts(seen(letters=[died], stored_per_minute=7))["stages"]
    assert (stages["enrich"]["per_minute"], stages["sink"]["per_minute"]) == (5 + 1, 7)


def replace_at(one: DeadLetter, at: datetime) -> DeadLetter:
    """A letter of another moment."""
    return one.model_copy(update={"at": at})


def test_counts_of_all_instances_are_added() -> None:
    """A stage's counts are those of all its processes; its latency is that of the slowest."""
    fast, slow = Progress("enrich", "a", done=3, retries=1), Progress("enrich", "b", done=4, waiting="Kafka is away")
    fast.took(5)
    slow.took(50)
    told = (fast.status(), slow.status(), Progress("sink", "c", done=9).status())
    found = facts(seen(statuses=told))["stages"]["enrich"]
    assert (found["instances"], found["done"], found["retries"]) == (2, 7, 1)
    assert found["waiting"] == "Kafka is away"
    assert found["latency_ms"]["p50"] == 50


def test_freshness_is_what_the_slowest_sink_measured() -> None:
    """Published to searchable is what the slowest sink measured; nothing where none did."""
    told = Progress("sink", "s-1")
    told.took(500)
    assert facts(seen(statuses=[told.status()]))["freshness"] == {"p50": 0.5, "p95": 0.5, "p99": 0.5}
    assert facts(seen(statuses=[BOTH[1]]))["freshness"] == {}


def test_open_letters_are_counted_by_stage_reason_and_source() -> None:
    """The letters are counted in all and by what one may ask; the newest ones apart."""
    old = NOW - timedelta(hours=1)
    ones = [letter(raw_message(), "enrich", reason, "", "h") for reason in ("no_text", "invalid", "no_text")]
    found = facts(seen(letters=[replace_at(ones[0], NOW), *(replace_at(one, old) for one in ones[1:])]))["dead"]
    assert (found["open"], found["new"], found["newest_at"]) == (3, 1, flow.text(NOW))
    assert list(found["by_reason"].items()) == [("invalid", 1), ("no_text", 2)]
    assert found["by_stage"] == {"enrich": 3}
    assert found["by_source"] == {"herald": 3}


def test_a_raw_article_that_became_nothing_is_a_gap() -> None:
    """What the enrichers read, less what became enriched or dead, is the gap; made twice makes no negative one."""
    assert facts()["reconcile"] == {"read": 160, "became": 160, "gap": 0}
    lost = facts(seen(buried=78))
    assert (lost["reconcile"]["gap"], codes(lost)) == (2, ["articles_lost"])
    assert facts(seen(buried=99))["reconcile"]["gap"] == 0


def test_the_heartbeat_is_the_newest_that_was_found() -> None:
    """Of all publishers' heartbeats the newest that a search found counts; where there is none there is no finding."""
    beats = [
        Heartbeat(at=NOW - timedelta(seconds=70), by="a", searchable_ms=900),
        Heartbeat(at=NOW - timedelta(seconds=10), by="a"),
        Heartbeat(at=NOW - timedelta(seconds=200), by="b", searchable_ms=100),
    ]
    found = facts(seen(beats=beats))["heartbeat"]
    assert (found["searchable_ms"], found["age_seconds"]) == (900, 70)
    assert codes(facts(seen(beats=beats[1:]))) == ["heartbeat_lost"]
    assert facts(seen(beats=[]))["heartbeat"] is None


@pytest.mark.parametrize(
    ("kafka", "index", "found", "words"),
    [
        ({}, {}, [], "everything that was published is through"),
        ({"committed": {**THROUGH, ("articles.raw", 0): 99}}, {}, [], "flowing, 1 articles on the way"),
        (
            {"statuses": [BOTH[0], Progress("sink", "s", waiting="the disk is full").status()]},
            {},
            ["stage_waits"],
            "sink waits: the disk is full",
        ),
        (
            {"committed": {**THROUGH, ("articles.enriched", 0): 75}, "statuses": BOTH[:1]},
            {},
            ["worker_gone"],
            "sink does not run, and 5 articles wait for it",
        ),
        (
            {"statuses": [*BOTH, silent("sink", "s-2", 90)]},
            {},
            ["worker_gone"],
            "1 of sink's processes fell silent",
        ),
        ({"statuses": [*BOTH, silent("sink", "s-2", 900)]}, {}, [], "everything that was published is through"),
        ({}, {"exists": False}, ["index_missing"], "there is no index articles: make it with `wiredesk setup`"),
        (
            {},
            {"problem": "articles-1 is blocked by index.blocks.write"},
            ["index_blocked"],
            "nothing can be written: articles-1 is blocked by index.blocks.write",
        ),
        ({"offline": 2}, {}, ["partitions_offline"], "2 partitions of the streams have no leader"),
    ],
)
def test_the_verdict_says_what_stands_in_the_way(
    kafka: dict[str, Any], index: dict[str, Any], found: list[str], words: str
) -> None:
    """One sentence says whether it flows, and each finding has its code."""
    told = facts(seen(**kafka), IndexSeen(NOW, **index))
    assert (codes(told), told["verdict"]) == (found, words)


def test_a_process_that_was_replaced_is_not_missed() -> None:
    """A process that fell silent is no finding when one of its stage started since."""
    assert codes(facts(seen(statuses=[*BOTH, silent("sink", "s-0", 60), silent("sink", "s-9", 1)]))) == []


WAITING = {"committed": {**THROUGH, ("articles.raw", 0): 50}, "buried": 30}


def test_a_stage_that_finishes_nothing_while_articles_wait_stands_still() -> None:
    """Lag alone is no fault: it is one when the oldest waits for long and nothing was finished in the last minute."""
    stopped = {**PARTS, "articles.enriched": [Part(0, 0, 80, 80)]}
    waits = {"articles.raw": NOW - timedelta(seconds=50)}
    assert codes(facts(seen(**WAITING, parts=stopped, oldest=waits), limits=Limits(stalled=60))) == []
    assert codes(facts(seen(**WAITING, parts=stopped, oldest=waits), limits=Limits(stalled=40))) == ["stage_stalled"]


def test_heartbeats_hide_no_stage_that_stands_still() -> None:
    """When only heartbeats come through while articles wait, the stage stands still."""
    beat = Heartbeat(at=NOW, by="a", searchable_ms=900)
    only = {**PARTS, "articles.enriched": [Part(0, 0, 80, 79)]}
    waits = {"articles.raw": NOW - timedelta(seconds=70)}
    found = facts(seen(**WAITING, parts=only, oldest=waits, beats=[beat]), limits=Limits(freshness=600))
    assert codes(found) == ["stage_stalled"]
    assert found["stages"]["enrich"]["arrived_per_minute"] == 10 - 1


def test_lag_grows_when_more_comes_than_is_finished() -> None:
    """A stage falls behind when more comes in than it finishes and the oldest waits; a short wait is no fault."""
    waits = {"articles.raw": NOW - timedelta(seconds=45)}
    assert codes(facts(seen(**WAITING, oldest=waits))) == ["lag_growing"]
    assert codes(facts(seen(**WAITING, oldest={"articles.raw": NOW - timedelta(seconds=5)}))) == []


def test_articles_that_take_too_long_are_a_finding() -> None:
    """Both what took too long to be searchable and what waits too long are over the limit of freshness."""
    slow = Progress("sink", "s")
    slow.took(70_000)
    assert codes(facts(seen(statuses=[BOTH[0], slow.status()]))) == ["not_fresh"]
    assert codes(facts(seen(statuses=[BOTH[0], slow.status()]), limits=Limits(freshness=120))) == []
    old = {"articles.enriched": NOW - timedelta(seconds=61)}
    waiting = seen(committed={**THROUGH, ("articles.enriched", 0): 79}, oldest=old)
    assert codes(facts(waiting)) == ["not_fresh"]


def test_new_dead_letters_are_a_finding_and_old_ones_are_none() -> None:
    """Letters of the last ten minutes count against the limit, letters that lie there since long do not."""
    one = letter(raw_message(), "sink", "refused", "", "h")
    assert codes(facts(seen(letters=[replace_at(one, NOW)]))) == ["dead_growing"]
    assert codes(facts(seen(letters=[replace_at(one, NOW)]), limits=Limits(dead=1))) == []
    assert codes(facts(seen(letters=[replace_at(one, NOW - timedelta(minutes=11))]))) == []


@pytest.mark.parametrize("down", ["kafka", "elasticsearch"])
def test_a_server_that_is_away_is_named_first_with_its_date(down: str) -> None:
    """The verdict names the server, why, and since when; what was seen before stays."""
    found = facts(seen(letters=[replace_at(letter(raw_message(), "sink", "refused", "", "h"), NOW)]), down=down)
    assert codes(found) == [f"{down}_down", "dead_growing"]
    assert "since 2026-03-01T12:00:00.000Z: nobody answers" in found["verdict"]
    assert found["stages"]["sink"]["dead"] == 1


def test_what_was_never_seen_is_missing_and_not_zero() -> None:
    """Where a server never answered its facts are none, every key is there, and nothing but that is wrong."""
    up = {"ok": True, "since": None, "words": "", "seen_at": None, "age_seconds": None}
    away = {**up, "ok": False, "since": "2026-03-01T12:00:00.000Z"}
    found = {
        "servers": {"kafka": away, "elasticsearch": away},
        **flow.of_kafka(None, NAMES, NOW),
        **flow.of_index(None, "articles", NOW),
    }
    whole = facts()
    assert set(found) == set(whole) - {"wrong", "verdict"}
    assert set(found["dead"]) == set(whole["dead"])
    assert set(found["index"]) == set(whole["index"])
    assert (found["dead"]["open"], found["index"]["documents"], found["stages"]) == (None, None, {})
    assert codes({"wrong": wrong(found)}) == ["kafka_down", "elasticsearch_down"]
    assert "unknown" in shown({**found, "wrong": wrong(found), "verdict": "x"})


def shown(found: dict[str, Any]) -> str:
    """The facts as they stand on a terminal of 80 columns."""
    out = io.StringIO()
    Console(file=out, width=80, no_color=True).print(monitor_lines(found))
    return out.getvalue()


def test_the_view_fits_eighty_columns_and_names_every_finding() -> None:
    """Everything that is wrong is on the screen, and no line is longer than 80 characters or wrapped."""
    slow = Progress("sink", "a-host-with-a-rather-long-name-1234567", done=12_345, retries=999)
    slow.took(123_456)
    long_ago = {"articles.raw": NOW - timedelta(hours=30), "articles.enriched": NOW - timedelta(seconds=100)}
    newest = {"id": "1", "title": "A headline " * 12, "source": "herald", "fetched_at": flow.text(NOW)}
    changes = [Change(NOW, "sink", "a-host-with-a-rather-long-name-1234567", "reads partitions 0, 1, 2, 3, 4, 5, 6, 7")]
    found = facts(
        seen(
            statuses=[slow.status()],
            committed={},
            oldest=long_ago,
            letters=[replace_at(letter(raw_message(), "enrich", "no_text", "", "h"), NOW)],
            changes=changes,
            beats=[Heartbeat(at=NOW, by="a", searchable_ms=1032.2)],
        ),
        IndexSeen(NOW, documents=123_456, newest_fetched_at=NOW, sources={"herald": 50}, newest=[newest]),
    )
    lines = shown(found).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(finding["words"] in " ".join(lines) for finding in found["wrong"])
    assert len(found["wrong"]) >= 3
    assert [line for line in lines if "searchable after 1,032 ms" in line]


def test_every_code_is_listed_in_the_order_of_its_weight() -> None:
    """The list of codes has each once; findings come in its order."""
    assert len(set(CODES)) == len(CODES)
    found = facts(seen(statuses=BOTH[:1], committed={}, oldest={}), IndexSeen(NOW, exists=False))
    assert codes(found) == sorted(codes(found), key=CODES.index)
    assert codes(found)[0] == "index_missing"


def test_moments_are_utc_with_milliseconds() -> None:
    """A moment is written in ISO 8601, in UTC, with milliseconds."""
    assert flow.text(datetime(2026, 3, 1, 12, 30, 15, 250_999, tzinfo=UTC)) == "2026-03-01T12:30:15.250Z"


def test_changes_are_told_newest_first() -> None:
    """The last ten of what the processes did are told, the newest first."""
    changes = [Change(NOW - timedelta(minutes=number), "sink", f"s-{number}", "started") for number in range(15)]
    found = facts(replace(seen(), changes=changes))["changes"]
    assert [one["instance"] for one in found] == [f"s-{number}" for number in range(10)]
