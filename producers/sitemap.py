"""Kind `sitemap`: news sitemaps, plain ones, indexes of them, and lists of addresses in text (sitemaps.org)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from producers import feed
from producers.inflate import InflateError, decoder
from producers.items import LARGEST, Item, Listing, NotAListing, address, collect, metadata, moment
from producers.reading import Refusal
from producers.trees import BrokenXml, Element, entries, is_html, local, mended, xml_text
from schemas.source import SourceSpec

# How many of an index's sitemaps are told, the newest first: archives of decades stand in the older ones.
MOST_SITEMAPS: Final = 50
_LONGEST = 5000
_FEEDS = frozenset({"rss", "rdf", "feed"})
_NEWS = {"title": "title", "publication_date": "published", "language": "language", "name": "publication"}
_KEPT = ("keywords", "genres", "publication", "stock_tickers")


def parse(body: bytes, url: str, content_type: str | None = None, spec: SourceSpec | None = None) -> Listing:
    """The articles that a sitemap lists, or of an index the addresses of its sitemaps as `more`.

    Args:
        body: the answer; one that is gzip itself is unpacked, within the bound.
        url: where it was read.
        content_type: the header of that name.
        spec: the source.

    Raises:
        NotAListing: it is no sitemap; the message says what it is instead, and the way out.
    """
    if body.startswith(b"\x1f\x8b"):
        body, content_type = _unpacked(body), None
    text, root, notes = xml_text(body, content_type)
    if root in _FEEDS:
        return feed.parse(body, url, content_type, spec)
    if root not in ("urlset", "sitemapindex"):
        return _of_lines(text, root, url, notes)
    reader = _Sitemap(text, root, url)
    listing = reader.listing(notes)
    if not reader.problem:
        return listing
    return _mended(text, root, url, notes)


def _mended(text: str, root: str, url: str, notes: list[str]) -> Listing:
    reader = _Sitemap(mended(text), root, url)
    return reader.listing([*notes, "not well-formed XML"])


def _unpacked(body: bytes) -> bytes:
    try:
        # Counted before it is held: a few kilobytes may unfold to more than there is memory.
        if any(size > LARGEST for size in accumulate(map(len, decoder("gzip").feed(body)))):
            raise NotAListing(f"too large: over {LARGEST:,} bytes when it is unpacked")
        return b"".join(decoder("gzip").feed(body))
    except InflateError:
        raise NotAListing("broken gzip data") from None


class _Sitemap:
    """Reads one sitemap or index. `problem` says where it stopped."""

    def __init__(self, text: str, root: str, url: str) -> None:
        self.problem: BrokenXml | None = None
        self._text, self._url = text, url
        self._is_index = root == "sitemapindex"
        self._count = 0

    def listing(self, notes: list[str]) -> Listing:
        if self._is_index:
            return self._index(notes)
        items, refused, doubts = collect(self._items(), self._url)
        return Listing(tuple(items), (), (*refused, *self._rest()), (*notes, *doubts))

    def _index(self, notes: list[str]) -> Listing:
        found: dict[str, str | None] = {}
        refused: list[Refusal] = []
        for number, element in enumerate(self._elements("sitemap"), 1):
            said = _said(element)
            try:
                found.setdefault(address(said.get("loc", ""), self._url), said.get("lastmod"))
            except ValueError as error:
                refused.append(Refusal(f"{self._url}, sitemap {number:,}", str(error)))
        more, left = _newest(found)
        notes = [*notes, f"{len(found):,} sitemaps: the newest {len(more):,} are looked at"] if left else notes
        changed = {link: stated for link in more if (stated := found[link])}
        return Listing((), more, (*refused[:MOST_SITEMAPS], *self._rest()), tuple(notes), changed=changed)

    def _rest(self) -> list[Refusal]:
        if not self.problem:
            return []
        return [Refusal(self._url, f"broken or cut off ({self.problem}): {self._count:,} entries before that are read")]

    def _elements(self, tag: str) -> Iterator[Element]:
        try:
            for element in entries(self._text, (tag,)):
                self._count += 1
                yield element
        except BrokenXml as problem:
            self.problem = problem

    def _items(self) -> Iterator[Item | Refusal]:
        for element in self._elements("url"):
            try:
                yield _item(_said(element), self._url)
            except ValueError as error:
                yield Refusal(f"{self._url}, entry {self._count:,}", str(error))


def _newest(found: dict[str, str | None]) -> tuple[tuple[str, ...], int]:
    """The newest sitemaps of an index, in its order, and how many are left."""
    if len(found) <= MOST_SITEMAPS:
        return tuple(found), 0
    order = list(found)
    when = {link: (at.timestamp() if (at := moment(found[link])) else 0.0) for link in order}
    chosen = set(sorted(order, key=lambda link: -when[link])[:MOST_SITEMAPS])
    return tuple(link for link in order if link in chosen), len(order) - MOST_SITEMAPS


def _said(element: Element) -> dict[str, str]:
    """What an entry says, its news and pictures too, by the names of the elements."""
    said: dict[str, str] = {}
    for part in element.iterdescendants():
        name, text = local(part), " ".join((part.text or "").split())[:_LONGEST]
        of_image = local(part.getparent()) == "image"
        if text:
            said.setdefault(f"image_{name}" if of_image else _NEWS.get(name, name), text)
    return said


def _item(said: dict[str, str], url: str) -> Item:
    if "loc" not in said:
        raise ValueError("it has no <loc>")
    return Item(
        url=address(said["loc"], url),
        title=said["title"][:500] if "title" in said else None,
        published=said.get("published"),
        language=said.get("language"),
        metadata=metadata(
            updated=said.get("lastmod"), image=said.get("image_loc"), **{name: said.get(name) for name in _KEPT}
        ),
    )


def _of_lines(text: str, root: str, url: str, notes: list[str]) -> Listing:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if root or not any(re.match(r"https?://\S+$", line) for line in lines[:100]):
        raise NotAListing(_instead(text, root, url))
    items, refused, doubts = collect(_addresses(lines, url), url)
    return Listing(tuple(items), (), tuple(refused), (*notes, *doubts))


def _addresses(lines: list[str], url: str) -> Iterator[Item | Refusal]:
    for number, line in enumerate(lines, 1):
        if re.match(r"https?://\S+$", line):
            try:
                yield Item(url=address(line, url))
            except ValueError as error:
                yield Refusal(f"{url}:{number:,}", str(error))
        else:
            yield Refusal(f"{url}:{number:,}", "not an address of http or https")


def _instead(text: str, root: str, url: str) -> str:
    if is_html(root):
        return f"an HTML page, not a sitemap: `wiredesk feed add {url}` looks for the sitemaps of its site"
    if root:
        return f"XML, but no sitemap: its root is <{root}>, and <urlset> or <sitemapindex> are read"
    begins = " ".join(text[:60].split())
    return f"neither a sitemap nor a list of addresses: it begins with {begins!r}" if begins else "it is empty"
