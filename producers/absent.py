"""Pages that could not be had: when to ask for each again, and for how long its listing is asked for whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from producers.fetched import Hardness
from producers.recent import keep

# A page that failed for so long is given up: it is asked for once in this time, where its listing comes whole anyway.
GIVEN_UP_AFTER = timedelta(days=1)
SOONEST = timedelta(minutes=15)
MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class _Absence:
    since: datetime
    tried_at: datetime
    reason: str
    hardness: Hardness

    def again(self) -> datetime:
        """When to ask again: at the next look if it will mend, else after as long as it has failed already."""
        failed_for = self.tried_at - self.since
        if failed_for < GIVEN_UP_AFTER and self.hardness == "temporary":
            return self.tried_at
        return self.tried_at + min(max(failed_for, SOONEST), GIVEN_UP_AFTER)


@dataclass(slots=True)
class Absent:
    """What is known of pages that could not be had, by their addresses; after a restart each is asked for once more."""

    _found: dict[str, _Absence] = field(default_factory=dict)

    def __contains__(self, url: object) -> bool:
        """Whether the page could not be had when it was asked for last."""
        return url in self._found

    def reason(self, url: str, now: datetime) -> str | None:
        """Why the page is left alone; none where it may be asked for."""
        one = self._found.get(url)
        return one.reason if one and now < one.again() else None

    def is_hoped_for(self, url: str, now: datetime) -> bool:
        """Whether it failed, but not for so long that nobody waits for it any more."""
        one = self._found.get(url)
        return one is not None and now - one.since < GIVEN_UP_AFTER

    def failed(self, url: str, reason: str, hardness: Hardness, now: datetime) -> None:
        """Remembers that it could not be had, and why, in a word."""
        before = self._found.get(url)
        keep(self._found, url, _Absence(before.since if before else now, now, reason, hardness), MOST_REMEMBERED)

    def is_none(self, url: str, reason: str, now: datetime) -> None:
        """Remembers that it was had and is of no use: it is given up at once."""
        keep(self._found, url, _Absence(now - GIVEN_UP_AFTER, now, reason, "hard"), MOST_REMEMBERED)

    def had(self, url: str) -> None:
        """Forgets that it could not be had."""
        self._found.pop(url, None)
