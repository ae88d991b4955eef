"""The sources in a real browser: from an address to an entry in the file, and what can be done with a source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from producers.sources import load as sources_of
from schemas.settings import Settings
from tests import pages
from tests.browser.conftest import SLOW_MS, served
from tests.web import Site

LONG_MS = 120_000


@pytest.fixture
def site() -> Iterator[Site]:
    """A newspaper: a home page that names its feed, and five articles."""
    with Site() as found:
        pages.newspaper(found, 5)
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of sources with a comment."""
    path = tmp_path / "sources.toml"
    path.write_text('# Kept.\n[[source]]\nname = "mine"\nkind = "files"\npath = "articles"\n')
    (tmp_path / "articles").mkdir()
    return path


@pytest.fixture
def own_desk(desk_settings: Settings, file: Path) -> Iterator[str]:
    """A desk with a file of sources of its own, which may ask the test's newspaper."""
    changes = {"sources_file": file, "fetch_allow_hosts": "127.0.0.1", "fetch_pause": 0.0}
    with served(desk_settings.model_copy(update=changes)) as address:
        yield address


@pytest.fixture
def sources_page(browser: Browser, own_desk: str) -> Iterator[Page]:
    """A page on that desk; whatever it complains of fails the test."""
    complaints: list[str] = []
    context = browser.new_context(base_url=own_desk, viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(SLOW_MS)
    context.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert complaints == []


def serious(page: Page) -> list[str]:
    """What axe finds on the page that keeps people out."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


def test_an_address_becomes_a_source_after_three_articles_were_shown(
    sources_page: Page, site: Site, file: Path
) -> None:
    """A person types a site's address, sees its feed and three articles, agrees, and the entry is in the file."""
    page, before = sources_page, file.read_text()
    page.goto("/sources")
    page.get_by_role("link", name="Add a source").click()
    page.get_by_label("Address of a site").fill(site.url("/"))
    page.get_by_role("button", name="Look what is there").click()
    expect(page.locator("strong", has_text="feed").first).to_be_visible(timeout=LONG_MS)
    assert serious(page) == []
    page.get_by_role("button", name="Show three articles").first.click()
    expect(page.locator("article.sample")).to_have_count(3, timeout=LONG_MS)
    assert serious(page) == []
    assert file.read_text() == before
    page.get_by_label("Name").fill("Grain Post")
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("h1")).to_have_text("Grain Post")
    assert [spec.name for spec in sources_of(file)] == ["mine", "Grain Post"]
    assert file.read_text().startswith("# Kept.")


def test_a_source_can_be_paused_and_looked_at(sources_page: Page, file: Path) -> None:
    """Pause and resume change the file; a look publishes what is new, and the page says how much came."""
    page = sources_page
    (file.parent / "articles" / "one.txt").write_text("Grain talks\n\nThe ministers met in Geneva on Monday.\n")
    page.goto("/sources")
    page.get_by_role("link", name="mine").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".state").first).to_contain_text("paused")
    assert sources_of(file)[0].paused
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Look now").click()
    told = page.locator("#looked")
    for _ in range(60):
        if "under way" not in told.inner_text():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(told).to_contain_text("1 published")
    expect(page.locator("[aria-labelledby=looks] tbody tr")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_keep_nobody_out(sources_page: Page, scheme: str) -> None:
    """Neither in light nor in dark do the list, a source, and the form keep anybody out; they fit a small phone."""
    page = sources_page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for path in ("/sources", "/sources/mine", "/sources/add"):
            page.goto(path)
            assert serious(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (path, width)


def test_the_feed_of_problems_is_named_by_the_page(sources_page: Page) -> None:
    """A reader that is given the page finds the feed."""
    sources_page.goto("/sources")
    link = sources_page.locator('link[type="application/atom+xml"]').get_attribute("href")
    answer = sources_page.request.get(str(link))
    assert re.match(r"<\?xml.*<feed ", answer.text(), re.DOTALL)
