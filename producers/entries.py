"""What one entry of a feed says, whatever the feed's format, and the item that it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from producers.items import Item, address, has_markup, metadata, plain

_MAIL_AND_NAME = re.compile(r"\s*\S+@\S+\s+\((.{1,200})\)\s*")
_PICTURE = re.compile(r"https?://[^\s<>\"']{4,800}$", re.IGNORECASE)
_LARGEST_CONTENT = 2**22


@dataclass(slots=True)
class Entry:
    """What an entry says. `links` come the most telling first, each with the address that it counts from.

    Of `texts` the first that is one is the article's, the last its summary; `text/html` is markup.
    """

    links: list[tuple[str, str]] = field(default_factory=list)
    guid: str | None = None
    title: str | None = None
    published: str | None = None
    updated: str | None = None
    authors: tuple[str, ...] = ()
    texts: list[tuple[str, str]] = field(default_factory=list)
    language: str | None = None
    categories: tuple[str, ...] = ()
    image: str | None = None
    enclosure: str | None = None
    via: str | None = None


def item_of(entry: Entry) -> Item | str:
    """The item that an entry makes, or in words why it makes none."""
    url, fault = _url(entry.links)
    texts = [(text, kind) for text, kind in entry.texts if text.strip()]
    content, kind = texts[0] if texts else ("", "text/plain")
    if reason := _refused(entry, url, fault, content):
        return reason
    summary = plain(texts[-1][0]) if len(texts) > 1 else None
    return Item(
        url=url,
        title=_line(entry.title),
        published=_line(entry.published) or _line(entry.updated),
        authors=_authors(entry.authors),
        content=content,
        content_type="text/html" if kind == "text/html" else "text/plain",
        language=_line(entry.language),
        metadata=_metadata(entry, url, summary, fault),
    )


def _metadata(entry: Entry, url: str | None, summary: str | None, fault: str | None) -> Mapping[str, str]:
    return metadata(
        guid=_line(entry.guid),
        updated=_line(entry.updated),
        summary=summary,
        categories=", ".join(dict.fromkeys(entry.categories)),
        image=entry.image if entry.image and _PICTURE.match(entry.image) else None,
        enclosure=entry.enclosure,
        via=entry.via,
        link_fault=fault if url is None else None,
    )


def _refused(entry: Entry, url: str | None, fault: str | None, content: str) -> str | None:
    if url is None and not content:
        if entry.enclosure and not fault:
            return f"it has only an enclosure ({entry.enclosure[:80]}), and neither link nor text"
        return fault or "it has neither link nor text"
    if len(content) > _LARGEST_CONTENT:
        return f"too large: {len(content):,} characters of text, and {_LARGEST_CONTENT:,} are the most in a listing"
    return None


def _url(links: list[tuple[str, str]]) -> tuple[str | None, str | None]:
    """The first link that can be followed, and else what is wrong with the first."""
    fault = None
    for link, base in links:
        try:
            return address(link, base), None
        except ValueError as error:
            fault = fault or str(error)
    return None, fault


def _line(text: str | None) -> str | None:
    return " ".join(text.split())[:500] or None if text else None


def _authors(stated: tuple[str, ...]) -> tuple[str, ...]:
    """Names as stated; of RSS's form `address (name)` the name."""
    names = (_MAIL_AND_NAME.fullmatch(name) for name in stated)
    found = (match[1] if match else name for match, name in zip(names, stated, strict=True))
    return tuple(dict.fromkeys(name[:300] for text in found if (name := plain(text))))[:50]


def escaped_text(text: str) -> tuple[str, str]:
    """What an element of RSS holds, which does not say whether it is markup, and its type."""
    return text, "text/html" if has_markup(text) else "text/plain"
