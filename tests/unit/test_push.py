"""Pushed articles are answered for only when Kafka has them, and only who shows the token may push."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from producers.look import Marked
from producers.publish import Report
from producers.push import Doors, application, hub_secret
from producers.reading import Refusal
from schemas.settings import Settings
from tests.fakes import TEXT, unit_settings

TOKEN = {"Authorization": "Bearer open-sesame"}
LINES = {**TOKEN, "Content-Type": "application/x-ndjson"}


@dataclass
class House:
    """What stands behind the doors: Kafka, which may refuse, and the sources."""

    refuses: bool = False
    taken: list[Marked] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)

    async def deliver(self, articles: list[Marked]) -> Report:
        """All are acknowledged, or none."""
        if self.refuses:
            return Report(failed=[Refusal("push", "not delivered: Kafka: KafkaTimeoutError")])
        self.taken += articles
        return Report(published=len(articles))

    def wake(self, source: str) -> bool:
        """Whether there is such a source."""
        self.woken.append(source)
        return source == "herald"

    def topic(self, source: str) -> str | None:
        """The address whose news was asked for."""
        return "https://herald.example/feed" if source == "herald" else None


def pushing(**named: Any) -> Settings:
    """Settings with the token."""
    return unit_settings(push_token=SecretStr("open-sesame"), **named)


def answered(
    house: House, ask: Callable[[TestClient[Any, Any]], Awaitable[ClientResponse]], settings: Settings | None = None
) -> tuple[int, str]:
    """Status and text of the answer to one request."""

    async def asked() -> tuple[int, str]:
        app = application(settings or pushing(), Doors(house.deliver, house.wake, house.topic))
        async with TestClient(TestServer(app)) as client:
            response = await ask(client)
            return response.status, await response.text()

    return asyncio.run(asked())


def post(house: House, body: bytes, headers: dict[str, str] = TOKEN, **named: Any) -> tuple[int, dict[str, Any]]:
    """Pushes a body; the answer is JSON."""
    settings = pushing(**named)
    status, text = answered(house, lambda client: client.post("/articles", data=body, headers=headers), settings)
    return status, json.loads(text)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps({"text": TEXT, "url": "https://a.example/1"}).encode(), TOKEN),
        (json.dumps([{"text": TEXT}]).encode(), TOKEN),
        (json.dumps({"text": TEXT}).encode() + b"\n\n", LINES),
    ],
)
def test_articles_are_taken_as_json_and_json_lines(body: bytes, headers: dict[str, str]) -> None:
    """An object, an array, or a line each: 202 with the counts, under the name that the request gives."""
    house = House()
    assert post(house, body, headers) == (
        202,
        {"published": 1, "unchanged": 0, "refused": 0, "failed": 0, "reasons": []},
    )
    article = house.taken[0].article
    assert (article.content, article.source, article.origin) == (TEXT, "push", "push")


def test_one_bad_line_costs_only_itself() -> None:
    """What is no article is refused by its line, and what stands around it is published."""
    house = House()
    lines = [
        json.dumps({"text": "one"}),
        "{broken",
        "[]",
        json.dumps({"title": "no text"}),
        json.dumps({"text": "two"}),
    ]
    status, said = post(house, "\n".join(lines).encode(), LINES)
    assert (status, said["published"], said["refused"]) == (202, 2, 3)
    assert [one["place"] for one in said["reasons"]] == ["line 2", "line 3", "line 4"]


def test_nothing_is_acknowledged_that_kafka_does_not_have() -> None:
    """When Kafka did not take an article, the answer is 503 with when to try again."""
    status, said = post(House(refuses=True), json.dumps({"text": TEXT}).encode())
    assert (status, said["failed"]) == (503, 1)
    assert "KafkaTimeoutError" in said["reasons"][0]["reason"]


@pytest.mark.parametrize("body", [b"", b"{", b"5", b"\xff\xfe", b"[" * 100_000])
def test_a_body_without_an_article_is_refused(body: bytes) -> None:
    """Nothing to publish is 422, and never a success."""
    status, said = post(House(), body)
    assert (status, said["published"]) == (422, 0)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "open-sesame2"}])
def test_without_the_token_nothing_is_taken(headers: dict[str, str]) -> None:
    """A wrong or missing token is 401 with the way to show it, and what it should be is not told."""
    house = House()
    status, said = post(house, json.dumps({"text": TEXT}).encode(), headers)
    assert (status, house.taken) == (401, [])
    assert "Authorization: Bearer" in said["error"]
    assert "sesame" not in said["error"]


def test_without_a_token_in_the_settings_nobody_may_push() -> None:
    """No token is set: even an empty one does not open the door."""
    house = House()
    status, _ = answered(
        house,
        lambda client: client.post("/articles", data=b"{}", headers={"Authorization": "Bearer "}),
        unit_settings(),
    )
    assert status == 401


def test_a_request_over_the_bound_is_refused_whole() -> None:
    """More bytes than the settings allow are 413, with the bound."""
    house = House()
    status, said = post(house, json.dumps({"text": "x" * 5000}).encode(), push_max_bytes=2048)
    assert (status, house.taken) == (413, [])
    assert "2,048" in said["error"]


def test_nobody_pushes_under_the_heartbeats_name() -> None:
    """No search would show such an article: the name is refused, as a source and in an article of another."""
    body, house = json.dumps({"text": TEXT, "source": "wiredesk-heartbeat"}).encode(), House()
    asked = "/articles?source=wiredesk-heartbeat"
    status, text = answered(house, lambda client: client.post(asked, data=body, headers=TOKEN), pushing())
    assert (status, house.taken) == (400, [])
    assert "wiredesk-heartbeat is Wiredesk's own" in text
    assert post(house, body)[1]["refused"] != []
    assert house.taken == []


def test_who_pushes_does_not_choose_a_version_to_come() -> None:
    """A time of fetching after now is now: a far one would shut out every later version."""
    house = House()
    post(house, json.dumps({"text": TEXT, "fetched_at": "2999-01-01T00:00:00Z"}).encode())
    assert house.taken[0].article.fetched_at.year < 2999


@pytest.mark.parametrize(
    ("source", "mode", "topic", "status"),
    [
        ("herald", "subscribe", "https://herald.example/feed", 200),
        ("herald", "subscribe", "https://evil.example/feed", 404),
        ("herald", "unsubscribe", "https://herald.example/feed", 404),
        ("other", "subscribe", "https://herald.example/feed", 404),
    ],
)
def test_only_a_subscription_that_was_asked_for_is_confirmed(source: str, mode: str, topic: str, status: int) -> None:
    """The hub's question is answered with its challenge for the source and address that were asked about."""
    asked = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": "42"}
    found = answered(House(), lambda client: client.get(f"/websub/{source}", params=asked))
    assert found[0] == status
    assert (found[1] == "42") is (status == 200)


@pytest.mark.parametrize("method", ["sha256", "sha512"])
def test_news_of_a_hub_wakes_its_source_when_the_signature_is_right(method: str) -> None:
    """A right signature lets the source be looked at; a wrong one, or one of another source, does nothing."""
    body = b"<feed/>"
    for secret, woken in ((hub_secret(pushing(), "herald"), ["herald"]), (hub_secret(pushing(), "other"), [])):
        signature = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
        house = House()

        def ask(client: TestClient[Any, Any], said: str = f"{method}={signature}") -> Awaitable[ClientResponse]:
            return client.post("/websub/herald", data=body, headers={"X-Hub-Signature": said})

        assert answered(house, ask)[0] == 202
        assert house.woken == woken


@pytest.mark.parametrize("said", ["", "sha1=00", "md5=00", "sha256=", "sha256=é", "=", "sha256"])
def test_no_signature_breaks_the_door(said: str) -> None:
    """Whatever a signature looks like, the answer is the same and nothing is woken."""
    house = House()
    headers = {"X-Hub-Signature": said.encode("utf-8").decode("latin-1")}
    status, _ = answered(house, lambda client: client.post("/websub/herald", data=b"x", headers=headers))
    assert (status, house.woken) == (202, [])
