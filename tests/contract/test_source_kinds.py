"""What every kind of source keeps to, and how the file of sources names them."""

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

import schemas
from producers import sources
from producers.reading import Refusal
from producers.sources import KINDS, SourcesError
from schemas.article import RawArticle
from schemas.identity import article_id
from schemas.source import SourceKind, SourceSpec
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


# One for each kind: a source that holds good things and bad ones. A new kind brings its own.
PREPARED: dict[SourceKind, Callable[[Path], SourceSpec]] = {"files": _files}
EACH = pytest.mark.parametrize("kind", KINDS)


def test_every_kind_is_in_the_contract_and_tested() -> None:
    """The kinds of the registry, of the contract and of these tests are the same."""
    assert set(KINDS) == set(get_args(SourceKind)) == set(PREPARED)


@EACH
def test_it_yields_articles_and_refusals_of_the_contract(kind: SourceKind, tmp_path: Path) -> None:
    """Every article is valid, names source and moment, and has the id of its address or content; refusals say why."""
    spec = PREPARED[kind](tmp_path / "source")
    found = list(KINDS[kind](spec, FETCHED_AT, MAX_BYTES))
    articles = [one for one in found if isinstance(one, RawArticle)]
    refusals = [one for one in found if isinstance(one, Refusal)]
    assert len(articles) + len(refusals) == len(found)
    assert articles
    assert refusals
    for article in articles:
        assert RawArticle.model_validate_json(article.model_dump_json()) == article
        assert (article.source, article.fetched_at) == (spec.name, FETCHED_AT)
        assert article.id == article_id(article.url, article.content)
        assert article.origin
        assert len(article.content.encode()) <= MAX_BYTES
    assert all(one.place and one.reason and "\n" not in one.reason for one in refusals)


@EACH
def test_nothing_taken_in_is_over_the_bound(kind: SourceKind, tmp_path: Path) -> None:
    """With a smaller bound, what is larger is refused and what is smaller still comes."""
    spec = PREPARED[kind](tmp_path / "source")
    small = [one for one in KINDS[kind](spec, FETCHED_AT, 100) if isinstance(one, RawArticle)]
    everything = [one for one in KINDS[kind](spec, FETCHED_AT, MAX_BYTES) if isinstance(one, RawArticle)]
    assert all(len(one.content.encode()) <= 100 for one in small)
    assert small == [one for one in everything if len(one.content.encode()) <= 100]


@EACH
def test_reading_again_gives_the_same(kind: SourceKind, tmp_path: Path) -> None:
    """What did not change at the source gives the same articles under the same ids, so that it is recognised."""
    spec = PREPARED[kind](tmp_path / "source")
    assert list(KINDS[kind](spec, FETCHED_AT, MAX_BYTES)) == list(sources.read(spec, FETCHED_AT, MAX_BYTES))


@EACH
def test_it_reads_no_further_than_it_is_asked(kind: SourceKind, tmp_path: Path) -> None:
    """Articles come one by one: whoever takes two has not waited for all."""
    spec = PREPARED[kind](tmp_path / "source")
    stream = KINDS[kind](spec, FETCHED_AT, MAX_BYTES)
    assert len(list(itertools.islice(stream, 2))) == 2
    assert next(stream)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".txt", ".html", ".json", ".jsonl", ".txt.gz", ".jsonl.gz"]), st.binary(max_size=300))
def test_no_file_breaks_the_reading(tmp_path: Path, suffix: str, data: bytes) -> None:
    """A file of any bytes under any name that is read gives articles or refusals, and never an error."""
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    spec = SourceSpec(name="herald", kind="files", path=str(path))
    assert all(isinstance(one, (RawArticle, Refusal)) for one in KINDS["files"](spec, FETCHED_AT, MAX_BYTES))


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
    """The file of sources that comes with Wiredesk names sources that hold articles."""
    for spec in sources.load(Path(schemas.__file__).parents[1] / "seeds/sources.toml"):
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
