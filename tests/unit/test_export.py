"""Exports: each format is what its standard says, whatever an article holds."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from lxml import etree

from desk.exports.about import About
from desk.exports.formats import FORMATS, FormatName, pieces
from desk.exports.ninjs import item
from tests.fakes import quick

AT = datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC)
ABOUT = About(
    "grain <exports> -- & talks", "articles with grain", 2, AT, "http://desk.example", "http://desk.example/?q=g"
)
ATOM = "{http://www.w3.org/2005/Atom}"


def article(**changes: Any) -> dict[str, Any]:
    """An article as it is found, with plain title and text."""
    given: dict[str, Any] = {
        "schema_version": 1,
        "id": "0123456789abcdef0123456789abcdef",
        "version": 1_772_368_215_250,
        "source": "herald",
        "also_from": ["wire"],
        "origin": "https://herald.example/feed.xml",
        "url": "https://herald.example/a?b=1&c=2",
        "fetched_at": "2026-11-22T07:00:00.250000Z",
        "title": "Ministers & envoys <meet>",
        "text": "The ministers met in Geneva.\nThey spoke of grain.",
        "summary": ["The ministers met in Geneva."],
        "authors": ["Ada Byron", "Émile Zola"],
        "published_at": "2026-11-21T19:24:00Z",
        "published_precision": "second",
        "date": "2026-11-21T19:24:00Z",
        "language": "en",
        "content_hash": "ab" * 32,
        "entities": [
            {"id": "Q7747", "name": "Vladimir Putin", "type": "person", "score": 0.9, "mentions": []},
            {"id": "person:ada-byron", "name": "Ada Byron", "type": "person", "score": 0.9, "mentions": []},
            {"id": "Q71", "name": "Geneva", "type": "place", "score": 0.9, "mentions": []},
            {"id": "Q458", "name": "European Union", "type": "organisation", "score": 0.9, "mentions": []},
            {"id": "event:grain-talks", "name": "Grain Talks", "type": "event", "score": 0.9, "mentions": []},
        ],
        "people": ["Vladimir Putin", "Ada Byron"],
        "organisations": ["European Union"],
        "places": ["Geneva"],
        "events": ["Grain Talks"],
        "topics": [{"id": "medtop:20000639", "name": "diplomacy", "score": 0.875, "parents": [], "terms": []}],
        "topic_ids": ["medtop:20000639"],
        "keywords": ["grain"],
        "words": 9,
        "truncated": False,
    }
    return {**given, **changes}


def written(name: FormatName, *articles: dict[str, Any], about: About = ABOUT) -> str:
    """A whole export, as text."""
    return b"".join(pieces(name, about, articles)).decode("utf-8")


def test_json_lines_hold_each_article_whole() -> None:
    """A line of JSON Lines is the article as it was found, with nothing lost and nothing else between."""
    first, second = article(), article(id="f" * 32, text="Linie\u2028zwei \U0001f33e", title="Ünïcode")
    lines = written("jsonl", first, second).split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [first, second]
    assert lines[-1] == ""


def test_a_csv_row_has_the_columns_of_the_first() -> None:
    """CSV gives the names of its columns first, ends lines with CRLF, and keeps line breaks and quotes of a text."""
    text = written("csv", article(text='He said "no",\nand left.'))
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert text.split("\r\n")[0].startswith("id,date,published_at")
    assert row["text"] == 'He said "no",\nand left.'
    assert row["authors"] == "Ada Byron; Émile Zola"
    assert row["topics"] == "diplomacy"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_cell_is_never_a_formula(first: str) -> None:
    """What a spreadsheet would compute begins with an apostrophe, in every column that an article fills."""
    evil = f"{first}cmd|' /C calc'!A0"
    [row] = csv.DictReader(
        io.StringIO(written("csv", article(title=evil, source=evil, authors=[evil], text=evil)), newline="")
    )
    assert {row[name] for name in ("title", "source", "authors", "text")} == {f"'{evil}"}


def test_csv_leaves_other_cells_as_they_are() -> None:
    """An apostrophe comes only where a formula would."""
    [row] = csv.DictReader(io.StringIO(written("csv", article(title="1 = 2 - 1")), newline=""))
    assert row["title"] == "1 = 2 - 1"


def test_rss_is_read_by_a_feed_reader() -> None:
    """RSS gives a channel that says query, count and time, and items with stable ids, dates, authors and topics."""
    found = feedparser.parse(written("rss", article(), article(id="f" * 32, url=None)))
    assert (found.version, found.bozo) == ("rss20", False)
    assert found.feed.title == "Wiredesk: grain <exports> -- & talks"
    assert found.feed.subtitle == "articles with grain. 2 articles at 2026-11-22T08:00:01.000Z."
    first, second = found.entries
    assert first.title_detail.value.endswith("meet>")
    assert first.id == "urn:uuid:01234567-89ab-cdef-0123-456789abcdef"
    assert first.link == "https://herald.example/a?b=1&c=2"
    assert first.published_parsed[:5] == (2026, 11, 21, 19, 24)
    assert [tag.term for tag in first.tags] == ["diplomacy"]
    assert second.link == f"http://desk.example/articles/{'f' * 32}"


def test_rss_dates_are_those_of_rfc_822() -> None:
    """A date of RSS is written as RFC 822 wants it, in GMT."""
    channel = etree.fromstring(written("rss", article()).encode())[0]
    assert channel.findtext("lastBuildDate") == "Sun, 22 Nov 2026 08:00:01 GMT"
    assert channel.findtext("item/pubDate") == "Sat, 21 Nov 2026 19:24:00 GMT"


def test_atom_has_what_the_standard_asks_for() -> None:
    """Feed and entries of Atom have id, title, updated and author, and ids are URNs that stay the same."""
    feed = etree.fromstring(written("atom", article(authors=[])).encode())
    for part in (feed, feed.find(f"{ATOM}entry")):
        assert urlsplit(part.findtext(f"{ATOM}id")).scheme == "urn"
        assert part.findtext(f"{ATOM}title")
        assert datetime.fromisoformat(part.findtext(f"{ATOM}updated")).utcoffset() == timedelta(0)
        assert part.findtext(f"{ATOM}author/{ATOM}name")
    assert feed.findtext("{http://a9.com/-/spec/opensearch/1.1/}totalResults") == "2"
    assert feed.findtext(f"{ATOM}entry/{ATOM}content").startswith("The ministers met")


def test_a_feed_keeps_its_id_over_time() -> None:
    """The same search has the same id tomorrow, and another search another."""
    ids = {
        etree.fromstring(written("atom", about=about).encode()).findtext(f"{ATOM}id")
        for about in (
            ABOUT,
            About("other words", "read", 5, AT + timedelta(days=1), "http://desk.example", ABOUT.address),
            About("a", "read", 5, AT, "http://desk.example", "http://desk.example/?q=a"),
        )
    }
    assert len(ids) == 2


def test_a_feed_says_where_it_stands_itself() -> None:
    """An export with an address of its own names it, as readers need it to subscribe."""
    itself = "http://desk.example/search.atom?q=g"
    about = About("g", "g", 0, AT, "http://desk.example", "http://desk.example/?q=g", itself)
    for name in ("rss", "atom"):
        [link] = [one for one in feedparser.parse(written(name, about=about)).feed.links if one.rel == "self"]
        assert link.href == itself


@quick
@given(st.text(), st.text(), st.text())
def test_any_text_makes_well_formed_xml(query: str, title: str, text: str) -> None:
    """No character of a query or an article makes a feed that cannot be read, or markup of what is text."""
    about = About(query, query, 1, AT, "http://desk.example", "http://desk.example/")
    one = article(title=title, text=text, authors=[title], url=f"https://herald.example/{title}")
    for name, path in (("rss", "channel/item/title"), ("atom", f"{ATOM}entry/{ATOM}title")):
        root = etree.fromstring(written(name, one, about=about).encode())
        assert len(list(root.iter("item", f"{ATOM}entry"))) == 1
        shown = re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", title)
        assert (root.findtext(path) or "").replace("\r\n", "\n").replace("\r", "\n") == shown.replace(
            "\r\n", "\n"
        ).replace("\r", "\n")


@quick
@given(st.text(), st.text())
def test_any_text_comes_back_from_data(title: str, text: str) -> None:
    """JSON Lines, CSV and ninjs give back every text that UTF-8 can hold."""
    title, text = (one.encode("utf-8", "replace").decode() for one in (title, text))
    one = article(title=title, text=text)
    assert json.loads(written("jsonl", one))["text"] == text
    [row] = csv.DictReader(io.StringIO(written("csv", one), newline=""))
    assert row["text"].removeprefix("'") == text.removeprefix("'")
    [associated] = json.loads(written("ninjs", one))["associations"]
    assert associated["bodies"][0]["value"] == text


def closed(required: str = "", **properties: Any) -> dict[str, Any]:
    """A JSON Schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def many(item: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema of a list."""
    return {"type": "array", "items": item}


STRING, TIME, URI = {"type": "string"}, {"type": "string", "format": "date-time"}, {"type": "string", "format": "uri"}
PERCENT = {"type": "integer", "minimum": 0, "maximum": 100}
THING = closed(name=STRING, rel=STRING, uri=URI, literal=STRING)
WORDS = closed("value", role=STRING, contentType=STRING, value=STRING)
# What ninjs-schema_3.2.json of IPTC (github.com/iptc/newsinjson) says of the properties that are written here.
NINJS = closed(
    "uri",
    uri=URI,
    type={"enum": ["text", "audio", "video", "picture", "graphic", "composite", "component", "event", "planning"]},
    representationType={"enum": ["full", "partial"]},
    profile=STRING,
    version=STRING,
    versionCreated=TIME,
    contentCreated=TIME,
    language=STRING,
    title=STRING,
    by=STRING,
    edNote=STRING,
    headlines=many(WORDS),
    descriptions=many(WORDS),
    bodies=many(
        closed(
            "value",
            role=STRING,
            contentType=STRING,
            charCount={"type": "integer"},
            wordCount={"type": "integer"},
            value=STRING,
        )
    ),
    people=many(THING),
    organisations=many(THING),
    places=many(THING),
    events=many(closed(id=STRING, **THING["properties"])),
    subjects=many(closed(**THING["properties"], creator=STRING, relevance=PERCENT, confidence=PERCENT)),
    infoSources=many(closed(name=STRING, role=STRING, uri=URI, literal=STRING)),
    renditions=many(closed("name", name=STRING, href=URI, contentType=STRING)),
    altIds=many(closed(role=STRING, value=STRING)),
    standard=closed(name=STRING, version=STRING, schema=URI),
)
ASSOCIATED = {
    **NINJS,
    "properties": {**NINJS["properties"], "name": STRING, "rel": STRING},
    "required": ["name", "uri"],
}
PACKAGE = {**NINJS, "properties": {**NINJS["properties"], "associations": many(ASSOCIATED)}}


def ninjs_errors(schema: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What a schema finds wrong."""
    checker = Draft202012Validator(schema, format_checker=FormatChecker())
    return [error.message for error in checker.iter_errors(found)]


def test_an_article_as_ninjs_names_what_it_is_about() -> None:
    """An article as ninjs has the headline, the body, Media Topics and Wikidata's ids as addresses, and the source."""
    found = item(article())
    assert ninjs_errors(NINJS, found) == []
    assert found["uri"] == "urn:uuid:01234567-89ab-cdef-0123-456789abcdef"
    assert found["versionCreated"] == "2026-11-22T07:00:00.250Z"
    assert found["headlines"][0]["value"] == "Ministers & envoys <meet>"
    assert found["bodies"][0]["charCount"] == 49
    assert found["subjects"][0]["uri"] == "http://cv.iptc.org/newscodes/mediatopic/20000639"
    assert found["people"] == [
        {"name": "Vladimir Putin", "rel": "mentions", "uri": "http://www.wikidata.org/entity/Q7747"},
        {"name": "Ada Byron", "rel": "mentions", "literal": "person:ada-byron"},
    ]
    assert [one["name"] for one in found["infoSources"]] == ["herald", "wire"]
    assert found["standard"]["version"] == "3.2"


def test_an_article_with_little_known_is_ninjs_too() -> None:
    """What is not known is left out, not written as null."""
    bare = article(
        url=None,
        language=None,
        authors=[],
        published_at=None,
        topics=[],
        entities=[],
        also_from=[],
        title="",
        summary=[],
    )
    found = item(bare)
    assert ninjs_errors(NINJS, found) == []
    assert not {"language", "by", "contentCreated", "subjects", "people", "renditions", "title"} & set(found)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_search_as_ninjs_is_one_package(count: int) -> None:
    """All that was found is one composite ninjs object, which says what was asked and when."""
    found = json.loads(written("ninjs", *(article(id=uuid.UUID(int=n).hex) for n in range(count))))
    assert ninjs_errors(PACKAGE, found) == []
    assert len(found["associations"]) == count
    assert (found["type"], found["title"]) == ("composite", "Wiredesk: grain <exports> -- & talks")
    assert found["versionCreated"] == "2026-11-22T08:00:01.000Z"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", ""])
@pytest.mark.parametrize("name", ["rss", "atom", "ninjs"])
def test_no_export_links_to_what_is_not_the_web(name: FormatName, url: str) -> None:
    """A link of an export is http or https: an article's address of another kind is not passed on."""
    text = written(name, article(url=url))
    assert not url or url not in text


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_takes_no_more_memory_for_more_articles(name: FormatName) -> None:
    """Articles pass one by one: an export of 2,000 of them holds a piece of it, never all."""
    one = article(text="Grain. " * 300)

    def source() -> Iterator[dict[str, Any]]:
        for number in range(2_000):
            yield {**one, "id": f"{number:032x}"}

    tracemalloc.start()
    try:
        total = sum(len(piece) for piece in pieces(name, ABOUT, source()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 1_000_000
    assert peak < 600_000


def test_who_stops_reading_stops_the_search() -> None:
    """An export asks for no article that nobody takes, and closes where they come from."""
    asked, closed_at = [], []

    def source() -> Iterator[dict[str, Any]]:
        try:
            for number in range(1_000_000):
                asked.append(number)
                yield article(text="Grain. " * 3000)
        finally:
            closed_at.append(len(asked))

    export = pieces("jsonl", ABOUT, source())
    next(export)
    export.close()
    assert closed_at == [len(asked)]
    assert len(asked) < 20
