"""Several searches in one request, with what each lacks told in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elastic_transport import ApiResponseMeta
from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from desk.search.request import TIMEOUT

_ERRORS: dict[int, type[ApiError]] = {400: BadRequestError, 404: NotFoundError}
_LOST = "search_context_missing_exception"


def many(elasticsearch: Elasticsearch, bodies: Sequence[dict[str, Any]], alias: str = "") -> list[dict[str, Any]]:
    """The answers to searches, in their order; each names a point in time, or all are of the alias.

    Raises:
        ApiError: Elasticsearch refuses one of them.
        TransportError: it does not answer.
    """
    if not bodies:
        return []
    header = {"index": alias} if alias else {}
    answer = elasticsearch.msearch(searches=[part for body in bodies for part in (header, body)])
    return [_checked(one, answer.meta) for one in answer.body["responses"]]


def _checked(answer: dict[str, Any], meta: ApiResponseMeta) -> dict[str, Any]:
    if "error" not in answer:
        return answer
    status = answer.get("status", 500)
    refused = ApiResponseMeta(status, meta.http_version, meta.headers, meta.duration, meta.node)
    raise _ERRORS.get(status, ApiError)(_reason(answer["error"]), refused, answer)


def _reason(error: dict[str, Any]) -> str:
    causes = error.get("root_cause") or [error]
    return f"{causes[0].get('type')}: {causes[0].get('reason')}"


def is_lost(error: ApiError) -> bool:
    """Whether Elasticsearch refused because it does not know the point in time any more."""
    return error.meta.status == NOT_FOUND and _LOST in str(error.body)


NOT_FOUND = 404


def lacking(answers: Sequence[dict[str, Any]]) -> str | None:
    """In words, what these answers lack; none where they are whole."""
    if any(answer["timed_out"] for answer in answers):
        return f"the search was stopped after {TIMEOUT.removesuffix('s')} s: the counts are of what was seen by then"
    failed = max((answer["_shards"]["failed"] for answer in answers), default=0)
    if failed:
        whole = max(answer["_shards"]["total"] for answer in answers)
        return f"{failed} of {whole} parts of the index did not answer: what they hold is not counted"
    return None
