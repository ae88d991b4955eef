"""Subscriptions to hubs, so that news of a source is heard of at once instead of at the next look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote

import structlog

from producers.fetched import Fetched, FetchError
from producers.push import hub_secret
from schemas.health import SourceHealth
from schemas.settings import Settings

log = structlog.get_logger(__name__)

LEASE = timedelta(days=7)
# Renewed well before a hub that grants less than was asked for forgets us.
RENEWED_AFTER = timedelta(days=1)


class Posting(Protocol):
    """What is used of `producers.polite.Web`."""

    async def post(self, url: str, form: Mapping[str, str]) -> Fetched:
        """Sends a form, or raises FetchError."""


class Subscriptions:
    """Asks the hubs that feeds name to tell of news, when `WIREDESK_PUSH_URL` says where hubs reach this process."""

    def __init__(self, settings: Settings, web: Posting, now: Callable[[], datetime]) -> None:
        self._settings, self._web, self._now = settings, web, now
        self._topics: dict[str, str] = {}
        self._renew: dict[str, datetime] = {}

    @property
    def are_wanted(self) -> bool:
        """Whether hubs can reach this process, and what they send can be told from what others send."""
        return bool(self._settings.push_url and self._settings.push_port and self._settings.push_token)

    def topic(self, source: str) -> str | None:
        """The address whose news was asked for; none for a source that no hub was asked about."""
        return self._topics.get(source)

    async def keep(self, health: SourceHealth) -> None:
        """Subscribes to a source's hub or renews it, when it is time. A hub that refuses costs nothing: looks go on."""
        now, name, topic = self._now(), health.source, health.hub_topic
        if not self.are_wanted or not health.hub or not topic or now < self._renew.get(name, now):
            return
        self._topics[name] = topic
        self._renew[name] = now + RENEWED_AFTER
        try:
            await self._web.post(health.hub, self._form(name, topic))
        except FetchError as error:
            log.warning("a hub did not take the subscription", source=name, reason=error.reason)

    def _form(self, name: str, topic: str) -> dict[str, str]:
        return {
            "hub.mode": "subscribe",
            "hub.topic": topic,
            "hub.callback": f"{self._settings.push_url.rstrip('/')}/websub/{quote(name, safe='')}",
            "hub.lease_seconds": str(int(LEASE.total_seconds())),
            "hub.secret": hub_secret(self._settings, name),
        }
