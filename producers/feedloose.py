"""Feeds that are no well-formed XML, by feedparser, which reads on where others stop."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from producers.entries import Entry, escaped_text, item_of
from producers.feedxml import About
from producers.items import Item, absolute, plain
from producers.reading import Refusal

# It takes a hundred times as long as a reader of well-formed XML, so it gets less to read.
MOST_LOOSE: Final = 500
_LARGEST_LOOSE: Final = 2**18
_MOST_TAGS: Final = 4_000
_LONG_TAG = re.compile(r"<[A-Za-z/][^<>]{5000,}")
_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_MARKUP = ("text/html", "application/xhtml+xml")


class FeedLoose:
    """Reads one feed. `left` says in words what was too much of it, and `problem` why it could not be read."""

    def __init__(self, text: str, url: str) -> None:
        import feedparser

        self._url = url
        self.problem: str | None = None
        body, self.left = _bounded(text)
        try:
            self._feed = feedparser.parse(
                BytesIO(body.encode("utf-8", "replace")),
                response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
                sanitize_html=False,
                resolve_relative_uris=False,
            )
        except Exception as error:  # noqa: BLE001 (feedparser fails on broken feeds in ways that nobody has counted)
            self.problem = f"{type(error).__name__}: {error}"[:200]
            self._feed = {"entries": [], "feed": {}}
        self.count = len(self._feed["entries"])

    @property
    def about(self) -> About:
        """What the feed says of itself."""
        feed = self._feed["feed"]
        related = {one.get("rel"): one.get("href") for one in feed.get("links", ())}
        return About(
            title=plain(feed.get("title", "")) or None,
            language=feed.get("language") or None,
            hub=absolute(related.get("hub"), self._url),
            self_url=absolute(related.get("self"), self._url),
        )

    def items(self) -> Iterator[Item | Refusal]:
        """Every entry, or a refusal by its number."""
        for number, one in enumerate(self._feed["entries"], 1):
            found = item_of(self._entry(one))
            yield Refusal(f"{self._url}, entry {number:,}", found) if isinstance(found, str) else found

    def _entry(self, found: Any) -> Entry:
        texts = [*found.get("content", ()), found.get("summary_detail") or {}]
        enclosures = [one for one in found.get("links", ()) if one.get("rel") == "enclosure"]
        links = (found.get("feedburner_origlink"), found.get("link"))
        base = self._feed["feed"].get("link") or self._url
        return Entry(
            links=[(link, absolute(base, self._url) or self._url) for link in links if link],
            guid=found.get("id"),
            title=plain(found.get("title", "")),
            published=found.get("published") or found.get("created"),
            updated=found.get("updated") if "updated" in found.keys() else None,  # noqa: SIM118 (`in` has aliases here)
            authors=tuple(name for one in found.get("authors", ()) if (name := one.get("name") or one.get("email"))),
            texts=[_text(one) for one in texts if one.get("value")],
            language=(found.get("title_detail") or {}).get("language"),
            categories=tuple(term for one in found.get("tags", ()) if (term := one.get("label") or one.get("term"))),
            enclosure=next((f"{one.get('href')} {one.get('type', '')}".strip() for one in enclosures), None),
        )


def _text(detail: Any) -> tuple[str, str]:
    value = str(detail["value"])
    return (value, "text/html") if detail.get("type") in _MARKUP else escaped_text(value)


def _bounded(text: str) -> tuple[str, str | None]:
    """As much of a feed as is read loosely: whole entries, and what is left out, in words."""
    end = len(text)
    if too_many := next(itertools.islice(re.finditer("<", text), _MOST_TAGS, None), None):
        end = too_many.start()
    end = min(end, _LARGEST_LOOSE)
    ends = [match.end() for match in itertools.islice(_END.finditer(text, 0, end), MOST_LOOSE)]
    if end == len(text) and len(ends) < MOST_LOOSE:
        return _LONG_TAG.sub("<x", text), None
    part = _LONG_TAG.sub("<x", text[: ends[-1] if ends else end])
    return part, f"broken XML, of which only the first {len(ends):,} entries are read: its publisher can mend it"
