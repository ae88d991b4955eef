"""Searching a real index: the same number everywhere, every article once, copies under one, and help where none is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.ladder import Servers
from desk.search.alike import alike, copies
from desk.search.attention import attention
from desk.search.cursor import CursorError
from desk.search.find import count, find, get, hit_json
from desk.search.found import MATCH_END, MATCH_START, Ask, Found, Hit, Sort
from desk.search.language import QueryError
from desk.search.suggest import suggest
from desk.search.walk import walk, walking
from processors import index
from schemas.identity import HEARTBEAT_SOURCE
from schemas.settings import load

ALIAS = "t-search-articles"
WORDS = ("grain", "wheat", "talks", "minister", "border", "flood", "vaccine", "export", "treaty", "strike")
PEOPLE = {"Ann Lee": "Q1", "Bo Ek": "person:bo-ek", "Zoë Ångström": "Q3"}
TOPICS = ("medtop:11000000", "medtop:20000638", "medtop:20000639")
START = datetime(2026, 3, 1, tzinfo=UTC)
COUNT = 300


def document(number: int, chance: random.Random) -> dict[str, Any]:
    """An indexed article; one in five has the text of an earlier one."""
    words = random.Random(number - 7 if number % 5 == 0 and number > 7 else number).choices(WORDS, k=12)
    language = "de" if number % 10 == 3 else "en"
    people = [name for name in PEOPLE if chance.random() < 0.4]
    date = (START + timedelta(hours=5 * number)).isoformat()
    return {
        "schema_version": 1,
        "id": f"{number:032x}",
        "version": number,
        "source": chance.choice(("herald", "The Post", "wire")),
        "also_from": ["gazette"] if number % 11 == 0 else [],
        "origin": "made",
        "fetched_at": date,
        "title": {language: " ".join(words[:3])},
        "text": {language: f"{' '.join(words)}. {' and '.join(people)} were there."},
        "date": date,
        "language": language,
        "content_hash": " ".join(words) + language,
        "near": [f"{band:02x}:{words[band]}" for band in range(8)],
        "entities": [
            {"id": PEOPLE[name], "name": name, "type": "person", "score": 1.0, "mentions": [], "evidence": []}
            for name in people
        ],
        "people": people,
        "topics": [{"id": TOPICS[2], "name": "diplomacy", "score": 1.0, "parents": list(TOPICS[:2]), "terms": []}],
        "topic_ids": list(TOPICS),
        "keywords": words[:5],
        "words": 20,
    }


@pytest.fixture(scope="module")
def es(servers: Servers) -> Iterator[Elasticsearch]:
    """An index with a few hundred articles, and the one that Wiredesk publishes to itself."""
    named = load(kafka_servers=servers.kafka, elasticsearch_url=servers.elasticsearch, index_alias=ALIAS)
    chance = random.Random(5)
    documents = [document(number, chance) for number in range(COUNT)]
    documents.append({**documents[0], "id": "f" * 32, "source": HEARTBEAT_SOURCE})
    elasticsearch = index.client(named)
    elasticsearch.options(ignore_status=404).indices.delete(index=f"{ALIAS}-000001")
    index.ensure(elasticsearch, named)
    lines = (f'{{"index":{{"_id":"{one["id"]}"}}}}\n{json.dumps(one)}\n' for one in documents)
    answer = elasticsearch.bulk(index=ALIAS, operations="".join(lines).encode(), refresh=True)
    assert not answer.body["errors"], answer.body
    try:
        yield elasticsearch
    finally:
        elasticsearch.indices.delete(index=f"{ALIAS}-000001")
        elasticsearch.close()


def pages(es: Elasticsearch, ask: Ask) -> Iterator[Found]:
    """All pages of a search."""
    after = None
    while True:
        found = find(es, ALIAS, replace(ask, after=after))
        yield found
        after = found.next
        if after is None:
            return


def hits(es: Elasticsearch, ask: Ask) -> list[Hit]:
    """All hits of a search, page by page."""
    return [hit for found in pages(es, ask) for hit in found.hits]


CLAUSES = (
    *WORDS,
    "-grain",
    "-talks",
    '"grain wheat"',
    "gra*",
    "title:flood",
    "source:herald",
    'source:="The Post"',
    "source:gazette",
    "lang:de",
    "topic:diplomacy",
    'person:="Ann Lee"',
    "entity:Q3",
    "since:2026-03-20",
    "date:2026-03-05..2026-04-05",
    "(grain OR flood)",
    "grain NEAR/3 wheat",
)
QUERIES = st.lists(st.sampled_from(CLAUSES), max_size=4).map(" ".join)
SORTS: tuple[Sort, ...] = ("relevance", "newest", "oldest")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=QUERIES, sort=st.sampled_from(SORTS), limit=st.integers(7, 60))
def test_the_same_number_everywhere(es: Elasticsearch, text: str, sort: Sort, limit: int) -> None:
    """Total, count, walk, pages with copies apart, and pages with copies under one all come to the same number."""
    first = find(es, ALIAS, Ask(text, sort, limit, facets=True))
    walked = [article["id"] for article in walk(es, ALIAS, text, sort, batch=37)]
    assert len(walked) == len(set(walked)) == first.total == count(es, ALIAS, text)
    each = hits(es, Ask(text, sort, limit, copies=True))
    assert [hit.article["id"] for hit in each] == walked
    together = hits(es, Ask(text, sort, limit))
    texts = [hit.article["content_hash"] for hit in together]
    assert sorted(set(texts)) == sorted(texts)
    assert sum(1 + hit.copies.count for hit in together) == first.total
    assert sum(bar.count for bar in first.histogram.bars) == first.total if first.histogram else first.total == 0
    assert "f" * 32 not in walked


@pytest.mark.parametrize("text", ["", "grain", "flood lang:en", 'person:="Ann Lee"', "topic:diplomacy -talks"])
def test_each_choice_finds_as_many_as_it_says(es: Elasticsearch, text: str) -> None:
    """The number beside a facet's value, and of a bar, is what its query finds."""
    found = find(es, ALIAS, Ask(text, facets=True))
    assert {facet.field for facet in found.facets} >= {"source", "lang", "topic", "person"}
    for facet in found.facets:
        for value in facet.values:
            if not value.is_chosen and facet.field != "source":
                assert count(es, ALIAS, value.text) == value.count, value
    assert found.histogram
    for bar in found.histogram.bars[:5]:
        assert count(es, ALIAS, bar.text) == bar.count, bar
        assert bar.all >= bar.count


def test_matches_are_marked_in_title_and_two_snippets(es: Elasticsearch) -> None:
    """What matched stands between the marks; without words the text's beginning stands there unmarked."""
    for hit in find(es, ALIAS, Ask("grain")).hits:
        marked = [text for text in (hit.title, *hit.snippets) if MATCH_START in text]
        assert marked
        assert all(f"{MATCH_START}grain{MATCH_END}" in text for text in marked)
        assert len(hit.snippets) <= 2
        assert "<em>grain</em>" in hit_json(hit)["highlights"][0]
    (plain,) = find(es, ALIAS, Ask("lang:de", limit=1)).hits
    assert MATCH_START not in plain.title + "".join(plain.snippets)
    assert plain.article["text"].startswith(plain.snippets[0][:20])


def test_a_page_after_the_index_changed_is_of_the_same_moment(es: Elasticsearch) -> None:
    """An article that comes in between two pages moves nothing from one to the other."""
    first = find(es, ALIAS, Ask("", "newest", 20, copies=True))
    late = {**document(999, random.Random(1)), "source": "late"}
    es.index(index=ALIAS, id=late["id"], document=late, refresh=True)
    try:
        second = find(es, ALIAS, Ask("", "newest", 20, after=first.next, copies=True))
        dates = [hit.article["date"] for hit in (*first.hits, *second.hits)]
        assert dates == sorted(dates, reverse=True)
        assert len({hit.article["id"] for hit in (*first.hits, *second.hits)}) == 40
        assert second.total == first.total
    finally:
        es.delete(index=ALIAS, id=late["id"], refresh=True)


def test_a_list_that_is_no_longer_kept_is_told_so(es: Elasticsearch) -> None:
    """A mark whose point in time is gone is refused with the way out, and the next search works."""
    mark = find(es, ALIAS, Ask("grain", limit=5)).next
    es.close_point_in_time(id=es_pit(mark))
    with pytest.raises(CursorError, match="no longer kept"):
        find(es, ALIAS, Ask("grain", limit=5, after=mark))
    assert find(es, ALIAS, Ask("grain", limit=5)).total > 0


def es_pit(mark: str | None) -> str:
    """The point in time of a mark."""
    from desk.search.cursor import unpacked

    assert mark
    return unpacked(mark, ALIAS, Ask("grain", limit=5)).pit


def test_more_copies_than_can_be_listed_are_counted(es: Elasticsearch) -> None:
    """Two hundred and more copies of one text come once, with how many and of which sources."""
    made = [{**document(1, random.Random(1)), "id": f"c{number:031x}", "content_hash": "same"} for number in range(260)]
    lines = (f'{{"index":{{"_id":"{one["id"]}"}}}}\n{json.dumps({**one, "source": "copier"})}\n' for one in made)
    es.bulk(index=ALIAS, operations="".join(lines).encode(), refresh=True)
    try:
        found = find(index_anew(es), ALIAS, Ask("source:copier"))
        assert (found.total, len(found.hits), found.next) == (260, 1, None)
        assert found.hits[0].copies.count == 259
        assert found.hits[0].copies.sources == ("copier",)
    finally:
        es.delete_by_query(index=ALIAS, query={"term": {"source": "copier"}}, refresh=True)


def index_anew(es: Elasticsearch) -> Elasticsearch:
    """A client that shares no point in time with the others."""
    return es.options()


def test_a_misspelt_word_is_offered_as_the_index_knows_it(es: Elasticsearch) -> None:
    """Where nothing is found, a word that no article holds is put right; the rest of the query stays."""
    found = find(es, ALIAS, Ask("ministr lang:en"))
    assert (found.total, found.spelling) == (0, "minister lang:en")
    assert find(es, ALIAS, Ask("grain")).spelling is None


def test_where_nothing_is_found_each_loosening_says_what_it_finds(es: Elasticsearch) -> None:
    """Each way to find more comes with its query and its count; and how fresh the index is."""
    found = find(es, ALIAS, Ask("grain qqqqqqqq"))
    assert (found.total, found.hits, found.next) == (0, (), None)
    assert {one.text: one.count for one in found.loosened}["grain"] == count(es, ALIAS, "grain") > 0
    assert found.newest == START + timedelta(hours=5 * (COUNT - 1))


@pytest.mark.parametrize(
    "text",
    [
        '"wheat qqqq" title:grain',
        "grain NEAR/1 qqqq talks",
        'person:="Ann" border',
        "source:herald lang:de qqqq -flood since:2026-03-02",
        "(grain OR wheat) topic:diplomacy qqqq",
    ],
)
def test_each_way_to_find_more_finds_as_many_as_it_says(es: Elasticsearch, text: str) -> None:
    """Whatever is let go, a phrase, a distance, a field, a name or a filter, its query gives the count beside it."""
    found = find(es, ALIAS, Ask(text))
    assert (found.total, len(found.loosened) >= 2) == (0, True)
    for way in found.loosened:
        assert way.count == count(es, ALIAS, way.text), way
    assert any(way.count for way in found.loosened)


def test_an_entity_is_picked_by_its_id_and_not_its_spelling(es: Elasticsearch) -> None:
    """A name's start, without its accents, gives the entity with type, id and count; its query finds as many."""
    (zoe,) = suggest(es, ALIAS, "zoe ang")
    assert (zoe.name, zoe.type, zoe.id) == ("Zoë Ångström", "person", "Q3")
    assert zoe.count == count(es, ALIAS, zoe.text) > 0
    assert [one.id for one in suggest(es, ALIAS, "bo")] == ["person:bo-ek"]
    assert {one.type for one in suggest(es, ALIAS, "dipl")} == {"topic"}
    assert [(one.type, one.id) for one in suggest(es, ALIAS, "the po")] == [("source", "The Post")]
    assert suggest(es, ALIAS, " .*[") == ()


def test_queries_are_compared_on_one_axis(es: Elasticsearch) -> None:
    """Each query has its exact total and as many bars as the others, which add up to it."""
    found = attention(es, ALIAS, ["grain", "flood", "qqqqqq"])
    assert [line.total for line in found.lines] == [count(es, ALIAS, line.text) for line in found.lines]
    assert len({tuple(bar.start for bar in line.histogram.bars) for line in found.lines}) == 1
    assert [sum(bar.count for bar in line.histogram.bars) for line in found.lines] == [one.total for one in found.lines]
    assert attention(es, ALIAS, ["qqqqqq"]).interval is None
    with pytest.raises(ValueError, match="1 to 8"):
        attention(es, ALIAS, [])


def test_near_duplicates_say_how_much_they_share(es: Elasticsearch) -> None:
    """A copy has the same text; others have so many bands in common, the most alike first; never itself."""
    article = get(es, ALIAS, f"{15:032x}")
    assert article
    found = copies(es, ALIAS, article)
    assert found[0].shares == ("the same text",)
    shared = [int(hit.shares[0].split()[0]) for hit in found if "bands" in hit.shares[0]]
    assert shared == sorted(shared, reverse=True)
    assert article["id"] not in {hit.article["id"] for hit in found}


def test_the_same_story_shares_names_topics_and_words(es: Elasticsearch) -> None:
    """What tells the same story says what it shares; copies and what is known already are left out."""
    articles = [hit.article for hit in find(es, ALIAS, Ask('person:="Ann Lee" person:="Bo Ek"', limit=20)).hits]
    found = {hit.article["id"]: hit for article in articles for hit in alike(es, ALIAS, article)}
    assert found
    assert all({"diplomacy"} <= set(hit.shares) for hit in found.values())
    (first, *_) = alike(es, ALIAS, articles[0], limit=1)
    assert first.article["id"] not in {
        hit.article["id"] for hit in alike(es, ALIAS, articles[0], without=[first.article["id"]])
    }


def test_a_walk_tells_its_count_first_and_leaves_nothing_open(es: Elasticsearch) -> None:
    """A walk knows how many there are before the first, and closes its point in time when it is left half-way."""
    before = es.nodes.stats(metric="indices").body["nodes"]
    with walking(es, ALIAS, "grain", batch=10) as found:
        assert found.total == count(es, ALIAS, "grain")
        assert next(found.articles)["title"]
    after = es.nodes.stats(metric="indices").body["nodes"]
    assert [one["indices"]["search"]["open_contexts"] for one in after.values()] <= [
        one["indices"]["search"]["open_contexts"] for one in before.values()
    ]


def test_a_search_that_cannot_be_read_or_is_too_long_is_refused(es: Elasticsearch) -> None:
    """A wrong query is the query language's error; a limit out of bounds says its bounds."""
    with pytest.raises(QueryError):
        find(es, ALIAS, Ask("title:("))
    with pytest.raises(ValueError, match="1 to 1000"):
        find(es, ALIAS, Ask("grain", limit=0))


def test_what_lacks_some_words_stands_below_and_in_no_count(es: Elasticsearch) -> None:
    """Where few have all words, the best of the rest fill the page; filters hold for them, and full pages have none."""
    found = find(es, ALIAS, Ask("grain wheat nowhere lang:en"))
    assert (found.total, found.hits) == (0, ())
    assert len(found.nearly) == 10
    for hit in found.nearly:
        assert hit.article["language"] == "en"
        assert {"grain", "wheat"} & set(hit.article["text"].replace(".", "").split())
    few = find(es, ALIAS, Ask("grain wheat talks minister border flood vaccine", limit=10))
    assert few.total < 10
    assert not {hit.article["id"] for hit in few.hits} & {hit.article["id"] for hit in few.nearly}
    assert find(es, ALIAS, Ask("grain OR wheat")).nearly == ()
    assert find(es, ALIAS, Ask("grain wheat nowhere", sort="newest")).nearly == ()
