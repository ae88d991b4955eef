"""The sitemaps of an index are asked for when they may have changed, and none of their news is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from producers.further import MOST_KNOWN, Further, Known
from producers.items import Listing
from producers.look import MOST_LISTINGS, Marked, Tools, look
from producers.polite import open_web
from producers.publish import Publisher, Report
from producers.schedule import first
from schemas.health import SourceHealth
from schemas.source import SourceSpec
from tests import pages
from tests.fakes import FakeProducer, timed_out, unit_settings
from tests.web import Answer, Site, conditional

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
LATELY, LONG_AGO = "2026-11-02T11:00:00Z", "2026-10-01T00:00:00Z"


class House:
    """A source that is an index of sitemaps, on a site of the test's, and a Kafka that may lose everything."""

    def __init__(self, site: Site) -> None:
        self.site, self.settings = site, unit_settings(fetch_allow_hosts="127.0.0.1", fetch_pause=0)
        self.spec = SourceSpec(name="index", kind="sitemap", url=site.url("/index.xml"))
        self.health, self.known, self.now = first(self.spec), dict[bytes, bytes](), NOW
        self.further, self.loses = Further(), False
        for story in pages.stories(5):
            site.put(story.path, pages.page(story))

    def sitemap(self, path: str, count: int, etag: str) -> str:
        """A sitemap of so many articles, which its server does not send twice; its address."""
        body = pages.sitemap(self.site.url("").rstrip("/"), pages.stories(5)[:count])
        return self.site.put(path, conditional(body, etag, f"Wed, 18 Nov 2026 08:00:{count:02} GMT"))

    def index(self, changed: dict[str, str]) -> None:
        """An index with these addresses, and when each was changed; it never changes by its own header."""
        entries = "".join(f"<sitemap><loc>{url}</loc><lastmod>{at}</lastmod></sitemap>" for url, at in changed.items())
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        body = f'<sitemapindex xmlns="{space}">{entries}</sitemapindex>'
        self.site.put("/index.xml", conditional(body.encode(), '"same for ever"'))

    async def deliver(self, articles: Sequence[Marked]) -> Report:
        """Publishes to a fake."""
        producer = FakeProducer(refuse=lambda _: timed_out() if self.loses else None)
        with Publisher(producer, self.settings, self.known) as publisher:
            for one in articles:
                publisher.publish(one.article, one.mark, one.listed)
        return publisher.report

    def look(self) -> list[str]:
        """One look, ten minutes after the last; the sitemaps that were asked for."""
        self.now += timedelta(minutes=10)
        before = len(self.site.paths)

        async def run() -> SourceHealth:
            async with open_web(self.settings) as web:
                tools = Tools(web, self.deliver, self.known, 1_000_000, now=lambda: self.now, further=self.further)
                return await look(self.spec, self.health, tools)

        self.health = asyncio.run(run())
        return [path for path in self.site.paths[before:] if path.endswith(".xml") and path != "/index.xml"]


def test_a_sitemap_that_did_not_change_is_not_sent_again(web: Site) -> None:
    """Its server is asked with the ETag of what is known; nothing is read, and a change of it is seen at once."""
    house = House(web)
    house.index({house.sitemap("/news.xml", 2, '"two"'): LATELY})
    assert house.look() == ["/news.xml"]
    assert (house.look(), house.health.discovered) == (["/news.xml"], 2)
    assert web.requests[-1].headers["if-none-match"] == '"two"'
    house.sitemap("/news.xml", 3, '"three"')
    house.look()
    assert (house.health.published, house.health.known) == (3, 2)


def test_a_sitemap_of_long_ago_is_not_asked_for_but_once_a_day(web: Site) -> None:
    """One that its index says has not changed for a day is passed over, and the last changed is asked first."""
    house = House(web)
    old, new = house.sitemap("/old.xml", 2, '"old"'), house.sitemap("/new.xml", 3, '"new"')
    house.index({old: LONG_AGO, new: LATELY})
    assert house.look() == ["/new.xml", "/old.xml"]
    assert house.look() == ["/new.xml"]
    house.now += timedelta(days=1)
    assert "/old.xml" in house.look()


def test_what_kafka_did_not_take_is_asked_for_again(web: Site) -> None:
    """Nothing of a sitemap counts as known before all of it was acknowledged."""
    house = House(web)
    house.index({house.sitemap("/news.xml", 2, '"two"'): LONG_AGO})
    house.loses = True
    house.look()
    house.loses = False
    assert (house.health.undelivered, house.look(), house.health.published) == (2, ["/news.xml"], 2)


def test_of_a_long_index_all_are_read_in_the_end(web: Site) -> None:
    """A look reads so many, the last changed first; those of long ago give way to those that were not read yet."""
    house = House(web)
    days = [NOW - timedelta(days=2 + n) for n in range(2 * MOST_LISTINGS)]
    house.index({house.sitemap(f"/{n}.xml", 1, f'"{n}"'): f"{day:%Y-%m-%dT%H:%M:%SZ}" for n, day in enumerate(days)})
    assert house.look() == [f"/{n}.xml" for n in range(MOST_LISTINGS)]
    assert house.look() == [f"/{n}.xml" for n in range(MOST_LISTINGS, 2 * MOST_LISTINGS)]
    assert house.look() == []


@pytest.mark.parametrize("at", ["", LATELY])
def test_of_a_long_index_that_says_nothing_of_its_sitemaps_all_are_read_in_turn(web: Site, at: str) -> None:
    """Where all changed just now, or nobody knows when, each is asked for after some looks, and the first in each."""
    house = House(web)
    house.index({house.sitemap(f"/{n}.xml", 1, f'"{n}"'): at for n in range(2 * MOST_LISTINGS)})
    looks = [house.look() for _ in range(3)]
    assert {path for asked in looks for path in asked} == {f"/{n}.xml" for n in range(2 * MOST_LISTINGS)}
    assert all("/0.xml" in asked and len(asked) == MOST_LISTINGS for asked in looks)


def test_one_that_cannot_be_had_is_counted_and_asked_for_again(web: Site) -> None:
    """Its failure is among what was refused, and the next look asks anew."""
    house = House(web)
    house.index({house.sitemap("/news.xml", 2, '"two"'): LONG_AGO})
    web.put("/news.xml", Answer(status=503))
    house.look()
    assert house.health.refused == {"request": 1}
    house.sitemap("/news.xml", 2, '"two"')
    assert (house.look(), house.health.published) == (["/news.xml"], 2)


def test_only_so_many_are_remembered() -> None:
    """The oldest make room."""
    further = Further()
    known = Known('"one"', None, LONG_AGO, NOW)
    further.keep({f"https://a.example/{n}": known for n in range(MOST_KNOWN + 1)})
    assert further.validators("https://a.example/0") == (None, None)
    assert further.validators("https://a.example/1") == ('"one"', None)
    listing = Listing(more=("https://a.example/1",), changed={"https://a.example/1": LONG_AGO})
    assert further.wanted(listing, NOW) == []
