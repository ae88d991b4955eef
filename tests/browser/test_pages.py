"""The desk's pages in a real browser: search, facets, article, keys, and what may not happen on any of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from desk.web.marks import entity_spans, longest
from tests.table import Row

ARTICLE = f"/articles/{7:032x}"
PAGES = [
    "/",
    "/?q=geneva",
    "/?q=geneva&compare=zakharova&view=share",
    "/?q=nothingofthis",
    ARTICLE,
    f"{ARTICLE}?show=entities,cuts,topics&entity=Q71",
    "/trace",
]
WRONG = ["/?q=titel:geneva", "/nowhere", "/articles/nix"]
HOSTILE = [f"/articles/{number:032x}" for number in range(1000, 1100)]


def stored(page: Page, path: str) -> dict[str, Any]:
    """An article as the API gives it."""
    found: dict[str, Any] = json.loads(page.request.get(f"/api/v1{path}").text())
    return found


def hits(page: Page) -> int:
    """The count that the search page shows."""
    return int(page.locator("h1").inner_text().split()[0].replace(",", ""))


def test_a_search_finds_and_says_how_it_was_read(page: Page) -> None:
    """The box leads to the articles, their exact count, the reading of the query, and an address that holds it."""
    page.goto("/")
    page.get_by_role("searchbox").or_(page.get_by_role("combobox")).fill("zakharova -hostile")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page).to_have_url(re.compile(r"q=zakharova\+-hostile"))
    expect(page.locator("#read-as")).to_contain_text("zakharova")
    told = json.loads(page.request.get("/api/v1/search?q=zakharova%20-hostile").text())
    assert hits(page) == told["total"] == 40
    expect(page.locator("[data-hit]").first.locator("mark").first).to_be_visible()


def test_the_next_page_shows_others(page: Page) -> None:
    """Paging leads on by the address, and no article comes twice."""
    page.goto("/?q=geneva&sort=oldest")
    first = page.locator("[data-hit] h2 a").evaluate_all("found => found.map(one => one.pathname)")
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(re.compile("after="))
    second = page.locator("[data-hit] h2 a").evaluate_all("found => found.map(one => one.pathname)")
    assert len(first) == len(second) == 15
    assert not set(first) & set(second)


def test_facets_narrow_and_stay(page: Page) -> None:
    """A facet's value narrows to as many as it promised, stays as chosen, and is taken away by a second click."""
    page.goto("/?q=geneva")
    value = page.locator(".facets a", has_text="paper-1")
    promised = int(value.inner_text().split()[-1])
    all_of_them = hits(page)
    value.click()
    expect(page.locator(".facets a.chosen")).to_contain_text("paper-1")
    assert hits(page) == promised < all_of_them
    page.locator(".facets a.chosen").click()
    expect(page.locator(".facets a.chosen")).to_have_count(0)
    assert hits(page) == all_of_them


def test_a_bar_narrows_the_time(page: Page) -> None:
    """A click on a bar of the picture asks for the articles of its time, as many as the bar says."""
    page.goto("/?q=geneva")
    bar = page.locator(".picture svg a").nth(2)
    promised = int((bar.locator("title").text_content() or "").rsplit(" ", 1)[1])
    bar.click(force=True)
    expect(page).to_have_url(re.compile("date%3A|since%3A"))
    assert hits(page) == promised == 2


def test_searches_are_compared_over_time(page: Page) -> None:
    """A second search joins the picture, with its total, and leaves it again."""
    page.goto("/?q=geneva")
    page.get_by_text("Compare with another search").click()
    page.get_by_label("Search to compare with").fill("source:paper-1")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".legend li")).to_have_count(2)
    expect(page.locator("polyline")).to_have_count(2)
    page.get_by_role("link", name="Leave out").click()
    expect(page.locator(".legend")).to_have_count(0)


def test_a_wrong_query_is_pointed_at_and_mended(browser: Browser, desk: str) -> None:
    """The page marks the place, and its link carries the query put right."""
    page = browser.new_page(base_url=desk)
    page.goto("/?q=titel:geneva")
    expect(page.locator(".fault")).to_have_text("titel:")
    page.locator("main a", has_text="title:geneva").click()
    assert hits(page) == 40
    page.close()


def test_suggestions_name_the_entity(page: Page) -> None:
    """What is typed is met by the people who are called so; Enter takes the one that is chosen."""
    page.goto("/")
    box = page.locator("#q")
    box.press_sequentially("zakh")
    expect(page.get_by_role("option").first).to_contain_text("Maria Zakharova")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("person:Q20812953 ")


def test_marks_equal_the_stored_mentions(page: Page) -> None:
    """Each mark stands on a stored mention; of those that overlap the longest."""
    page.goto(ARTICLE)
    article = stored(page, ARTICLE)
    drawn = page.locator(".text .m").evaluate_all("found => found.map(one => [one.title, one.textContent])")
    spans = longest(entity_spans(article), len(article["text"]))
    told = [f"{span.label}, {span.kind}, {span.key}" for span in spans]
    assert drawn == [[label, article["text"][span.start : span.end]] for label, span in zip(told, spans, strict=True)]
    assert ["Russian Foreign Ministry, organisation, Q648666", "Russian Foreign Ministry"] in drawn
    assert not [one for one in drawn if one[1] == "Russian"]
    text = page.locator(".text > p").evaluate_all("found => found.map(one => one.textContent)")
    assert "\n".join(text) == article["text"]


def test_toggles_are_in_the_address(page: Page) -> None:
    """Entities, cuts and topics go and come by links and by the keys e, c and t."""
    page.goto(ARTICLE)
    page.locator("[data-toggle=e]").click()
    expect(page).to_have_url(re.compile(r"show=cuts$"))
    expect(page.locator(".text .m")).to_have_count(0)
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile(r"show=cuts%2Ctopics$"))
    expect(page.locator(".text .m.topic").first).to_have_text("arms control")
    page.keyboard.press("c")
    expect(page.locator("details.cut")).to_have_count(0)
    page.keyboard.press("e")
    expect(page.locator(".text .m.person").first).to_have_text("Maria Zakharova")


def test_a_cut_opens_in_place(page: Page) -> None:
    """What was cut stands as one line where it was, and opens to its text and the reason."""
    page.goto(ARTICLE)
    cuts = page.locator("details.cut")
    expect(cuts).to_have_count(2)
    expect(cuts.first.locator("dd")).to_be_hidden()
    cuts.first.locator("summary").click()
    expect(cuts.first.locator("dd")).to_contain_text("names of networks")
    places = page.locator(".text > *").evaluate_all("found => found.map(one => one.tagName)")
    assert places == ["DETAILS", "P", "P", "P", "DETAILS"]


def test_only_the_chosen_entity_is_filled(page: Page) -> None:
    """Of all the marks, those of the entity in the address stand out."""
    page.goto(ARTICLE)
    page.locator(".named a.entity", has_text="Maria Zakharova").click()
    expect(page.locator(".text .m.chosen")).to_have_text(["Maria Zakharova", "Zakharova"])


def test_keys_lead_through_the_results(page: Page) -> None:
    """The keys j and k move, Enter opens, n and p go on from article to article, u leads back, / to the box."""
    page.goto("/?q=geneva&sort=oldest")
    links = page.locator("[data-hit] h2 a").evaluate_all("found => found.map(one => one.pathname)")
    for key in "jjk":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(links[0]))
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile(links[1]))
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile(links[0]))
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile("sort=oldest"))
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()


def test_keys_are_ignored_in_fields_and_can_be_switched_off(page: Page) -> None:
    """What is typed into a field is text; and who does not want the keys has none, on every page after."""
    page.goto(ARTICLE)
    page.locator("#q").fill("")
    page.locator("#q").press_sequentially("etc?")
    expect(page.locator("#q")).to_have_value("etc?")
    expect(page.locator("#keys")).to_have_count(0)
    page.locator("h1").click()
    page.keyboard.press("?")
    page.get_by_label("Keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.goto(ARTICLE)
    page.keyboard.press("e")
    expect(page.locator(".text .m").first).to_be_visible()
    expect(page).to_have_url(re.compile(f"{ARTICLE}$"))


def test_every_read_works_without_javascript(browser: Browser, desk: str) -> None:
    """Search, facets and article serve a browser that runs no script."""
    page = browser.new_page(base_url=desk, java_script_enabled=False)
    page.goto("/")
    page.locator("#q").fill("geneva")
    page.locator("#q").press("Enter")
    assert hits(page) == 40
    page.locator("[data-hit] h2 a").first.click()
    expect(page.locator(".text .m").first).to_be_visible()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES + WRONG)
def test_axe_finds_nothing_serious(browser: Browser, desk: str, path: str, scheme: Any) -> None:
    """No page has a serious or critical finding of axe-core, in the light or in the dark."""
    page = browser.new_page(base_url=desk, color_scheme=scheme)
    page.goto(path)
    found = Axe().run(page).response["violations"]
    page.close()
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in serious] == []


@pytest.mark.parametrize("path", PAGES + WRONG)
def test_pages_have_one_heading_and_fit_a_small_screen(browser: Browser, desk: str, path: str) -> None:
    """One first heading, a main landmark, a skip link; and at 320 pixels nothing runs over the side."""
    page = browser.new_page(base_url=desk, viewport={"width": 320, "height": 640})
    page.goto(path)
    assert page.locator("h1").count() == page.locator("main").count() == 1
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.close()


def test_facets_are_folded_on_a_phone(browser: Browser, desk: str) -> None:
    """On a phone they stand above the results, and open by a touch; on a wide screen they are open."""
    page = browser.new_page(base_url=desk, viewport={"width": 390, "height": 800})
    page.goto("/?q=geneva")
    value = page.locator(".facets a", has_text="paper-1")
    expect(value).to_be_hidden()
    page.get_by_text("Narrow the search").click()
    expect(value).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/?q=geneva")
    expect(value).to_be_visible()
    page.close()


def test_the_first_page_is_light(page: Page) -> None:
    """Everything that the first page loads weighs under 100 KB, the script under 15."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    page.goto("/")
    sizes = {answer.url: len(answer.body()) for answer in answers}
    assert sum(sizes.values()) < 100_000
    assert max(size for url, size in sizes.items() if "desk.js" in url) <= 15_000


def test_no_stored_script_runs(context: BrowserContext, attack: Row) -> None:
    """A hundred articles with scripts in every field: shown as what they are, on the article's page and in results."""
    attack("script in stored text").did("payloads in a real browser", len(HOSTILE), 100)
    page = context.new_page()
    for path in HOSTILE:
        page.goto(f"{path}?show=entities,cuts,topics")
        attack.is_exactly("executed", page.evaluate("window.hit") or 0, 0)
        assert page.locator("h1").inner_text().startswith("hostile "), path
        assert page.locator("a[href^='javascript:' i]").count() == 0, path
    page.goto("/?q=hostile&copies=1")
    assert hits(page) == len(HOSTILE)
    shown = 0
    while True:
        attack.is_exactly("executed", page.evaluate("window.hit") or 0, 0)
        assert page.locator("a[href^='javascript:' i]").count() == 0
        shown += page.locator("[data-hit]").count()
        following = page.get_by_role("link", name="Next page")
        if not following.count():
            break
        following.click()
    assert shown == len(HOSTILE)
