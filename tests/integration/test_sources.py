"""Sources of the web on real Kafka and Elasticsearch: from a homepage to articles that can be searched."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.ladder import Servers
from desk.workers import Worker, collector
from producers.service import read_health
from schemas.settings import Settings, load
from tests import pages
from tests.integration.pipeline import drain, json_lines, made, stored, until, wiredesk, working
from tests.web import Answer, Site


@pytest.fixture(scope="module")
def house(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Worker]]:
    """A pipeline at work with a collector, for all tests of this file: each has sources of its own."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "token").write_text("open-sesame\n")
    settings = load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix=f"{folder.name}.",
        index_alias=f"{folder.name}-articles",
        data_dir=folder / "data",
        sources_file=folder / "sources.toml",
        fetch_allow_hosts="127.0.0.1",
        fetch_pause=0.0,
        push_port=free_port(),
        push_token="open-sesame",
    )
    feed = collector(settings)
    with made(settings), working(settings):
        feed.start()
        try:
            yield settings, feed
        finally:
            feed.stop()


@pytest.fixture(scope="module")
def here(house: tuple[Settings, Worker]) -> Settings:
    """That pipeline's settings."""
    return house[0]


def free_port() -> int:
    """A port of loopback that nobody listens at now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def push(settings: Settings, record: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Pushes one article over HTTP."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{settings.push_port}/articles?source=pushed",
        json.dumps(record).encode(),
        {"Authorization": "Bearer open-sesame", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, json.loads(answer.read())


def test_from_a_homepage_to_searchable_articles(here: Settings, web: Site) -> None:
    """One command adds a site; its articles are searchable without another, each once, and all counts agree."""
    pages.newspaper(web, 6)
    added = wiredesk(here, "feed", "add", web.url("/"), "--yes", "--every", "10s")
    assert added.returncode == 0, added.stderr
    until(lambda: len(of(here, "The Grain Post")) == 6, "six articles in the index", 120)
    drain(here)
    rows = json_lines(wiredesk(here, "feed", "list", "--json").stdout)
    (row,) = (row for row in rows if row["name"] == "The Grain Post")
    counts = {name: row[name] for name in ("state", "discovered", "published", "stored", "dead")}
    assert counts == {"state": "ok", "discovered": row["discovered"], "published": 6, "stored": 6, "dead": 0}
    assert row["discovered"] == row["known"] + row["published"]
    found = json_lines(wiredesk(here, "search", "grain", "--source", "The Grain Post", "--copies", "--json").stdout)
    assert len(found) == 6
    assert {article["date"][:10] for article in found} == {
        story.published.date().isoformat() for story in pages.stories(6)
    }


def test_what_changes_is_a_new_version_and_two_feeds_of_one_article_are_one(here: Settings, web: Site) -> None:
    """A second feed with the same articles is kept as their second source; a changed article replaces the old one."""
    stories = pages.newspaper(web, 3)
    web.put("/atom", pages.atom(web.url("").rstrip("/"), stories), kind="application/atom+xml")
    for path, name in (("/rss", "post"), ("/atom", "wire")):
        assert wiredesk(here, "feed", "add", web.url(path), "--yes", "--every", "10s", "--name", name).returncode == 0
    until(lambda: sum(bool(one["also_from"]) for one in of(here, "post", "wire")) == 3, "both sources at each", 120)
    assert len(of(here, "post", "wire")) == 3
    web.put(stories[0].path, pages.page(stories[0], paragraphs=["The talks in Geneva were called off on Friday."]))
    corrected = [pages.Story(stories[0].path, "Grain talks called off", stories[0].published), *stories[1:]]
    web.put("/rss", pages.rss(web.url("").rstrip("/"), corrected), kind="application/rss+xml")
    assert wiredesk(here, "feed", "now", "post").returncode == 0
    until(
        lambda: json_lines(wiredesk(here, "search", '"called off on Friday"', "--json").stdout), "the new version", 60
    )
    assert len(of(here, "post", "wire")) == 3


def test_what_a_person_had_looked_at_counts_for_the_collector(here: Settings, web: Site) -> None:
    """A headline that another process published, and that its site then took back, is taken back in the index too."""
    (story,) = pages.newspaper(web, 1)
    added = wiredesk(here, "feed", "add", web.url("/rss"), "--yes", "--every", "1h", "--name", "flip")
    assert added.returncode == 0, added.stderr
    until(lambda: len(of(here, "flip")) == 1, "the article", 120)
    before = of(here, "flip")[0]["title"]
    other = pages.Story(story.path, "Grain talks called off", story.published)
    for shown in (other, story):
        web.put(story.path, pages.page(shown))
        web.put("/rss", pages.rss(web.url("").rstrip("/"), [shown]), kind="application/rss+xml")
        if shown is other:
            assert wiredesk(here, "feed", "now", "flip").returncode == 0
            until(lambda: of(here, "flip")[0]["title"] != before, "the other headline", 120)
    text = here.sources_file.read_text(encoding="utf-8")
    here.sources_file.write_text(text.replace('every = "1h"', 'every = "10s"'), encoding="utf-8")
    until(lambda: of(here, "flip")[0]["title"] == before, "the first headline again", 120)


def of(settings: Settings, *sources: str) -> list[dict[str, Any]]:
    """The indexed articles of these sources."""
    return [one for one in stored(settings).values() if one["source"] in sources]


def test_a_source_that_fails_says_so_and_comes_back(here: Settings, web: Site) -> None:
    """Its state has the reason in words; other sources go on; it is well again without anybody's help."""
    pages.newspaper(web, 2)
    web.put("/broken", Answer(status=503))
    good = wiredesk(here, "feed", "add", web.url("/rss"), "--yes", "--every", "10s", "--name", "good")
    assert good.returncode == 0, good.stderr
    with here.sources_file.open("a", encoding="utf-8") as file:
        file.write(f'\n[[source]]\nname = "bad"\nkind = "feed"\nurl = "{web.url("/broken")}"\nevery = "10s"\n')
    until(lambda: state(here, "bad") == "failing", "a failing source", 60)
    listed = wiredesk(here, "feed", "list")
    assert listed.returncode == 1
    assert "503" in listed.stdout
    checked = wiredesk(here, "feed", "check", "bad")
    assert checked.returncode == 1
    assert "failing: request: 127.0.0.1 answered 503" in checked.stdout
    assert "; next try " in checked.stdout
    assert "look (UTC)" in checked.stdout
    web.put("/broken", pages.rss(web.url("").rstrip("/"), pages.stories(1, "/other")), kind="application/rss+xml")
    web.put("/other/1-grain-talks", pages.page(pages.stories(1, "/other")[0]))
    until(lambda: state(here, "bad") == "ok", "a source that is well again", 90)
    assert state(here, "good") == "ok"


def test_a_collector_that_is_killed_loses_nothing(house: tuple[Settings, Worker], web: Site) -> None:
    """SIGKILL in the middle of a look, three times: every listed article is stored in the end, and none twice."""
    here, feed = house
    stories = pages.newspaper(web, 60)
    for story in stories:
        web.put(story.path, Answer(pages.page(story), headers={"Content-Type": "text/html"}, pause=0.05))
    added = wiredesk(here, "feed", "add", web.url("/rss"), "--yes", "--every", "10s", "--name", "killed")
    assert added.returncode == 0, added.stderr
    for count in (5, 25, 45):
        until(lambda count=count: asked(web) >= count, f"{count} pages asked for", 90)
        process = until(lambda: feed.seen().process, "a collector", 60)
        os.kill(process, signal.SIGKILL)
        until(lambda process=process: feed.seen().process not in (None, process), "a collector again", 60)
    until(lambda: len(of(here, "killed")) == 60, "sixty articles in the index", 150)
    drain(here)
    assert len(of(here, "killed")) == 60


def asked(site: Site) -> int:
    """How many different articles were asked for."""
    return len({path for path in site.paths if path.startswith("/news/")})


def state(settings: Settings, name: str) -> str:
    """A source's state as its stream has it."""
    found = read_health(settings).get(name)
    return found.state if found else "unknown"


def test_pushed_articles_are_in_kafka_when_they_are_answered_for(here: Settings) -> None:
    """202 comes after the acknowledgement, and the article can be searched a little later."""
    until(lambda: answers(here.push_port), "a port for pushed articles", 60)
    text = "Pushed by hand: the ministers met in Geneva."
    assert push(here, {"text": text, "url": "https://a.example/1"}) == (
        202,
        {"published": 1, "unchanged": 0, "refused": 0, "failed": 0, "reasons": []},
    )
    drain(here)
    (found,) = json_lines(wiredesk(here, "search", "pushed", "--json").stdout)
    assert (found["text"], found["source"]) == (text, "pushed")


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
