"""Every answer that Elasticsearch gives means stored, stale, retry, split or dead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.bulk import (
    Verdict,
    action,
    classify,
    classify_item,
    classify_request,
    classify_single,
    document_problem,
)
from tests.fakes import quick

STORED = {"index": {"status": 201}}
REJECTED = {
    "type": "es_rejected_execution_exception",
    "reason": "rejected execution of coordinating operation [coordinating_and_primary_bytes=53687091, "
    "replica_bytes=0, all_bytes=53687091, coordinating_operation_bytes=12000000, max_coordinating_bytes=53687091]",
}
FLOOD_STAGE = {
    "type": "cluster_block_exception",
    "reason": "index [articles-000001] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, "
    "index has read-only-allow-delete block];",
}
READ_ONLY = {
    "type": "cluster_block_exception",
    "reason": "index [articles-000001] blocked by: [FORBIDDEN/8/index write (api)];",
}
NOT_PARSED = {
    "type": "document_parsing_exception",
    "reason": "[1:219] failed to parse field [fetched_at] of type [date] in document with id '0a'. "
    "Preview of field's value: 'yesterday'",
    "caused_by": {"type": "illegal_argument_exception", "reason": "failed to parse date field [yesterday]"},
}
STRICT = {
    "type": "strict_dynamic_mapping_exception",
    "reason": "[1:12] mapping set to strict, dynamic introduction of [surprise] within [_doc] is not allowed",
}
CONFLICT = {
    "type": "version_conflict_engine_exception",
    "reason": "[0a]: version conflict, current version [3] is higher than the one provided [2]",
    "index_uuid": "aAsFqTI0Tc2W0LCWgPNrOA",
    "shard": "0",
    "index": "articles-000001",
}
NO_ALIAS = {
    "type": "index_not_found_exception",
    "reason": "no such index [articles] and [require_alias] request flag is [true] and [articles] is not an alias",
}
SHARDS = {
    "type": "unavailable_shards_exception",
    "reason": "[articles-000001][0] primary shard is not active Timeout: [1m], request: [BulkShardRequest]",
}
SECURITY = {
    "type": "security_exception",
    "reason": "action [indices:data/write/bulk[s]] is unauthorized for user [feeder] on indices [articles]",
}
BREAKER = {
    "type": "circuit_breaking_exception",
    "reason": "[parent] Data too large, data for [<http_request>] would be [512323232/488.5mb], "
    "which is larger than the limit of [510027366/486.3mb]",
    "bytes_wanted": 512323232,
    "bytes_limit": 510027366,
    "durability": "TRANSIENT",
}
QUOTED = {
    "type": "document_parsing_exception",
    "reason": "[1:219] failed to parse field [fetched_at] of type [date]. Preview of field's value: "
    "'illegal_argument_exception: no write index is defined'",
}
CLOSED = {"type": "index_closed_exception", "reason": "closed"}
IMMENSE = {
    "type": "illegal_argument_exception",
    "reason": 'Document contains at least one immense term in field="url" (whose UTF8 encoding is longer than the '
    "max length 32766), all of which were skipped.",
}
NO_WRITE_INDEX = {
    "type": "illegal_argument_exception",
    "reason": "no write index is defined for alias [articles]. The write index may be explicitly disabled using "
    "is_write_index=false or the alias points to multiple indices without one being designated as a write index",
}

ITEMS = [
    pytest.param(201, None, Verdict.STORED, id="created"),
    pytest.param(200, None, Verdict.STORED, id="updated"),
    pytest.param(409, CONFLICT, Verdict.STALE, id="a newer version stands"),
    pytest.param(429, REJECTED, Verdict.RETRY, id="queue full"),
    pytest.param(429, FLOOD_STAGE, Verdict.RETRY, id="disk full"),
    pytest.param(403, FLOOD_STAGE, Verdict.RETRY, id="disk full, older server"),
    pytest.param(403, READ_ONLY, Verdict.RETRY, id="index made read-only"),
    pytest.param(400, NOT_PARSED, Verdict.DEAD, id="a field of the wrong kind"),
    pytest.param(400, STRICT, Verdict.DEAD, id="a field the mapping does not know"),
    pytest.param(400, IMMENSE, Verdict.DEAD, id="a term too long"),
    pytest.param(404, NO_ALIAS, Verdict.RETRY, id="the alias is not there"),
    pytest.param(400, NO_WRITE_INDEX, Verdict.RETRY, id="the alias has no write index"),
    pytest.param(400, QUOTED, Verdict.DEAD, id="a document that quotes a passing refusal"),
    pytest.param(503, SHARDS, Verdict.RETRY, id="no shard"),
    pytest.param(401, SECURITY, Verdict.RETRY, id="not signed in"),
    pytest.param(403, SECURITY, Verdict.RETRY, id="not allowed"),
    pytest.param(429, BREAKER, Verdict.RETRY, id="memory limit"),
    pytest.param(400, CLOSED, Verdict.RETRY, id="index closed"),
    pytest.param(500, {"type": "null_pointer_exception", "reason": "x"}, Verdict.RETRY, id="the server's defect"),
]

REQUESTS = [
    pytest.param(413, None, Verdict.SPLIT, Verdict.DEAD, id="over http.max_content_length"),
    pytest.param(413, "<html>413 Request Entity Too Large</html>", Verdict.SPLIT, Verdict.DEAD, id="a proxy's limit"),
    pytest.param(429, {"error": BREAKER, "status": 429}, Verdict.SPLIT, Verdict.RETRY, id="memory limit"),
    pytest.param(429, {"error": REJECTED, "status": 429}, Verdict.RETRY, Verdict.RETRY, id="queue full"),
    pytest.param(401, {"error": SECURITY, "status": 401}, Verdict.RETRY, Verdict.RETRY, id="not signed in"),
    pytest.param(403, {"error": SECURITY, "status": 403}, Verdict.RETRY, Verdict.RETRY, id="not allowed"),
    pytest.param(404, {"error": NO_ALIAS, "status": 404}, Verdict.RETRY, Verdict.RETRY, id="no alias"),
    pytest.param(
        400,
        {"error": {"type": "x_content_parse_exception", "reason": "[1:3] unexpected token"}, "status": 400},
        Verdict.SPLIT,
        Verdict.DEAD,
        id="one document spoils the body",
    ),
    pytest.param(503, {"error": SHARDS, "status": 503}, Verdict.RETRY, Verdict.RETRY, id="no master"),
    pytest.param(502, "<html>Bad Gateway</html>", Verdict.RETRY, Verdict.RETRY, id="a proxy's error"),
    pytest.param(500, None, Verdict.RETRY, Verdict.RETRY, id="the server's defect"),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
STATUSES = st.integers(-1, 700)
TYPES = st.sampled_from([REJECTED["type"], BREAKER["type"], CONFLICT["type"], STRICT["type"], "other"])
ERRORS = st.none() | JSON | st.fixed_dictionaries({"type": TYPES | JSON}, optional={"reason": JSON, "caused_by": JSON})
RESULTS = st.fixed_dictionaries({}, optional={"status": STATUSES | JSON, "error": ERRORS})


@pytest.mark.parametrize(("status", "error", "verdict"), ITEMS)
def test_each_known_answer_for_a_document(status: int, error: Any, verdict: Verdict) -> None:
    """An item of a bulk answer means what Elasticsearch means by it."""
    assert classify([{"index": {"status": status, **({"error": error} if error else {})}}], 1)[0].verdict is verdict


@pytest.mark.parametrize(("status", "body", "together", "alone"), REQUESTS)
def test_each_known_answer_for_a_request(status: int, body: Any, together: Verdict, alone: Verdict) -> None:
    """A request that fails as a whole is split or tried again; a document alone is dead only for its size or form."""
    assert classify_request(status, body).verdict is together
    assert classify_single(status, body).verdict is alone


@quick
@given(JSON | st.lists(st.dictionaries(st.just("index"), RESULTS | JSON, max_size=1), max_size=6), st.integers(0, 6))
def test_an_answer_of_any_shape_gives_one_verdict_for_each_document(items: Any, count: int) -> None:
    """Whatever stands in the answer, there are as many verdicts as documents, and none asks to split."""
    answers = classify(items, count)
    assert len(answers) == count
    assert all(answer.verdict is not Verdict.SPLIT for answer in answers)


@quick
@given(STATUSES, ERRORS)
def test_only_a_refusal_of_the_document_kills_it(status: int, error: Any) -> None:
    """A document is dead only for a 4xx that time cannot cure, and never for a server that is busy, away or locked."""
    verdict = classify_item(status, error).verdict
    passing = (401, 403, 404, 408, 429)
    if verdict is Verdict.DEAD:
        assert 400 <= status < 500
        assert status not in passing
    if status >= 500 or status in passing or not 200 <= status < 600:
        assert verdict in (Verdict.RETRY, Verdict.STALE)


@quick
@given(STATUSES, JSON | st.fixed_dictionaries({"error": ERRORS}))
def test_a_document_alone_is_never_split(status: int, body: Any) -> None:
    """A request of one document is dead or tried again, and dead only where its size or form is at fault."""
    verdict = classify_single(status, body).verdict
    assert verdict in (Verdict.DEAD, Verdict.RETRY)
    assert verdict is Verdict.RETRY or status in (400, 413)


def test_answers_keep_the_order_of_the_request() -> None:
    """Each verdict stands where its document stood."""
    items = [STORED, {"index": {"status": 409, "error": CONFLICT}}, {"index": {"status": 400, "error": STRICT}}]
    assert [answer.verdict for answer in classify(items, 3)] == [Verdict.STORED, Verdict.STALE, Verdict.DEAD]


@pytest.mark.parametrize("items", [None, [], [STORED], [STORED] * 3, {"0": STORED}])
def test_an_answer_of_another_length_is_not_trusted(items: Any) -> None:
    """An answer that does not fit the request means that all of it is tried again."""
    assert [answer.verdict for answer in classify(items, 2)] == [Verdict.RETRY] * 2


def test_a_refusal_is_told_in_the_servers_words_with_the_cause() -> None:
    """The detail names status, type, reason and deeper cause, on one line of bounded length."""
    detail = classify_item(400, NOT_PARSED).detail
    assert detail.startswith("HTTP 400: document_parsing_exception: [1:219] failed to parse field [fetched_at]")
    assert "failed to parse date field [yesterday]" in detail
    assert len(classify_item(400, {"type": "x", "reason": "long\n" * 10_000}).detail) < 1100


def test_the_action_line_indexes_unless_a_newer_version_stands() -> None:
    """The action is one line of JSON: index this id at this version, external or equal."""
    line = action("0a" * 16, 1_772_368_215_250)
    assert b"\n" not in line
    meta = {"_id": "0a" * 16, "version": 1_772_368_215_250, "version_type": "external_gte"}
    assert json.loads(line) == {"index": meta}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b'{"a":1}', None),
        ('{"a":"\u2028\u0085"}'.encode(), None),
        (None, "no value"),
        (b"", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b'{"a":1}\n', "no JSON object"),
        (b'{"a":1}\n{"delete":{"_id":"x"}}', "line break"),
        (b'{"a":\r1}', "line break"),
    ],
)
def test_what_could_spoil_its_neighbours_is_found_before(value: bytes | None, problem: str | None) -> None:
    """A value with a line break or that is no object never gets into a bulk body."""
    found = document_problem(value)
    assert (found is None) if problem is None else (problem in str(found))
