"""From what a listing says of an article, and its page, to the raw article."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

from producers import reading
from producers.charset import web_text
from producers.items import Item, Listing, absolute, metadata, plain
from producers.reading import NotAnArticle, Refusal
from producers.site import host, same_site
from schemas.article import RawArticle
from schemas.source import SourceSpec

# From how many characters on a feed's own text is taken for the whole article.
LONG: Final = 1500
_WIDE = re.compile("[\u2e80-\ud7af]")
_WIDE_COUNTS = 2.5
_GOES_ON = re.compile(
    r"(?:\[?(?:…|\.\.\.)\]?|\b(?:read more|continue reading|weiterlesen|lire la suite|leer más|читать далее)\W*)\s*$",
    re.IGNORECASE,
)
_HEAD = 400_000
_TAG = re.compile(r"<(link|meta|base)\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([A-Za-z:-]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_PAGES = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml"})
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream", "unknown/unknown", "text/plain"})
_MARKUP = re.compile(r"<(?:!doctype html|html|head|body|meta|p|div|article)\b", re.IGNORECASE)


class Page(Protocol):
    """What is used of a fetched page."""

    @property
    def url(self) -> str:
        """The address that answered."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name in lower case."""

    @property
    def body(self) -> bytes:
        """As it is unpacked."""


def itself(body: bytes, url: str, content_type: str | None = None, spec: SourceSpec | None = None) -> Listing:  # noqa: ARG001 (every kind is asked alike)
    """Kind `url`: a page that stands for the one article on it."""
    return Listing(items=(Item(url=url),))


def is_whole(item: Item, spec: SourceSpec) -> bool:
    """Whether an item's own text is the article, so that its page is not fetched: as the source says, or by length."""
    if item.url is None or spec.content == "feed":
        return True
    if spec.content == "page" or len(item.content) < LONG / _WIDE_COUNTS:
        return False
    text = plain(item.content) if item.content_type == "text/html" else item.content
    length = len(text) + (_WIDE_COUNTS - 1) * len(_WIDE.findall(text))
    return length >= LONG and not _GOES_ON.search(text[-100:])


def article(item: Item, page: Page | None, spec: SourceSpec, now: datetime, max_bytes: int) -> RawArticle | Refusal:
    """The article that a page holds, or without a page the one that the listing itself carries.

    Title, date and authors are kept as the listing states them. The address is the one that the page calls its own
    (`canonical`, `og:url`) where that is of the same site, else the one that answered.

    Args:
        item: what the listing says.
        page: its fetched page; none where the item's own text is taken.
        spec: the source.
        now: the time of fetching.
        max_bytes: largest article, in bytes of UTF-8.
    """
    place = (page.url if page else item.url) or f"{spec.place}, {item.metadata.get('guid') or item.title or 'an entry'}"
    try:
        return _of_page(item, page, spec, now, max_bytes) if page else _of_item(item, spec, now, max_bytes)
    except NotAnArticle as refused:
        return Refusal(" ".join(place.split())[:500], str(refused))


def _of_item(item: Item, spec: SourceSpec, now: datetime, max_bytes: int) -> RawArticle:
    if not item.content.strip():
        raise NotAnArticle('the listing carries no text of it: give the source content = "page"')
    return _made(item, spec, now, max_bytes, origin=spec.place, content=item.content, content_type=item.content_type)


def _of_page(item: Item, page: Page, spec: SourceSpec, now: datetime, max_bytes: int) -> RawArticle:
    if len(page.body) > 4 * max_bytes:
        raise NotAnArticle(f"too large: {len(page.body):,} bytes, and max_article_bytes is {max_bytes:,}")
    stated = page.headers.get("content-type")
    found = web_text(page.body, stated)
    kind = _kind(stated, found.text)
    if item.url and _leads_home(item.url, page.url):
        raise NotAnArticle(f"its address {item.url} leads to the front page {page.url}: the article is gone")
    url, elsewhere = own_address(found.text, page.url) if kind == "text/html" else (page.url, None)
    said = metadata(link=item.url if item.url != url else None, canonical=elsewhere, encoding=found.note)
    return _made(
        item, spec, now, max_bytes, origin=page.url, content=found.text, content_type=kind, url=url, metadata=said
    )


def _made(
    item: Item,
    spec: SourceSpec,
    now: datetime,
    max_bytes: int,
    *,
    origin: str,
    content: str,
    content_type: Literal["text/plain", "text/html"],
    url: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> RawArticle:
    feed = {"feed": spec.url} if spec.url and spec.url != item.url else {}
    return reading.article(
        source=spec.name,
        origin=origin,
        content=content,
        fetched_at=now,
        max_bytes=max_bytes,
        url=url or item.url,
        content_type=content_type,
        title=item.title,
        authors=item.authors,
        published=item.published,
        language=item.language or spec.language,
        metadata={**item.metadata, **(metadata or {}), **feed},
    )


def _kind(stated: str | None, text: str) -> Literal["text/plain", "text/html"]:
    """Whether an answer is a page or plain text.

    Raises:
        NotAnArticle: it is neither.
    """
    name = (stated or "").partition(";")[0].strip().lower()
    if name in _PAGES or (name in _UNSAID and _MARKUP.search(text, 0, 4096)):
        return "text/html"
    if name in _UNSAID:
        return "text/plain"
    raise NotAnArticle(f"{name[:80]}, and only pages and plain text are read")


def own_address(page: str, url: str) -> tuple[str, str | None]:
    """The address that a page calls its own where it is of the same site, and one of another site that it names.

    A page that calls a front page its own is wrong about it: then the address that answered stands.
    """
    base, elsewhere = url, None
    for kind, address in sorted(_claims(page[:_HEAD])):
        if kind == "0 base":
            base = absolute(address, url) or url
            continue
        claimed = absolute(address, base)
        if claimed is None or (_is_front(claimed) and not _is_front(url)):
            continue
        if same_site(claimed, url):
            return claimed, elsewhere
        elsewhere = elsewhere or claimed
    return url, elsewhere


def _claims(head: str) -> Iterator[tuple[str, str]]:
    for match in _TAG.finditer(head):
        said = {name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(match[2])}
        tag = match[1].lower()
        if tag == "base" and said.get("href"):
            yield "0 base", said["href"]
        elif tag == "link" and "canonical" in said.get("rel", "").lower().split():
            yield "1 canonical", said.get("href", "")
        elif tag == "meta" and said.get("property", said.get("name", "")).lower() == "og:url":
            yield "2 og:url", said.get("content", "")


def _is_front(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path.strip("/").lower() in ("", "index.html", "index.php", "home") and not parts.query


def _leads_home(asked: str, answered: str) -> bool:
    return _is_front(answered) and not _is_front(asked) and host(asked) == host(answered)
