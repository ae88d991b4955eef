"""Pages of HTML and the links on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from producers.charset import web_text
from producers.items import NotAListing, absolute
from producers.reading import NotAnArticle
from producers.trees import Element

LARGEST_PAGE: Final = 8 * 2**20
HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Link:
    """A link on a page: where it stands, where it leads, and the words that name what is there."""

    element: Element
    url: str
    title: str | None


def html_tree(body: bytes, content_type: str | None) -> tuple[Element, list[str]]:
    """The root of a page, and notes on its encoding.

    Raises:
        NotAListing: empty, too large, or no HTML.
    """
    if len(body) > LARGEST_PAGE:
        raise NotAListing(f"too large: {len(body):,} bytes, and {LARGEST_PAGE:,} are the most a page may have")
    try:
        found = web_text(body, content_type)
    except NotAnArticle as refused:
        raise NotAListing(f"the answer cannot be read: {refused}") from None
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(found.text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None or root.find(".//a") is None:
        raise NotAListing("it is no HTML page with links on it")
    return root, [found.note] if found.note else []


def base_of(root: Element, url: str) -> str:
    """The address that a page's relative links count from."""
    stated = next((one.get("href") for one in root.iter("base") if one.get("href")), None)
    return absolute(stated, url) or url


def title_of(element: Element) -> str | None:
    """The words that name what a link leads to: a heading in it, else all of its text, else its label."""
    heading = next(element.iter(*HEADINGS), None)
    text = _words(heading) if heading is not None else ""
    text = text or _words(element) or element.get("title") or element.get("aria-label") or ""
    return " ".join(text.split())[:_LONGEST_TITLE] or None


def _words(element: Element) -> str:
    return " ".join(" ".join(element.itertext()).split()) if len(element) else (element.text or "").strip()
