"""From an item and its page to the raw article: text, address, what is kept of the listing, and what is refused."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers import pages, warc
from producers.charset import web_text
from producers.items import Item
from producers.reading import NotAnArticle, Refusal
from schemas.article import RawArticle
from schemas.source import SourceSpec
from tests import archives
from tests.fakes import FETCHED_AT, TEXT

FEED = "https://www.herald.example/rss"
LINK = "https://www.herald.example/world/talks?utm_source=rss"
MAX_BYTES = 20_000


@dataclass(frozen=True)
class Page:
    """A fetched page."""

    body: bytes
    url: str = LINK
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/html; charset=utf-8"})


def source(**more: str) -> SourceSpec:
    """A feed."""
    return SourceSpec.model_validate({"name": "herald", "kind": "feed", "url": FEED, "language": "en", **more})


def made(page: Page | None, item: Item | None = None, **more: str) -> RawArticle | Refusal:
    """What comes of an item and its page."""
    return pages.article(item or Item(url=LINK), page, source(**more), FETCHED_AT, MAX_BYTES)


def accepted(found: RawArticle | Refusal) -> RawArticle:
    """An article that was expected."""
    assert isinstance(found, RawArticle), found
    return found


def test_what_the_feed_states_is_kept_with_the_text_of_the_page() -> None:
    """Title, date and authors are those of the feed, as stated; the text is the page; feed, guid and link are noted."""
    item = Item(LINK, "Talks", "Sun, 01 Mar 1246", ("Jane Doe",), "Short.", metadata={"guid": "g1"})
    found = accepted(made(Page(f"<p>{TEXT}</p>".encode()), item))
    assert (found.title, found.published, found.authors) == ("Talks", "Sun, 01 Mar 1246", ("Jane Doe",))
    assert (found.content, found.content_type) == (f"<p>{TEXT}</p>", "text/html")
    assert (found.url, found.origin) == ("https://www.herald.example/world/talks", LINK)
    assert found.metadata == {"feed": FEED, "guid": "g1"}
    assert (found.source, found.language, found.fetched_at) == ("herald", "en", FETCHED_AT)


@pytest.mark.parametrize(
    ("head", "url"),
    [
        (
            "<link rel='canonical' href='https://www.herald.example/world/talks-1'>",
            "https://www.herald.example/world/talks-1",
        ),
        ('<link href="/world/talks-1" data-x rel="Canonical">', "https://www.herald.example/world/talks-1"),
        ("<base href=https://news.herald.example/><link rel=canonical href=a>", "https://news.herald.example/a"),
        ("<meta property='og:url' content='https://m.herald.example/world/t'>", "https://m.herald.example/world/t"),
        (
            "<meta property=og:url content=/b><link rel=canonical href=/a?x=1&amp;y=2>",
            "https://www.herald.example/a?x=1&y=2",
        ),
        ("<link rel=canonical href=https://evil.example/a>", "https://www.herald.example/world/talks"),
        ("<link rel=canonical href=https://www.herald.example/>", "https://www.herald.example/world/talks"),
        ("<link rel=canonical href=javascript:x>", "https://www.herald.example/world/talks"),
        ("<link rel=canonical>", "https://www.herald.example/world/talks"),
        ("<link rel=alternate href=/amp/talks>", "https://www.herald.example/world/talks"),
    ],
)
def test_a_page_may_name_its_own_address_on_its_own_site(head: str, url: str) -> None:
    """The canonical link counts, then og:url, where it is of the same site and no front page; else what answered."""
    assert accepted(made(Page(f"<html><head>{head}</head><p>{TEXT}</p></html>".encode()))).url == url


def test_an_address_of_another_site_is_noted_and_the_one_asked_for_too() -> None:
    """A copy says whose it is; an article under another address than its link keeps that link."""
    head = "<link rel=canonical href=https://wire.example/a><meta property=og:url content=/own>"
    found = accepted(made(Page(f"{head}<p>{TEXT}</p>".encode())))
    assert found.url == "https://www.herald.example/own"
    assert (found.metadata["canonical"], found.metadata["link"]) == ("https://wire.example/a", LINK)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(b""), "it is empty"),
        (
            Page(b"<p>x</p>", headers={"content-type": "application/pdf"}),
            "application/pdf, and only pages and plain text",
        ),
        (Page(b"\0\1\2" * 9), "binary data"),
        (Page(b"a" * 20_001), "too large: 20,001 bytes of text"),
        (Page(b"a" * 80_001), "too large: 80,001 bytes"),
        (Page(b"<p>Home</p>", url="https://www.herald.example/"), "leads to the front page"),
    ],
)
def test_a_page_that_is_no_article_is_refused_with_its_address(page: Page, words: str) -> None:
    """What cannot be an article is one refusal, in one line, at the address that answered."""
    found = made(page)
    assert isinstance(found, Refusal)
    assert found.place == page.url
    assert words in found.reason
    assert "\n" not in found.reason


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ({"content-type": "text/html; charset=windows-1251"}, "<p>Мир</p>".encode("cp1251"), "<p>Мир</p>"),
        ({"content-type": "text/html; charset=iso-8859-1"}, "<p>Мир</p>".encode(), "<p>Мир</p>"),
        ({}, '<meta charset="shift_jis"><p>港①</p>'.encode("cp932"), '<meta charset="shift_jis"><p>港①</p>'),
        ({"content-type": "text/html"}, "<p>Мир</p>".encode("utf-16"), "<p>Мир</p>"),
        ({"content-type": "text/html"}, "<p>Мир</p>".encode("utf-16-le"), "<p>Мир</p>"),
        ({"content-type": "text/html; charset=iso-2022-jp"}, "<p>港</p>".encode("iso-2022-jp"), "<p>港</p>"),
        ({"content-type": "text/html; charset=gb2312"}, "<p>镕</p>".encode("gb18030"), "<p>镕</p>"),
        ({"content-type": "text/html; charset=nonsense"}, "<p>café</p>".encode(), "<p>café</p>"),
        ({"content-type": "text/html"}, "<p>naïve café</p>".encode()[:-5], "<p>naïve caf\ufffd"),
    ],
)
def test_a_page_is_read_in_its_encoding(headers: dict[str, str], body: bytes, text: str) -> None:
    """Header, page, byte order mark, and above all what the bytes are, say how a page is read."""
    assert accepted(made(Page(body, headers=headers))).content == text


def test_an_encoding_that_is_wrong_everywhere_is_guessed_and_noted() -> None:
    """Text in no encoding that it states is read in the one that fits its bytes, and says so; noise is refused."""
    russian = "<p>Министры встретились в Женеве и договорились о новой встрече в Варшаве.</p>" * 3
    found = web_text(russian.encode("cp1251"), "text/html; charset=utf-8")
    assert (found.text, found.note) == (russian, "says it is utf-8; read as cp1251, which fits its bytes")
    with pytest.raises(NotAnArticle):
        web_text(b"", None)


def test_whether_the_feed_itself_holds_the_article() -> None:
    """By the source's word, or by length: a long text that does not break off is the article, in any script."""
    long = Item(LINK, content="word " * 400)
    assert pages.is_whole(long, source())
    assert pages.is_whole(Item(LINK, content="港" * 700), source())
    assert pages.is_whole(Item(None, content="x"), source(content="page"))
    assert pages.is_whole(Item(LINK), source(content="feed"))
    assert not pages.is_whole(long, source(content="page"))
    assert not pages.is_whole(Item(LINK, content="short"), source())
    assert not pages.is_whole(Item(LINK, content="word " * 400 + "[…]"), source())
    assert not pages.is_whole(Item(LINK, content="<i></i>" * 400, content_type="text/html"), source())


def test_the_text_of_the_feed_is_taken_without_a_page() -> None:
    """What the listing carries is the article, read where the feed stands; without any it is refused."""
    found = accepted(
        made(None, Item(LINK, "Talks", content="<p>They met.</p>", content_type="text/html", language="fr"))
    )
    assert (found.content, found.content_type, found.origin, found.language) == (
        "<p>They met.</p>",
        "text/html",
        FEED,
        "fr",
    )
    refused = made(None, Item(LINK))
    assert refused == Refusal(LINK, 'the listing carries no text of it: give the source content = "page"')
    assert made(None, Item(None, "Talks")).place == f"{FEED}, Talks"  # type: ignore[union-attr]


def in_archive(*answers: archives.Answer, now: datetime = FETCHED_AT) -> list[RawArticle | Refusal]:
    """What an archive of these answers holds."""
    spec = SourceSpec(name="herald", kind="warc", path="x.warc")
    stream = io.BytesIO(b"".join(map(archives.record, answers)))
    return list(warc.records(stream, "x.warc", spec, now, MAX_BYTES))


def test_an_archived_page_was_fetched_when_its_record_says() -> None:
    """The date of the record is that of fetching, but never later than now; the archive is noted."""
    (found,) = in_archive(archives.Answer("https://a.example/1", b"<p>x</p>", date="2025-12-31T23:59:59Z"))
    assert accepted(found).fetched_at == datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert accepted(found).metadata["archive"] == "x.warc"
    assert accepted(found).origin == "x.warc"
    for date in ("2099-01-01T00:00:00Z", "yesterday"):
        (found,) = in_archive(archives.Answer("https://a.example/1", b"<p>x</p>", date=date))
        assert accepted(found).fetched_at == FETCHED_AT


def test_a_damaged_record_costs_only_itself() -> None:
    """Reading goes on with the record after a damaged one, which is refused by its number."""
    good = archives.Answer("https://a.example/1", b"<p>x</p>")
    stream = b"".join(
        [archives.record(good), b"WARC/1.0\r\nWARC-Type: response\r\n\r\nnoise\r\n", archives.record(good)]
    )
    spec = SourceSpec(name="herald", kind="warc", path="x.warc")
    first, damaged, last = warc.records(io.BytesIO(stream), "x.warc", spec, FETCHED_AT, MAX_BYTES)
    assert accepted(first).url == accepted(last).url == "https://a.example/1"
    assert isinstance(damaged, Refusal)
    assert damaged.place == "x.warc, record 2"
    assert damaged.reason.startswith("damaged, and passed over")


def test_a_header_without_end_is_not_held() -> None:
    """An archive that unpacks to one endless header is given up at a bound."""
    bomb = gzip.compress(b"WARC/1.0\r\n" + b"X: y\r\n" * 2_000_000)
    spec = SourceSpec(name="herald", kind="warc", path="x.warc")
    (refused,) = warc.records(io.BytesIO(bomb), "x.warc.gz", spec, FETCHED_AT, MAX_BYTES)
    assert isinstance(refused, Refusal)
    assert "a header of over 1,048,576 bytes" in refused.reason


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    """An archive that is not there is one refusal with the reason of the system."""
    spec = SourceSpec(name="herald", kind="warc", path=str(tmp_path / "x.warc.gz"))
    (refused,) = warc.read(spec, FETCHED_AT, MAX_BYTES)
    assert refused == Refusal(str(tmp_path / "x.warc.gz"), "cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("La présidente du conseil a déclaré que la réforme était prête.", "cp1252"),
        ("Der Präsident erklärte in Köln, die Maßnahmen würden geprüft.", "cp1252"),
        ("The minister’s café – “open” again", "cp1252"),
        ("Prezes powiedział, że ustawa wejdzie w życie w przyszłym roku.", "cp1250"),
        ("Президент заявил в Москве о новых мерах", "cp1251"),
    ],
)
def test_short_texts_that_say_they_are_utf8_and_are_not_are_read_as_written(text: str, encoding: str) -> None:
    """A few accents among plain letters are read as the letters that they are in one of the web's encodings."""
    read = web_text(text.encode(encoding), "text/html; charset=utf-8")
    assert read.text == text
    assert read.note
