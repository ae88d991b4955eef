"""One page of hits: copies of one text come once, under the best of them, on whichever page that stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch

from desk.search import request
from desk.search.asking import many
from desk.search.found import MATCH_START, Copies, Hit
from desk.search.snapshot import KEPT

# Looked at beyond a page, for the copies among them; and the most when a text has very many.
_SPARE = 0.25
_MOST_LOOKED_AT = 500
_MOST_ROUNDS = 20


@dataclass(slots=True)
class Page:
    """The hits of a page, and what came with them.

    `end` is where the next page starts, where there is one. `first` is the first answer, with total and aggregations,
    `along` the answers to the requests that went along with the next.
    """

    hits: list[Hit] = field(default_factory=list)
    end: list[Any] | None = None
    first: dict[str, Any] = field(default_factory=dict)
    along: list[dict[str, Any]] = field(default_factory=list)


Along = Callable[[dict[str, Any]], list[dict[str, Any]]]


def _nothing(_: dict[str, Any]) -> list[dict[str, Any]]:
    return []


class Reader:
    """Reads pages of what matches from one point in time."""

    def __init__(
        self,
        elasticsearch: Elasticsearch,
        matching: request.Matching,
        pit: str,
        languages: Sequence[str],
        *,
        with_copies: bool,
    ) -> None:
        self.pit = pit
        self._elasticsearch, self._matching, self._languages = elasticsearch, matching, languages
        self._with_copies = with_copies

    def page(
        self,
        limit: int,
        after: Sequence[Any] = (),
        aggregations: dict[str, Any] | None = None,
        along: Along = _nothing,
    ) -> Page:
        """So many hits after the place where the page before ended.

        `along` gives further requests when it sees the first answer.
        """
        page, place = Page(), list(after)
        kept: list[tuple[dict[str, Any], Copies]] = []
        for turn in range(_MOST_ROUNDS):
            size = self._size(limit + 1 - len(kept), turn)
            answer = self._looked(size, place, aggregations if turn == 0 else None)
            found = answer["hits"]["hits"]
            kept += self._chosen(found, page, along(answer) if turn == 0 else [])
            page.first = page.first or answer
            place = found[-1]["sort"] if found else place
            if len(kept) > limit or len(found) < size:
                break
        else:
            page.end = place
        if len(kept) > limit:
            page.end = kept[limit - 1][0]["sort"]
        page.hits = [hit_of(found, copies) for found, copies in kept[:limit]]
        return page

    def _size(self, wanted: int, turn: int) -> int:
        if self._with_copies:
            return wanted
        return min(request.MOST_HITS + 1, wanted + int(wanted * _SPARE) + 1 if turn == 0 else _MOST_LOOKED_AT)

    def _looked(self, size: int, after: Sequence[Any], aggregations: dict[str, Any] | None) -> dict[str, Any]:
        body = request.hits(self._matching, size, self._languages, after)
        extra = {"aggs": aggregations} if aggregations else {}
        (answer,) = self.ask([{**body, **extra}])
        return answer

    def ask(self, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers of the same point in time to other searches."""
        answers = many(self._elasticsearch, [{**body, **request.view(self.pit, KEPT)} for body in bodies])
        self.pit = next((answer["pit_id"] for answer in answers if "pit_id" in answer), self.pit)
        return answers

    def _chosen(
        self, found: list[dict[str, Any]], page: Page, along: list[dict[str, Any]]
    ) -> list[tuple[dict[str, Any], Copies]]:
        """Those of some hits that come first of their copies, each with what is known of the others."""
        hashes = [] if self._with_copies else sorted({one["_source"]["content_hash"] for one in found})
        answers = self.ask([*along, *([request.copies(self._matching, hashes)] if hashes else [])])
        page.along = page.along or answers[: len(along)]
        groups = {}
        if hashes:
            groups = {one["key"]: one for one in answers[-1]["aggregations"]["copies"]["buckets"]}
        pairs = ((one, groups.get(one["_source"]["content_hash"])) for one in found)
        return [(one, _copies(one, group)) for one, group in pairs if group is None or _best(group) == one["_id"]]


def _best(group: dict[str, Any]) -> str:
    best: str = group["best"]["hits"]["hits"][0]["_id"]
    return best


def _copies(found: dict[str, Any], group: dict[str, Any] | None) -> Copies:
    count = group["doc_count"] - 1 if group else 0
    if not group or not count:
        return Copies()
    own = found["_source"]["source"]
    sources = {one["key"]: one["doc_count"] - (one["key"] == own) for one in group["sources"]["buckets"]}
    return Copies(count, tuple(name for name, others in sources.items() if others))


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
