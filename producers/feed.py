"""Kind `feed`: RSS .9 to 2.0, Atom .3 and 1.0, and JSON Feed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol

from producers.feedjson import FeedJson
from producers.feedloose import FeedLoose
from producers.feedxml import About, FeedXml
from producers.items import Item, Listing, NotAListing, collect
from producers.reading import Refusal
from producers.trees import is_html, mended, xml_text
from schemas.source import SourceSpec

_ROOTS: Final = frozenset({"rss", "rdf", "feed"})
_INSTEAD: Final = {
    "urlset": 'a sitemap, not a feed: give its source kind = "sitemap"',
    "sitemapindex": 'an index of sitemaps, not a feed: give its source kind = "sitemap"',
    "opml": "a list of feeds (OPML), not a feed: `wiredesk feed import FILE` takes them all",
}
_ENTRY_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_ROOT_END = re.compile(r"</(?:[\w.-]+:)?(?:rss|rdf|feed)\s*>", re.IGNORECASE)


class _Reader(Protocol):
    """What reads a feed of one form."""

    count: int
    left: str | None

    @property
    def about(self) -> About: ...

    def items(self) -> Iterator[Item | Refusal]: ...


def parse(body: bytes, url: str, content_type: str | None = None, spec: SourceSpec | None = None) -> Listing:  # noqa: ARG001 (every kind is asked alike)
    """The articles that a feed lists, at most `items.MOST_ITEMS`, and a refusal for each entry that is none.

    Args:
        body: the answer, unpacked.
        url: where it was read, from which relative links count.
        content_type: the header of that name.
        spec: the source.

    Raises:
        NotAListing: it is no feed; the message says what it is instead, and the way out.
    """
    text, root, notes = xml_text(body, content_type)
    if text.startswith("{"):
        return _json(text, url, notes)
    if root not in _ROOTS:
        raise NotAListing(_instead(text, root, url))
    return _xml(text, url, notes)


def _instead(text: str, root: str, url: str) -> str:
    if is_html(root):
        return f"an HTML page, not a feed: `wiredesk feed add {url}` looks for the feeds that it names"
    if root in _INSTEAD:
        return _INSTEAD[root]
    if root:
        return f"XML, but no feed: its root is <{root}>, and <rss>, <rdf:RDF> or <feed> are read"
    begins = " ".join(text[:60].split())
    return f"neither XML nor JSON, and so no feed: it begins with {begins!r}" if begins else "it is empty, and no feed"


def _json(text: str, url: str, notes: list[str]) -> Listing:
    reader = FeedJson(text, url)
    if not reader.problem:
        return _listing(reader, url, notes)
    fault = f"cut off or broken ({reader.problem}): {reader.count:,} whole entries before that are read"
    return _listing(reader, url, notes, fault)


def _xml(text: str, url: str, notes: list[str]) -> Listing:
    """Strictly, then with the common faults put right, then loosely."""
    strict = FeedXml(text, url)
    listing = _listing(strict, url, notes)
    if not strict.problem:
        return listing
    faults = [*notes, f"not well-formed XML ({strict.problem})"]
    text = mended(text)
    again = FeedXml(text, url)
    listing = _listing(again, url, faults)
    if not again.problem:
        return listing
    if again.count >= len(_ENTRY_END.findall(text)):
        reason = (
            f"cut off ({again.problem}): {again.count:,} whole entries before that are read, and the rest is missing"
        )
        return listing if _ROOT_END.search(text) else _listing(FeedXml(text, url), url, notes, reason)
    return _loosely(text, url, faults)


def _loosely(text: str, url: str, notes: list[str]) -> Listing:
    reader = FeedLoose(text, url)
    if reader.problem:
        raise NotAListing(f"a feed so broken that nothing of it can be read ({reader.problem}): tell its publisher")
    return _listing(reader, url, notes)


def _listing(reader: _Reader, url: str, notes: list[str], fault: str | None = None) -> Listing:
    items, refused, doubts = collect(reader.items(), url)
    about = reader.about
    reasons = [reason for reason in (fault, reader.left) if reason]
    return Listing(
        items=tuple(items),
        refused=(*refused, *(Refusal(url, reason) for reason in reasons)),
        notes=(*notes, *doubts),
        hub=about.hub,
        self_url=about.self_url,
        title=about.title,
        language=about.language,
    )
