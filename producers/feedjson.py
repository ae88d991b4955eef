"""JSON Feed 1.0 and 1.1 (jsonfeed.org), item by item; of a broken one what can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from producers.entries import Entry, item_of
from producers.feedxml import About
from producers.items import Item, NotAListing, absolute
from producers.reading import Refusal

_ITEMS = re.compile(r'"items"\s*:\s*\[')
_VERSION = re.compile(r"https?://(www\.)?jsonfeed\.org/version/", re.IGNORECASE)
_DECODER = json.JSONDecoder(strict=False)


class FeedJson:
    """Reads one feed. `about` says what it is, and `problem` why its end is missing."""

    def __init__(self, text: str, url: str) -> None:
        """Takes a feed's text.

        Raises:
            NotAListing: it is no JSON Feed.
        """
        self.problem: str | None = None
        self.left: str | None = None
        self._url = url
        try:
            found = json.loads(text, strict=False)
        except RecursionError:
            raise NotAListing("JSON that is nested too deep, and no JSON Feed") from None
        except ValueError as error:
            found = self._rescued(text, str(error))
        if not isinstance(found, dict) or not isinstance(found.get("items"), list):
            raise NotAListing("JSON, but no JSON Feed: it has no list of items")
        if self.problem is None and not _VERSION.match(str(found.get("version", ""))):
            raise NotAListing("JSON, but no JSON Feed: its version does not begin with https://jsonfeed.org/version/")
        self._feed = found
        self.count = len(found["items"])

    def _rescued(self, text: str, fault: str) -> dict[str, Any]:
        """The items that stand whole before the place where the JSON breaks."""
        start = _ITEMS.search(text)
        if not start or not _VERSION.search(text):
            raise NotAListing(f"neither XML nor JSON that can be read: {fault}")
        self.problem = fault
        try:
            head = json.loads(f"{text[: start.end()]}]}}", strict=False)
        except (ValueError, RecursionError):
            head = {}
        return {**head, "items": list(_whole_items(text, start.end()))}

    @property
    def about(self) -> About:
        """What the feed says of itself."""
        feed = self._feed
        hubs = [one for one in _list(feed.get("hubs")) if isinstance(one, dict)]
        websub = (one for one in hubs if str(one.get("type", "")).lower() == "websub")
        return About(
            title=_text(feed.get("title")),
            language=_text(feed.get("language")),
            hub=absolute(_text(next(websub, {}).get("url")), self._url),
            self_url=absolute(_text(feed.get("feed_url")), self._url),
        )

    def items(self) -> Iterator[Item | Refusal]:
        """Every item, or a refusal by its number."""
        for number, one in enumerate(self._feed["items"], 1):
            found = item_of(self._entry(one)) if isinstance(one, dict) else "not a JSON object"
            yield Refusal(f"{self._url}, entry {number:,}", found) if isinstance(found, str) else found

    def _entry(self, item: dict[str, Any]) -> Entry:
        links = (_text(item.get(name)) for name in ("url", "external_url", "id"))
        base = _text(self._feed.get("home_page_url")) or self._url
        attachments = [one for one in _list(item.get("attachments")) if isinstance(one, dict)]
        return Entry(
            links=[(link, base) for number, link in enumerate(links) if link and (number < 2 or "://" in link)],
            guid=_text(item.get("id")),
            title=_text(item.get("title")),
            published=_text(item.get("date_published")),
            updated=_text(item.get("date_modified")),
            authors=_names(item) or _names(self._feed),
            texts=[
                (_text(item.get("content_html")) or "", "text/html"),
                (_text(item.get("content_text")) or "", "text/plain"),
                (_text(item.get("summary")) or "", "text/plain"),
            ],
            language=_text(item.get("language")),
            categories=tuple(tag for one in _list(item.get("tags")) if (tag := _text(one))),
            image=_text(item.get("image")),
            enclosure=next((_text(one.get("url")) for one in attachments), None),
        )


def _whole_items(text: str, at: int) -> Iterator[Any]:
    while True:
        at = re.compile(r"[\s,]*").match(text, at).end()  # type: ignore[union-attr]
        try:
            found, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield found


def _text(value: Any) -> str | None:
    """Text, and a number as text; none for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).encode("utf-8", "replace").decode("utf-8").strip() or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(item: dict[str, Any]) -> tuple[str, ...]:
    authors = [*_list(item.get("authors")), item.get("author")]
    return tuple(name for one in authors if isinstance(one, dict) and (name := _text(one.get("name"))))
