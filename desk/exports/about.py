"""What stands on top of an export, and how articles are named outside of Wiredesk."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

GENERATOR = "Wiredesk"


@dataclass(frozen=True, slots=True)
class About:
    """What was asked, how it was understood, when, and how many articles are to come.

    `desk` is the address of the desk's pages without a last slash, `address` that of the search there, and `itself`
    that of the export, where it has one.
    """

    query: str
    read_as: str
    total: int
    at: datetime
    desk: str
    address: str
    itself: str | None = None

    @property
    def title(self) -> str:
        """The search in a few words."""
        return f"{GENERATOR}: {self.query}" if self.query.strip() else f"{GENERATOR}: all articles"

    @property
    def description(self) -> str:
        """How it was understood, how many there are, and when that was so."""
        articles = "1 article" if self.total == 1 else f"{self.total:,} articles"
        return f"{self.read_as}. {articles} at {time(self.at)}."

    @property
    def time(self) -> str:
        """When, as RFC 3339 writes it."""
        return time(self.at)

    @property
    def urn(self) -> str:
        """The same for the same search at every time, so that who reads a feed knows it again."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.address).urn


def urn(article: dict[str, Any]) -> str:
    """An article's id as a URN: its 32 hexadecimal digits are those of a UUID (RFC 9562)."""
    return uuid.UUID(hex=article["id"]).urn


def link(article: dict[str, Any], about: About) -> str:
    """The address of the article on the web; its page on the desk where it has none."""
    return web_address(article) or f"{about.desk}/articles/{quote(article['id'])}"


def web_address(article: dict[str, Any]) -> str | None:
    """The address of the article on the web; none where it has none that a reader may safely follow."""
    url: str = article.get("url") or ""
    return url if url.lower().startswith(("http://", "https://")) else None


def time(at: str | datetime) -> str:
    """A time as RFC 3339 writes it, in UTC, to the millisecond."""
    return moment(at).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at: str | datetime) -> datetime:
    """A time as it is indexed, as a time."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def lead(article: dict[str, Any]) -> str:
    """The sentences that tell most of it, or how it begins."""
    return " ".join(article.get("summary") or ()) or str(article["text"])[:500]
