"""What every page has, whichever it is: counts in its header, landmarks, one heading, and pictures that are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from elastic_transport import ConnectionError as NoAnswer
from fastapi.testclient import TestClient
from lxml import html

from desk.web.app import HERE
from desk.web.dead import burials_of
from desk.web.letters import letters_of
from desk.web.pulse import Pulse
from desk.web.roll import Roll, roll_of
from desk.web.trace import tracer_of
from tests.fake_flow import FakeTracer
from tests.fakes import unit_settings
from tests.unit import test_web_stream as streams
from tests.unit.test_web_dead import SOME, FakeLetters
from tests.unit.test_web_sources import FakeSources, fares
from tests.webdesk import HOME, NOW, FakeArchive, FakeWatch, article, web

SOURCES = '[[source]]\nname = "herald"\nkind = "feed"\nurl = "https://herald.example/rss"\npaused = true\n'
ID = "a" * 32
PAGES = (
    "/",
    "/?q=talks",
    "/?q=talks&compare=war",
    "/?q=(",
    f"/articles/{ID}",
    f"/articles/{'b' * 32}",
    "/trace",
    f"/trace?of={ID}",
    "/sources",
    "/sources/add",
    "/sources/herald",
    "/sources/nobody",
    "/stream",
    "/dead",
    f"/dead/{SOME[0].id}",
    "/dead/confirm?action=retry&reason=invalid",
    "/login",
    "/api",
    "/no-such-page",
)
AWAY = {"ok": False, "since": "2026-11-22T14:00:00Z", "seen_at": "2026-11-22T13:59:58Z", "words": "no answer"}
each = pytest.mark.parametrize("path", PAGES)


def desk(folder: Path, archive: FakeArchive, watch: FakeWatch) -> TestClient:
    """The pages, drawn from parts made by hand: three sources fail, and letters are open."""
    app = web(archive, watch)
    path = folder / "sources.toml"
    path.write_text(SOURCES, encoding="utf-8")
    pulse = Pulse(lambda: FakeSources(fares()), lambda: NOW)
    pulse.look()
    letters, sources = FakeLetters([*SOME]), Roll(unit_settings(sources_file=path), pulse, lambda: NOW)
    app.state.desk.failing = lambda: 3
    app.dependency_overrides |= {
        letters_of: lambda: letters,
        burials_of: lambda: letters,
        roll_of: lambda: sources,
        tracer_of: lambda: FakeTracer(ID),
    }
    return TestClient(app, base_url=HOME, raise_server_exceptions=False, follow_redirects=True)


@pytest.fixture
def asked(tmp_path: Path) -> Callable[[str], html.HtmlElement]:
    """Gives a page while everything flows."""
    client = desk(tmp_path, FakeArchive([article()]), FakeWatch(streams.facts(streams.kafka(), streams.index())))
    refused = {f"/articles/{'b' * 32}": 404, "/sources/nobody": 404, "/no-such-page": 404}

    def ask(path: str) -> html.HtmlElement:
        answer = client.get(path)
        assert answer.status_code == refused.get(path, 200)
        return html.fromstring(answer.text)

    return ask


@each
def test_the_header_leads_everywhere_with_its_counts(asked: Callable[[str], html.HtmlElement], path: str) -> None:
    """Sources say how many fail, the stream its verdict in shape and word, dead letters how many; one box is there."""
    page = asked(path)
    (header,) = page.cssselect("body > header")
    links = {link.get("href"): " ".join(link.text_content().split()) for link in header.cssselect("nav a")}
    assert list(links) == ["/", "/sources", "/stream", "/dead"]
    assert links["/sources"] == "Sources 3 failing"
    assert re.fullmatch(r"Stream [●▲■○] [\w ]+", links["/stream"])
    assert re.fullmatch(r"Dead letters \d+", links["/dead"])
    assert len(page.cssselect("form[role=search] input#q")) == len(page.cssselect("#q")) == 1


@each
def test_a_page_can_be_found_through_without_seeing_it(asked: Callable[[str], html.HtmlElement], path: str) -> None:
    """One first heading, one main landmark that the first link skips to, a language, a title, and unique ids."""
    page = asked(path)
    assert len(page.cssselect("h1")) == len(page.cssselect("main")) == 1
    assert page.cssselect("main h1")
    first = page.cssselect("body a")[0]
    assert (first.get("class"), first.get("href")) == ("skip", f"#{page.cssselect('main')[0].get('id')}")
    assert page.get("lang") == "en"
    assert page.findtext(".//title").strip()
    ids = [one.get("id") for one in page.cssselect("[id]")]
    assert len(ids) == len(set(ids))
    for field in page.cssselect("input:not([type=hidden]), select, textarea"):
        is_within = any(one.tag == "label" for one in field.iterancestors())
        assert is_within or page.cssselect(f"label[for='{field.get('id')}']"), field.get("name")
    assert len(page.cssselect("script")) <= 1


@each
def test_every_picture_is_told_in_words(asked: Callable[[str], html.HtmlElement], path: str) -> None:
    """A picture has a title and a description, or is hidden from who cannot see it, as where a table says the same."""
    pictures = asked(path).cssselect("svg")
    assert pictures or path not in ("/", "/?q=talks", "/?q=talks&compare=war", "/sources/herald")
    for picture in pictures:
        if any(one.get("aria-hidden") == "true" for one in (picture, *picture.iterancestors())):
            continue
        assert picture.get("role") in ("img", "group"), html.tostring(picture)[:200]
        assert picture.findtext("title")
        assert picture.findtext("desc")


def test_text_of_articles_says_its_language_and_finds_its_direction(
    asked: Callable[[str], html.HtmlElement],
) -> None:
    """Titles, snippets and texts stand under the language of their article, whichever way that runs."""
    for path, selector in (("/?q=talks", "[data-hit] h2"), (f"/articles/{ID}", "article.story, article.story h1")):
        found = asked(path).cssselect(selector)
        assert found
        assert all((one.get("lang"), one.get("dir")) == ("en", "auto") for one in found)


@pytest.mark.parametrize("path", PAGES)
def test_without_elasticsearch_only_what_needs_it_is_away(tmp_path: Path, path: str) -> None:
    """Search and articles say what is away, since when, what still works and the next command; all else is there."""
    watch = FakeWatch(streams.facts(streams.kafka(), None, elasticsearch=AWAY))
    answer = desk(tmp_path, FakeArchive(error=NoAnswer("refused")), watch).get(path)
    if path.startswith(("/?", "/articles/")) or path == "/":
        assert answer.status_code == 503
        for said in ("Elasticsearch at", "Since", "Sources, Stream and Dead letters work", "wiredesk servers status"):
            assert said in answer.text
    else:
        assert answer.status_code == (404 if path in ("/sources/nobody", "/no-such-page") else 200)


@pytest.mark.parametrize("path", PAGES)
def test_without_kafka_every_page_says_so_and_search_goes_on(tmp_path: Path, path: str) -> None:
    """A banner on each page says since when, and what still works; dead letters alone stand on Kafka and are away."""
    watch = FakeWatch(streams.facts(None, streams.index(), kafka=AWAY))
    answer = desk(tmp_path, FakeArchive([article()]), watch).get(path)
    assert answer.status_code == 503 if path.startswith("/dead") else answer.status_code in (200, 404)
    (banner,) = html.fromstring(answer.text).cssselect(".banner[role=status]")
    said = " ".join(banner.text_content().split())
    assert "does not answer since 22 Nov 2026, 14:00 UTC" in said
    assert "What is indexed can be searched" in said
    assert "wiredesk servers status" in said


def test_nothing_moves_for_who_does_not_want_it() -> None:
    """Every animation and transition of the style sheet is for those alone who did not ask for less of them."""
    style = (HERE / "static" / "desk.css").read_text(encoding="utf-8")
    allowed = re.search(r"@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}", style, re.DOTALL)
    assert allowed
    rest = style.replace(allowed[0], "")
    assert not re.search(r"\b(animation|transition|scroll-behavior)\b\s*:", rest)
    assert ":focus-visible" in style


def test_the_one_script_is_small_and_knows_its_keys() -> None:
    """At most 15 KB as it is sent; every key that the help tells is one that does something."""
    scripts = list((HERE / "static").glob("*.js"))
    assert [one.name for one in scripts] == ["desk.js"]
    assert scripts[0].stat().st_size <= 15 * 1024
    keys = re.search(r"const KEYS = \{(.*?)\n\};", scripts[0].read_text(encoding="utf-8"), re.DOTALL)
    assert keys
    assert set(re.findall(r'^  "?([^":\s]+)"?: \[', keys[1], re.MULTILINE)) == set("/jkunpect?") | {"?"}
