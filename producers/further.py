"""The listings that a listing names, as the sitemaps of an index: which to ask for, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain

from producers.fetched import Fetched
from producers.items import Listing, moment
from producers.recent import keep

# How many are remembered, and how long one that is said not to change is taken at its word.
MOST_KNOWN = 20_000
TRUSTED_FOR = timedelta(days=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """What was said of a listing when all of it was in Kafka: by its server, and by the one that names it."""

    etag: str | None
    last_modified: str | None
    stated: str | None
    at: datetime


@dataclass(slots=True)
class Further:
    """What is known of further listings by their addresses; after a restart each is read once more."""

    _known: dict[str, Known] = field(default_factory=dict)
    _asked: dict[str, datetime] = field(default_factory=dict)

    def wanted(self, listing: Listing, now: datetime) -> list[str]:
        """Those to ask for: in turn the one that changed last, and the one that was not asked for the longest.

        So the newest come first, and none waits for ever behind others that change all the time. One that has not
        changed for a day by what its index states is asked for once a day: indexes may be wrong.
        """
        stated = {url: moment(listing.changed.get(url)) or _LONG_AGO for url in listing.more}
        found = [url for url in listing.more if not self._is_old(url, listing.changed.get(url), now)]
        newest = sorted(found, key=lambda url: stated[url], reverse=True)
        waiting = sorted(newest, key=lambda url: self._asked.get(url, _LONG_AGO))
        return list(dict.fromkeys(chain.from_iterable(zip(newest, waiting, strict=True))))

    def asked(self, url: str, now: datetime) -> None:
        """Remembers that it was just asked for, whatever comes of it."""
        keep(self._asked, url, now, MOST_KNOWN)

    def _is_old(self, url: str, stated: str | None, now: datetime) -> bool:
        known, changed = self._known.get(url), moment(stated)
        if known is None or changed is None or known.stated != stated:
            return False
        return now - changed > TRUSTED_FOR and now - known.at < TRUSTED_FOR

    def validators(self, url: str) -> tuple[str | None, str | None]:
        """The ETag and date that its server is asked with, so that it need not send again what is known."""
        known = self._known.get(url)
        return (known.etag, known.last_modified) if known else (None, None)

    def read(self, url: str, fetched: Fetched, listing: Listing, now: datetime) -> Known:
        """What is known of one that was just asked for, to be kept once all of it is in Kafka."""
        before = self._known.get(url)
        if fetched.not_modified and before:
            return Known(before.etag, before.last_modified, listing.changed.get(url), now)
        headers = fetched.headers
        return Known(headers.get("etag"), headers.get("last-modified"), listing.changed.get(url), now)

    def keep(self, read: Mapping[str, Known]) -> None:
        """Remembers these, and forgets the oldest beyond `MOST_KNOWN`."""
        for url, known in read.items():
            keep(self._known, url, known, MOST_KNOWN)
