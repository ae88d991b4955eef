"""Whatever is typed into the search is answered, on a real index of a few thousand articles, and soon."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from elasticsearch.helpers import bulk
from fastapi.testclient import TestClient

from deploy.ladder import Servers
from desk.web.archive import IndexArchive, archive_of
from processors import index
from schemas.settings import load
from tests.bench.corpus import Wire
from tests.faults.scale import scaled
from tests.table import Row
from tests.webdesk import HOME, web

ARTICLES = scaled(3000, 50_000)
HOSTILE = Path(__file__).parents[1] / "data" / "queries" / "hostile.txt"
# Made of what costs an index most: many words, many beginnings, deep brackets, wide nearness, all at once.
COSTLY = (
    " OR ".join(f"{a}{b}*" for a in "abcdefgh" for b in "aeiou"),
    " ".join(f"-{a}*" for a in "abcdefghij"),
    "(" * 200 + "the" + ")" * 200,
    " OR ".join(f"w{number}" for number in range(2000)),
    '"' + "the " * 500 + '"',
    " NEAR/50 ".join(["the", "of", "and", "in", "to", "a"]),
    " ".join(f"title:(a{number} OR body:b{number})" for number in range(200)),
    "".join(f"person:{a} OR place:{a} OR org:{a} OR " for a in "abcdefghijklmnop") + "topic:politics",
    "a" * 30_000,
    "* " * 3000,
    "\ud83d" * 10 + "\u202e" * 500 + "\0" * 10,
    "date:0001..9999 since:99999999d until:1d lang:" + ",".join(["en"] * 500),
)


@pytest.fixture(scope="module")
def client(servers: Servers) -> Iterator[TestClient]:
    """The desk on an index with so many made-up articles."""
    alias = f"t{uuid.uuid4().hex[:10]}-articles"
    settings = load(kafka_servers=servers.kafka, elasticsearch_url=servers.elasticsearch, index_alias=alias)
    with index.client(settings) as elasticsearch:
        name = index.ensure(elasticsearch, settings)
        wire = Wire(now=datetime(2026, 11, 22, tzinfo=UTC)).documents(ARTICLES)
        bulk(elasticsearch, ({"_index": name, "_id": one["id"], "_source": one} for one in wire), refresh=True)
        app = web()
        app.dependency_overrides[archive_of] = lambda: IndexArchive(elasticsearch, alias)
        # Not entered: what the desk watches beside its answers would look for a Kafka that is not there.
        yield TestClient(app, base_url=HOME, raise_server_exceptions=False)
        elasticsearch.indices.delete(index=name)


def strings() -> list[str]:
    """All that is asked, as it is typed."""
    kept = [line.encode("ascii").decode("unicode_escape") for line in HOSTILE.read_text(encoding="ascii").splitlines()]
    return [*kept, *COSTLY]


@pytest.mark.timeout(900)
def test_hostile_queries_are_answered_soon(client: TestClient, attack: Row) -> None:
    """No string makes an error of the server, on the page or in the API, and each has its answer within a second."""
    attack("hostile queries").did("strings", len(strings()), 200)
    attack.did("articles in the index", ARTICLES, 3000)
    failed, seconds = [], []
    client.get("/api/v1/search", params={"q": "talks"})
    for number, text in enumerate(strings()):
        typed = text.encode("utf-8", "surrogatepass")
        for path in ("/api/v1/search", "/")[: 1 if number % scaled(4, 1) else 2]:
            began = time.monotonic()
            answer = client.get(path, params={"q": typed})
            seconds.append(time.monotonic() - began)
            failed += [text[:80]] if answer.status_code >= 500 else []
    assert failed == []
    attack.is_exactly("answers with 5xx", len(failed), 0)
    attack.is_at_most("seconds, of ninety-nine in a hundred", sorted(seconds)[int(len(seconds) * 0.99)], 1)
