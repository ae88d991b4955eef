"""Files are read one by one: each fault is one refusal with its reason, and everything around it is read."""

from __future__ import annotations

import codecs
import contextlib
import encodings.aliases
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.charset import decoded
from producers.files import _bounded_lines, _Reader, paths, read, read_file, title_line
from producers.reading import NotAnArticle, Refusal
from schemas.article import RawArticle
from schemas.source import SourceSpec
from tests.fakes import FETCHED_AT, TEXT, quick

MAX_BYTES = 4096


def spec(path: Path | str = "-", **more: object) -> SourceSpec:
    """A source of files."""
    return SourceSpec.model_validate({"name": "herald", "kind": "files", "path": str(path), **more})


def read_one(path: Path, data: bytes, **more: object) -> RawArticle | Refusal:
    """What one file holds."""
    path.write_bytes(data)
    (found,) = read_file(path, spec(path, **more), FETCHED_AT, MAX_BYTES)
    return found


def accepted(found: RawArticle | Refusal) -> RawArticle:
    """An article that was expected."""
    assert isinstance(found, RawArticle), found
    return found


def bomb() -> bytes:
    """A gzip file of a few kilobytes that unpacks to 20 megabytes."""
    return gzip.compress(b"a" * 20 * 2**20)


BAD = [
    pytest.param("a.txt", b"", "it is empty", id="empty"),
    pytest.param("a.txt", b" \n\t ", "it is empty", id="blank"),
    pytest.param("a.txt", b"GIF89a\x00\x01\x00", "binary data, not text", id="binary"),
    pytest.param("a.txt", b"caf\xe9 au lait", "not UTF-8 text: byte 3 cannot be read", id="Latin-1"),
    pytest.param("a.html", b"<p>caf\xe9</p>", "not UTF-8 text: byte 6", id="a page without its charset"),
    pytest.param("a.txt", b"a" * (MAX_BYTES + 1), "too large: over 4,096 bytes", id="too large"),
    pytest.param("a.txt.gz", b"plain text", "broken gzip data", id="no gzip"),
    pytest.param("a.txt.gz", gzip.compress(TEXT.encode())[:-9], "broken gzip data", id="gzip cut short"),
    pytest.param("a.txt.gz", bomb(), "too large: over 4,096 bytes", id="gzip bomb"),
    pytest.param("a.json", b"{", "not JSON: ", id="broken JSON"),
    pytest.param("a.json", b"[" * 200_000, "not JSON: ", id="JSON nested too deep"),
    pytest.param("a.json", b'"text"', "not a JSON object", id="JSON that is no object"),
    pytest.param("a.json", b'{"text": 5}', "its text is int, not text", id="a wrong type"),
    pytest.param("a.json", b'{"text": "' + b"a" * 5000 + b'"}', "too large: 5,000 bytes", id="too large a text"),
    pytest.param("a.pdf", b"%PDF-1.7", "not a kind of file that is read", id="another kind"),
    pytest.param("a", b"text", "not a kind of file that is read", id="no kind"),
    pytest.param("a.gz", gzip.compress(b"text"), "not a kind of file that is read", id="packed without a kind"),
    pytest.param("a.txt", codecs.BOM_UTF16_LE + b"a", "not UTF-16 text: byte", id="half a character"),
    pytest.param("a.txt", codecs.BOM_UTF8, "it has no text", id="a byte order mark alone"),
]


@pytest.mark.parametrize(("name", "data", "reason"), BAD)
def test_a_bad_file_is_one_refusal_and_its_neighbours_are_read(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    """A file that is no article is refused once, by path and reason, and the files around it are read."""
    (tmp_path / "0.txt").write_text("First.\nThe first of them.")
    (tmp_path / name).write_bytes(data)
    (tmp_path / "z.txt").write_text("Last.\nThe last of them.")
    first, refused, last = read(spec(tmp_path), FETCHED_AT, MAX_BYTES)
    assert isinstance(refused, Refusal)
    assert refused.place == str(tmp_path / name)
    assert reason in refused.reason
    assert accepted(first).content.startswith("First")
    assert accepted(last).content.startswith("Last")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing file is one refusal that says so."""
    assert list(read(spec(tmp_path / "no.txt"), FETCHED_AT, MAX_BYTES)) == [
        Refusal(str(tmp_path / "no.txt"), "no such file or folder")
    ]


def test_bad_lines_are_refused_by_number_and_the_others_are_read(tmp_path: Path) -> None:
    """In JSON Lines each bad line is refused under its number, blank ones are passed over, good ones are read."""
    path = tmp_path / "a.jsonl"
    lines = ['{"text": "one"}', "", "{broken", "[1]", '{"title": "no text"}', '{"text": "\\ud800"}', '{"text": "two"}']
    path.write_bytes("\n".join(lines).encode() + b'\n{"text": "caf\xe9"}\n{"text": "three"}')
    found = list(read_file(path, spec(path), FETCHED_AT, MAX_BYTES))
    assert [one.content for one in found if isinstance(one, RawArticle)] == ["one", "two", "three"]
    refused = {one.place.rsplit(":", 1)[1]: one.reason for one in found if isinstance(one, Refusal)}
    assert list(refused) == ["3", "4", "5", "6", "8"]
    assert [refused[number].split(":")[0] for number in ("3", "4", "5", "8")] == [
        "not JSON",
        "not a JSON object",
        "it has no text",
        "not UTF-8 text",
    ]


def test_a_line_over_every_bound_is_passed_over_without_being_held() -> None:
    """A line of hundreds of kilobytes is refused by its number, and the line behind it is read."""
    data = b'{"text": "one"}\n{"text": "' + b"a" * 500_000 + b'"}\n{"text": "two"}\n'
    found = list(_Reader(spec(), FETCHED_AT, MAX_BYTES).lines(io.BytesIO(data), "standard input"))
    assert [one.content for one in found if isinstance(one, RawArticle)] == ["one", "two"]
    (refused,) = (one for one in found if isinstance(one, Refusal))
    assert refused.place == "standard input:2"
    assert "too large" in refused.reason


@quick
@given(st.lists(st.integers(0, 60), max_size=8), st.integers(1, 40), st.booleans())
def test_bounded_lines_keep_number_and_content(lengths: list[int], limit: int, ends: bool) -> None:
    """Each line comes whole or, where it is longer than the bound, as none: no line is lost or made."""
    lines = [bytes([97 + number]) * length for number, length in enumerate(lengths)]
    data = b"\n".join(lines) + (b"\n" if ends or not lines or not lines[-1] else b"")
    whole = io.BytesIO(data).readlines()
    found = list(_bounded_lines(io.BytesIO(data), limit))
    assert len(found) == len(whole)
    for line, got in zip(whole, found, strict=True):
        assert got == (line if len(line.rstrip(b"\n")) <= limit else None)


def test_an_array_gives_each_item_its_place(tmp_path: Path) -> None:
    """In a JSON array a bad item is refused by its number, and the others are read."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"text": "one"}, 5, {"text": "two"}]))
    one, refused, two = read_file(path, spec(path), FETCHED_AT, MAX_BYTES)
    assert (accepted(one).content, accepted(two).content) == ("one", "two")
    assert refused == Refusal(f"{path}, item 2", "not a JSON object")


def test_articles_before_broken_gzip_data_are_kept(tmp_path: Path) -> None:
    """Where packed lines break off, what came before is read and the break is refused."""
    path = tmp_path / "a.jsonl.gz"
    lines = [json.dumps({"text": f"{number} " + "".join(map(chr, range(97, 122)))}) for number in range(2000)]
    path.write_bytes(gzip.compress("\n".join(lines).encode())[:-2000])
    *articles, last = read_file(path, spec(path), FETCHED_AT, MAX_BYTES)
    assert articles
    assert all(isinstance(one, RawArticle) for one in articles)
    assert last == Refusal(str(path), "broken gzip data")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a.html"])
def test_a_byte_order_mark_names_the_encoding(tmp_path: Path, encoding: str, name: str) -> None:
    """A text with a byte order mark is read in that encoding, and the mark is no part of it."""
    assert accepted(read_one(tmp_path / name, "Süd\nМир 世界".encode(encoding))).content == "Süd\nМир 世界"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (b'<meta charset="windows-1251"><p>\xcc\xe8\xf0', "Мир"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>\xed\xc9\xd2', "Мир"),
        (b'<?xml version="1.0" encoding="iso-8859-2"?><p>\xb1', "ą"),
        (b"<META CHARSET=shift_jis><p>\x90\xa2\x8a\x45", "世界"),
    ],
)
def test_a_page_is_read_in_the_charset_that_it_declares(tmp_path: Path, page: bytes, text: str) -> None:
    """A page that is not UTF-8 is read as the charset of its head says."""
    found = accepted(read_one(tmp_path / "a.html", page))
    assert found.content.endswith(text)
    assert found.content_type == "text/html"


@pytest.mark.parametrize("charset", sorted({*encodings.aliases.aliases.values(), "idna", "undefined", "nonsense"}))
def test_any_declared_charset_gives_text_or_a_refusal(charset: str) -> None:
    """Whatever charset a page names, it is read or refused; no codec breaks the reading."""
    page = f'<meta charset="{charset}">'.encode() + b"<p>\xff\xfe\x81 caf\xe9 \xe2\x82</p>"
    with contextlib.suppress(NotAnArticle):
        assert isinstance(decoded(page, is_html=True), str)


@quick
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_text_or_a_refusal(data: bytes, is_html: bool) -> None:
    """Whatever bytes a file holds, they are text or refused."""
    with contextlib.suppress(NotAnArticle):
        assert decoded(data, is_html=is_html).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Talks end in Geneva\n\nThe ministers met.", "Talks end in Geneva"),
        ("\ufeff\n  Talks end in Geneva  \nThe ministers met.", "Talks end in Geneva"),
        ("Will they meet?\nNobody knows.", "Will they meet?"),
        ("The ministers met.\nThey agreed.", None),
        ("The ministers said:\nno.", None),
        ("Talks end in Geneva", None),
        ("Talks end in Geneva\n  \n", None),
        ("x" * 201 + "\ntext", None),
        ("", None),
    ],
)
def test_the_first_line_is_a_title_where_it_reads_as_one(text: str, title: str | None) -> None:
    """A short first line that ends no sentence and has text after it is the title."""
    assert title_line(text) == title


def test_a_source_may_have_no_title_lines(tmp_path: Path) -> None:
    """Where the source says so, the first line is text like the rest; a declared language is passed on."""
    data = b"Talks end\nThe ministers met."
    assert accepted(read_one(tmp_path / "a.txt", data)).title == "Talks end"
    plain = accepted(read_one(tmp_path / "a.txt", data, title_line=False, language="en"))
    assert (plain.title, plain.language, plain.source) == (None, "en", "herald")


def packed(data: bytes) -> bytes:
    """As gzip."""
    return gzip.compress(data)


@pytest.mark.parametrize("pack", [bytes, packed])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b"Talks\nends."),
        ("A.TXT", b"Talks\nends."),
        ("a.md", b"Talks\nends."),
        ("a.htm", b"<p>Talks"),
        ("a.json", b'{"text": "x"}'),
        ("a.ndjson", b'{"text": "x"}'),
    ],
)
def test_every_kind_is_read_packed_and_plain(
    tmp_path: Path, name: str, data: bytes, pack: Callable[[bytes], bytes]
) -> None:
    """Each kind of file is read, whatever the case of its name, and gzipped as well."""
    path = tmp_path / (name + (".gz" if pack is packed else ""))
    found = accepted(read_one(path, pack(data)))
    assert (found.origin, found.fetched_at) == (str(path), FETCHED_AT)


def test_a_folder_is_read_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    """A folder stands for all files below it, sorted, without hidden files and folders."""
    for name in ("b/2.txt", "a/1.txt", ".git/x.txt", "b/.hidden.txt", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [str(path.relative_to(tmp_path)) for path in paths(tmp_path)] == ["a/1.txt", "b/2.txt", "c.txt"]


def test_the_same_file_gives_the_same_articles(tmp_path: Path) -> None:
    """Reading again gives the same articles, so that what is known is recognised."""
    (tmp_path / "a.txt").write_text(TEXT)
    assert list(read(spec(tmp_path), FETCHED_AT, MAX_BYTES)) == list(read(spec(tmp_path), FETCHED_AT, MAX_BYTES))
