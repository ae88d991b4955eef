"""Whether a search brings up first what was looked for: our ranking and Elasticsearch's plain one, on judged queries.

The articles stand in an index of their own on real servers: those the settings name, else ones that are started.
`tests/data/relevance/README.md` tells how queries and judgements were made.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from elasticsearch import Elasticsearch

from deploy.errors import ServersError
from deploy.ladder import serve
from deploy.progress import Lines
from desk.search.find import find
from desk.search.found import Ask
from processors.bulk import action
from processors.enrich import enrich
from processors.index import client, ensure
from schemas.article import EnrichedArticle
from schemas.settings import Settings, load
from tests.eval.figure import Figure
from tests.eval.library import FOLDER, stories
from tests.eval.ranking import interval, ndcg, precision, reciprocal_rank

ALIAS = "wiredesk-relevance"
DEPTH = 10
OURS, PLAIN, FOLDED = "ours", "plain multi_match", "multi_match of the words, copies folded"
_FIELDS = ["title.*", "text.*"]
_FIELD_NAME = re.compile(r"\b[a-z]+:")

#: The texts of the first hits, by their content hash, of a query as it is typed.
System = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Judged:
    """A query with its judgements: grades 0 to 3 by content hash; 0 for what has none."""

    query: str
    half: str
    fresh: bool
    grades: Mapping[str, int]


def judged(hashes: Mapping[str, str]) -> list[Judged]:
    """The queries to which something among the articles answers; `hashes` names the content of each place."""
    rows = map(json.loads, (FOLDER / "queries.jsonl").read_text(encoding="utf-8").splitlines())
    found = [Judged(row["query"], row["half"], row["fresh"], _by_content(row["grades"], hashes)) for row in rows]
    return [one for one in found if any(one.grades.values())]


def _by_content(grades: Mapping[str, int], hashes: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for at, grade in grades.items():
        if at in hashes:
            found[hashes[at]] = max(found[hashes[at]], grade)
    return dict(found)


def relevance(data: Path, texts: Path | None) -> Iterator[Figure]:
    """nDCG@10, precision@5 and reciprocal rank of the held half, ours beside plain `multi_match`."""
    with tempfile.TemporaryDirectory(prefix="wiredesk-eval-") as folder:
        settings = load(index_alias=ALIAS)
        if not settings.elasticsearch_url:
            settings = load(index_alias=ALIAS, data_dir=Path(folder), kafka_port=0, elasticsearch_port=0)
        try:
            with serve(settings, Lines()) as servers:
                yield from _measured(load(index_alias=ALIAS, elasticsearch_url=servers.elasticsearch), data, texts)
        except ServersError as error:
            remark = f"skipped, no servers: {error}"
            yield Figure("relevance", "news searches, held out", "nDCG@10", None, wanted=0, remark=remark)


def _measured(settings: Settings, data: Path, texts: Path | None) -> Iterator[Figure]:
    elasticsearch = client(settings)
    drop(elasticsearch)
    try:
        hashes = fill(elasticsearch, settings, data, texts)
        queries = judged(hashes)
        name = "news searches, held out" if texts else "searches of the free texts, held out"
        yield from figures(name, [one for one in queries if one.half == "held"], systems(elasticsearch, ALIAS))
    finally:
        drop(elasticsearch)


def fill(elasticsearch: Elasticsearch, settings: Settings, data: Path, texts: Path | None) -> dict[str, str]:
    """Enriches and indexes the library; gives the content hash of the article at each place."""
    ensure(elasticsearch, settings)
    now = datetime.now(UTC)
    hashes = {}
    body = bytearray()
    for story in stories(data, texts):
        article = enrich(story.dated(now))
        hashes[story.at] = article.content_hash
        body += _lines(article)
    answer = elasticsearch.bulk(
        index=settings.index_alias, operations=bytes(body), refresh=True, filter_path="errors,items.*.error"
    )
    if answer["errors"]:
        raise ValueError(f"Elasticsearch refuses articles: {str(answer['items'])[:300]}")
    return hashes


def _lines(article: EnrichedArticle) -> bytes:
    return action(article.id, article.version) + b"\n" + article.model_dump_json().encode() + b"\n"


def drop(elasticsearch: Elasticsearch, alias: str = ALIAS) -> None:
    """Removes the index with its alias, where there is one."""
    if elasticsearch.indices.exists_alias(name=alias):
        for name in elasticsearch.indices.get_alias(name=alias).body:
            elasticsearch.indices.delete(index=name)


def systems(elasticsearch: Elasticsearch, alias: str) -> dict[str, System]:
    """What is compared: our search, what was typed put to all titles and texts, and the same for the order alone."""

    def ours(query: str) -> list[str]:
        found = find(elasticsearch, alias, Ask(query, limit=DEPTH))
        return [hit.article["content_hash"] for hit in (*found.hits, *found.nearly)][:DEPTH]

    def plain(query: str, **more: Any) -> list[str]:
        asked = {"multi_match": {"query": query, "fields": _FIELDS}}
        answer = elasticsearch.search(
            index=alias, query=asked, size=DEPTH, source=False, docvalue_fields=["content_hash"], **more
        )
        return [hit["fields"]["content_hash"][0] for hit in answer["hits"]["hits"]]

    def folded(query: str) -> list[str]:
        return plain(words(query), collapse={"field": "content_hash"})

    return {OURS: ours, PLAIN: plain, FOLDED: folded}


def words(query: str) -> str:
    """The words of a query alone: a plain match knows no names of fields, and no quotes."""
    return _FIELD_NAME.sub("", query).replace('"', "")


def figures(name: str, queries: Sequence[Judged], compared: Mapping[str, System]) -> Iterator[Figure]:
    """The means over the queries for each system, and by how much nDCG@10 differs."""
    found = {system: [search(one.query) for one in queries] for system, search in compared.items()}
    gains = {
        system: [ndcg(hits, one.grades) for hits, one in zip(lists, queries, strict=True)]
        for system, lists in found.items()
    }
    for system, lists in found.items():
        pairs = list(zip(lists, queries, strict=True))
        yield _mean(name, f"nDCG@{DEPTH}, {system}", gains[system])
        yield _mean(name, f"precision@5, {system}", [precision(hits, one.grades) for hits, one in pairs])
        yield _mean(name, f"reciprocal rank, {system}", [reciprocal_rank(hits, one.grades) for hits, one in pairs])
    yield _above(name, gains, PLAIN)
    yield _above(name, gains, FOLDED)


def _above(name: str, gains: Mapping[str, Sequence[float]], other: str) -> Figure:
    differences = [ours - theirs for ours, theirs in zip(gains[OURS], gains[other], strict=True)]
    low, high = interval(differences)
    measure = f"nDCG@{DEPTH} above {other}"
    remark = f"95 % of paired samples: {low:+.3f} to {high:+.3f}"
    return Figure("relevance", name, measure, fmean(differences), len(differences), wanted=0, remark=remark)


def _mean(name: str, measure: str, values: Sequence[float]) -> Figure:
    return Figure("relevance", name, measure, fmean(values), len(values))
