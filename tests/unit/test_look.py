"""A look publishes what is new and only that, and forgets nothing that Kafka or a page withheld."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.absent import GIVEN_UP_AFTER, SOONEST
from producers.collect import Collector
from producers.fetched import Fetched, FetchError
from producers.look import GROUP, MOST_FAILURES, MOST_NEW, Marked, Tools, look
from producers.publish import Publisher, Report
from producers.schedule import first
from schemas.article import RawArticle
from schemas.health import SourceHealth
from schemas.source import SourceSpec
from tests.fakes import FakeProducer, timed_out, unit_settings

FEED = "https://herald.example/feed.json"
SPEC = SourceSpec(name="herald", kind="feed", url=FEED, every="5m")
RAW, SEEN = "articles.raw", "sources.seen"


def page(number: int, said: str = "") -> bytes:
    """An article's page."""
    text = f"<p>Story number {number} is about grain exports and takes its time to say so. {said}</p>"
    return f"<!doctype html><html><head><title>Story {number}</title></head><body>{text}</body></html>".encode()


def listing(*numbers: int, changed: str = "", **more: Any) -> bytes:
    """A JSON Feed that lists these articles."""
    items = [
        {"id": str(one), "url": f"https://herald.example/{one}", "title": f"Story {one}{changed}"} for one in numbers
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items, **more}).encode()


@dataclass
class FakeWeb:
    """Pages by their address; an error where one stands for a page. It counts what is asked, and may take its time."""

    pages: dict[str, bytes | FetchError] = field(default_factory=dict)
    etag: str | None = None
    asked: list[str] = field(default_factory=list)
    moved_to: str | None = None
    takes_time: Callable[[], None] = lambda: None

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, max_bytes: int | None = None
    ) -> Fetched:
        """As `producers.polite.Web` answers."""
        self.asked.append(url)
        self.takes_time()
        found = self.pages.get(url, FetchError("request", "nothing is there", "hard", status=404))
        if isinstance(found, FetchError):
            raise found
        headers = {"content-type": "application/feed+json" if url == FEED else "text/html"}
        if url == FEED and self.etag:
            headers["etag"] = self.etag
            if etag == self.etag:
                return Fetched(url, 304, headers, b"", None, False, 0.1, 0)
        return Fetched(url, 200, headers, found, self.moved_to if url == FEED else None, False, 0.1, len(found))

    def open(self, url: str, **_: Any) -> Any:
        """No archive stands here."""
        raise AssertionError(url)


class House:
    """A source on a fake web, and a fake Kafka behind it; `look` looks once, a minute after the last."""

    def __init__(self, web: FakeWeb, spec: SourceSpec = SPEC, producer: FakeProducer | None = None) -> None:
        self.web, self.spec, self.producer = web, spec, producer or FakeProducer()
        self.known: dict[bytes, bytes] = {}
        self.now = datetime(2026, 11, 2, 12, tzinfo=UTC)
        self.groups: list[int] = []
        self.tools = Tools(web, self.deliver, self.known, 1_000_000, now=lambda: self.now)
        self.health = first(spec)

    async def deliver(self, articles: Sequence[Marked]) -> Report:
        """Publishes to the fake."""
        self.groups.append(len(articles))
        with Publisher(self.producer, unit_settings(), self.known) as publisher:
            for one in articles:
                publisher.publish(one.article, one.mark, one.listed)
        return publisher.report

    def look(self) -> SourceHealth:
        """One look; its counts balance whatever came of it."""
        self.now += timedelta(minutes=1)
        self.health = found = asyncio.run(look(self.spec, self.health, self.tools))
        assert found.discovered == found.known + found.published + sum(found.refused.values()) + found.undelivered
        return found

    @property
    def articles(self) -> list[RawArticle]:
        """What stands on the stream of raw articles."""
        return [RawArticle.model_validate_json(sent.value or b"") for sent in self.producer.to(RAW)]


def herald(*numbers: int, **more: Any) -> FakeWeb:
    """A web where the feed lists these articles and each has its page."""
    pages: dict[str, bytes | FetchError] = {f"https://herald.example/{one}": page(one) for one in numbers}
    return FakeWeb({FEED: listing(*numbers), **pages}, **more)


def test_what_a_feed_lists_is_fetched_and_published_once() -> None:
    """The first look publishes each article from its page, the second fetches none of them again."""
    house = House(herald(1, 2, 3))
    assert (house.look().published, house.health.state) == (3, "ok")
    assert {article.url for article in house.articles} == {f"https://herald.example/{n}" for n in (1, 2, 3)}
    assert house.articles[0].source == "herald"
    again = house.look()
    assert (again.published, again.known, again.discovered) == (3, 3, 6)
    assert house.web.asked.count("https://herald.example/1") == 1


def test_what_was_seen_survives_a_restart() -> None:
    """With the records of the stream alone, a new process publishes nothing again."""
    before = House(herald(1, 2))
    before.look()
    after = House(herald(1, 2))
    after.known.update({sent.key: sent.value or b"" for sent in before.producer.to(SEEN)})
    assert (after.look().published, after.web.asked) == (0, [FEED])


def test_an_article_that_changes_is_a_new_version_of_the_same_id() -> None:
    """Another title in the listing lets the page be fetched again; other text there is a later version."""
    house = House(herald(1))
    house.look()
    house.web.pages |= {FEED: listing(1, changed=" (updated)"), "https://herald.example/1": page(1, "Now corrected.")}
    house.look()
    old, new = house.articles
    assert old.id == new.id
    assert new.version > old.version
    assert "Now corrected." in new.content


def test_a_page_under_another_name_is_not_fetched_at_each_look() -> None:
    """Where the page calls another address its own, the listing's address is remembered, too."""
    web = herald(1)
    own = b'<head><link rel="canonical" href="https://herald.example/story-one">'
    web.pages["https://herald.example/1"] = page(1).replace(b"<head>", own)
    house = House(web)
    house.look()
    assert house.articles[0].url == "https://herald.example/story-one"
    assert house.look().known == 1
    assert house.web.asked.count("https://herald.example/1") == 1


def test_the_state_moves_on_only_when_kafka_has_everything() -> None:
    """What Kafka did not take leaves the ETag where it was, and comes again with the next look."""
    lost = FakeProducer(
        refuse=lambda sent: timed_out() if sent.stream == RAW and b"number 2" in (sent.value or b"") else None
    )
    house = House(herald(1, 2, 3, etag='"a"'), producer=lost)
    health = house.look()
    assert (health.published, health.undelivered, health.etag) == (2, 1, None)
    house.producer = FakeProducer()
    assert (house.look().published, house.health.etag) == (3, '"a"')
    assert [article.url for article in house.articles] == ["https://herald.example/2"]


def test_a_listing_that_did_not_change_is_not_read_again() -> None:
    """A 304 keeps what is known, the ETag among it."""
    house = House(herald(1, etag='"a"'))
    house.look()
    again = house.look()
    assert (again.etag, again.published, again.discovered, again.looks[-1].status) == ('"a"', 1, 1, 304)


def test_a_page_that_fails_for_a_while_comes_again_though_the_feed_did_not_change() -> None:
    """A passing failure of one page keeps the others, and the ETag waits until that page was had."""
    web = herald(1, 2, etag='"a"')
    web.pages["https://herald.example/2"] = FetchError("timeout", "no answer", "temporary")
    house = House(web)
    health = house.look()
    assert (health.published, health.refused, health.etag, health.state) == (1, {"timeout": 1}, None, "ok")
    web.pages["https://herald.example/2"] = page(2)
    assert (house.look().published, house.health.etag) == (2, '"a"')


NOT_YET = [FetchError("request", "404", "hard", status=404), FetchError("request", "403", "soft", status=403)]


@pytest.mark.parametrize("error", NOT_YET)
def test_a_page_that_is_not_there_yet_comes_though_the_feed_did_not_change(error: FetchError) -> None:
    """A page that cannot be had is counted at each look, and asked for again soon: it may lag behind its feed."""
    web = herald(1, 2, etag='"a"')
    web.pages["https://herald.example/2"] = error
    house = House(web)
    house.look()
    assert (house.look().refused, house.health.etag) == ({"request": 2}, None)
    assert web.asked.count("https://herald.example/2") == 1
    web.pages["https://herald.example/2"] = page(2)
    house.now += SOONEST
    assert (house.look().published, house.health.etag) == (2, '"a"')


@pytest.mark.parametrize("error", [*NOT_YET, FetchError("request", "503", "temporary", status=503)])
def test_a_page_that_fails_for_a_day_is_given_up(error: FetchError) -> None:
    """After a day its listing need not come whole any more; where it does, the page is asked for once a day."""
    web = herald(1, 2, etag='"a"')
    web.pages["https://herald.example/2"] = error
    house = House(web)
    house.look()
    house.now += GIVEN_UP_AFTER
    assert house.look().etag == '"a"'
    asked = web.asked.count("https://herald.example/2")
    for number in range(20):
        web.pages[FEED], web.etag = listing(1, 2, changed=f" {number}"), f'"{number}"'
        house.look()
    assert web.asked.count("https://herald.example/2") == asked
    house.now += GIVEN_UP_AFTER
    web.etag = '"tomorrow"'
    house.look()
    assert web.asked.count("https://herald.example/2") == asked + 1


def test_a_page_without_an_article_is_left_alone_too() -> None:
    """A page that holds no text is refused, and not fetched again with the next look."""
    web = herald(1, 2)
    web.pages["https://herald.example/2"] = b""
    house = House(web)
    house.look()
    assert house.look().refused == {"no article": 2}
    assert web.asked.count("https://herald.example/2") == 1


def test_the_first_articles_do_not_wait_for_a_slow_host() -> None:
    """Where pages come slowly, Kafka has each a few seconds after it was fetched."""
    house = House(herald(*range(6)))

    def five_seconds() -> None:
        house.now += timedelta(seconds=5)

    house.web.takes_time = five_seconds
    house.look()
    assert house.groups == [1] * 6


def test_a_host_that_fails_page_after_page_is_left_until_the_next_look() -> None:
    """After ten failures in a row the rest waits, and is not lost."""
    web = herald(*range(30), etag='"a"')
    for number in range(30):
        web.pages[f"https://herald.example/{number}"] = FetchError("request", "503", "temporary", status=503)
    house = House(web)
    assert house.look().refused == {"request": MOST_FAILURES}
    assert house.health.etag is None


def test_pages_that_always_fail_keep_no_others_waiting() -> None:
    """What failed before is asked for last: what stands behind it in the listing is published at the next look."""
    web = herald(*range(MOST_FAILURES + 5))
    for number in range(MOST_FAILURES):
        web.pages[f"https://herald.example/{number}"] = FetchError("request", "503", "temporary", status=503)
    house = House(web)
    assert house.look().published == 0
    assert house.look().published == 5


def test_more_than_a_look_takes_comes_with_the_next() -> None:
    """A long listing is worked off look by look, and Kafka has the first articles before the last are fetched."""
    house = House(herald(*range(MOST_NEW + 50), etag='"a"'))
    assert (house.look().published, house.health.etag) == (MOST_NEW, None)
    assert max(house.groups) == GROUP
    assert (house.look().published, house.health.etag) == (MOST_NEW + 50, '"a"')


@pytest.mark.parametrize(
    ("answer", "state", "stage"),
    [
        (FetchError("dns", "there is no such name", "hard"), "failing", "dns"),
        (FetchError("robots", "robots.txt forbids it", "soft"), "blocked", "robots"),
        (FetchError("request", "it wants a login", "soft", status=401), "blocked", "request"),
        (b"<!doctype html><html><body><p>Welcome!</p></body></html>", "failing", "parse"),
        (b"", "failing", "parse"),
    ],
)
def test_what_goes_wrong_becomes_the_state_in_words(answer: bytes | FetchError, state: str, stage: str) -> None:
    """The first stage that fails is named with its reason; what is known of before stays."""
    house = House(herald(1, etag='"a"'))
    house.look()
    house.web.pages[FEED] = answer
    house.web.etag = '"b"'
    health = house.look()
    assert (health.state, health.stage, health.etag, health.published) == (state, stage, '"a"', 1)
    assert health.error
    assert health.looks[-1].error == health.error


def test_a_single_article_is_its_own_listing() -> None:
    """Kind `url` publishes the page itself, and again when it changed."""
    url = "https://herald.example/1"
    house = House(herald(1), SourceSpec(name="one", kind="url", url=url))
    house.look()
    house.look()
    house.web.pages[url] = page(1, "More is known now.")
    house.look()
    assert [article.url for article in house.articles] == [url, url]
    assert house.health.known == 1


def test_a_watched_folder_gives_what_is_new_in_it(tmp_path: Path) -> None:
    """Kind `files` is read again at each look; only new files are published."""
    (tmp_path / "a.txt").write_text("One story.")
    (tmp_path / "b.bin").write_bytes(b"\x00")
    house = House(FakeWeb(), SourceSpec(name="folder", kind="files", path=str(tmp_path)))
    assert (house.look().published, house.health.refused) == (1, {"no article": 1})
    (tmp_path / "c.txt").write_text("Another story.")
    assert (house.look().published, house.health.known) == (2, 1)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, 8)), st.sets(st.integers(0, 8)), st.sets(st.integers(0, 8))),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_fails_everything_arrives_once_it_can(course: list[tuple[set[int], set[int], set[int]]]) -> None:
    """Pages and Kafka fail at will; after one look without a failure every listed article was published, once each."""
    words: set[bytes] = set()
    producer = FakeProducer(
        refuse=lambda sent: timed_out() if sent.stream == RAW and any(w in (sent.value or b"") for w in words) else None
    )
    house = House(herald(*range(9), etag='"a"'), producer=producer)
    for listed, unreachable, lost in course:
        house.web.pages |= {**herald(*range(9)).pages, FEED: listing(*sorted(listed))}
        for number in unreachable:
            house.web.pages[f"https://herald.example/{number}"] = FetchError("timeout", "no answer", "temporary")
        words |= {f"number {number} ".encode() for number in lost}
        house.web.etag = f'"{sorted(listed)}"'
        house.look()
        words.clear()
    house.web.pages = dict(herald(*range(9)).pages)
    house.web.etag = '"all"'
    house.look()
    acknowledged = house.health.published
    assert acknowledged == 9
    assert len({article.id for article in house.articles}) == 9


class Clock:
    """A time that tests move on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The moment now."""
        return self.now


def test_the_collector_looks_at_what_is_due_and_takes_changes_of_the_file() -> None:
    """Sources are looked at when due, added ones without a restart, woken ones at once, and paused ones never."""
    house, kept = House(herald(1)), []
    specs = [SPEC, SPEC.model_copy(update={"name": "paused", "paused": True})]
    clock = Clock()
    house.tools.now = clock

    async def remember(health: SourceHealth) -> None:
        kept.append(health.source)

    async def run() -> None:
        collector = Collector(lambda: specs, house.tools, {}, remember)
        running = asyncio.create_task(collector.run())
        await until(lambda: kept == ["herald"])
        specs.append(SPEC.model_copy(update={"name": "added"}))
        await until(lambda: kept == ["herald", "added"])
        clock.now += timedelta(seconds=60)
        assert collector.wake("herald")
        assert not collector.wake("nobody")
        await until(lambda: kept == ["herald", "added", "herald"])
        clock.now += timedelta(days=2)
        await until(lambda: sorted(kept[3:]) == ["added", "herald"])
        collector.stop()
        await running

    asyncio.run(asyncio.wait_for(run(), 30))


def test_what_another_process_found_out_counts_for_the_next_look() -> None:
    """The collector looks when that look says, with its ETag; a source that it does not have is nothing to it."""
    house, kept = House(herald(1, etag='"a"')), list[SourceHealth]()
    clock = Clock()
    house.tools.now = clock

    async def remember(health: SourceHealth) -> None:
        kept.append(health)

    async def run() -> None:
        collector = Collector(lambda: [SPEC], house.tools, {}, remember)
        running = asyncio.create_task(collector.run())
        await until(lambda: len(kept) == 1)
        clock.now += timedelta(seconds=60)
        collector.learn(kept[0].model_copy(update={"source": "nobody"}))
        collector.learn(kept[0].model_copy(update={"etag": '"b"', "next_look": clock.now}))
        await until(lambda: len(kept) == 2)
        collector.stop()
        await running

    asyncio.run(asyncio.wait_for(run(), 30))
    assert (kept[1].etag, kept[1].looks[-1].status) == ('"a"', 200)


def test_a_defect_met_in_one_source_does_not_end_the_others() -> None:
    """An error of our own becomes the state of the source that showed it."""
    house, kept = House(herald(1)), {}

    async def get(url: str, **_: Any) -> Fetched:
        if "broken" in url:
            raise RuntimeError("a defect")
        return await FakeWeb.get(house.web, url)

    house.tools.web = type("Web", (), {"get": staticmethod(get)})()
    specs = [SPEC.model_copy(update={"name": "broken", "url": "https://broken.example/"}), SPEC]

    async def remember(health: SourceHealth) -> None:
        kept[health.source] = health

    async def run() -> None:
        collector = Collector(lambda: specs, house.tools, {}, remember)
        running = asyncio.create_task(collector.run())
        await until(lambda: len(kept) == 2)
        collector.stop()
        await running

    asyncio.run(asyncio.wait_for(run(), 30))
    assert (kept["herald"].state, kept["broken"].state, kept["broken"].stage) == ("ok", "failing", "wiredesk")
    assert "a defect" in (kept["broken"].error or "")


async def until(holds: Any) -> None:
    """Waits for a condition; the test's own bound ends a wait for one that never holds."""
    while not holds():  # noqa: ASYNC110 (what is waited for does not know that it is waited for)
        await asyncio.sleep(0.01)
