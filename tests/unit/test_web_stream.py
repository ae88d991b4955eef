"""The stream page: what flows and what does not, live, with what is not known shown as such."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from desk import findings, flow
from desk.flow import Change, IndexSeen, KafkaSeen, Part
from desk.web.live import Live, event
from desk.web.stream import PARTS, STUCK, Standing
from schemas.dead import DeadLetter
from schemas.status import Heartbeat, StageStatus
from schemas.streams import streams
from tests.fakes import unit_settings
from tests.webdesk import HOME, NOW, FakeWatch, web

SETTINGS = unit_settings()
NAMES = streams(SETTINGS)
SCRIPT = "<img src=x onerror=alert(1)>"
SERVER = {"ok": True, "since": None, "words": "", "seen_at": flow.text(NOW), "age_seconds": 0.0}


def status(stage: Any, **changes: Any) -> StageStatus:
    """What a process of a stage tells of itself now."""
    given = {"stage": stage, "instance": f"{stage}-1", "started": NOW - timedelta(hours=2), "at": NOW, **changes}
    return StageStatus.model_validate(given)


def kafka(committed: int = 90, **changes: Any) -> KafkaSeen:
    """A Kafka of one partition with 100 raw articles, so many of them enriched, and all of those stored."""
    given: dict[str, Any] = {
        "at": NOW,
        "parts": {
            NAMES.raw.name: [Part(0, 0, 100, 80)],
            NAMES.enriched.name: [Part(0, 0, committed, committed)],
            NAMES.dead.name: [Part(0, 0, 0, 0)],
        },
        "committed": {(NAMES.raw.name, 0): committed, (NAMES.enriched.name, 0): committed},
        "oldest": {NAMES.raw.name: NOW - timedelta(seconds=12)},
        "statuses": (status("enrich"), status("sink", latency_ms={"p50": 900.0, "p95": 4000.0, "p99": 9000.0})),
        "stored_per_minute": 7,
        "beats": (Heartbeat(at=NOW - timedelta(seconds=20), by="x", searchable_ms=1500.0),),
        "changes": (Change(NOW - timedelta(minutes=3), "enrich", "enrich-1", "reads partitions 0, 1"),),
        **changes,
    }
    return KafkaSeen(**given)


def index(**changes: Any) -> IndexSeen:
    """An index with one new article, whose title is a script."""
    newest = {"id": "a" * 32, "title": SCRIPT, "source": "herald", "date": flow.text(NOW), "fetched_at": flow.text(NOW)}
    given = {"documents": 90, "newest_fetched_at": NOW, "sources": {"herald": 5}, "newest": (newest,), **changes}
    return IndexSeen(NOW, **given)


def facts(kafka_seen: KafkaSeen | None, index_seen: IndexSeen | None, **servers: Any) -> dict[str, Any]:
    """The facts as the watch puts them together."""
    found: dict[str, Any] = {
        "at": flow.text(NOW),
        "servers": {"kafka": SERVER, "elasticsearch": SERVER, **servers},
        **flow.of_kafka(kafka_seen, NAMES, NOW),
        **flow.of_index(index_seen, SETTINGS.index_alias, NOW),
    }
    found["wrong"] = findings.wrong(found)
    return {**found, "verdict": findings.verdict(found)}


def shown(tmp_path: Path, found: dict[str, Any]) -> str:
    """The page on these facts."""
    app = web(None, FakeWatch(found), sources_file=tmp_path / "none.toml")
    answer = TestClient(app, base_url=HOME).get("/stream")
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>|\s+", " ", answer.text)


def test_the_page_tells_whether_everything_flows(tmp_path: Path) -> None:
    """The verdict, the strip with rate, age and partitions, freshness, heartbeat, changes and the newest articles."""
    text = re.sub(r" +", " ", shown(tmp_path, facts(kafka(), index())))
    for said in (
        "Flowing, 10 articles on the way.",
        "20 came in the last minute",
        "10 wait , the oldest 12 s",
        "7 done in the last minute",
        "no partition is stuck",
        "90 articles, the newest fetched just now",
        "Heartbeat 1.5 s",
        "reads partitions 0, 1",
        "of 90 read, 90 became something",
    ):
        assert said in text, said


def test_a_script_in_a_title_stays_text(tmp_path: Path) -> None:
    """What comes from outside is escaped, in the page and in what is sent live."""
    app = web(None, FakeWatch(facts(kafka(), index())), sources_file=tmp_path / "none.toml")
    text = TestClient(app, base_url=HOME).get("/stream").text
    assert SCRIPT not in text
    assert "&lt;img src=x" in text


def test_what_is_missing_is_not_zero(tmp_path: Path) -> None:
    """Where nothing was ever seen the page says so, and shows no 0 for it."""
    away = {"ok": False, "since": flow.text(NOW), "words": "no", "seen_at": None, "age_seconds": None}
    app = web(None, FakeWatch(facts(None, None, kafka=away, elasticsearch=away)), sources_file=tmp_path / "none.toml")
    text = TestClient(app, base_url=HOME).get("/stream").text
    assert "The stages were not seen yet" in text
    assert "The index was not seen yet" in text
    told = re.findall(r"<(?:dd|strong|td)[^>]*>0<", text)
    assert told == ["<strong>0<"], "of the sources in the file alone it is known that there are none"


def test_old_facts_stay_and_are_dated(tmp_path: Path) -> None:
    """While Elasticsearch is away, what it told last shows with its time, and the verdict says what is down."""
    away = {**SERVER, "ok": False, "since": flow.text(NOW), "words": "refused", "seen_at": flow.text(NOW)}
    text = re.sub(r" +", " ", shown(tmp_path, facts(kafka(), index(), elasticsearch=away)))
    assert "Elasticsearch does not answer since" in text
    assert "what it told is of 22 Nov 2026, 14:03 UTC" in text
    assert "90 articles" in text


def test_each_finding_is_told(tmp_path: Path) -> None:
    """What stands in the way of everything is the verdict; the others follow, with commands as commands."""
    buried = DeadLetter(
        id="articles.raw-0-1",
        article_id=None,
        stage="enrich",
        reason="no_text",
        detail="nothing",
        at=NOW,
        by="x",
        stream=NAMES.raw.name,
        partition=0,
        offset=1,
        key=None,
        value=None,
    )
    found = facts(kafka(statuses=(status("sink"),), letters=(buried,)), index())
    assert [one["code"] for one in found["wrong"]][:2] == ["worker_gone", "dead_growing"]
    app = web(None, FakeWatch(found), sources_file=tmp_path / "none.toml")
    text = TestClient(app, base_url=HOME).get("/stream").text
    assert "Enrich does not run, and 10 articles wait for it." in text
    assert "<code>wiredesk dead list</code>" in text


def stages(committed: int, end: int = 100) -> Mapping[str, Any]:
    """One stage with one partition."""
    parts = [{"partition": 3, "committed": committed, "end": end, "lag": end - committed}]
    return {"enrich": {"partitions": parts}}


def test_a_partition_that_does_not_move_is_stuck() -> None:
    """After a minute without progress while something waits; it is not once it moves, or when nothing waits."""
    standing, later = Standing(), NOW + STUCK
    assert standing.stuck(stages(90), NOW) == {"enrich": []}
    assert standing.stuck(stages(90), later - timedelta(seconds=1)) == {"enrich": []}
    assert standing.stuck(stages(90), later) == {"enrich": [3]}
    assert standing.stuck(stages(91), later) == {"enrich": []}
    assert standing.stuck(stages(100), later + STUCK) == {"enrich": []}
    assert standing.stuck(stages(100, 101), later + 3 * STUCK) == {"enrich": []}


class Drawing:
    """Draws a number that grows with each drawing, and a part that stays."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, str]:
        """The parts."""
        self.times += 1
        return {"grows": str(self.times), "stays": "same"}


def test_many_viewers_cost_one_drawing() -> None:
    """However many look within a second, the parts are drawn once; after it, once more."""
    drawing, now = Drawing(), [0.0]
    live = Live(drawing, every=1.0, clock=lambda: now[0])
    assert [live.parts()["grows"] for _ in range(50)] == ["1"] * 50
    now[0] = 1.0
    assert [live.parts()["grows"] for _ in range(50)] == ["2"] * 50


def heard(live: Live, asks: int) -> list[str]:
    """What a viewer hears who is there for so many looks, and then leaves."""
    left = iter([False] * asks)

    async def has_left() -> bool:
        return next(left, True)

    async def listening() -> list[str]:
        return [one async for one in live.events(has_left)]

    return asyncio.run(listening())


def test_a_viewer_hears_everything_once_and_then_what_changes() -> None:
    """The first message holds all parts, each later one those that are other than before."""
    retry, first, *others = heard(Live(Drawing(), every=0.0), 3)
    assert retry.startswith("retry: ")
    assert json.loads(first.removeprefix("data: ")) == {"grows": "1", "stays": "same"}
    assert [json.loads(one.removeprefix("data: ")) for one in others] == [{"grows": "2"}, {"grows": "3"}]


def test_who_leaves_frees_the_place() -> None:
    """A viewer who is gone counts no more, also one whose connection broke."""
    live = Live(Drawing(), every=0.0, most=1)

    async def broken() -> None:
        async def stays() -> bool:
            return False

        events = live.events(stays)
        await anext(events)
        assert live.is_full
        await events.aclose()  # type: ignore[attr-defined]

    heard(live, 1)
    assert live.viewers == 0
    asyncio.run(broken())
    assert live.viewers == 0


def test_a_viewer_too_many_is_told_to_come_back(tmp_path: Path) -> None:
    """Where all places are taken, the answer is an error and no open connection."""
    app = web(None, FakeWatch(facts(kafka(), index())), sources_file=tmp_path / "none.toml")
    app.state.live = Live(Drawing(), most=0)
    answer = TestClient(app, base_url=HOME).get("/stream/events")
    assert answer.status_code == 503
    assert "Too many look" in answer.text


@pytest.mark.parametrize("html", ["<p>\n\ndata: x</p>", "\r\n\r\nevent: y\n\n", "\u2028 \x00 ä"])
def test_no_part_can_begin_a_message_of_its_own(html: str) -> None:
    """Whatever a part holds, it is one message of one line, and comes out as it went in."""
    told = event({"said": html})
    assert told.endswith("\n\n")
    assert len(told.strip().splitlines()) == 1
    assert json.loads(told.removeprefix("data: ")) == {"said": html}


def test_every_live_part_has_its_place_on_the_page(tmp_path: Path) -> None:
    """What is sent live fits an element of the page, also in the header."""
    app = web(None, FakeWatch(facts(kafka(), index())), sources_file=tmp_path / "none.toml")
    text = TestClient(app, base_url=HOME).get("/stream").text
    parts = app.state.live.parts()
    assert {*PARTS, "head-stream", "head-dead", "head-sources"} == set(parts)
    assert [name for name in parts if f'id="{name}"' not in text] == []


def test_the_moment_of_the_facts_is_shown(tmp_path: Path) -> None:
    """The page says to the second of when it is."""
    assert datetime.fromisoformat(facts(kafka(), index())["at"]) == NOW
    assert "As of 14:03:00 UTC" in re.sub(r" +", " ", shown(tmp_path, facts(kafka(), index())))
