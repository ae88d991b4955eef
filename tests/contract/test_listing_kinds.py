"""What every kind of source that is fetched and lists articles keeps to."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers import pages
from producers.items import MOST_ITEMS, Listing, NotAListing
from producers.reading import Refusal
from producers.sources import LISTINGS
from schemas.article import RawArticle
from schemas.identity import canonical_url
from schemas.source import SourceKind, SourceSpec
from tests.fakes import FETCHED_AT, quick

DATA = Path(__file__).parents[1] / "data/feeds"
URL = "https://www.herald.example/listing"
MAX_BYTES = 20_000


def files(pattern: str) -> list[Path]:
    """Documents of one kind among the samples."""
    return sorted(path for path in DATA.glob(pattern) if "opml" not in path.name)


# Documents of each kind that list something. A new kind brings its own.
GOOD: dict[SourceKind, list[Path]] = {
    "feed": [*files("rss*"), *files("atom*"), *files("feed*")],
    "sitemap": files("*sitemap*"),
    "page": [path for path in files("pages/*.html") if path.name != "nothing.html"],
    "url": files("pages/*.html"),
}
ALL = [(kind, path) for kind, paths in GOOD.items() for path in paths]
EACH = pytest.mark.parametrize(("kind", "path"), ALL, ids=[f"{kind}-{path.name}" for kind, path in ALL])


def spec(kind: SourceKind, **more: str) -> SourceSpec:
    """A source of one kind."""
    return SourceSpec.model_validate({"name": "herald", "kind": kind, "url": URL, **more})


def parsed(kind: SourceKind, body: bytes, content_type: str | None = None) -> Listing:
    """What a document lists."""
    return LISTINGS[kind](body, URL, content_type, spec(kind))


def kept(listing: Listing) -> None:
    """Holds a listing against what it promises."""
    assert len(listing.items) <= MOST_ITEMS
    for item in listing.items:
        assert item.url or item.content.strip()
        if item.url:
            assert item.url.lower().startswith(("http://", "https://"))
            assert canonical_url(item.url)
        assert "\n" not in (item.title or "") + (item.published or "") + "".join(item.authors)
        assert all(value and len(value) < 1000 for value in item.metadata.values())
    assert all(address.lower().startswith(("http://", "https://")) for address in listing.more)
    assert len({canonical_url(item.url) for item in listing.items if item.url}) == sum(
        item.url is not None for item in listing.items
    )
    for refusal in listing.refused:
        assert refusal.place
        assert refusal.reason
        assert "\n" not in refusal.reason
    assert all(note and "\n" not in note for note in listing.notes)


def read_or_refused(kind: SourceKind, body: bytes, content_type: str | None = None) -> None:
    """Any bytes give a listing that keeps its promises, or a reason in one line."""
    found: Listing | str
    try:
        found = parsed(kind, body, content_type)
    except NotAListing as refused:
        found = str(refused)
    if isinstance(found, Listing):
        kept(found)
    else:
        assert found.strip()
        assert "\n" not in found


def test_every_listing_kind_has_its_samples() -> None:
    """The kinds of the registry that list are those that are tested here."""
    assert set(GOOD) == set(LISTINGS)
    assert all(GOOD.values())


@EACH
def test_it_lists_absolute_addresses_each_once(kind: SourceKind, path: Path) -> None:
    """Each sample lists something; addresses are absolute and stand once, and refusals say where and why."""
    listing = parsed(kind, path.read_bytes())
    kept(listing)
    assert listing.items or listing.more


@EACH
def test_reading_again_gives_the_same(kind: SourceKind, path: Path) -> None:
    """The same document gives the same listing."""
    assert parsed(kind, path.read_bytes()) == parsed(kind, path.read_bytes())


@EACH
def test_every_item_that_carries_text_becomes_an_article(kind: SourceKind, path: Path) -> None:
    """What a listing carries of an article's text is a raw article of the contract, under the source's name."""
    source = spec(kind, content="feed")
    for item in parsed(kind, path.read_bytes()).items:
        found = pages.article(item, None, source, FETCHED_AT, MAX_BYTES)
        if not item.content:
            assert isinstance(found, Refusal)
            continue
        assert isinstance(found, RawArticle)
        assert RawArticle.model_validate_json(found.model_dump_json()) == found
        assert (found.source, found.published, found.origin) == ("herald", item.published, URL)


def _feed(count: int) -> bytes:
    items = (
        f"<item><title>T{n}</title><link>https://a.example/{n}</link>"
        f"<pubDate>{1 + n % 28:02} Jan {1990 + n // 1000:04} 10:00:00 GMT</pubDate></item>"
        for n in range(count)
    )
    return f'<rss version="2.0"><channel><title>T</title>{"".join(items)}</channel></rss>'.encode()


def _sitemap(count: int) -> bytes:
    urls = (
        f"<url><loc>https://a.example/{n}</loc><lastmod>{1990 + n // 1000}-01-01</lastmod></url>" for n in range(count)
    )
    return f"<urlset>{''.join(urls)}</urlset>".encode()


def _page(count: int) -> bytes:
    links = (
        f'<h2><a href="/2026/03/01/story-{n}">Ministers meet once more in Geneva {n}</a></h2>' for n in range(count)
    )
    return f"<html><body>{''.join(links)}</body></html>".encode()


BIG: dict[SourceKind, Callable[[int], bytes]] = {"feed": _feed, "sitemap": _sitemap, "page": _page}


@pytest.mark.parametrize("kind", BIG)
def test_of_too_many_entries_the_newest_are_taken_and_it_is_said(kind: SourceKind) -> None:
    """A listing of four times as many entries as may be gives the newest, in order, and one refusal for the rest."""
    listing = parsed(kind, BIG[kind](4 * MOST_ITEMS))
    kept(listing)
    assert len(listing.items) == MOST_ITEMS
    assert listing.refused[-1].reason.startswith(f"{4 * MOST_ITEMS:,} entries: the newest {MOST_ITEMS:,} are taken")
    if kind != "page":
        numbers = [int((item.url or "").rpartition("/")[2]) for item in listing.items]
        assert numbers == sorted(numbers)
        assert min(numbers) >= 3 * MOST_ITEMS


CONTENT_TYPES = st.sampled_from(
    [
        None,
        "",
        "text/html",
        "application/rss+xml; charset=utf-8",
        "text/xml; charset=shift_jis",
        "x; charset=nonsense",
        "application/xml; charset=utf-16",
        "text/html; charset=undefined",
    ]
)
_WORDS = rb"""
    < > & &#xD800; &#x110000; &#99999999999; &nbsp; <![CDATA[ ]]> <!-- </item> </channel> <item> <entry> <link> <dc:x>
    xml:base="//[" http://[::1 // javascript: http://a.example:99999999/ <!DOCTYPE " { } [ null 1e999 \ud800 &#xc0;
    <a href='//%'>
""".split()
HOSTILE = st.sampled_from(
    [*_WORDS, b"\0", b"\xed\xa0\x80", b"\xff\xfe", b"\x7f", b"\n", b"<!DOCTYPE rss [", b"//\xc0\xaf/"]
)


@quick
@given(st.sampled_from(sorted(LISTINGS)), st.binary(max_size=400), CONTENT_TYPES)
def test_any_bytes_give_a_listing_or_a_reason(kind: SourceKind, body: bytes, content_type: str | None) -> None:
    """No answer of a server raises anything but the documented error."""
    read_or_refused(kind, body, content_type)


@quick
@given(
    st.sampled_from(ALL),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), HOSTILE | st.binary(max_size=6)), max_size=6),
    CONTENT_TYPES,
    st.floats(0, 2),
    st.booleans(),
)
def test_a_spoilt_document_gives_a_listing_or_a_reason(
    sample: tuple[SourceKind, Path],
    changes: list[tuple[float, int, bytes]],
    content_type: str | None,
    cut: float,
    packed: bool,
) -> None:
    """A good document with pieces replaced, inserted or cut off is read as far as it goes, or refused in words."""
    kind, path = sample
    body = path.read_bytes()
    for where, length, data in changes:
        at = int(where * len(body))
        body = body[:at] + data + body[at + length :]
    body = body[: int(cut * len(body))]
    read_or_refused(kind, gzip.compress(body) if packed and kind == "sitemap" else body, content_type)


@pytest.mark.parametrize("path", GOOD["feed"], ids=lambda path: path.name)
def test_half_a_feed_gives_what_stands_before_the_cut(path: Path) -> None:
    """A feed that is cut off gives only what the whole one gives, and never less of it the later it is cut."""
    body = path.read_bytes()
    whole = {item.url for item in parsed("feed", body).items}
    counts = []
    for tenth in range(3, 11):
        try:
            listing = parsed("feed", body[: len(body) * tenth // 10])
        except NotAListing:
            counts.append(0)
            continue
        assert {item.url for item in listing.items} <= whole
        counts.append(len(listing.items))
    assert counts[-1] == len(whole)
    assert counts == sorted(counts)
