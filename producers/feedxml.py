"""RSS .9 to 2.0 (RDF among them) and Atom .3 and 1.0, entry by entry, where the XML is well-formed."""

from __future__ import annotations

import contextlib
import functools
import heapq
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import urljoin

from lxml import etree

from producers.entries import Entry, escaped_text, item_of
from producers.items import MOST_ITEMS, Item, absolute, moment, plain
from producers.reading import Refusal
from producers.trees import NAMESPACES, BrokenXml, Element, entries, local, tree

_PARENTS = frozenset({"channel", "rss", "rdf", "feed"})
_OWN = (
    "",
    "http://www.w3.org/2005/Atom",
    "http://purl.org/atom/ns#",
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://channel.netscape.com/rdf/simple/0.9/",
    "http://backend.userland.com/rss2",
)
_OTHERS = ("content", "dc", "dcterms", "feedburner", "itunes", "media")
_PREFIXES = {**dict.fromkeys(_OWN, ""), **{NAMESPACES[name].rstrip("/"): f"{name}:" for name in _OTHERS}}
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ABOUT = f"{{{NAMESPACES['rdf']}}}about"
_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\b", re.IGNORECASE)
_PUBLISHED = ("pubdate", "published", "issued", "dc:date", "dcterms:issued", "created")
_UPDATED = ("updated", "modified", "dcterms:modified")
_MARKUP = frozenset({"html", "text/html", "xhtml", "application/xhtml+xml"})
_PLAIN = frozenset({"text", "text/plain"})

Parts = dict[str, list[Element]]


@dataclass(slots=True)
class About:
    """What a feed says of itself."""

    title: str | None = None
    language: str | None = None
    hub: str | None = None
    self_url: str | None = None


class FeedXml:
    """Reads one feed. After `items` has run, `about` says what the feed is, and `problem` where it stopped."""

    def __init__(self, text: str, url: str) -> None:
        self.about = About()
        self.problem: BrokenXml | None = None
        self.count = 0
        self.left: str | None = None
        self._text, self._url = text, url
        self._has_bases = "xml:base" in text

    def items(self) -> Iterator[Item | Refusal]:
        """Every entry: as an item, or a refusal by its number."""
        chosen = self._newest() if len(_END.findall(self._text)) > 2 * MOST_ITEMS else None
        element = None
        try:
            for element in self._elements():
                self.count += 1
                if chosen is None or self.count in chosen:
                    yield self._one(element)
            root = tree(self._text) if element is None else element.getroottree().getroot()
        except BrokenXml as problem:
            self.problem = problem
            root = None if element is None else element.getroottree().getroot()
        if root is not None:
            self.about = _about(root, self._url)
        if chosen is not None:
            left = self.count - len(chosen)
            self.left = f"{self.count:,} entries: the newest {MOST_ITEMS:,} are taken, and {left:,} older ones left"

    def _elements(self) -> Iterator[Element]:
        for element in entries(self._text, ("item", "entry")):
            if element.getparent() is not None and local(element.getparent()) in _PARENTS:
                yield element

    def _newest(self) -> set[int]:
        """The numbers of the newest entries, by their dates alone: to read all of so many would take long."""
        dates: list[float] = []
        with contextlib.suppress(BrokenXml):
            for element in self._elements():
                parts = parts_of(element)
                found = moment(_first(parts, *_PUBLISHED) or _first(parts, *_UPDATED))
                dates.append(found.timestamp() if found else 0.0)
        best = heapq.nlargest(MOST_ITEMS, range(len(dates)), key=lambda at: (dates[at], -at))
        return {at + 1 for at in best}

    def _one(self, element: Element) -> Item | Refusal:
        found = item_of(self._entry(element))
        return Refusal(f"{self._url}, entry {self.count:,}", found) if isinstance(found, str) else found

    def _entry(self, element: Element) -> Entry:
        parts = parts_of(element)
        is_atom = local(element) == "entry"
        return Entry(
            links=[(link, self._base(near, link)) for link, near in _links(element, parts)],
            guid=_first(parts, "guid", "id", "dc:identifier") or element.get(_ABOUT),
            title=_title(parts),
            published=_first(parts, *_PUBLISHED),
            updated=_first(parts, *_UPDATED),
            authors=_authors(element, parts),
            texts=_atom_texts(parts) if is_atom else _rss_texts(parts),
            language=element.get(_LANG) or _first(parts, "dc:language"),
            categories=tuple(
                label
                for one in (*parts["category"], *parts["dc:subject"])
                if (label := plain(one.get("label") or one.text or one.get("term") or ""))
            ),
            image=_image(parts),
            enclosure=_enclosure(parts),
            via=_via(parts),
        )

    def _base(self, element: Element, link: str) -> str:
        """The address that a relative link counts from: by xml:base, else of the site, else of the feed."""
        if self._has_bases and (stated := element.base):
            return urljoin(self._url, str(stated))
        if link.lstrip()[:4].lower() == "http":
            return self._url
        for ancestor in element.iterancestors():
            site = parts_of(ancestor)["link"] if local(ancestor) == "channel" else []
            if found := next((one.text for one in site if one.text and absolute(one.text.strip(), "")), None):
                return str(found).strip()
        return self._url


@functools.lru_cache(maxsize=1024)
def _name(tag: str) -> str | None:
    """An element's name with the usual prefix of its namespace; none where nothing is known of that."""
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    prefix = _PREFIXES.get(namespace, _PREFIXES.get(namespace.rstrip("/")))
    return None if prefix is None else prefix + name.lower()


def parts_of(element: Element) -> Parts:
    """An element's children by name, those of media groups among them."""
    parts: Parts = defaultdict(list)
    for child in element:
        name = _name(child.tag) if isinstance(child.tag, str) else None
        if name == "media:group":
            for inner_name, inner in parts_of(child).items():
                parts[inner_name] += inner
        elif name:
            parts[name].append(child)
    return parts


def _first(parts: Parts, *names: str) -> str | None:
    for name in names:
        for element in parts.get(name, ()):
            if text := "".join(element.itertext()).strip():
                return text
    return None


def _title(parts: Parts) -> str | None:
    for element in parts.get("title") or parts.get("dc:title") or parts.get("media:title") or ():
        text, kind = _atom_text(element) if element.get("type") else escaped_text(inner(element))
        return plain(text) if kind == "text/html" else " ".join(text.split())
    return None


def _links(element: Element, parts: Parts) -> Iterator[tuple[str, Element]]:
    chosen = [one for one in parts.get("link", ()) if one.get("rel", "alternate") == "alternate"]
    chosen.sort(key=lambda link: link.get("type", "text/html") not in _MARKUP)
    for one in (*parts.get("feedburner:origlink", ()), *chosen):
        if link := (one.text or "").strip() or one.get("href"):
            yield link, one
    for one in parts.get("guid", ()):
        if one.get("isPermaLink", "true").lower() != "false" and "://" in (one.text or ""):
            yield one.text, one
    elsewhere = [element.get(_ABOUT), *(one.get("src") for one in parts.get("content", ()))]
    yield from ((link, element) for link in elsewhere if link)


def _authors(element: Element, parts: Parts) -> tuple[str, ...]:
    own = _names(parts)
    if own or local(element) != "entry":
        return own
    of_feed = _names(parts_of(element.getparent())) if element.getparent() is not None else ()
    return next((names for source in parts["source"] if (names := _names(parts_of(source)))), of_feed)


def _names(parts: Parts) -> tuple[str, ...]:
    for name in ("author", "dc:creator", "itunes:author"):
        if found := tuple(text for one in parts[name] if (text := _person(one))):
            return found
    return ()


def _person(element: Element) -> str:
    parts = parts_of(element)
    return _first(parts, "name", "email") or "" if len(element) else (element.text or "").strip()


def _rss_texts(parts: Parts) -> list[tuple[str, str]]:
    names = ("content:encoded", "content", "description", "summary", "itunes:summary", "media:description")
    return [escaped_text(inner(one)) for name in names for one in parts.get(name, ())[:1]]


def _atom_texts(parts: Parts) -> list[tuple[str, str]]:
    names = ("content", "content:encoded", "summary", "media:description")
    return [_atom_text(one) for name in names for one in parts.get(name, ())[:1]]


def _atom_text(element: Element) -> tuple[str, str]:
    """What an Atom text holds, and its type; nothing for what is no text."""
    kind = element.get("type", "text").lower().partition(";")[0].strip()
    if element.get("src") or element.get("mode") == "base64":
        return "", "text/plain"
    if len(element) or kind in _MARKUP:
        return inner(element), "text/html"
    if kind in _PLAIN or kind.startswith("text/"):
        return element.text or "", "text/plain"
    return "", "text/plain"


def inner(element: Element) -> str:
    """What stands in an element: its text, with the markup of the elements in it."""
    if not len(element):
        return element.text or ""
    for part in element.iterdescendants():
        if isinstance(part.tag, str):
            part.tag = local(part) or "span"
    etree.cleanup_namespaces(element)
    children = (etree.tostring(child, encoding="unicode", method="html") for child in element)
    return escape(element.text or "", quote=False) + "".join(children)


def _image(parts: Parts) -> str | None:
    for one in (*parts["media:content"], *parts["media:thumbnail"], *parts["enclosure"]):
        kind = one.get("type", "image/" if one.get("medium", "image") == "image" else "")
        if one.get("url") and kind.startswith("image/"):
            return str(one.get("url"))
    return None


def _enclosure(parts: Parts) -> str | None:
    linked = [one for one in parts["link"] if one.get("rel") == "enclosure"]
    for one in (*parts["enclosure"], *linked):
        return " ".join(filter(None, (one.get("url") or one.get("href"), one.get("type"))))
    return None


def _via(parts: Parts) -> str | None:
    for source in parts["source"]:
        return plain(source.text or "") or _first(parts_of(source), "title") or source.get("url")
    return None


def _about(root: Element, url: str) -> About:
    channel = next((child for child in root if local(child) == "channel"), root)
    parts = parts_of(channel)
    related: dict[str, str] = {}
    for one in (*parts["link"], *parts_of(root)["link"]):
        if one.get("href"):
            related.setdefault(one.get("rel", "alternate").lower(), one.get("href"))
    base = urljoin(url, str(channel.base or ""))
    return About(
        title=_title(parts),
        language=_first(parts, "language", "dc:language") or channel.get(_LANG) or root.get(_LANG),
        hub=absolute(related.get("hub"), base),
        self_url=absolute(related.get("self"), base),
    )
