"""One page of hits: copies of one text come once, under one of them, on whichever page that stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch

from desk.search import request
from desk.search.asking import many
from desk.search.found import MATCH_START, Copies, Hit
from desk.search.snapshot import KEPT
from schemas.index import text_key

# How many are looked at for one that is shown, since copies may be among them; the most when a text has very many.
_SPARE = 1.4
_MOST_LOOKED_AT = 1000
_MOST_ROUNDS = 20


@dataclass(slots=True)
class Page:
    """The hits of a page, and what came with them.

    `end` is where the next page starts, where there is one. `counted` is the answer with total and aggregations,
    `along` the answers to the requests that went along with the documents.
    """

    hits: list[Hit] = field(default_factory=list)
    end: list[Any] | None = None
    counted: dict[str, Any] = field(default_factory=dict)
    along: list[dict[str, Any]] = field(default_factory=list)


Along = Callable[[dict[str, Any]], list[dict[str, Any]]]


def _nothing(_: dict[str, Any]) -> list[dict[str, Any]]:
    return []


@dataclass(frozen=True, slots=True)
class _Ranked:
    """An article in its place."""

    id: str
    content_hash: str
    key: str
    sort: list[Any]


@dataclass(frozen=True, slots=True)
class _Group:
    """The copies of a text among what is found: the id of the first one, and how many each source gave."""

    first: str
    sources: Counter[str]


class Reader:
    """Reads pages of what matches from one point in time."""

    def __init__(
        self, elasticsearch: Elasticsearch, matching: request.Matching, pit: str, *, with_copies: bool
    ) -> None:
        self.pit = pit
        self._elasticsearch, self._matching = elasticsearch, matching
        self._with_copies = with_copies
        self._documents: dict[str, dict[str, Any]] = {}

    def page(
        self,
        limit: int,
        after: Sequence[Any] = (),
        aggregations: dict[str, Any] | None = None,
        along: Along = _nothing,
    ) -> Page:
        """So many hits after the place where the page before ended.

        `along` gives further requests when it sees total and aggregations.
        """
        size = limit + 1 if self._with_copies else min(_MOST_LOOKED_AT, int(_SPARE * limit) + 1)
        # Words in several fields are scored for every article that has them: the total costs nothing beside.
        total = {"track_total_hits": True, **({"aggs": aggregations} if aggregations else {})}
        (counted,) = self.ask([{**request.ranked(self._matching, size, after), **total}])
        page = Page(counted=counted)
        found = _places(counted)
        kept = self._chosen(found, page, along(counted), limit)
        for _ in range(_MOST_ROUNDS):
            if len(kept) > limit or len(found) < size:
                break
            size = _MOST_LOOKED_AT
            (ranked,) = self.ask([request.ranked(self._matching, size, found[-1].sort)])
            found = _places(ranked)
            kept += self._chosen(found, page, [], 0)
        else:
            page.end = found[-1].sort
        if len(kept) > limit:
            page.end = kept[limit - 1][0].sort
        page.hits = self._hits(kept[:limit])
        return page

    def first(self, answer: dict[str, Any]) -> list[Hit]:
        """The hits of `request.first`, with what is known of their copies."""
        found = answer["hits"]["hits"]
        hashes = [] if self._with_copies else [one["_source"]["content_hash"] for one in found]
        groups = self._groups(self.ask([request.copies(self._matching, hashes)])[0], hashes) if hashes else {}
        return [hit_of(one, _copies(one, groups.get(one["_source"]["content_hash"]))) for one in found]

    def ask(self, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers of the same point in time to some searches."""
        answers = many(self._elasticsearch, [{**body, **request.view(self.pit, KEPT)} for body in bodies])
        self.pit = next((answer["pit_id"] for answer in answers if "pit_id" in answer), self.pit)
        return answers

    def _chosen(
        self, found: list[_Ranked], page: Page, along: list[dict[str, Any]], wanted: int
    ) -> list[tuple[_Ranked, _Group | None]]:
        """Those that stand for all copies of their text, each with what is known of these.

        The documents of the first ones that are `wanted` come with the same request.
        """
        hashes = [] if self._with_copies else sorted({one.content_hash for one in found})
        first = found[:wanted]
        bodies = [request.copies(self._matching, hashes)] if hashes else []
        bodies += [self._wanted(first)] if first else []
        answers = self.ask([*along, *bodies])
        page.along = page.along or answers[: len(along)]
        groups = self._groups(answers[len(along)], hashes) if hashes else {}
        if first:
            self._keep(answers[-1])
        pairs = ((one, groups.get(one.content_hash)) for one in found)
        return [(one, group) for one, group in pairs if group is None or group.first == one.id]

    def _groups(self, answer: dict[str, Any], hashes: list[str]) -> dict[str, _Group]:
        """What is known of the copies, by content hash."""
        if answer["hits"]["total"]["value"] <= request.MOST_COPIES:
            return _listed(answer["hits"]["hits"])
        (answer,) = self.ask([request.grouped(self._matching, hashes)])
        return _counted(answer["aggregations"]["copies"]["buckets"])

    def _wanted(self, places: Sequence[_Ranked]) -> dict[str, Any]:
        return request.documents(self._matching, [one.id for one in places], {one.key for one in places})

    def _keep(self, answer: dict[str, Any]) -> None:
        self._documents |= {one["_source"]["id"]: one for one in answer["hits"]["hits"]}

    def _hits(self, kept: list[tuple[_Ranked, _Group | None]]) -> list[Hit]:
        missing = [one for one, _ in kept if one.id not in self._documents]
        if missing:
            self._keep(self.ask([self._wanted(missing)])[0])
        return [self._hit(one, group) for one, group in kept]

    def _hit(self, place: _Ranked, group: _Group | None) -> Hit:
        found = self._documents[place.id]
        score = place.sort[0] if self._matching.is_ranked else None
        return hit_of({**found, "_score": score}, _copies(found, group))


def _places(answer: dict[str, Any]) -> list[_Ranked]:
    return [_place(hit["fields"], hit["sort"]) for hit in answer["hits"]["hits"]]


def _place(fields: dict[str, list[str]], sort: list[Any]) -> _Ranked:
    language = fields.get("language", [None])[0]
    return _Ranked(fields["id"][0], fields["content_hash"][0], text_key(language), sort)


def _listed(hits: list[dict[str, Any]]) -> dict[str, _Group]:
    found: dict[str, _Group] = {}
    for hit in hits:
        article_id, content_hash, source = (hit["fields"][name][0] for name in ("id", "content_hash", "source"))
        group = found.setdefault(content_hash, _Group(article_id, Counter()))
        group.sources[source] += 1
    return found


def _counted(buckets: list[dict[str, Any]]) -> dict[str, _Group]:
    found: dict[str, _Group] = {}
    for bucket in buckets:
        (best,) = bucket["best"]["hits"]["hits"]
        sources = Counter({one["key"]: one["doc_count"] for one in bucket["sources"]["buckets"]})
        sources[""] += bucket["sources"]["sum_other_doc_count"]
        found[bucket["key"]] = _Group(best["fields"]["id"][0], sources)
    return found


def _copies(found: dict[str, Any], group: _Group | None) -> Copies:
    if group is None or group.sources.total() < 2:
        return Copies()
    others = group.sources - Counter([found["_source"]["source"]])
    return Copies(others.total(), tuple(name for name, _ in others.most_common() if name))


def flat(source: dict[str, Any]) -> dict[str, Any]:
    """An indexed document as people think of it: title and text are plain text, without their language's key."""
    plain = {name: " ".join(source.get(name, {}).values()) for name in ("title", "text")}
    return {**source, **plain}


def hit_of(found: dict[str, Any], copies: Copies | None = None, shares: tuple[str, ...] = ()) -> Hit:
    """A hit of Elasticsearch as we tell it."""
    marked = found.get("highlight", {})
    titles = [one for name, many in marked.items() if name.startswith("title.") for one in many]
    pieces = tuple(one for name, many in marked.items() if name.startswith("text.") for one in many)
    article = flat(found["_source"])
    title = next((one for one in titles if MATCH_START in one), article["title"])
    return Hit(article, found.get("_score"), title, pieces, copies or Copies(), shares)
