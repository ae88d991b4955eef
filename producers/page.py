"""Kind `page`: a page that lists articles and has no feed; its links are chosen, or found by themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from cssselect import HTMLTranslator, SelectorError
from lxml import etree

from producers import headlines
from producers.items import Item, Listing, NotAListing, address, collect
from producers.links import Link, base_of, html_tree, title_of
from producers.reading import Refusal
from producers.trees import Element
from schemas.source import SourceSpec

FEWEST: Final = 3
_LONGEST_TITLE = 300
_HIGHEST_CARD = 6


def parse(body: bytes, url: str, content_type: str | None = None, spec: SourceSpec | None = None) -> Listing:
    """The articles that a page lists: those that `spec.links` chooses, else those that look like articles.

    Args:
        body: the page.
        url: where it was read, from which relative links count.
        content_type: the header of that name.
        spec: the source.

    Raises:
        NotAListing: no page, a selector that cannot be read or chooses nothing, or no list to be found on it; the
            message says which, and the way out.
    """
    root, notes = html_tree(body, content_type)
    base = base_of(root, url)
    links = spec.links.strip() if spec else ""
    found = list(_chosen(root, links, base, url) if links else headlines.found(root, base))
    if not links and len({link.url for link in found if isinstance(link, Link)}) < FEWEST:
        raise NotAListing(
            f'no list of articles was found on {url}: choose its links with links = "a CSS selector" or an XPath'
        )
    items, refused, doubts = collect(_items(found), url)
    return Listing(
        items=tuple(items),
        refused=tuple(refused),
        notes=(*notes, *doubts),
        title=_title(root),
        language=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang"),
    )


def _items(links: list[Link | Refusal]) -> Iterator[Item | Refusal]:
    """An item for each address, under the longest of the titles that its links have."""
    by_url: dict[str, list[Link]] = {}
    for link in links:
        if isinstance(link, Refusal):
            yield link
        else:
            by_url.setdefault(link.url.partition("#")[0], []).append(link)
    owners = {link.element: url for url, same in by_url.items() for link in same}
    for url, same in by_url.items():
        titles = [link.title for link in same if link.title]
        date = next((found for link in same if (found := _date(link.element, url, owners))), None)
        yield Item(url=url, title=max(titles, key=len, default=None), published=date)


def _date(element: Element, url: str, owners: dict[Element, str]) -> str | None:
    """What `<time>` says in the part of the page that is about this article alone."""
    for part in (element, *itertools.islice(element.iterancestors(), _HIGHEST_CARD)):
        if any(owners.get(other, url) != url for other in part.iter("a")):
            return None
        for time in part.iter("time"):
            return " ".join((time.get("datetime") or "".join(time.itertext())).split())[:100] or None
    return None


def _chosen(root: Element, links: str, base: str, url: str) -> Iterator[Link | Refusal]:
    found = _selected(root, links)
    for number, one in enumerate(found, 1):
        element = one if hasattr(one, "iter") else one.getparent()
        href = str(one) if getattr(one, "is_attribute", False) else _href(element)
        try:
            yield Link(element, address(href or "", base), title_of(element))
        except ValueError as error:
            yield Refusal(f"{url}, link {number:,}", str(error))


def _selected(root: Element, links: str) -> list[Element]:
    """What a selector chooses.

    Raises:
        NotAListing: it cannot be read, or chooses nothing, or what is no element.
    """
    is_xpath = links.startswith(("/", "./"))
    try:
        found = root.xpath(links if is_xpath else HTMLTranslator().css_to_xpath(links))
    except (SelectorError, etree.XPathError, ValueError, RecursionError) as error:
        kind = "XPath" if is_xpath else "CSS selector"
        raise NotAListing(f"links = {links[:200]!r} is no {kind}: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, list):
        raise NotAListing(f"links = {links[:200]!r} gives {type(found).__name__}, not links: choose elements <a>")
    usable = [
        one for one in found if hasattr(one, "getparent") and (hasattr(one, "iter") or one.getparent() is not None)
    ]
    if not usable:
        raise NotAListing(f"links = {links[:200]!r} chooses nothing on the page: it may have been rebuilt")
    return usable


def _href(element: Element) -> str | None:
    """Where an element leads: by itself, by the first link in it, or by the one that it stands in."""
    inside = (one.get("href") for one in element.iter("a"))
    around = (one.get("href") for one in element.iterancestors("a"))
    return element.get("href") or next((href for href in (*inside, *around) if href), None)


def _title(root: Element) -> str | None:
    title = next(root.iter("title"), None)
    return " ".join((title.text or "").split())[:_LONGEST_TITLE] or None if title is not None else None
