"""Goes through an index by the articles' ids, so that one can stop anywhere and go on from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch, TransportError

_KEPT = "10m"
_PAGE = 2000


@contextmanager
def still(elasticsearch: Elasticsearch, index: str) -> Iterator[str]:
    """A picture of the index as it is now, which stays the same while others write: its id."""
    elasticsearch.indices.refresh(index=index)
    picture = elasticsearch.open_point_in_time(index=index, keep_alive=_KEPT)["id"]
    try:
        yield picture
    finally:
        elasticsearch.close_point_in_time(id=picture)


def walk(elasticsearch: Elasticsearch, picture: str, after: str = "", page: int = _PAGE) -> Iterator[dict[str, int]]:
    """The versions of a picture's articles by id, in the order of the ids, in pages.

    Args:
        elasticsearch: who is asked.
        picture: of `still`.
        after: begin after this id.
        page: how many at a time.

    Raises:
        TransportError: a part of the index does not answer.
    """
    while found := _page(elasticsearch, picture, after, page):
        yield found
        after = max(found)


def _page(elasticsearch: Elasticsearch, picture: str, after: str, page: int) -> dict[str, int]:
    answer = elasticsearch.search(
        pit={"id": picture, "keep_alive": _KEPT},
        query={"range": {"id": {"gt": after}}},
        size=page,
        sort=[{"id": "asc"}],
        source=False,
        docvalue_fields=[{"field": "id"}, {"field": "version"}],
        track_total_hits=False,
        filter_path="hits.hits.fields,_shards.failed",
    )
    if answer["_shards"]["failed"]:
        raise TransportError("a part of the index did not answer")
    hits = (hit["fields"] for hit in answer.get("hits", {}).get("hits", ()))
    return {fields["id"][0]: fields["version"][0] for fields in hits}


def versions(elasticsearch: Elasticsearch, index: str, ids: Sequence[str]) -> dict[str, int]:
    """Which version of each of these articles stands in an index at this moment; those it has not are left out."""
    return {one: found["_version"] for one, found in _got(elasticsearch, index, ids, False, "").items()}


def documents(
    elasticsearch: Elasticsearch, index: str, ids: Sequence[str], source: Any = True
) -> dict[str, tuple[int, dict[str, Any]]]:
    """The version and the document of each of these articles, by id; those that the index has not are left out."""
    found = _got(elasticsearch, index, ids, source, ",docs._source")
    return {one: (got["_version"], got.get("_source") or {}) for one, got in found.items()}


def _got(elasticsearch: Elasticsearch, index: str, ids: Sequence[str], source: Any, more: str) -> dict[str, Any]:
    if not ids:
        return {}
    path = f"docs._id,docs.found,docs._version,docs.error{more}"
    answer = elasticsearch.mget(index=index, ids=ids, source=source, filter_path=path)
    if failed := next((one["error"] for one in answer["docs"] if "error" in one), None):
        raise TransportError(f"a part of {index} did not answer: {failed.get('reason')}")
    return {one["_id"]: one for one in answer["docs"] if one.get("found")}
