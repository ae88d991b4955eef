"""The pages as the server draws them, on a hand-made archive."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from elastic_transport import ConnectionError as NoAnswer
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaConnectionError

from desk.search.cursor import CursorError
from desk.search.found import Copies, Facet, FacetValue, Found, Loosened
from desk.search.language import QueryError
from desk.web.article import wikidata
from desk.web.parts import address, ago, marked, moment, outside
from desk.web.search import State
from desk.web.trace import tracer_of
from tests.fakes import quick
from tests.webdesk import NOW, FakeArchive, FakeWatch, article, client, facts, histogram, hit, web


def test_the_search_page_shows_what_was_found() -> None:
    """Count, reading, freshness, title, source, time with zone, snippet with its match, entities, topic, copies."""
    one = replace(hit(), copies=Copies(2, ("gazette", "mirror")))
    found = Found("talks AND geneva", 1234, (one,), newest=NOW, histogram=histogram(1, 2), next="x1")
    page = client(FakeArchive(found=found)).get("/?q=talks+geneva").text
    for said in (
        "1,234 articles",
        "Read as: <bdi>talks AND geneva</bdi>",
        "the newest came just now",
        "Talks in Geneva",
        "herald ·",
        "22 Nov 2026, 12:00 UTC",
        "(2 hours ago)",
        "spoke of <mark>talks</mark> &amp; more",
        "Maria Zakharova",
        "diplomacy",
        "2 copies in gazette, mirror",
        "after=x1",
    ):
        assert said in page, said


def test_the_address_says_what_is_searched() -> None:
    """Query, order, page and copies of the address reach the search as they are."""
    archive = FakeArchive([article()])
    client(archive).get("/?q=a%3Ab&sort=oldest&after=mark&copies=1")
    [asked] = archive.asked
    assert (asked.text, asked.sort, asked.after, asked.copies, asked.facets) == ("a:b", "oldest", "mark", True, True)


@quick
@given(st.text(max_size=30), st.lists(st.text(min_size=1, max_size=8), max_size=3))
def test_every_state_survives_its_address(q: str, compare: list[str]) -> None:
    """An address that the page makes brings back the same state."""
    state = State(q.strip(), "newest", "m", True, tuple(dict.fromkeys(compare)), "share")
    answer = TestClient(web(), base_url="http://127.0.0.1").get(state.href(after=state.after))
    assert answer.status_code == 200


def test_another_search_begins_at_its_first_page() -> None:
    """A link that changes the query leaves the mark of the next page out."""
    state = State("a", after="mark", compare=("b",))
    assert state.href(q="c") == "/?q=c&compare=b"
    assert "after=mark" in state.href(view="share", after="mark")


def test_facets_show_counts_and_what_is_chosen() -> None:
    """A value is a link to its query; one that is chosen says so and leads back."""
    values = (FacetValue("en", "English", 7, "x lang:en"), FacetValue("de", "German", 3, "x", is_chosen=True))
    found = Found("x", 10, (hit(),), facets=(Facet("lang", "Language", values, others=2),))
    page = client(FakeArchive(found=found)).get("/?q=x").text
    assert 'href="/?q=x+lang%3Aen"' in page
    assert re.search(r'href="/\?q=x" class="chosen" aria-current="true"', page)
    assert re.search(r"others</span> <span>2", page)


def test_nothing_found_offers_less() -> None:
    """Each way to ask less is there with its count; what finds nothing either is no link."""
    loosened = (Loosened("without a", "b", 3), Loosened("without b", "a", 0))
    page = client(FakeArchive(found=Found("a AND b", 0, (), loosened=loosened, spelling="ab"))).get("/?q=a+b").text
    assert '<a href="/?q=b">without a</a>: 3 articles' in page
    assert "<li>without b: 0 articles" in page
    assert 'Did you mean <a href="/?q=ab">' in page


def test_what_lacks_some_words_stands_apart() -> None:
    """Articles that nearly answer have a heading of their own and are not counted, whether others answer or none."""
    for total, hits in ((0, ()), (1, (hit(),))):
        page = client(FakeArchive(found=Found("a AND b", total, hits, nearly=(hit(),)))).get("/?q=a+b").text
        above, heading, below = page.partition("<h2>Nearly</h2>")
        assert heading
        assert (above.count("<li data-hit>"), below.count("<li data-hit>")) == (total, 1)
    assert "Nearly" not in client(FakeArchive(found=Found("a", 1, (hit(),)))).get("/?q=a").text


def test_a_partial_answer_says_so() -> None:
    """What is missing of an answer stands beside its count."""
    found = Found("a", 5, (hit(),), partial="one of two parts did not answer in time")
    assert "▲ one of two parts did not answer in time" in client(FakeArchive(found=found)).get("/?q=a").text


def test_a_wrong_query_is_pointed_at() -> None:
    """The page has the place, the reason and the mend as a link, and is no server's error."""
    archive = FakeArchive(error=QueryError("there is no field titel", 2, 6, "a title:b"))
    answer = client(archive).get("/?q=a+titel%3Ab")
    assert answer.status_code == 400
    assert 'a <mark class="fault">titel:</mark>b' in answer.text
    assert 'href="/?q=a+title%3Ab"' in answer.text


def test_a_mark_of_another_search_is_refused_in_words() -> None:
    """A next page that does not fit is a wrong address, not an error of the server."""
    answer = client(FakeArchive(error=CursorError("another search"))).get("/?after=x")
    assert answer.status_code == 400
    assert "begin at its first page" in answer.text


def test_lists_are_offered_as_data() -> None:
    """The page names itself as JSON, CSV, Atom and ninjs, with the same query."""
    page = client().get("/?q=a+b").text
    for kind in ("json", "csv", "atom", "ninjs"):
        assert re.search(rf'<link rel="alternate" [^>]*href="/api/v1/search.{kind}\?q=a\+b"', page)


def test_an_article_shows_what_was_found_in_it() -> None:
    """Text, marks, cuts with their reason, topics with score and terms, entities, provenance, notes, versions."""
    page = client().get("/articles/" + "a" * 32).text
    for said in (
        '<span class="m person" data-letter="P" title="Maria Zakharova, person, Q4092510">Maria Zakharova</span>',
        "1 line cut",
        "names of networks",
        "arms control, talks",
        "0.80",
        'href="https://www.wikidata.org/wiki/Q4092510" rel="noopener noreferrer nofollow"',
        "A. Writer",
        "extract 2, topics 3",
        "dates: the zone is not known",
        f"/articles/{'a' * 32}/trace",
        f"/articles/{'a' * 32}/raw",
    ):
        assert said in page, said
    assert re.search(r'<article class="story" lang="en" dir="auto">', page)


def test_an_address_of_another_kind_is_no_link() -> None:
    """What is neither http nor https is shown as text."""
    page = client(FakeArchive([article(url="javascript:alert(1)", origin="data:text/html,x")])).get(
        "/articles/" + "a" * 32
    )
    assert "javascript:alert(1)" in page.text
    assert 'href="javascript' not in page.text
    assert 'href="data' not in page.text


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://a.example/x", True),
        ("http://a.example", True),
        ("HTTPS://a.example", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("//a.example", False),
        ("https:", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_links_lead_to_the_web_alone(url: str | None, is_link: bool) -> None:
    """Only an address with http or https and a host may be a link."""
    assert (outside(url) is not None) is is_link


def test_an_article_that_is_not_there_says_where_to_look() -> None:
    """The page names the next command."""
    answer = client(FakeArchive([])).get("/articles/" + "b" * 32)
    assert answer.status_code == 404
    assert "wiredesk trace" in answer.text


def test_elasticsearch_away_is_told_with_what_still_works() -> None:
    """The page says what, since when, what works and what to do next; it recovers by itself."""
    archive = FakeArchive([article()], error=NoAnswer("refused"))
    browser = client(archive)
    answer = browser.get("/")
    assert answer.status_code == 503
    for said in (
        "Elasticsearch at",
        "22 Nov 2026, 14:03 UTC",
        "Sources, Stream and Dead letters work",
        "wiredesk servers",
    ):
        assert said in answer.text, said
    archive.error = None
    assert browser.get("/").status_code == 200


def test_kafka_away_is_a_banner_and_search_goes_on() -> None:
    """The pages stay, dated; the header no longer claims that articles flow."""
    away = facts(servers={"kafka": {"ok": False, "since": "2026-11-22T14:00:00Z", "words": "no broker"}})
    answer = client(watch=FakeWatch(away)).get("/")
    assert answer.status_code == 200
    assert "Talks in Geneva" in answer.text
    assert "Kafka at kafka.invalid:9092 does not answer" in answer.text
    assert "22 Nov 2026, 14:00 UTC" in answer.text


def test_a_watch_that_cannot_be_opened_does_not_break_a_page() -> None:
    """Whatever is wrong with Kafka, the page is there and says so."""
    watch = FakeWatch(error=KafkaConnectionError())
    answer = client(watch=watch).get("/")
    assert answer.status_code == 200
    assert "does not answer" in answer.text
    assert watch.closed == 1


def test_a_defect_shows_no_traceback() -> None:
    """An error of our own is a page without any of its words, and its headers are those of every page."""
    answer = client(FakeArchive(error=RuntimeError("secret-detail"))).get("/")
    assert answer.status_code == 500
    assert "secret-detail" not in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_trace_of_no_article_is_refused_in_words() -> None:
    """What is neither an id nor an address is answered beside the box."""

    class Refusing:
        """Follows nothing."""

        def trace(self, asked: str) -> None:
            """Refuses."""
            raise ValueError(f"{asked} is neither an id nor an address")

    app = web()
    app.dependency_overrides[tracer_of] = Refusing
    answer = TestClient(app, base_url="http://127.0.0.1").get("/trace?of=nix")
    assert answer.status_code == 400
    assert "nix is neither an id nor an address" in answer.text


@quick
@given(st.text(max_size=200))
def test_no_query_makes_a_servers_error(q: str) -> None:
    """Whatever is typed, the page is drawn, and nothing of it becomes markup."""
    answer = client().get(address("/", q=q))
    assert answer.status_code == 200
    inside = re.search(r'id="q" name="q" value="([^"]*)"', answer.text)
    assert inside
    assert "<" not in inside[1]


@quick
@given(st.text(max_size=80))
def test_a_highlight_is_escaped(text: str) -> None:
    """Only the marks themselves are markup."""
    assert "<" not in re.sub(r"</?mark>", "", str(marked(text)))


def test_times_are_told_with_zone_and_age() -> None:
    """A moment has its zone; a day alone has no hours; how long ago stands beside."""
    assert str(moment("2026-11-22T12:30:00+02:00")).endswith(">22 Nov 2026, 10:30 UTC</time>")
    assert str(moment("2026-11-22T00:00:00Z", "day")).endswith(">22 Nov 2026</time>")
    assert ago("2026-11-22T14:00:00Z", NOW) == "3 minutes ago"
    assert ago("2026-11-23T14:03:00Z", NOW) == "in 1 day"


def test_only_wikidatas_ids_lead_there() -> None:
    """An id that only we know is no link."""
    assert wikidata("Q42") == "https://www.wikidata.org/wiki/Q42"
    assert wikidata("person:Q42") is None
    assert wikidata("Q42/../evil") is None
