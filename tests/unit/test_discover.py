"""From any address of a site to its feeds, its sitemaps, or the list on its page."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import pytest

from producers.discover import Candidate, discover
from producers.fetched import Fetched, FetchError

HOME = "https://herald.example/"
ARTICLES = "".join(
    f'<article><h2><a href="/2026/11/0{n}/a-story-of-some-length-{n}">A story of some length, number {n}</a></h2>'
    f"<p>What it is about, in a sentence.</p></article>"
    for n in range(1, 8)
)


def rss(*days: int) -> bytes:
    """A feed with an item on each of these days of November."""
    items = "".join(
        f"<item><title>Day {day}</title><link>https://herald.example/{day}</link>"
        f"<pubDate>{day:02} Nov 2026 10:00:00 GMT</pubDate></item>"
        for day in days
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Herald</title>{items}</channel></rss>'.encode()


def sitemap(*addresses: str) -> bytes:
    """A sitemap of these pages."""
    urls = "".join(f"<url><loc>{one}</loc><lastmod>2026-11-05</lastmod></url>" for one in addresses)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()


def home(head: str = "", body: str = ARTICLES) -> bytes:
    """A home page."""
    return f"<!doctype html><html><head><title>Herald</title>{head}</head><body>{body}</body></html>".encode()


@dataclass
class Site:
    """A web of these pages, with what robots.txt names as sitemaps."""

    pages: dict[str, bytes]
    named: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    async def get(self, url: str) -> Fetched:
        """The page, or 404."""
        self.asked.append(url)
        if url not in self.pages:
            raise FetchError("request", "nothing is at this address", "hard", status=404)
        return Fetched(url, 200, {}, self.pages[url], None, False, 0.1, 1)

    async def sitemaps(self, url: str) -> tuple[str, ...]:
        """As robots.txt has them."""
        return self.named


def found(site: Site, url: str = HOME) -> list[Candidate]:
    """What is discovered."""
    return asyncio.run(discover(site, url))


def told(candidates: list[Candidate]) -> list[tuple[str, str]]:
    """Kinds and addresses alone."""
    return [(one.kind, one.url) for one in candidates]


def test_an_address_of_a_feed_is_that_feed() -> None:
    """Nothing else of the site is asked for."""
    site = Site({"https://herald.example/x.xml": rss(1, 2)})
    (one,) = found(site, "https://herald.example/x.xml")
    assert (one.kind, one.title, one.items, one.newest and one.newest.day) == ("feed", "Herald", 2, 2)
    assert len(site.asked) == 1


def test_feeds_that_a_page_names_come_first_the_newest_before_the_rest() -> None:
    """Feeds of the head and of links on the page, by their newest article; the page itself comes last."""
    head = (
        '<link rel="alternate" type="application/rss+xml" href="/old.xml">'
        '<link rel="alternate" type="application/atom+xml" href="/gone.xml">'
        '<link rel="alternate" hreflang="de" href="/de/">'
    )
    body = f'{ARTICLES}<footer><a href="/rss/new">RSS</a> <a href="/about">About</a></footer>'
    site = Site({HOME: home(head, body), f"{HOME}old.xml": rss(1), f"{HOME}rss/new": rss(3, 4)})
    assert told(found(site)) == [("feed", f"{HOME}rss/new"), ("feed", f"{HOME}old.xml"), ("page", HOME)]


def test_a_feed_that_no_page_names_is_found_where_feeds_are_kept() -> None:
    """The usual places are tried when the page is silent."""
    site = Site({HOME: home(), f"{HOME}feed.xml": rss(1)})
    assert told(found(site))[0] == ("feed", f"{HOME}feed.xml")


def test_the_news_sitemap_of_robots_comes_before_the_others() -> None:
    """Of several sitemaps the one for news is taken."""
    site = Site(
        {
            HOME: home(body='<p>Welcome</p><a href="/a">A</a>'),
            f"{HOME}all.xml": sitemap(f"{HOME}about"),
            f"{HOME}news.xml": sitemap(f"{HOME}1", f"{HOME}2"),
        },
        named=(f"{HOME}all.xml", f"{HOME}news.xml"),
    )
    assert told(found(site)) == [("sitemap", f"{HOME}news.xml")]


def test_a_page_without_any_feed_stands_for_itself() -> None:
    """A page that lists articles can be followed by its own links."""
    (one,) = found(Site({HOME: home()}))
    assert (one.kind, one.url, one.items) == ("page", HOME, 7)


@pytest.mark.parametrize("body", [b"", b"{}", home(body="<p>Welcome</p>"), b"\x00\xff", json.dumps({"a": 1}).encode()])
def test_where_nothing_lists_articles_nothing_is_found(body: bytes) -> None:
    """A page without articles is no source, and no error either."""
    assert found(Site({HOME: body})) == []


def test_an_address_that_cannot_be_read_is_said() -> None:
    """The failure of the address itself is the caller's to tell."""
    with pytest.raises(FetchError, match="nothing is at this address"):
        found(Site({}))


def test_a_site_is_not_asked_without_end() -> None:
    """A page that names a thousand feeds costs a bounded number of requests."""
    head = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{n}.xml">' for n in range(1000))
    site = Site({HOME: home(head)})
    found(site)
    assert len(site.asked) < 50
