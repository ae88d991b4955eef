"""Sitemaps, pages that list articles, and lists of feeds, with what is wrong with them said in words."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers import headlines, opml, page, sitemap
from producers.items import NotAListing, address
from producers.links import base_of, html_tree
from producers.opml import Outline
from producers.site import same_site
from schemas.source import SourceSpec
from tests.fakes import quick

DATA = Path(__file__).parents[1] / "data/feeds"
URL = "https://www.herald.example/"
PAGES = sorted(path for path in (DATA / "pages").glob("*.html") if path.name != "nothing.html")


def choosing(links: str) -> SourceSpec:
    """A page whose links are chosen."""
    return SourceSpec(name="herald", kind="page", url=URL, links=links)


def test_a_news_sitemap_is_read_with_its_news() -> None:
    """Title, date, language, publication and picture of a news sitemap's entry are found."""
    first, second = sitemap.parse((DATA / "news-sitemap.xml").read_bytes(), URL).items
    assert (first.title, first.published, first.language) == ("Ministers & grain", "2026-03-01T10:00:00Z", "en")
    assert first.metadata["publication"] == "The Herald"
    assert first.metadata["image"] == "https://img.herald.example/1.jpg"
    assert first.metadata["updated"] == "2026-03-01T12:00:00Z"
    assert (second.title, second.published) == ("Second", "2026-03-01")


@pytest.mark.parametrize("name", ["news-sitemap.xml", "sitemap.txt", "sitemap-index.xml"])
def test_a_packed_sitemap_is_the_same(name: str) -> None:
    """A sitemap that is gzip itself gives what it gives unpacked."""
    body = (DATA / name).read_bytes()
    assert sitemap.parse(gzip.compress(body), URL) == sitemap.parse(body, URL)


def test_an_index_names_its_newest_sitemaps() -> None:
    """Of an index of many sitemaps the newest are named, and a note tells of the rest."""
    entries = (f"<sitemap><loc>/s{n}.xml</loc><lastmod>{1990 + n % 100}-01-01</lastmod></sitemap>" for n in range(110))
    listing = sitemap.parse(f"<sitemapindex>{''.join(entries)}</sitemapindex>".encode(), URL)
    assert len(listing.more) == sitemap.MOST_SITEMAPS
    assert min(int(link.rpartition("/s")[2][:-4]) for link in listing.more) >= 50
    assert listing.notes == ("110 sitemaps: the newest 50 are looked at",)


def test_a_feed_may_stand_as_a_sitemap() -> None:
    """A feed where a sitemap is expected is read as the feed that it is, as sitemaps.org has it."""
    assert len(sitemap.parse((DATA / "rss-092.xml").read_bytes(), URL).items) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "it is empty"),
        (b"<html><body>x", "an HTML page, not a sitemap"),
        (b"<svg/>", "its root is <svg>"),
        (b"not found", "it begins with 'not found'"),
        (b"\x1f\x8bxx", "broken gzip data"),
        (gzip.compress(b"a" * (33 * 2**20)), "when it is unpacked"),
    ],
)
def test_what_is_no_sitemap_is_said(body: bytes, words: str) -> None:
    """An answer that is no sitemap is told for what it is."""
    with pytest.raises(NotAListing, match=words):
        sitemap.parse(body, URL)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_articles_of_a_page_are_found_by_themselves(path: Path) -> None:
    """On pages of seven languages and five encodings exactly the articles are found, and none of the furniture."""
    root, _ = html_tree(path.read_bytes(), None)
    marked = (link for link in root.iter("a") if link.get("data-article") is not None)
    expected = {address(link.get("href"), base_of(root, URL)) for link in marked}
    assert {item.url for item in page.parse(path.read_bytes(), URL).items} == expected


def test_a_card_gives_its_headline_and_its_date() -> None:
    """Of several links to one article the one that reads as a headline names it; `<time>` in its card dates it."""
    first, second, third, fourth = page.parse((DATA / "pages/en-cards.html").read_bytes(), URL).items
    assert (first.title, first.published) == ("Ministers meet in Geneva for grain talks", "2026-03-01T10:00:00Z")
    assert (second.published, third.published) == ("2026-03-01T09:00:00Z", None)
    assert fourth.title == "Cup final ends in a draw"


@pytest.mark.parametrize(
    "links",
    ["article h2 a", "//article/h2/a", ".//article/h2/a/@href", "article h2"],
)
def test_links_are_chosen_by_css_or_xpath(links: str) -> None:
    """A selector of links, of what they stand in, or of their addresses chooses the same articles."""
    items = page.parse((DATA / "pages/en-cards.html").read_bytes(), URL, None, choosing(links)).items
    assert [(item.url or "").rpartition("/")[2] for item in items] == [
        "ministers-meet-in-geneva",
        "wheat-prices-fall-again",
        "ferry-line-reopens",
    ]
    assert items[0].title == "Ministers meet in Geneva for grain talks"


@pytest.mark.parametrize(
    ("links", "words"),
    [
        ("h2 >", "is no CSS selector"),
        ("//h2[", "is no XPath"),
        ("//h2/nonsense()", "is no XPath"),
        ("a::nonsense(", "is no CSS selector"),
        ("h6 a", "chooses nothing on the page"),
        ("//a\x00", "is no XPath"),
        ("/count", "chooses nothing"),
        ("//h2[count(", "is no XPath"),
        ("//*[count(//a) > 1]/nothing", "chooses nothing"),
        ("/1", "is no XPath"),
    ],
)
def test_a_selector_that_does_not_work_is_named(links: str, words: str) -> None:
    """A selector that cannot be read or chooses no link is told with its words."""
    with pytest.raises(NotAListing, match=words):
        page.parse((DATA / "pages/en-cards.html").read_bytes(), URL, None, choosing(links))


def test_what_a_selector_chooses_without_a_link_is_refused_by_its_number() -> None:
    """Text or an element that leads nowhere is refused, and no text is taken for an address."""
    for links in ("/html/head/title/text()", "title"):
        listing = page.parse((DATA / "pages/en-cards.html").read_bytes(), URL, None, choosing(links))
        assert [(one.place, one.reason) for one in listing.refused] == [(f"{URL}, link 1", "its link is empty")]
        assert not listing.items


def test_a_homepage_without_a_list_says_the_way_out() -> None:
    """Where no list is found, the message says how to choose the links."""
    with pytest.raises(NotAListing, match=r"no list of articles was found on .*: choose its links with"):
        page.parse((DATA / "pages/nothing.html").read_bytes(), URL)


@pytest.mark.parametrize(
    ("url", "looks"),
    [
        ("https://a.example/2026/03/01/talks", True),
        ("https://a.example/world/ministers-meet-in-geneva", True),
        ("https://a.example/news/1001456.html", True),
        ("https://a.example/tag/geneva-grain-talks-2026", False),
        ("https://a.example/about", False),
        ("https://a.example/report.pdf", False),
        ("https://a.example/", False),
    ],
)
def test_an_address_tells_whether_it_is_of_an_article(url: str, *, looks: bool) -> None:
    """Dates, numbers and long names speak for an article; sections, files and front pages against one."""
    assert (headlines.of_address(url) > 0) == looks


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.a.example/x", "http://a.example/y", True),
        ("https://news.a.example/", "https://www.a.example/", True),
        ("https://m.a.example/", "https://amp.a.example/", True),
        ("https://a.example/", "https://b.example/", False),
        ("https://one.pages.example/", "https://two.pages.example/", False),
        ("https://[", "https://[", False),
    ],
)
def test_what_one_site_is(one: str, other: str, *, same: bool) -> None:
    """Hosts are of one site when they are one, or one stands below the other."""
    assert same_site(one, other) == same_site(other, one) == same


def test_opml_of_any_shape_is_read_line_by_line() -> None:
    """Version 1 without a head, other spellings, sites instead of feeds: each is read, or refused by its line."""
    found = opml.read((DATA / "opml-1.xml").read_bytes(), "old.opml")
    assert found.outlines == (
        Outline("The Herald", "https://www.herald.example/rss", "https://www.herald.example/", "feed", ("World",)),
        Outline("Post", "https://www.post.example/blog/feed.atom", None, "feed", ("World",)),
        Outline("Only a site", None, "https://www.only.example"),
        Outline("By url", "https://byurl.example/rss"),
    )
    assert [refusal.place for refusal in found.refused] == ["old.opml:6", "old.opml:7"]


def test_broken_opml_and_plain_lists_are_read() -> None:
    """A bare ampersand, tags that do not match and a text of addresses end nothing."""
    (courrier, site), twice = (found := opml.read((DATA / "opml-2.opml").read_bytes(), "x")).outlines, found.refused
    assert (courrier.title, courrier.folders) == ("Le Courrier de Genève", ("Presse & radio", "Suisse"))
    assert (site.feed, site.site) == (None, "https://site.example/")
    assert "stands in it twice" in twice[0].reason
    broken = opml.read(b"<opml><body><outline text='A'><outline xmlUrl='https://a.example/rss' text='B'></body>", "x")
    assert broken.outlines == (Outline("B", "https://a.example/rss"),)
    assert broken.refused[0].reason.startswith("not well-formed XML (line 1: ")
    plain = opml.read((DATA / "addresses").read_bytes(), "list")
    assert [(one.title, one.site) for one in plain.outlines][1:] == [
        ("The Post", "https://www.post.example/"),
        ("news.example", "https://news.example"),
    ]
    assert [refusal.place for refusal in plain.refused] == ["list:5"]


@pytest.mark.parametrize("data", [b"", b"<html></html>", b"\0\1", b"<opml/>", b"<outline", b"{}"])
def test_a_list_that_names_nothing_is_one_refusal(data: bytes) -> None:
    """What holds no source at all says so, and raises nothing."""
    found = opml.read(data, "x.opml")
    assert not found.outlines
    assert len(found.refused) == 1


@quick
@given(st.binary(max_size=300), st.integers(0, 700))
def test_no_bytes_break_the_reading_of_lists(data: bytes, at: int) -> None:
    """Any bytes, also in the middle of a good list, give outlines and refusals."""
    good = (DATA / "opml-1.xml").read_bytes()
    for body in (data, good[:at] + data + good[at:]):
        assert all(one.feed or one.site for one in opml.read(body, "x").outlines)


SPECS = st.builds(
    SourceSpec,
    name=st.from_regex(r"[A-Za-zа-я0-9][A-Za-zа-я0-9 .:@/+-]{0,40}", fullmatch=True),
    kind=st.sampled_from(["feed", "sitemap", "page", "url"]),
    url=st.from_regex(r"https://[a-z]{1,9}\.example/[a-z0-9?=&;%-]{0,20}", fullmatch=True),
)


@quick
@given(st.lists(SPECS, max_size=6, unique_by=lambda spec: spec.url))
def test_what_is_written_is_read_again(specs: list[SourceSpec]) -> None:
    """A list that Wiredesk wrote gives back every source's kind and address, under a name that may be taken."""
    found = opml.read(opml.write(specs).encode(), "x.opml").outlines
    assert [(one.kind, one.feed) for one in found] == [(spec.kind, spec.url) for spec in specs]
    assert [one.title for one in found] == [" ".join(spec.name.split()) for spec in specs]


def test_names_keep_to_the_contract_and_are_taken_once() -> None:
    """A title becomes a name without the characters that no name has; one that is taken gets a number."""
    outline = Outline("«The Herald» | World!", "https://a.example/rss")
    first = opml.name_of(outline, set())
    assert (first, opml.name_of(outline, {first})) == ("The Herald World", "The Herald World 2")
    assert opml.name_of(Outline("***", "https://a.example/rss"), set()) == "a.example"
