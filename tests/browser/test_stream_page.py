"""The stream in a real browser: it moves by itself, can be stopped, and reads without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import KafkaProducer
from playwright.sync_api import Browser, Page, expect

from processors import index
from processors.letters import letter
from schemas.settings import Settings
from schemas.streams import producer_options, streams
from tests.browser.articles import plain_articles
from tests.browser.test_sources_page import serious
from tests.fakes import raw_message

MOVES_MS = 60_000


@contextmanager
def kafka_of(settings: Settings) -> Iterator[Any]:
    """A producer to the desk's Kafka."""
    producer = KafkaProducer(**producer_options(settings))
    yield producer
    producer.flush(30)
    producer.close(5)


def _waiting(page: Page) -> int:
    """How many articles wait for the enricher: what other tests left to it."""
    strip = page.locator("#strip")
    expect(strip).to_contain_text(re.compile(r"Enrich.*waits?\b.*Index", re.DOTALL), timeout=MOVES_MS)
    found = re.search(r"Enrich.*?(?:nothing|(\d+)) waits?\b", strip.inner_text(), re.DOTALL)
    return int(found[1] or 0) if found else 0


def test_the_page_moves_by_itself(page: Page, desk_settings: Settings) -> None:
    """What comes into the raw stream, dies, or is indexed shows on the open page and its header without a reload."""
    page.goto("/stream")
    expect(page.locator("[data-live-state]")).to_have_text("live", timeout=MOVES_MS)
    before = _waiting(page)
    page.evaluate("window.stayed = true")
    name = streams(desk_settings).raw.name
    buried = letter(raw_message(stream=name, offset=70_001), "enrich", "no_text", "nothing is left", "host-1")
    with kafka_of(desk_settings) as producer:
        producer.send(name, b"{}", b"k")
        producer.send(streams(desk_settings).dead.name, buried.model_dump_json().encode(), b"k")
    document = next(iter(plain_articles())).model_dump(mode="json")
    new = {**document, "id": "9" * 32, "fetched_at": "2100-01-01T00:00:00Z", "title": {"en": "A story just in"}}
    client = index.client(desk_settings)
    client.index(index=desk_settings.index_alias, id=new["id"], document=new, refresh=True)
    try:
        expect(page.locator("#strip")).to_contain_text(re.compile(rf"\b{before + 1} waits?\b"), timeout=MOVES_MS)
        expect(page.locator("#newest")).to_contain_text("A story just in", timeout=MOVES_MS)
        expect(page.locator("#said")).to_contain_text("enrich does not run", ignore_case=True, timeout=MOVES_MS)
        expect(page.locator("#head-stream")).to_contain_text("■ stuck", timeout=MOVES_MS)
        assert page.evaluate("window.stayed")
    finally:
        client.delete(index=desk_settings.index_alias, id=new["id"], refresh=True)
        client.close()


def test_the_page_can_be_stopped_and_goes_on(page: Page) -> None:
    """The pause button ends the updates, says so, and stays so after a reload; pressed again, it is live again."""
    page.goto("/stream")
    told = page.locator("[data-live-state]")
    expect(told).to_have_text("live", timeout=MOVES_MS)
    page.get_by_role("button", name="Pause").click()
    expect(told).to_have_text("paused")
    page.reload()
    expect(told).to_have_text("paused")
    page.get_by_role("button", name="Go on").click()
    expect(told).to_have_text("live", timeout=MOVES_MS)


def test_a_page_that_was_refused_comes_back_by_itself(browser: Browser, desk: str) -> None:
    """Where the desk cannot take one more viewer the page says that it waits, and is live when it can."""
    context = browser.new_context(base_url=desk)
    found = context.new_page()
    found.route("**/stream/events", lambda route: route.fulfill(status=503))
    found.goto("/stream")
    expect(found.locator("[data-live-state]")).to_have_text("waiting for the desk", timeout=MOVES_MS)
    found.unroute("**/stream/events")
    expect(found.locator("[data-live-state]")).to_have_text("live", timeout=MOVES_MS)
    context.close()


def test_the_page_reads_without_a_script(browser: Browser, desk: str) -> None:
    """With scripts off everything is on the page, with a plain link that loads it again."""
    context = browser.new_context(base_url=desk, java_script_enabled=False)
    found = context.new_page()
    found.goto("/stream")
    for _ in range(30):
        if "By stage" in found.locator("main").inner_text() and found.locator("#stages table").count():
            break
        found.get_by_role("link", name="Refresh").click()
    expect(found.locator("#stages table")).to_be_visible()
    expect(found.locator("#strip li")).to_have_count(4)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_keeps_nobody_out(page: Page, scheme: str) -> None:
    """Neither in light nor in dark does it keep anybody out; it fits a small phone."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/stream")
        expect(page.locator("[data-live-state]")).to_have_text("live", timeout=MOVES_MS)
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
