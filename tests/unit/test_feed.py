"""Feeds of every form are read for what they say, and what is wrong with them is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from producers.feed import parse
from producers.feedloose import MOST_LOOSE, FeedLoose
from producers.feedxml import FeedXml
from producers.items import Item, NotAListing
from producers.trees import xml_text

DATA = Path(__file__).parents[1] / "data/feeds"
URL = "https://feeds.herald.example/world"


def feed(items: str) -> bytes:
    """An RSS feed of these items."""
    return f"<rss version='2.0'><channel><link>https://a.example/</link>{items}</channel></rss>".encode()


def only(items: str) -> Item:
    """The one item of a feed."""
    (item,) = parse(feed(items), URL).items
    return item


def reasons(body: bytes) -> list[str]:
    """Why entries of a feed were refused."""
    return [refusal.reason for refusal in parse(body, URL).refused]


def test_rss_is_read_with_its_namespaces() -> None:
    """Title, original link, date, author, categories, picture and the fullest text of an RSS item are found."""
    listing = parse((DATA / "rss-20.xml").read_bytes(), URL)
    first, second, third = listing.items
    assert (listing.hub, listing.self_url) == ("https://hub.example/", URL)
    assert (listing.title, listing.language) == ("The Herald & Post", "en-gb")
    assert first.url == "https://www.herald.example/world/2026/03/01/geneva-grain-talks?utm_source=rss"
    assert first.title == "Ministers meet in Geneva for grain talks"
    assert (first.authors, first.published) == (("Jane Doe",), "Sun, 01 Mar 2026 12:30:00 GMT")
    assert first.content.endswith("<p>Both sides were content.</p>")
    assert first.metadata["image"] == "https://img.herald.example/1.jpg"
    assert first.metadata["guid"] == "herald-1"
    assert second.url == "https://www.herald.example/business/att-opens-an-office"
    assert (second.title, second.authors) == ("AT&T opens an office", ("News Desk",))
    assert third.url == "https://www.herald.example/only-guid"


def test_what_is_no_article_in_a_feed_is_refused_by_its_number() -> None:
    """Only an enclosure, nothing at all, another scheme, and a second time the same: each is said, with the entry."""
    listing = parse((DATA / "rss-20.xml").read_bytes(), URL)
    assert [refusal.place.rpartition(", ")[2] for refusal in listing.refused] == [f"entry {n}" for n in range(4, 9)]
    words = ["only an enclosure", "neither link nor text", "mailto:", "javascript:", "the same article as entry 1"]
    assert all(word in refusal.reason for word, refusal in zip(words, listing.refused, strict=True))
    assert "1246" in listing.notes[0]


def test_atom_is_read_by_the_types_of_its_texts() -> None:
    """Of Atom, html is markup, xhtml is kept as markup, text stays as it is, and xml:base counts for links."""
    listing = parse((DATA / "atom-10.xml").read_bytes(), URL)
    first, second, third, fourth = listing.items
    assert (first.title, first.content_type) == ("Ministers & grain", "text/html")
    assert first.url == "https://www.post.example/blog/2026/03/ministers"
    assert first.authors == ("Jane Doe", "Rex Roe")
    assert second.url == "https://archive.post.example/2026/two"
    assert (second.title, second.authors) == ("3 < 5 and bold", ("The Desk",))
    assert "<em>XHTML</em>" in second.content
    assert (third.content, third.content_type, third.language) == ("a <b> bleibt, wie es ist", "text/plain", "de")
    assert fourth.url == "https://www.post.example/blog/four.pdf"
    assert listing.self_url == "https://www.post.example/blog/feed.atom"


def test_json_feeds_are_read() -> None:
    """Of JSON Feed 1.0 and 1.1 links, texts, authors, hubs and dates are found, and items that are none are refused."""
    old, new = (parse((DATA / name).read_bytes(), URL) for name in ("feed-1.0.json", "feed-1.1.json"))
    assert [item.url for item in old.items] == [f"https://notes.example/{name}" for name in (1, 2, 4)]
    assert [refusal.reason for refusal in old.refused] == ["it has neither link nor text", "not a JSON object"]
    assert (new.hub, new.language) == ("https://hub.example/", "is")
    assert new.items[0].authors == ("Guðrún", "Páll")
    assert new.items[0].metadata["updated"] == "2026-03-01T10:00:00Z"


@pytest.mark.parametrize(
    ("name", "title", "note"),
    [
        ("rss-windows-1251.xml", "Министры встретились в Женеве", None),
        ("rss-wrong-declared.xml", "Министры встретились в Женеве", "says it is windows-1251, and is UTF-8"),
        ("rss-undeclared-1251.xml", "Министры встретились в Женеве", "says it is utf-8; read as cp1251"),
        ("rss-shift_jis.xml", "閣僚ら、ジュネーブで会談", None),
        ("atom-utf-16.xml", "اجتمع الوزراء في جنيف", None),
        ("rss-091.xml", "Les ministres réunis à Genève", "not well-formed XML"),
    ],
)
def test_every_encoding_is_read_and_a_wrong_one_is_said(name: str, title: str, note: str | None) -> None:
    """Declared, marked and wrongly declared encodings give the right letters; what was wrong is a note."""
    listing = parse((DATA / name).read_bytes(), URL)
    assert listing.items[0].title == title
    assert [words[: len(note or "")] for words in listing.notes] == ([note] if note else [])


@pytest.mark.parametrize(
    "name", ["rss-10.rdf", "rss-092.xml", "atom-03.xml", "rss-windows-1251.xml", "atom-utf-16.xml"]
)
def test_both_readers_of_xml_find_the_same(name: str) -> None:
    """All that feedparser finds of a well-formed feed, links, titles and dates, the strict reader finds."""
    text, _, _ = xml_text((DATA / name).read_bytes(), None)
    strict, loose = (
        {one.url: (one.title, one.published) for one in reader.items() if isinstance(one, Item)}
        for reader in (FeedXml(text, URL), FeedLoose(text, URL))
    )
    assert loose
    assert {url: strict.get(url) for url in loose} == loose


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (
            b"<!DOCTYPE html><html><body>Hello",
            "an HTML page, not a feed: `wiredesk feed add https://feeds.herald.example/",
        ),
        (b"<urlset></urlset>", 'give its source kind = "sitemap"'),
        (b"<opml/>", "`wiredesk feed import FILE`"),
        (b"<svg/>", "its root is <svg>"),
        (b"Too many connections", "it begins with 'Too many connections'"),
        (b'{"error": 1}', "no JSON Feed: it has no list of items"),
        (b'{"items": []}', "its version does not begin with"),
        (b'{"items": ', "neither XML nor JSON that can be read"),
        (b"[" * 100_000, "neither XML nor JSON"),
        (b'{"items":' + b"[" * 100_000, "nested too deep"),
        (b"\x89PNG\0\0", "binary data, not text"),
        (b"a" * (32 * 2**20 + 1), "too large: 33,554,433 bytes"),
    ],
)
def test_what_is_no_feed_is_said_with_the_way_out(body: bytes, words: str) -> None:
    """An answer that is no feed is told for what it is, in one line."""
    with pytest.raises(NotAListing) as refused:
        parse(body, URL)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "title",
    ["Salt & pepper", "a < b", "na&iuml;ve", "&#xD800;", "&#x110000;", "&#99999999999;", "bell\x07", "<dc:x>y</dc:x>"],
)
def test_common_faults_are_put_right(title: str) -> None:
    """A bare ampersand, an unknown name, an impossible reference or an undeclared prefix costs no entry."""
    good = "<item><title>Second</title><link>https://a.example/2</link></item>"
    listing = parse(feed(f"<item><title>{title}</title><link>https://a.example/1</link></item>{good}"), URL)
    assert [item.url for item in listing.items] == ["https://a.example/1", "https://a.example/2"]
    assert listing.items[1].title == "Second"
    assert not listing.refused


def test_a_feed_with_tags_that_do_not_match_is_read_loosely() -> None:
    """Where XML cannot be mended, every entry is still found, and a note names the line."""
    item = "<item><title>T{0}</title><link>https://a.example/{0}</link><description><b>x</description></item>"
    listing = parse(feed("".join(item.format(n) for n in range(5))), URL)
    assert [item.title for item in listing.items] == [f"T{n}" for n in range(5)]
    assert listing.notes[0].startswith("not well-formed XML (line 1: ")


def test_a_loose_feed_is_bounded_and_says_so() -> None:
    """Of a broken feed with too many entries the first are read, and a refusal tells of the rest."""
    item = "<item><link>https://a.example/{0}</link><b></item>"
    listing = parse(feed("".join(item.format(n) for n in range(2 * MOST_LOOSE))), URL)
    assert len(listing.items) == MOST_LOOSE
    assert "only the first 500 entries are read" in listing.refused[-1].reason


def test_half_a_feed_says_what_is_missing() -> None:
    """A feed cut off in its third entry gives two, and a refusal that names the place."""
    entry = "<item><title>T</title><link>https://a.example/{0}</link></item>"
    body = feed("".join(entry.format(n) for n in range(3)))[:-45]
    assert len(parse(body, URL).items) == 2
    assert reasons(body)[-1].startswith("cut off (line 1: ")


def test_junk_before_a_feed_is_passed_over() -> None:
    """What a server prints before the XML does not hide the feed."""
    body = b"\n<br />\nWarning: mysql\n<?xml version='1.0'?>" + feed("<item><link>https://a.example/1</link></item>")
    assert len(parse(body, URL).items) == 1


def test_one_guid_for_all_entries_does_not_make_them_one() -> None:
    """Entries with one guid and several addresses are all taken, and a note says so."""
    items = "".join(f"<item><link>/{n}</link><guid isPermaLink='false'>0</guid></item>" for n in range(3))
    listing = parse(feed(items), URL)
    assert len(listing.items) == 3
    assert "the guid '0' stands for 3 articles" in listing.notes[0]


def test_a_huge_entry_is_refused_and_its_neighbours_are_read() -> None:
    """An entry of five million characters is too large for a listing; the next is taken."""
    huge = f"<item><link>/1</link><description>{'a' * 5_000_000}</description></item>"
    listing = parse(feed(f"{huge}<item><link>/2</link></item>"), URL)
    assert [item.url for item in listing.items] == ["https://a.example/2"]
    assert listing.refused[0].reason.startswith("too large: 5,000,000 characters")


def test_text_without_a_link_is_an_item_of_its_own() -> None:
    """An entry that has only text is kept without an address; a bad link is then noted with it."""
    assert only("<item><description>Closed until spring.</description></item>").url is None
    item = only("<item><link>ftp://a.example/x</link><description>Closed.</description></item>")
    assert (item.url, item.metadata["link_fault"][:15]) == (None, "its link is ftp")


def test_a_title_is_one_line_whatever_the_form() -> None:
    """Line breaks and runs of spaces in a title become single spaces, in XML and in JSON."""
    items = '[{"url": "https://a.example/1", "title": "Ministers\\n\\n meet"}]'
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "items": {items}}}'.encode()
    assert parse(body, URL).items[0].title == "Ministers meet"
    assert only("<item><link>/1</link><title>Ministers\n\n meet</title></item>").title == "Ministers meet"
