"""The articles that the bench works on: made up as on a wire, or real ones from a file."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median

import pytest

from processors.enrichers.draft import Draft
from processors.enrichers.language import LANGUAGE
from processors.intake import admitted
from processors.message import Message
from schemas.article import EnrichedArticle
from tests.bench import documents
from tests.bench.articles import Corpus, Newsroom, NoArticlesError
from tests.bench.corpus import Wire

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SOME = list(islice(Newsroom(7).articles(NOW), 400))


def test_a_seed_gives_the_same_articles_every_time() -> None:
    """And another seed gives others."""
    assert list(islice(Newsroom(7).articles(NOW), 20)) == SOME[:20]
    assert list(islice(Newsroom(8).articles(NOW), 20)) != SOME[:20]


def test_made_up_articles_are_like_those_of_a_wire() -> None:
    """Of different lengths, in several languages, from many sources, some of them copies, all with ids of their own."""
    lengths = sorted(len(one.content) for one in SOME)
    assert 2000 < median(lengths) < 4500
    assert lengths[-1] > 2 * median(lengths)
    languages = Counter(one.language for one in SOME)
    assert len(languages) > 5
    assert 0.4 < languages["en"] / len(SOME) < 0.8
    assert len({one.source for one in SOME}) > 30
    assert len({one.id for one in SOME}) == len(SOME)
    assert 0.01 < 1 - len({one.content for one in SOME}) / len(SOME) < 0.2


def test_what_is_said_of_the_language_is_so() -> None:
    """The enricher finds the language in the text that the article names."""
    found = [(one.language, LANGUAGE.run(Draft(raw=one, text=one.content)).language) for one in SOME[:60]]
    assert sum(said == seen for said, seen in found) >= 0.95 * len(found)


def test_articles_of_a_file_come_again_under_ids_of_their_own(tmp_path: Path) -> None:
    """After the last the first again, as often as asked; the same one twice in the file is taken once."""
    path = tmp_path / "real.jsonl.gz"
    records = [{"url": f"https://a.example/{number % 3}", "text": f"Story {number % 3}."} for number in range(6)]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    found = Corpus(path).take(7)
    assert [one.content for one in found] == [f"Story {number % 3}." for number in range(7)]
    assert len({one.id for one in found}) == 7


def test_a_file_without_articles_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Naming the line that could not be taken."""
    path = tmp_path / "real.jsonl"
    path.write_text('{"title": "no text"}\n', encoding="utf-8")
    with pytest.raises(NoArticlesError, match=r"no articles in .*real\.jsonl.*it has no text"):
        Corpus(path).take(1)


def test_ready_documents_are_those_that_the_sink_admits() -> None:
    """What is posted to Elasticsearch directly is byte for byte what the sink posts, and of the contract."""
    ready = [documents.ready(one) for one in Wire(seed=3, now=NOW, articles=SOME[:3]).documents(5)]
    for one in ready:
        EnrichedArticle.model_validate_json(one.message.value)
        taken = Message("s", 0, 0, 0, one.message.key, one.message.value, tuple(one.message.headers))
        assert admitted(taken).lines == one.lines
    (body,) = documents.bodies(ready)
    assert body.count(b"\n") == 2 * len(ready)


def test_a_document_anew_is_the_same_under_another_id() -> None:
    """In its key, its body and its address."""
    (ready,) = [documents.ready(one) for one in Wire(seed=3, now=NOW, articles=SOME[:1]).documents(1)]
    found = documents.anew(ready, 42)
    before, after = json.loads(ready.message.value), json.loads(found.message.value)
    assert found.message.key == b"%032x" % 42 == after["id"].encode()
    assert {name for name in before if before[name] != after[name]} == {"id", "url"}
