"""Hubs are asked once and again before they forget us, and only when what they send can be told from forgeries."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from producers.fetched import Fetched, FetchError
from producers.push import hub_secret
from producers.websub import RENEWED_AFTER, Subscriptions
from schemas.health import SourceHealth
from schemas.settings import Settings
from tests.fakes import unit_settings

TOPIC = "https://herald.example/feed"
HEALTH = SourceHealth(source="the herald", interval=300, hub="https://hub.example/", hub_topic=TOPIC)


class Hub:
    """A hub that keeps what it is asked; or refuses."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.now = datetime(2026, 11, 2, tzinfo=UTC)

    async def post(self, url: str, form: Mapping[str, str]) -> Fetched:
        """As the web answers."""
        self.asked.append((url, dict(form)))
        if self.refuses:
            raise FetchError("request", "hub.example answered 500", "temporary", status=500)
        return Fetched(url, 202, {}, b"", None, False, 0.1, 0)


def settings(**named: Any) -> Settings:
    """Settings by which hubs reach this process."""
    given = {"push_port": 8090, "push_token": SecretStr("open-sesame"), "push_url": "https://me.example/wd/"}
    return unit_settings(**{**given, **named})


def kept(hub: Hub, here: Settings, health: SourceHealth = HEALTH, times: int = 1) -> Subscriptions:
    """After so many looks at the source at one moment."""
    found = Subscriptions(here, hub, lambda: hub.now)

    async def keep() -> None:
        for _ in range(times):
            await found.keep(health)

    asyncio.run(keep())
    return found


def test_a_hub_is_asked_for_the_news_of_the_feed() -> None:
    """It is told where to reach us and what to sign with, under the feed's own address."""
    hub = Hub()
    found = kept(hub, settings(), times=3)
    ((url, form),) = hub.asked
    assert url == HEALTH.hub
    assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", TOPIC)
    assert form["hub.callback"] == "https://me.example/wd/websub/the%20herald"
    assert form["hub.secret"] == hub_secret(settings(), "the herald")
    assert "sesame" not in str(form)
    assert (found.topic("the herald"), found.topic("other")) == (TOPIC, None)


def test_a_subscription_is_renewed_before_the_hub_forgets_us() -> None:
    """The same look a day later asks again."""
    hub = Hub()
    found = kept(hub, settings())
    hub.now += RENEWED_AFTER - timedelta(seconds=1)
    asyncio.run(found.keep(HEALTH))
    assert len(hub.asked) == 1
    hub.now += timedelta(seconds=2)
    asyncio.run(found.keep(HEALTH))
    assert len(hub.asked) == 2


@pytest.mark.parametrize("missing", [{"push_url": ""}, {"push_port": 0}, {"push_token": None}])
def test_without_a_way_back_or_a_token_no_hub_is_asked(missing: dict[str, Any]) -> None:
    """What a hub sends must reach us, and must be told from what others send."""
    hub = Hub()
    assert kept(hub, settings(**missing)).topic("the herald") is None
    assert hub.asked == []


def test_a_feed_without_a_hub_asks_nobody() -> None:
    """Looks at their intervals are all there is then."""
    hub = Hub()
    kept(hub, settings(), HEALTH.model_copy(update={"hub": None}))
    assert hub.asked == []


def test_a_hub_that_refuses_costs_nothing() -> None:
    """The look went well, and the hub is asked again a day later, not at every look."""
    hub = Hub(refuses=True)
    kept(hub, settings(), times=5)
    assert len(hub.asked) == 1
