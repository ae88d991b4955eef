"""Contents for the tests' own web server: feeds, sitemaps and pages of made-up articles, in any encoding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from tests.web import Site

FIRST = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TEXT = (
    "The ministers met in Geneva on Monday and spoke about grain exports for two hours.",
    "They agreed to meet again in Warsaw next month, a spokesman for the European Union said after the talks.",
    "Farmers in Poland and Romania had asked for a longer pause, which the Commission in Brussels had refused.",
)


@dataclass(frozen=True)
class Story:
    """One made-up article."""

    path: str
    title: str
    published: datetime
    summary: str = TEXT[0]
    author: str = "Ana Petrescu"


def stories(count: int, prefix: str = "/news") -> list[Story]:
    """Articles an hour apart, the newest first."""
    return [
        Story(f"{prefix}/{number}-grain-talks", f"Grain talks, day {number}", FIRST + timedelta(hours=number))
        for number in range(count, 0, -1)
    ]


def rss(base: str, items: Iterable[Story], *, encoding: str = "utf-8", hub: str = "") -> bytes:
    """An RSS 2.0 feed of a site at `base`."""
    link = f'<atom:link rel="hub" href="{escape(hub)}"/>' if hub else ""
    entries = "".join(
        f"<item><title>{escape(item.title)}</title><link>{escape(base + item.path)}</link>"
        f"<guid>{escape(base + item.path)}</guid><pubDate>{format_datetime(item.published)}</pubDate>"
        f"<dc:creator>{escape(item.author)}</dc:creator><description>{escape(item.summary)}</description></item>"
        for item in items
    )
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>The Grain Post</title>'
        f"<link>{escape(base)}/</link><description>Grain</description><language>en</language>{link}{entries}</channel></rss>"
    )
    return text.encode(encoding, "xmlcharrefreplace")


def atom(base: str, items: Iterable[Story], *, encoding: str = "utf-8") -> bytes:
    """An Atom feed of a site at `base`."""
    entries = "".join(
        f'<entry><title>{escape(item.title)}</title><link href="{escape(base + item.path)}"/>'
        f"<id>{escape(base + item.path)}</id><published>{item.published.isoformat()}</published>"
        f"<updated>{item.published.isoformat()}</updated><author><name>{escape(item.author)}</name></author>"
        f"<summary>{escape(item.summary)}</summary></entry>"
        for item in items
    )
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
        f"<title>The Grain Post</title><id>{escape(base)}/</id><updated>{FIRST.isoformat()}</updated>{entries}</feed>"
    )
    return text.encode(encoding, "xmlcharrefreplace")


def sitemap(base: str, items: Iterable[Story]) -> bytes:
    """A news sitemap of a site at `base`."""
    entries = "".join(
        f"<url><loc>{escape(base + item.path)}</loc><news:news><news:publication><news:name>The Grain Post</news:name>"
        f"<news:language>en</news:language></news:publication>"
        f"<news:publication_date>{item.published.isoformat()}</news:publication_date>"
        f"<news:title>{escape(item.title)}</news:title></news:news></url>"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{entries}</urlset>'
    ).encode()


def sitemap_index(addresses: Sequence[str]) -> bytes:
    """A sitemap that names further ones."""
    entries = "".join(f"<sitemap><loc>{escape(address)}</loc></sitemap>" for address in addresses)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</sitemapindex>'
    ).encode()


def page(item: Story, *, encoding: str = "utf-8", paragraphs: Sequence[str] = TEXT) -> bytes:
    """An article's page, with the furniture that pages have."""
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="{encoding}">'
        f"<title>{escape(item.title)} | Grain Post</title>"
        f'<meta property="article:published_time" content="{item.published.isoformat()}"></head><body>'
        '<nav><a href="/">Home</a> <a href="/about">About us</a></nav>'
        f"<article><h1>{escape(item.title)}</h1><p class=byline>By {escape(item.author)}</p>{body}</article>"
        "<footer>Subscribe to our newsletter. All rights reserved.</footer></body></html>"
    )
    return text.encode(encoding, "xmlcharrefreplace")


def front(items: Iterable[Story], *, feed: str = "", feed_kind: str = "application/rss+xml") -> bytes:
    """A home page that lists articles; with `feed`, it names one in its head."""
    named = f'<link rel="alternate" type="{feed_kind}" href="{escape(feed)}">' if feed else ""
    listed = "".join(
        f'<li class="story"><h2><a href="{escape(item.path)}">{escape(item.title)}</a></h2>'
        f"<p>{escape(item.summary)}</p></li>"
        for item in items
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The Grain Post</title>{named}</head><body>'
        '<nav><a href="/">Home</a> <a href="/about">About us</a> <a href="/contact">Contact</a></nav>'
        f"<main><ul>{listed}</ul></main><footer><a href='/imprint'>Imprint</a></footer></body></html>"
    ).encode()


def newspaper(site: Site, count: int) -> list[Story]:
    """Puts up a home page that names its feed, the feed, and so many articles."""
    found = stories(count)
    site.put("/", front((), feed=site.url("/rss")))
    site.put("/rss", rss(site.url("").rstrip("/"), found), kind="application/rss+xml")
    for story in found:
        site.put(story.path, page(story))
    return found
