"""What every kind of source that is read where it stands keeps to, and how the file of sources names them."""

from __future__ import annotations

import codecs
import gzip
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import schemas
from producers import sources
from producers.reading import Refusal, in_words
from producers.sources import KINDS, LISTINGS, READERS, SourcesError
from schemas.article import RawArticle
from schemas.identity import article_id
from schemas.source import SourceKind, SourceSpec
from tests import archives
from tests.fakes import FETCHED_AT, TEXT

MAX_BYTES = 20_000
ROOT = Path(__file__).parents[2]


def _files(folder: Path) -> SourceSpec:
    """A folder with articles of every shape and every fault among them."""
    folder.mkdir(exist_ok=True)
    records = [{"text": f"{TEXT} {number}", "url": f"https://a.example/{number}?utm_source=x"} for number in range(3)]
    (folder / "a.txt").write_text(TEXT)
    (folder / "b.html").write_bytes(b'<meta charset="windows-1251"><p>\xcc\xe8\xf0</p>')
    (folder / "c.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n{broken\n[]\n")
    (folder / "d.json.gz").write_bytes(gzip.compress(json.dumps([*records, 5]).encode()))
    (folder / "e.txt").write_bytes(codecs.BOM_UTF16_LE + "Мир".encode("utf-16-le"))
    (folder / "f.txt").write_bytes(b"\x00\xff" * 50)
    (folder / "g.txt").write_text("x" * (MAX_BYTES + 1))
    (folder / "h.gz").write_bytes(b"")
    return SourceSpec(name="herald", kind="files", path=str(folder), language="en")


def _warc(folder: Path) -> SourceSpec:
    """Archives with pages of several encodings, and every fault among them."""
    folder.mkdir(exist_ok=True)
    page = f"<html><body><h1>Talks</h1><p>{TEXT}</p></body></html>"
    archives.write(
        folder / "a.warc.gz",
        [
            archives.Answer("https://a.example/1", page.encode()),
            archives.Answer("https://a.example/2", "<p>Мир</p>".encode("cp1251"), "text/html; charset=windows-1251"),
            archives.Answer("https://a.example/3", b"<p>x</p>" + b"y" * 5 * MAX_BYTES),
            archives.Answer("https://a.example/4", b"%PDF", "application/pdf"),
            archives.Answer("https://a.example/5", b"gone", status="404 Not Found"),
            archives.Answer("dns:a.example", b"a.example. 60 IN A 192.0.2.1", "text/dns"),
            archives.Answer("https://a.example/6", b"<p>packed</p>", encoding="gzip"),
        ],
    )
    whole = (folder / "a.warc.gz").read_bytes()
    (folder / "b.warc.gz").write_bytes(whole[:-40])
    (folder / "c.warc").write_bytes(gzip.decompress(whole))
    (folder / "d.warc").write_bytes(b"")
    (folder / "e.txt").write_text(TEXT)
    return SourceSpec(name="herald", kind="warc", path=str(folder), language="en")


# One for each kind: a source that holds good things and bad ones. A new kind brings its own.
PREPARED: dict[SourceKind, Callable[[Path], SourceSpec]] = {"files": _files, "warc": _warc}
EACH = pytest.mark.parametrize("kind", READERS)


def test_every_kind_is_in_the_contract_and_tested() -> None:
    """The kinds of the registry and of the contract are the same; each either reads or lists, and those are tested."""
    assert set(KINDS) == set(get_args(SourceKind)) == {*READERS, *LISTINGS}
    assert not {*READERS} & {*LISTINGS}
    assert set(READERS) == set(PREPARED)


@EACH
def test_it_yields_articles_and_refusals_of_the_contract(kind: SourceKind, tmp_path: Path) -> None:
    """Every article is valid, names source and moment, and has the id of its address or content; refusals say why."""
    spec = PREPARED[kind](tmp_path / "source")
    found = list(READERS[kind](spec, FETCHED_AT, MAX_BYTES))
    articles = [one for one in found if isinstance(one, RawArticle)]
    refusals = [one for one in found if isinstance(one, Refusal)]
    assert len(articles) + len(refusals) == len(found)
    assert articles
    assert refusals
    for article in articles:
        assert RawArticle.model_validate_json(article.model_dump_json()) == article
        assert article.source == spec.name
        assert article.fetched_at <= FETCHED_AT
        assert article.id == article_id(article.url, article.content)
        assert article.origin
        assert len(article.content.encode()) <= MAX_BYTES
    assert all(one.place and one.reason and "\n" not in one.reason for one in refusals)


@EACH
def test_nothing_taken_in_is_over_the_bound(kind: SourceKind, tmp_path: Path) -> None:
    """With a smaller bound, what is larger is refused and what is smaller still comes."""
    spec = PREPARED[kind](tmp_path / "source")
    small = [one for one in READERS[kind](spec, FETCHED_AT, 100) if isinstance(one, RawArticle)]
    everything = [one for one in READERS[kind](spec, FETCHED_AT, MAX_BYTES) if isinstance(one, RawArticle)]
    assert all(len(one.content.encode()) <= 100 for one in small)
    assert small == [one for one in everything if len(one.content.encode()) <= 100]


@EACH
def test_reading_again_gives_the_same(kind: SourceKind, tmp_path: Path) -> None:
    """What did not change at the source gives the same articles under the same ids, so that it is recognised."""
    spec = PREPARED[kind](tmp_path / "source")
    assert list(READERS[kind](spec, FETCHED_AT, MAX_BYTES)) == list(sources.read(spec, FETCHED_AT, MAX_BYTES))


@EACH
def test_it_reads_no_further_than_it_is_asked(kind: SourceKind, tmp_path: Path) -> None:
    """Articles come one by one: whoever takes two has not waited for all."""
    spec = PREPARED[kind](tmp_path / "source")
    stream = READERS[kind](spec, FETCHED_AT, MAX_BYTES)
    assert len(list(itertools.islice(stream, 2))) == 2
    assert next(stream)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".warc", ".warc.gz"]), st.integers(0, 5000), st.binary(max_size=300), st.booleans())
def test_no_archive_breaks_the_reading(tmp_path: Path, suffix: str, at: int, data: bytes, packed: bool) -> None:
    """An archive with any bytes anywhere in it, or made of them, gives articles or refusals, and never an error."""
    spec = _warc(tmp_path / "good")
    good = (tmp_path / "good/c.warc").read_bytes()
    spoilt = good[:at] + data + good[at + len(data) :]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(gzip.compress(spoilt) if packed else spoilt if suffix == ".warc" else data)
    found = list(READERS["warc"](spec.model_copy(update={"path": str(path)}), FETCHED_AT, MAX_BYTES))
    assert all(isinstance(one, (RawArticle, Refusal)) for one in found)
    assert all("\n" not in one.reason + one.place for one in found if isinstance(one, Refusal))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".txt", ".html", ".json", ".jsonl", ".txt.gz", ".jsonl.gz"]), st.binary(max_size=300))
def test_no_file_breaks_the_reading(tmp_path: Path, suffix: str, data: bytes) -> None:
    """A file of any bytes under any name that is read gives articles or refusals, and never an error."""
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    spec = SourceSpec(name="herald", kind="files", path=str(path))
    assert all(isinstance(one, (RawArticle, Refusal)) for one in READERS["files"](spec, FETCHED_AT, MAX_BYTES))


def test_a_source_of_the_web_is_not_read_as_if_it_were_here() -> None:
    """Whoever asks for all articles of a feed at once is told how they come."""
    spec = SourceSpec(name="herald", kind="feed", url="https://herald.example/rss")
    with pytest.raises(
        SourcesError, match=r"herald: https://herald.example/rss is fetched from the web: `wiredesk feed"
    ):
        sources.read(spec, FETCHED_AT, MAX_BYTES)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"kind": "feed"}, 'a feed stands at an address: give url = "https://…"'),
        ({"kind": "feed", "url": "ftp://a.example/"}, "url: "),
        ({"kind": "feed", "url": "https://a.example/", "path": "x"}, "not at a path"),
        ({"kind": "files", "path": "x", "url": "https://a.example/"}, "not at a url"),
        ({"kind": "warc"}, "a warc stands at a path or at an address"),
        ({"kind": "warc", "path": "x", "url": "https://a.example/"}, "a warc stands at a path or at an address"),
        ({"kind": "feed", "url": "https://a.example/", "links": "a"}, "links choose among those of a page"),
        ({"kind": "feed", "url": "https://a.example/", "every": "5 minutes"}, "every: "),
        ({"kind": "feed", "url": "https://a.example/", "content": "all"}, "content: "),
        ({"name": "wiredesk-heartbeat", "kind": "files", "path": "x"}, "this name is Wiredesk's own"),
    ],
)
def test_an_entry_that_does_not_fit_its_kind_is_refused(entry: dict[str, str], words: str) -> None:
    """What stands at an address has one, what stands at a path has none, and each option belongs to its kind."""
    with pytest.raises(ValidationError) as refused:
        SourceSpec.model_validate({"name": "herald", **entry})
    assert words in in_words(refused.value)


@pytest.mark.parametrize(("every", "seconds"), [("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86_400)])
def test_how_often_a_source_is_looked_at_is_said_in_words(every: str, seconds: int) -> None:
    """A number and a letter say how long after a look the next is due; without them it is a quarter of an hour."""
    spec = SourceSpec(name="herald", kind="url", url="https://a.example/", every=every)
    assert spec.interval.total_seconds() == seconds
    assert SourceSpec(name="h", kind="files", path="x").interval.total_seconds() == 900


def test_sources_are_read_from_their_file(tmp_path: Path) -> None:
    """Each table of the file is a source; its path counts from the folder of the file."""
    (tmp_path / "sources.toml").write_text(
        '[[source]]\nname = "herald"\nkind = "files"\npath = "articles"\n'
        '[[source]]\nname = "stdin"\nkind = "files"\npath = "-"\npaused = true\n'
    )
    herald, stdin = sources.load(tmp_path / "sources.toml")
    assert herald == SourceSpec(name="herald", kind="files", path=str(tmp_path / "articles"))
    assert (stdin.path, stdin.paused) == ("-", True)


def test_the_sources_of_the_repository_can_be_read() -> None:
    """The file of sources that comes with Wiredesk names sources that hold articles, and pauses those of the web."""
    for spec in sources.load(Path(schemas.__file__).parents[1] / "seeds/sources.toml"):
        if spec.kind in LISTINGS:
            assert spec.paused
            continue
        found = list(sources.read(spec, datetime.now(UTC), 2**22))
        assert found
        assert all(isinstance(one, RawArticle) for one in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[source]\n", "not TOML"),
        ("\xff", "not TOML"),
        ('[[source]]\nname = "a"\n', "source 1: kind: Field required"),
        ('[[source]]\nname = "a"\nkind = "fax"\n', "source 1: kind: "),
        ('[[source]]\nname = "a"\nkind = "files"\ncolour = "red"\n', "source 1: colour: Extra inputs"),
        ('[[source]]\nname = "a"\nkind = "files"\n' * 2, "two sources are named 'a'"),
        ('[[source]]\nname = ""\nkind = "files"\n', "source 1: name: "),
        ("source = 5\n", "source"),
        ('source = "a"\n', "source"),
        ('[source]\nname = "a"\nkind = "files"\n', "source"),
        ('[[sources]]\nname = "a"\nkind = "files"\n', "sources"),
    ],
)
def test_a_mistake_in_the_file_of_sources_is_named(tmp_path: Path, text: str, words: str) -> None:
    """What cannot be a source is told with the file, the entry and the field."""
    path = tmp_path / "sources.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SourcesError) as refused:
        sources.load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert words in str(refused.value)


def test_a_missing_file_of_sources_is_named(tmp_path: Path) -> None:
    """A file of sources that is not there is named with the reason."""
    with pytest.raises(SourcesError, match=r"sources\.toml: cannot be read: No such file"):
        sources.load(tmp_path / "sources.toml")
