"""RSS 2.0 (RSS Advisory Board), with Dublin Core for who wrote it, and Atom for the feed's own address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from desk.exports.about import GENERATOR, About, lead, link, moment, urn, web_address
from desk.exports.markup import DECLARATION, comment, element
from desk.exports.newscodes import SCHEME

_OPENED = '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel>'
_CLOSED = "</channel>\n</rss>\n"


def write(about: About, articles: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The channel with an item for each article."""
    top = [
        element("title", about.title),
        element("link", about.address),
        element("description", about.description),
        element("lastBuildDate", _date(about.at)),
        element("generator", GENERATOR),
        *([element("atom:link", rel="self", type="application/rss+xml", href=about.itself)] if about.itself else []),
    ]
    yield DECLARATION + comment(f"{about.query} | {about.description}") + _OPENED + "\n".join(top) + "\n"
    for article in articles:
        yield "<item>" + "".join(_item(article, about)) + "</item>\n"
    yield _CLOSED


def _item(article: dict[str, Any], about: About) -> Iterator[str]:
    yield element("title", article["title"])
    yield element("link", link(article, about))
    yield element("guid", urn(article), isPermaLink="false")
    yield element("pubDate", _date(moment(article["date"])))
    yield element("description", lead(article))
    for author in article.get("authors") or ():
        yield element("dc:creator", author)
    for topic in article.get("topics") or ():
        yield element("category", topic["name"], domain=SCHEME)
    if language := article.get("language"):
        yield element("dc:language", language)
    origin = web_address({"url": article["origin"]})
    yield element("source", article["source"], url=origin) if origin else element("dc:source", article["source"])


def _date(at: datetime) -> str:
    """A time as RFC 822 writes it, which RSS asks for."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
