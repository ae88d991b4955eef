"""What queries find on the real Elasticsearch, and that nothing that can be typed makes it fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from desk.search.clauses import elastic
from desk.search.language import parse
from desk.search.nodes import Query, QueryError
from processors.index import client, ensure
from schemas.article import EnrichedArticle, Entity, Topic
from schemas.identity import HEARTBEAT_SOURCE, article_id
from schemas.settings import Settings

HOSTILE = Path(__file__).parents[1] / "data" / "queries" / "hostile.txt"
LINES = HOSTILE.read_text(encoding="ascii").splitlines()
URL = "https://www.herald.example/world/talks?id=7"


def article(name: str, title: str, text: str, language: str = "en", **changes: Any) -> EnrichedArticle:
    """An enriched article by a name that the tests call it; its id is made of that."""
    given: dict[str, Any] = {
        "id": article_id(changes.get("url"), name),
        "version": 1,
        "source": "The Herald",
        "origin": name,
        "fetched_at": datetime(2026, 11, 1, tzinfo=UTC),
        "date": datetime(2026, 11, 1, 10, 30, tzinfo=UTC),
        "title": {language: title},
        "text": {language: text},
        "language": language,
        "content_hash": name,
    }
    return EnrichedArticle(**{**given, **changes})


def person(name: str, code: str) -> Entity:
    """A person who is named."""
    return Entity(id=code, name=name, type="person", score=1.0, mentions=())


PUTIN = person("Vladimir Putin", "Q7747")
ZAKHAROVA = person("Maria Zakharova", "person:maria-zakharova")
DIPLOMACY = Topic(id="medtop:20000639", name="diplomacy", score=1.0, parents=("medtop:11000000",))
ARTICLES = (
    article("talks", "Arms control talks", "The state of the union was not discussed.", url=URL),
    article("climate", "The climate is changing", "Sea levels, and the coast, rise with a changing climate."),
    article(
        "kreml", "Putin spricht", "Der Krieg war lang.", "de", source="Zeitung", entities=(PUTIN,), people=(PUTIN.name,)
    ),
    article(
        "putin-square", "A square", "Named after him.", places=("Putin Square",), date=datetime(2025, 1, 1, tzinfo=UTC)
    ),
    article(
        "briefing", "Briefing", "She spoke.", entities=(ZAKHAROVA,), people=(ZAKHAROVA.name,), authors=("Ann Lee",)
    ),
    article("treaty", "Treaty", "Signed.", topics=(DIPLOMACY,), topic_ids=("medtop:11000000", DIPLOMACY.id)),
    article("beijing", "北京大学", "上海和北京的大学", "zh", also_from=("The Herald Tribune",)),
    article("beat", "Arms control talks", "Heartbeat.", source=HEARTBEAT_SOURCE),
)


@pytest.fixture
def index(settings: Settings) -> Iterator[tuple[Elasticsearch, str]]:
    """An index of the test's own with the articles above."""
    with client(settings) as elasticsearch:
        name = ensure(elasticsearch, settings)
        for one in ARTICLES:
            elasticsearch.index(index=name, id=one.origin, document=one.model_dump(mode="json"))
        elasticsearch.indices.refresh(index=name)
        yield elasticsearch, name
        elasticsearch.indices.delete(index=name)


def found(elasticsearch: Elasticsearch, name: str, query: Query) -> set[str]:
    """What a query finds, by the names of the articles: the same with all languages and with those of the index."""
    answers = [
        elasticsearch.search(index=name, query=elastic(query, languages), size=100, source=False)
        for languages in (None, ["en", "de", "zh"])
    ]
    one, other = ({hit["_id"] for hit in answer["hits"]["hits"]} for answer in answers)
    assert one == other
    return one


ALL = {one.origin for one in ARTICLES} - {"beat"}
FINDS: dict[str, set[str]] = {
    "": ALL,
    "arms talks": {"talks"},
    "talks union": {"talks"},
    "the talks": {"talks"},
    "the (talks OR treaty)": {"talks", "treaty"},
    "the": set(),
    '"state of the union"': {"talks"},
    '"control arms"': set(),
    '"control arms"~1': {"talks"},
    "war": set(),
    "war krieg": {"kreml"},
    "change": {"climate"},
    "chang*": {"climate"},
    "Climat*": {"climate"},
    "sea NEAR/3 coast": {"climate"},
    "sea NEAR/2 coast": set(),
    "(sea OR ocean) NEAR/4 (coast OR shore)": {"climate"},
    "title:coast": set(),
    "body:coast": {"climate"},
    "title:(climate talks)": set(),
    "-talks -climate": ALL - {"talks", "climate"},
    "talks OR krieg": {"talks", "kreml"},
    "(talks krieg) OR coast": {"climate"},
    "北京": {"beijing"},
    "大学": {"beijing"},
    "京上": set(),
    "person:putin": {"kreml"},
    "person:=Putin": set(),
    'person:="Vladimir Putin"': {"kreml"},
    "person:vlad*": {"kreml"},
    "person:Q7747": {"kreml"},
    "person:maria-zakharova": {"briefing"},
    "entity:person:maria-zakharova": {"briefing"},
    "entity:putin": {"kreml"},
    "place:putin": {"putin-square"},
    "author:lee": {"briefing"},
    "source:zeitung": {"kreml"},
    "source:herald -source:zeitung": ALL - {"kreml"},
    'source:"herald tribune"': {"beijing"},
    "lang:de,chinese": {"kreml", "beijing"},
    "topic:diplomacy": {"treaty"},
    "topic:medtop:11000000": {"treaty"},
    "topic:economy": set(),
    "http://www.herald.example/world/talks?id=7&utm_source=x": {"talks"},
    "url:herald.example": {"talks"},
    "url:herald.example/world/*": {"talks"},
    "url:example.org": set(),
    f"id:{article_id(URL, '')}": {"talks"},
    "date:2025": {"putin-square"},
    "since:2026-11-01T10:30": ALL - {"putin-square"},
    "since:2026-11-01T10:31": set(),
    "until:2026-11-01T10:29": {"putin-square"},
    "heartbeat": set(),
}


def test_queries_find_what_they_say(index: tuple[Elasticsearch, str]) -> None:
    """Words, phrases, nearness, fields, codes and dates each find the articles that they describe and no others."""
    assert {text: found(*index, parse(text)) for text in FINDS} == FINDS


def test_the_title_counts_for_more_than_the_text(index: tuple[Elasticsearch, str]) -> None:
    """Of two articles with a word the one with it in the title comes first."""
    elasticsearch, name = index
    extra = article("rise", "Other news", "Talks, and talks, of a treaty.")
    elasticsearch.index(index=name, id=extra.origin, document=extra.model_dump(mode="json"), refresh=True)
    answer = elasticsearch.search(index=name, query=elastic(parse("talks")))
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == ["talks", "rise"]


def test_no_text_makes_the_server_fail(index: tuple[Elasticsearch, str]) -> None:
    """Each hostile text that is a query is answered whole: no shard fails and nothing is cut short."""
    elasticsearch, name = index
    refused, answered = 0, 0
    for line in LINES:
        try:
            query = parse(line.encode("ascii").decode("unicode_escape"))
        except QueryError:
            refused += 1
            continue
        answer = elasticsearch.search(index=name, query=elastic(query), timeout="5s")
        assert (answer["timed_out"], answer["_shards"]["failed"]) == (False, 0), line
        answered += 1
    assert len(LINES) >= 200
    assert refused > 50
    assert answered > 50
