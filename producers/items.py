"""What a listing says: the articles that it names, and what could not be read of it."""

from __future__ import annotations

import functools
import heapq
import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal
from urllib.parse import urljoin

from producers.reading import Refusal
from schemas.identity import canonical_url

MOST_ITEMS: Final = 1000
# A listing is held in memory while it is read, and so needs a bound of its own.
LARGEST: Final = 32 * 2**20
_LONGEST_ADDRESS = 4096
_LONGEST_METADATA = 900
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):(?!\d)")
_ABSOLUTE = re.compile(r"https?://[^/]", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|br|div|li|h[1-6]|tr|blockquote)\b[^<>]*>", re.IGNORECASE)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


# An address is looked at twice: when it is read, and when it is told apart from the others.
_canonical = functools.lru_cache(maxsize=2 * MOST_ITEMS)(canonical_url)


class NotAListing(ValueError):  # noqa: N818 (it says what was read, not that something broke)
    """What was read lists no articles; the message says what it is instead, and the way out."""


@dataclass(frozen=True, slots=True)
class Item:
    """An article as a listing names it.

    `published` is the date as stated; `content` what the listing itself carries of the text; `metadata` what else it
    says of the article, its `guid` and when it was `updated` among that.
    """

    url: str | None
    title: str | None = None
    published: str | None = None
    authors: tuple[str, ...] = ()
    content: str = ""
    content_type: Literal["text/plain", "text/html"] = "text/plain"
    language: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a feed, sitemap or page lists, at most `MOST_ITEMS`.

    `more` holds addresses of further listings, and `changed` when each of them last changed, as stated; `refused` what
    was no article, `notes` what was wrong and cost none; `hub` and `self_url` are where WebSub tells of news.
    """

    items: tuple[Item, ...] = ()
    more: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    hub: str | None = None
    self_url: str | None = None
    title: str | None = None
    language: str | None = None
    changed: Mapping[str, str] = field(default_factory=dict)


def address(link: str, base: str) -> str:
    """The absolute http or https address that a link means on a page at `base`.

    Raises:
        ValueError: it is none; the message says why.
    """
    text = re.sub(r"[\t\r\n]", "", link.strip())
    if not text:
        raise ValueError("its link is empty")
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise ValueError(f"its link is {scheme[1].lower()}:, and only http and https are fetched")
    try:
        found = text if _ABSOLUTE.match(text) else urljoin(base, text)
        _canonical(found)
    except ValueError as error:
        raise ValueError(f"its link is no address: {error}") from None
    if len(found) > _LONGEST_ADDRESS:
        raise ValueError(f"its link has {len(found):,} characters, and {_LONGEST_ADDRESS:,} are the most")
    return re.sub(r"\s", "%20", found)


def absolute(link: str | None, base: str) -> str | None:
    """As `address`; none for what is no http or https address."""
    try:
        return address(link or "", base)
    except ValueError:
        return None


def plain(markup: str) -> str:
    """Text of a piece of markup in one line: tags taken out, references resolved."""
    if "<" in markup:
        markup = _TAG.sub("", _BLOCK.sub(" ", markup))
    return " ".join(html.unescape(markup).split() if "&" in markup else markup.split())


def has_markup(text: str) -> bool:
    """Whether a text holds tags or character references, and is to be read as HTML."""
    return bool(("<" in text and _TAG.search(text)) or ("&" in text and re.search(r"&(\w{2,8}|#\w{2,8});", text)))


def metadata(**named: str | None) -> dict[str, str]:
    """What is known, in short."""
    return {name: value[:_LONGEST_METADATA] for name, value in named.items() if value}


def moment(stated: str | None) -> datetime | None:
    """When something is said to have happened, to order by: ISO 8601 or RFC 5322, from 1990 on; none for all else."""
    text = (stated or "").strip()[:64]
    try:
        found = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if _EARLIEST <= found <= _LATEST else None


def dated(item: Item) -> datetime | None:
    """When an item was published or, where that is not said, updated."""
    return moment(item.published) or moment(item.metadata.get("updated"))


def collect(found: Iterable[Item | Refusal], place: str) -> tuple[list[Item], list[Refusal], list[str]]:
    """At most `MOST_ITEMS` items, each address once, refusals for all else, and notes.

    Of more items the newest are kept, by their dates and where there are none by their order: listings begin with
    the newest. `found` is not held as a whole.
    """
    kept: list[tuple[int, Item]] = []
    refused = _Refused(place)
    seen: dict[str, int] = {}
    count = 0
    for count, one in enumerate(found, 1):
        if isinstance(one, Refusal):
            refused.add(one)
        elif (first := seen.setdefault(_key(one), count)) != count:
            refused.add(Refusal(f"{place}, entry {count:,}", f"the same article as entry {first:,}"))
        else:
            kept.append((count, one))
            kept = _newest(kept) if len(kept) >= 2 * MOST_ITEMS else kept
    left = len(seen) - MOST_ITEMS
    items = [item for _, item in sorted(_newest(kept), key=lambda one: one[0])]
    if left > 0:
        refused.last(f"{count:,} entries: the newest {MOST_ITEMS:,} are taken, and {left:,} older ones left")
    return items, refused.all(), [*_dates_noted(items), *_guids_noted(items)]


def _key(item: Item) -> str:
    return _canonical(item.url).partition("://")[2] if item.url else f"{item.title}\0{item.content}"


def _newest(kept: list[tuple[int, Item]]) -> list[tuple[int, Item]]:
    if len(kept) <= MOST_ITEMS:
        return kept
    return heapq.nlargest(MOST_ITEMS, kept, key=lambda one: (dated(one[1]) or _EARLIEST, -one[0]))


def _dates_noted(items: list[Item]) -> list[str]:
    """A note where dates are stated that cannot be."""
    wrong = [item.published for item in items if item.published and _impossible(item.published)]
    return (
        [f"a date that cannot be, as {wrong[0][:40]!r}: on {len(wrong):,} of {len(items):,} entries"] if wrong else []
    )


def _guids_noted(items: list[Item]) -> list[str]:
    """A note where one guid stands for several articles, which are told apart all the same."""
    guids = Counter(item.metadata["guid"] for item in items if "guid" in item.metadata)
    guid, times = max(guids.items(), key=lambda one: one[1], default=("", 0))
    return [f"the guid {guid[:80]!r} stands for {times:,} articles: they are told apart by their addresses"] * (
        times > 1
    )


def _impossible(stated: str) -> bool:
    year = re.search(r"(?<!\d)(\d{4})(?!\d)", stated)
    return bool(year) and moment(stated) is None and not 1990 <= int(year[1]) < 2100  # type: ignore[index]


class _Refused:
    """Refusals, at most `MOST_ITEMS` of them; what there is more is counted by reason."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._first: list[Refusal] = []
        self._more = 0
        self._last: list[Refusal] = []

    def add(self, refusal: Refusal) -> None:
        if len(self._first) < MOST_ITEMS:
            self._first.append(refusal)
        else:
            self._more += 1

    def last(self, reason: str) -> None:
        self._last.append(Refusal(self._place, reason))

    def all(self) -> list[Refusal]:
        if self._more:
            self.last(f"{self._more:,} more entries that could not be taken")
        return [*self._first, *self._last]
