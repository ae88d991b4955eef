"""What Elasticsearch's answers mean: pure functions from an answer to what becomes of each document.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

_LONGEST_DETAIL = 1000


class Verdict(Enum):
    """What becomes of a document, or of a whole request."""

    STORED = "stored"
    STALE = "stale"  # a newer version stands already
    RETRY = "retry"  # as it is, later
    SPLIT = "split"  # in smaller requests, at once
    DEAD = "dead"  # never


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict with the server's own words for it."""

    verdict: Verdict
    detail: str = ""


# Refusals that are about the server's state, or about rights that somebody can give back, never about the document.
_PASSING_TYPES = frozenset(
    {
        "circuit_breaking_exception",
        "cluster_block_exception",
        "es_rejected_execution_exception",
        "index_closed_exception",
        "index_not_found_exception",
        "no_shard_available_action_exception",
        "node_closed_exception",
        "process_cluster_event_timeout_exception",
        "security_exception",
        "unavailable_shards_exception",
    }
)
_PASSING_STATUS = frozenset({401, 403, 404, 408, 429})
# A mistake in the alias, which somebody mends, comes under the type that an unfit document has too.
_NO_WRITE_INDEX = "illegal_argument_exception: no write index is defined"


def _kind(error: Any) -> str | None:
    kind = error.get("type") if isinstance(error, dict) else None
    return kind if isinstance(kind, str) else None


def _words(error: Any) -> str:
    """The server's reason with its cause, without the document."""
    if not isinstance(error, dict):
        return str(error)[:_LONGEST_DETAIL]
    reason = str(error.get("reason", ""))
    cause = error.get("caused_by")
    deeper = str(cause.get("reason", "")) if isinstance(cause, dict) else ""
    words = f"{error.get('type', 'error')}: {reason}" + (f" ({deeper})" if deeper not in reason else "")
    return " ".join(words.split())[:_LONGEST_DETAIL]


def classify_item(status: int, error: Any = None) -> Answer:
    """What one item of a bulk answer means.

    Args:
        status: the item's HTTP status.
        error: the item's `error`, where it has one.
    """
    kind = _kind(error)
    if 200 <= status < 300 and error is None:
        return Answer(Verdict.STORED)
    if status == 409 and kind in (None, "version_conflict_engine_exception"):
        return Answer(Verdict.STALE, _words(error))
    words = _words(error)
    passes = kind in _PASSING_TYPES or status in _PASSING_STATUS or not 400 <= status < 500
    passes = passes or words.startswith(_NO_WRITE_INDEX)
    return Answer(Verdict.RETRY if passes else Verdict.DEAD, f"HTTP {status}: {words}")


def classify_request(status: int, body: Any = None) -> Answer:
    """What it means when Elasticsearch answers a whole bulk request with an error.

    A request that is too large (413), breaks a memory limit (429 with a circuit breaker) or cannot be read (400) is
    split, so that at most the one document at fault is lost; all else passes with time.
    """
    error = body.get("error") if isinstance(body, dict) else body
    kind = _kind(error)
    words = f"HTTP {status}: {_words(error)}"
    if status == 413 or kind == "circuit_breaking_exception" or (status == 400 and kind not in _PASSING_TYPES):
        return Answer(Verdict.SPLIT, words)
    return Answer(Verdict.RETRY, words)


def classify_single(status: int, body: Any = None) -> Answer:
    """The same for a request of one document, which cannot be split: only its own size or form makes it dead."""
    answer = classify_request(status, body)
    if answer.verdict is Verdict.SPLIT:
        return Answer(Verdict.DEAD if status in (400, 413) else Verdict.RETRY, answer.detail)
    return answer


def classify(items: Any, count: int) -> list[Answer]:
    """What becomes of each document of a bulk request, by the `items` of the answer, in the order sent.

    An answer that does not fit the request is not trusted: everything is retried, which is harmless.
    """
    if not isinstance(items, list) or len(items) != count:
        return [Answer(Verdict.RETRY, f"an answer of another length than the request, {count}")] * count
    return [_item(item) for item in items]


def _item(item: Any) -> Answer:
    result = next(iter(item.values()), None) if isinstance(item, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("status"), int):
        return Answer(Verdict.RETRY, "an item without a status")
    return classify_item(result["status"], result.get("error"))


def action(article_id: str, version: int) -> bytes:
    """The action line of one document: index it unless a newer version stands."""
    meta = {"index": {"_id": article_id, "version": version, "version_type": "external_gte"}}
    return json.dumps(meta, separators=(",", ":")).encode("ascii")


def document_problem(value: bytes | None) -> str | None:
    """Why a value cannot stand in a bulk body, where one line is one document; none when it can."""
    if value is None:
        return "the message has no value"
    if not value.startswith(b"{") or not value.endswith(b"}"):
        return "the value is no JSON object"
    if b"\n" in value or b"\r" in value:
        return "the value has a line break, which would end the document"
    return None
