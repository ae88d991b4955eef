"""The dead letters in a real browser: looked at, retried one and many, and dropped after being asked."""

from __future__ import annotations

import pytest
from kafka import KafkaConsumer
from playwright.sync_api import Page, expect

from processors.dead import Selection, open_letters
from processors.letters import letter
from schemas.dead import Reason
from schemas.settings import Settings
from schemas.streams import read_to_end, reader_options, streams
from tests.browser.test_sources_page import serious
from tests.browser.test_stream_page import kafka_of
from tests.fakes import raw_article, raw_message

SCRIPT = "<script>alert('run')</script>"


def buried(settings: Settings, reason: Reason, *offsets: int) -> None:
    """Writes a dead letter for the message at each offset, whose text is a script."""
    names = streams(settings)
    with kafka_of(settings) as producer:
        for offset in offsets:
            message = raw_message(raw_article(f"Text {offset} {SCRIPT}"), stream=names.raw.name, offset=offset)
            found = letter(message, "enrich", reason, f"about {offset} {SCRIPT}", "host-1")
            producer.send(names.dead.name, found.model_dump_json().encode(), (found.article_id or "").encode())


def left(settings: Settings, reason: str) -> set[int]:
    """The offsets of the open letters with a reason."""
    return {one.offset for one in open_letters(settings, Selection(reason=reason))}


def raw_texts(settings: Settings) -> list[str]:
    """Everything on the raw stream."""
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        return [(one.value or b"").decode() for one in read_to_end(consumer, streams(settings).raw.name)]
    finally:
        consumer.close()


def test_one_letter_is_looked_at_and_retried(page: Page, desk_settings: Settings) -> None:
    """Its original stands on the page as text; the button sends these bytes again and closes the letter."""
    buried(desk_settings, "failed", 501, 502)
    page.goto("/dead?reason=failed")
    page.get_by_role("link", name="about 501").last.click()
    expect(page.locator("pre.original")).to_contain_text(f"Text 501 {SCRIPT}")
    assert serious(page) == []
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("status").filter(has_text="1 retried")).to_be_visible()
    assert left(desk_settings, "failed") == {502}
    assert sum("Text 501 " in text for text in raw_texts(desk_settings)) == 1


def test_a_cause_is_dropped_after_its_number_was_said(page: Page, desk_settings: Settings) -> None:
    """The link leads to a page that says how many; only its button closes them, and no others."""
    buried(desk_settings, "invalid", 601, 602, 603)
    buried(desk_settings, "too_large", 604)
    page.goto("/dead")
    page.get_by_role("link", name="Drop invalid").click()
    expect(page.locator("h1")).to_have_text("Drop 3 dead letters?")
    assert serious(page) == []
    assert left(desk_settings, "invalid") == {601, 602, 603}
    page.get_by_role("button", name="Drop 3").click()
    expect(page.get_by_role("status").filter(has_text="3 dropped")).to_be_visible()
    assert left(desk_settings, "invalid") == set()
    assert left(desk_settings, "too_large") == {604}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_keep_nobody_out(page: Page, desk_settings: Settings, scheme: str) -> None:
    """Neither in light nor in dark do they keep anybody out; they fit a small phone."""
    buried(desk_settings, "refused", 701, 702)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for path in ("/dead", "/dead?by=stage&reason=refused", "/dead/confirm?action=retry&reason=refused"):
            page.goto(path)
            assert serious(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (path, width)
