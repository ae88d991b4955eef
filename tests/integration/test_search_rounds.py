"""How often a search asks Elasticsearch, counted at the transport of its client."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from elastic_transport import Transport
from elasticsearch import Elasticsearch

from deploy.ladder import Servers
from desk.search.find import find
from desk.search.found import Ask, Copies
from processors import index
from schemas.settings import load
from tests.integration.test_search import document

ALIAS = "t-rounds-articles"


class Counting(Transport):
    """Passes requests on, and keeps the searches that look at a point in time, as one list for each request."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rounds: list[list[dict[str, Any]]] = []

    def perform_request(self, method: str, target: str, *, body: Any = None, **options: Any) -> Any:
        """Carries it out; what only keeps the next point in time warm is not the search's own."""
        asked = [one for one in body or [] if "pit" in one] if target.startswith("/_msearch") else []
        if asked and "now-1m" not in json.dumps(asked):
            self.rounds.append(asked)
        return super().perform_request(method, target, body=body, **options)


@pytest.fixture(scope="module")
def es(servers: Servers) -> Iterator[Elasticsearch]:
    """An index with a hundred articles, a text of which two sources gave, and a client that counts."""
    named = load(kafka_servers=servers.kafka, elasticsearch_url=servers.elasticsearch, index_alias=ALIAS)
    chance = random.Random(5)
    documents = [document(number, chance) for number in range(125) if number % 5]
    rare = {"en": "A lighthouse keeper retires."}
    documents += [
        {**documents[1], "id": f"{number:032x}", "text": rare, "title": rare, "content_hash": "rare", "source": source}
        for number, source in ((9001, "herald"), (9002, "wire"))
    ]
    elasticsearch = Elasticsearch(servers.elasticsearch, transport_class=Counting, max_retries=0)
    elasticsearch.options(ignore_status=404).indices.delete(index=f"{ALIAS}-000001")
    index.ensure(elasticsearch, named)
    lines = (f'{{"index":{{"_id":"{one["id"]}"}}}}\n{json.dumps(one)}\n' for one in documents)
    elasticsearch.bulk(index=ALIAS, operations="".join(lines).encode(), refresh=True)
    try:
        yield elasticsearch
    finally:
        elasticsearch.indices.delete(index=f"{ALIAS}-000001")
        elasticsearch.close()


def rounds(es: Elasticsearch, ask: Ask) -> list[list[dict[str, Any]]]:
    """The requests of a search, one after the other."""
    transport = es.transport
    assert isinstance(transport, Counting)
    transport.rounds.clear()
    find(es, ALIAS, ask)
    return list(transport.rounds)


@pytest.mark.parametrize(
    ("text", "most"), [("grain", 2), ("grain wheat", 2), ("lighthouse grain", 3), ("lighthouse nowhere", 3)]
)
@pytest.mark.parametrize("facets", [False, True])
def test_a_search_takes_two_rounds(es: Elasticsearch, text: str, most: int, *, facets: bool) -> None:
    """Order and numbers come first, then documents, copies and what lacks some words; only its copies are a third."""
    find(es, ALIAS, Ask("", facets=True))
    assert len(rounds(es, Ask(text, facets=facets))) == most


def test_what_lacks_some_words_comes_along_and_is_not_counted(es: Elasticsearch) -> None:
    """Where none has all words, the second round is that one search alone, which asks for no total."""
    _, (nearly,), _ = rounds(es, Ask("lighthouse nowhere grain"))
    assert nearly["track_total_hits"] is False
    assert "minimum_should_match" in json.dumps(nearly)


def test_copies_of_what_lacks_some_words_come_once(es: Elasticsearch) -> None:
    """Under one of them stand the number and the sources of the others; asked for, each stands by itself."""
    (hit,) = (one for one in find(es, ALIAS, Ask("keeper nowhere")).nearly if "keeper" in one.article["title"])
    others = {"herald", "wire"} - {hit.article["source"]}
    assert hit.copies == Copies(1, tuple(others))
    assert hit.score is not None
    assert hit.score > 0
    each = find(es, ALIAS, Ask("keeper nowhere", copies=True)).nearly
    assert sorted(one.article["source"] for one in each) == ["herald", "wire"]
