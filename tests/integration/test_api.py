"""The API and the exports on a real index: the same numbers everywhere, and nothing that a person types breaks it."""

from __future__ import annotations

import csv
import io
import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

import feedparser
import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk
from fastapi.testclient import TestClient

from deploy.ladder import Servers
from desk.loaded import Loaded
from desk.search.find import count
from desk.search.found import Ask
from desk.search.found import Found as Answer
from desk.searching import search
from desk.web.archive import IndexArchive, archive_of
from processors import index
from schemas.settings import Settings, load
from tests.fake_archive import indexed
from tests.webdesk import HOME, web

ARTICLES = 1_234
QUERIES = [
    "",
    "grain",
    "grain OR gas",
    '"grain talks"',
    "-grain",
    "source:source-3",
    "number* lang:en",
    "topic:medtop:20000639",
    "person:Q7747 since:2026-11-03",
    "nothingofthatkind",
]


@pytest.fixture(scope="module")
def held(servers: Servers) -> Iterator[tuple[Elasticsearch, Settings]]:
    """An index with articles in it, some of them copies of others."""
    settings = load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        index_alias=f"t{uuid.uuid4().hex[:10]}-articles",
    )
    elasticsearch = index.client(settings, timeout=60)
    name = index.ensure(elasticsearch, settings)
    bulk(elasticsearch, ({"_index": name, "_id": one["id"], "_source": one} for one in documents()), refresh=True)
    yield elasticsearch, settings
    elasticsearch.indices.delete(index=name)
    elasticsearch.close()


def documents() -> Iterator[dict[str, Any]]:
    """Articles as the index holds them: of seven sources, over three weeks, every tenth text twice."""
    for number in range(ARTICLES):
        told = number - number % 2 if number % 20 < 2 else number
        words = ["grain talks" if told % 3 == 0 else "gas", f"number{told}", *("grain" for _ in range(told % 2))]
        date = f"2026-11-{1 + number % 21:02}T{number % 24:02}:00:00Z"
        plain = indexed(number, source=f"source-{number % 7}", date=date, content_hash=f"{told:064x}")
        yield {**plain, "title": {"en": f"Title {told}"}, "text": {"en": f"The ministers met. {' '.join(words)}."}}


@pytest.fixture(scope="module")
def client(held: tuple[Elasticsearch, Settings]) -> TestClient:
    """The desk on that index."""
    app = web()
    app.dependency_overrides[archive_of] = lambda: IndexArchive(held[0], held[1].index_alias)
    return TestClient(app, base_url=HOME, raise_server_exceptions=False)


def rows(name: str, text: str) -> int:
    """How many articles an export holds."""
    if name == "jsonl":
        return len({json.loads(line)["id"] for line in text.splitlines()})
    if name == "csv":
        return len({row["id"] for row in csv.DictReader(io.StringIO(text, newline=""))})
    if name == "ninjs":
        return len({one["uri"] for one in json.loads(text)["associations"]})
    return len({entry.id for entry in feedparser.parse(text.encode()).entries})


@pytest.mark.parametrize("text", QUERIES)
def test_the_same_number_everywhere(held: tuple[Elasticsearch, Settings], client: TestClient, text: str) -> None:
    """API, every export, its header, the terminal and the count agree on how many articles a search finds."""
    elasticsearch, settings = held
    expected = count(elasticsearch, settings.index_alias, text)
    found: Answer = IndexArchive(elasticsearch, settings.index_alias).find(Ask(text))
    assert found.total == expected
    assert client.get("/api/v1/search", params={"q": text}).json()["total"] == expected
    assert client.get("/api/v1/attention", params={"q": text}).json()["lines"][0]["total"] == expected
    for name in ("jsonl", "csv", "ninjs", "atom", "rss"):
        export = client.get("/api/v1/export", params={"q": text, "format": name})
        assert (rows(name, export.text), export.headers["x-wiredesk-total"]) == (expected, str(expected)), name


def test_the_index_holds_what_the_tests_count(held: tuple[Elasticsearch, Settings]) -> None:
    """The searches that are compared find all, some and none: agreement on nothing would prove nothing."""
    counts = {text: count(held[0], held[1].index_alias, text) for text in QUERIES}
    assert counts[""] == ARTICLES
    assert counts["nothingofthatkind"] == 0
    assert all(0 < counts[text] < ARTICLES for text in ("grain", '"grain talks"', "-grain", "source:source-3"))


def test_the_terminal_writes_what_the_api_gives(
    held: tuple[Elasticsearch, Settings], client: TestClient, tmp_path: Any
) -> None:
    """`wiredesk search --format` writes the same articles as the export, and tells their number."""
    path = tmp_path / "grain.jsonl"
    words = ["grain", "--sort", "newest", "--format", "jsonl", "--output", str(path)]
    done = CliRunner().invoke(search, words, obj=Loaded(held[1]))
    export = client.get("/api/v1/export", params={"q": "grain", "sort": "newest"})
    assert (done.exit_code, done.exception) == (0, None)
    assert path.read_text(encoding="utf-8") == export.text
    assert f"{int(export.headers['x-wiredesk-total']):,} articles" in done.stderr


def test_paging_gives_each_article_once(client: TestClient) -> None:
    """Following `next` to the end gives as many articles as the total says, each once."""
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = client.get("/api/v1/search", params={"q": "grain", "copies": True, "limit": 200, **after}).json()
        seen += [hit["id"] for hit in answer["hits"]]
        if not answer["next"]:
            break
        after = {"after": answer["next"]}
    assert len(seen) == len(set(seen)) == answer["total"]


def hostile() -> Iterator[str]:
    """Two hundred queries that nobody means well."""
    pieces = [
        *('"', "(", ")", "-", "*", "?", "~", "^", ":", "\\", "/", "{", "}", "[", "]", "&&", "||", "!", "<", ">", "="),
        *("OR", "AND", "NOT", "NEAR/5", "NEAR/99999", "a*", "ab*", "*a", "a?b", "~999", "^99999999", "\x00", "\u202e"),
        *("source:", "title:(", "date:..", "date:9999999999..1", "since:-1d", "until:99999999999999999999d", "person:"),
        *("topic:medtop:99999999", "id:../../_all", "_exists_:text", "text.en:x", "/(a+)+$/", "{{7*7}}", "'; DROP"),
        *('{"match_all":{}}', "\U0001f33e" * 50, "ﷺ", "é" * 200, "a" * 1990, "%", "%00", "\r\n", "\ud83d", "NaN"),
    ]
    yield from pieces
    yield from ("(" * 500, "a " * 990, "a* " * 300, "-" * 1999, "a OR " * 300, 'x "' * 500, "a~5 " * 300, "ab* " * 60)
    chooser = random.Random(7)
    for _ in range(200 - len(pieces) - 8):
        yield " ".join(chooser.choices(pieces, k=chooser.randint(2, 9)))


def test_hostile_queries_are_answered(client: TestClient) -> None:
    """No query makes an error of the server: it is answered, or told what is wrong with it, and where."""
    asked = 0
    others = ("/api/v1/export", "/api/v1/attention", "/api/v1/suggest", "/search.atom")
    for number, text in enumerate(hostile()):
        for path in ("/api/v1/search", others[number % 4]):
            answer = client.get(path, params={"q": text.encode("utf-8", "replace"), "facets": True, "format": "csv"})
            assert answer.status_code in (200, 400), (path, text, answer.text[:300])
            asked += 1
            if answer.status_code == 400:
                assert answer.json()["place"]["at"] >= 0
    assert asked >= 400


def test_an_index_that_is_not_there_is_told_with_the_way_out(held: tuple[Elasticsearch, Settings]) -> None:
    """Where there is no index yet, the answer is 503 with the command that makes it."""
    app = web()
    app.dependency_overrides[archive_of] = lambda: IndexArchive(held[0], "there-is-no-such-index")
    client = TestClient(app, base_url=HOME, raise_server_exceptions=False)
    for path in ("/api/v1/search", "/api/v1/export"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["next"]) == (503, "wiredesk setup")
