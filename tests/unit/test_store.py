"""Batches come to their end, whatever Elasticsearch does meanwhile."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.bulk import Verdict
from processors.progress import Progress
from processors.store import BatchSize, Entry, Reply, Store, backoff, entry
from tests.fakes import FakeElasticsearch, Waits, enriched_message, quick

REJECTED = (429, {"type": "es_rejected_execution_exception", "reason": "queue full"})
NOT_PARSED = (400, {"type": "document_parsing_exception", "reason": "failed to parse"})
BREAKER = {"error": {"type": "circuit_breaking_exception", "reason": "Data too large"}, "status": 429}
PASSING = [
    Reply(0, failure="Elasticsearch does not answer: connection refused"),
    Reply(429, {"error": {"type": "es_rejected_execution_exception", "reason": "busy"}}),
    Reply(429, BREAKER),
    Reply(503, None),
    Reply(502, "<html>Bad Gateway</html>"),
    Reply(401, {"error": {"type": "security_exception", "reason": "missing authentication credentials"}}),
    Reply(200, {"items": []}),
    Reply(200, None),
    Reply(200, {"took": 3, "errors": True}),
]


def entries(count: int, padding: dict[int, int] | None = None) -> list[Entry]:
    """Documents number 0 to `count`, some with so many bytes more."""
    found = []
    for number in range(count):
        body = b'{"text":"%b"}' % (b"x" * (padding or {}).get(number, 0))
        found.append(entry(enriched_message(number, value=body), f"{number:032x}", 1))
    return found


def store_on(elastic: Any, most: int = 100, wait: Waits | None = None) -> tuple[Store, Progress, BatchSize]:
    """A store on a fake, with its progress and its batch size."""
    progress, size = Progress("sink"), BatchSize(most)
    return Store(elastic, wait or Waits(), size, progress), progress, size


def verdicts(store: Store, batch: list[Entry]) -> list[Verdict]:
    """What became of a batch."""
    return [answer.verdict for answer in store.write(batch)]


def test_a_batch_goes_in_requests_of_the_batch_size() -> None:
    """Ten documents at four a request are three requests, all stored, without a wait."""
    elastic, wait = FakeElasticsearch(), Waits()
    store, progress, _ = store_on(elastic, most=4, wait=wait)
    assert verdicts(store, entries(10)) == [Verdict.STORED] * 10
    assert [len(ids) for ids in elastic.requests] == [4, 4, 2]
    assert (wait.seconds, progress.retries, progress.waiting) == ([], 0, None)


def test_nothing_to_write_asks_nothing() -> None:
    """An empty batch sends no request."""
    elastic = FakeElasticsearch()
    assert store_on(elastic)[0].write([]) == []
    assert elastic.requests == []


def test_only_what_was_rejected_is_sent_again() -> None:
    """Two of six documents are rejected twice: the second and third request hold these two alone."""
    elastic, busy = FakeElasticsearch(), {f"{number:032x}": 2 for number in (1, 4)}

    def refuse(article: str) -> Any:
        busy[article] = busy.get(article, 0) - 1
        return REJECTED if busy[article] >= 0 else None

    elastic.refuse = refuse
    wait = Waits()
    store, progress, _ = store_on(elastic, wait=wait)
    assert verdicts(store, entries(6)) == [Verdict.STORED] * 6
    assert elastic.requests[1:] == [[f"{number:032x}" for number in (1, 4)]] * 2
    assert (len(wait.seconds), progress.retries) == (2, 4)


def test_a_newer_version_makes_it_stale() -> None:
    """A document whose newer version stands is stale; the same version again is stored again."""
    elastic = FakeElasticsearch(stored={f"{0:032x}": 2, f"{1:032x}": 1})
    assert verdicts(store_on(elastic)[0], entries(3)) == [Verdict.STALE, Verdict.STORED, Verdict.STORED]


def test_a_document_at_fault_is_dead_and_its_neighbours_are_stored() -> None:
    """A document that Elasticsearch cannot parse is dead with its words; it is not sent again."""
    elastic = FakeElasticsearch(refuse=lambda article: NOT_PARSED if article == f"{2:032x}" else None)
    answers = store_on(elastic)[0].write(entries(4))
    assert [answer.verdict for answer in answers] == [Verdict.STORED] * 2 + [Verdict.DEAD, Verdict.STORED]
    assert "document_parsing_exception: failed to parse" in answers[2].detail
    assert len(elastic.requests) == 1


def test_too_large_a_request_is_halved_at_once_and_grows_back() -> None:
    """A request over the server's limit is halved without a wait, and the size doubles after ten successes."""
    elastic, wait = FakeElasticsearch(most_bytes=2000), Waits()
    store, _, size = store_on(elastic, most=64, wait=wait)
    assert set(verdicts(store, entries(64))) == {Verdict.STORED}
    small = size.now
    assert small < 64
    assert wait.seconds == []
    elastic.most_bytes = 10**9
    for _ in range(100):
        store.write(entries(1))
    assert small < size.now == 64


def test_a_document_too_large_for_any_request_is_dead_alone() -> None:
    """Of eight documents the one that no request can hold is dead, and the seven others are stored."""
    elastic, wait = FakeElasticsearch(most_bytes=3000), Waits()
    store, *_ = store_on(elastic, most=8, wait=wait)
    found = verdicts(store, entries(8, padding={5: 5000}))
    assert found == [Verdict.STORED] * 5 + [Verdict.DEAD] + [Verdict.STORED] * 2
    assert wait.seconds == []


def test_a_document_that_spoils_a_request_is_found_and_dead_alone() -> None:
    """Where a whole request is refused as unreadable, it is split until the one at fault stands alone."""
    poison = f"{3:032x}"
    elastic = FakeElasticsearch(
        chaos=lambda metas: (
            Reply(400, {"error": {"type": "x_content_parse_exception", "reason": "[1:3]"}})
            if any(meta["_id"] == poison for meta in metas)
            else None
        )
    )
    found = verdicts(store_on(elastic, most=8)[0], entries(8))
    assert found == [Verdict.STORED] * 3 + [Verdict.DEAD] + [Verdict.STORED] * 4


def test_a_memory_limit_splits_and_one_document_waits_for_memory() -> None:
    """A circuit breaker makes requests smaller; one document alone is tried again after a wait, and never dead."""
    broken = iter([Reply(429, BREAKER)] * 4)
    elastic, wait = FakeElasticsearch(chaos=lambda _: next(broken, None)), Waits()
    store, progress, _ = store_on(elastic, most=4, wait=wait)
    assert verdicts(store, entries(4)) == [Verdict.STORED] * 4
    assert [len(ids) for ids in elastic.requests[:4]] == [4, 2, 1, 1]
    assert len(wait.seconds) == 2
    assert progress.waiting is None


@pytest.mark.parametrize("reply", PASSING)
def test_what_passes_is_waited_for(reply: Reply) -> None:
    """A server that is away, busy, locked or talks nonsense is waited for, and then everything is stored."""
    answers = iter([reply] * 3)
    elastic, wait = FakeElasticsearch(chaos=lambda _: next(answers, None)), Waits()
    store, progress, _ = store_on(elastic, most=1, wait=wait)
    assert verdicts(store, entries(2)) == [Verdict.STORED] * 2
    assert len(wait.seconds) == 3
    assert (progress.retries, progress.waiting) == (3, None)


def test_while_it_waits_it_says_what_for() -> None:
    """The progress names what is waited for as long as that lasts."""
    progress, told = Progress("sink"), []

    def wait(_: float) -> bool:
        told.append(progress.waiting)
        return False

    down = iter([Reply(0, failure="Elasticsearch does not answer: connection refused")] * 2)
    Store(FakeElasticsearch(chaos=lambda _: next(down, None)), wait, BatchSize(5), progress).write(entries(2))
    assert told == ["Elasticsearch does not answer: connection refused"] * 2
    assert progress.waiting is None


def test_when_asked_to_stop_the_rest_is_left_and_what_is_finished_is_told() -> None:
    """A stop while some documents are rejected leaves exactly these for the next start."""
    elastic = FakeElasticsearch(refuse=lambda article: REJECTED if article == f"{1:032x}" else None)
    wait = Waits(stop_after=3)
    found = verdicts(store_on(elastic, wait=wait)[0], entries(3))
    assert found == [Verdict.STORED, Verdict.RETRY, Verdict.STORED]
    assert len(wait.seconds) == 3


def test_waits_grow_while_nothing_moves() -> None:
    """The wait grows from attempt to attempt while the server is away, and stays bounded."""
    down = iter([Reply(503, None)] * 12)
    wait = Waits()
    store_on(FakeElasticsearch(chaos=lambda _: next(down, None)), wait=wait)[0].write(entries(2))
    assert max(wait.seconds[:2]) <= 1.0
    assert min(wait.seconds[-3:]) >= 5.0


@quick
@given(st.integers(0, 10**6))
def test_backoff_is_bounded_and_never_nothing(attempt: int) -> None:
    """However often it was tried, the wait is between an eighth of a second and ten seconds."""
    assert 0.125 <= backoff(attempt) <= 10.0


@quick
@given(st.integers(1, 1000), st.lists(st.none() | st.integers(1, 2000), max_size=60))
def test_batch_size_stays_between_one_and_the_most(most: int, history: list[int | None]) -> None:
    """Whatever succeeds and fails, a request holds at least one document and at most what is set."""
    size = BatchSize(most)
    for tried in history:
        before = size.now
        if tried is None:
            size.succeeded()
            assert size.now >= before
        else:
            size.shrink(tried)
            assert size.now < before or before == 1
        assert 1 <= size.now <= most


DOCUMENTS = st.lists(
    st.tuples(
        st.integers(0, 12),  # the article
        st.integers(1, 4),  # its version
        st.sampled_from([10, 10, 10, 300, 5000]),  # bytes of text
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, st.integers(1, 16), st.lists(st.sampled_from(PASSING), max_size=12), st.integers(0, 2**16))
def test_everything_ends_and_the_newest_version_stands(
    documents: list[tuple[int, int, int]], most: int, trouble: list[Reply], seed: int
) -> None:
    """Through rejections, outages, memory limits and size limits every document ends stored, stale or dead.

    Dead are exactly those that no request can hold or the mapping refuses, and of every article the newest version
    that could be stored stands.
    """
    chance = random.Random(seed)
    unfit = f"{7:032x}"
    rejections = [REJECTED] * chance.randrange(20)

    def refuse(article: str) -> Any:
        if article == unfit:
            return NOT_PARSED
        return rejections.pop() if rejections and chance.random() < 0.4 else None

    def chaos(_: Any) -> Reply | None:
        return trouble.pop() if trouble and chance.random() < 0.5 else None

    elastic = FakeElasticsearch(most_bytes=4000, chaos=chaos, refuse=refuse)
    batch = [
        entry(enriched_message(number, value=b'{"t":"%b"}' % (b"x" * size)), f"{article:032x}", version)
        for number, (article, version, size) in enumerate(documents)
    ]
    found = verdicts(store_on(elastic, most=most)[0], batch)
    hopeless = [size > 4000 or article == 7 for article, _, size in documents]
    assert [one is Verdict.DEAD for one in found] == hopeless
    assert all(one in (Verdict.STORED, Verdict.STALE, Verdict.DEAD) for one in found)
    newest: dict[str, int] = {}
    for (article, version, _), is_hopeless in zip(documents, hopeless, strict=True):
        if not is_hopeless:
            newest[f"{article:032x}"] = max(version, newest.get(f"{article:032x}", 0))
    assert elastic.stored == newest


def test_the_entry_is_two_lines() -> None:
    """An entry is its action and, byte for byte, the message's value, each on a line of its own."""
    lines = entry(enriched_message(1, value='{"title":{"ru":"Мир"}}'.encode()), f"{1:032x}", 5).lines
    action, document, rest = lines.split(b"\n")
    assert b'"version":5' in action
    assert (document.decode(), rest) == ('{"title":{"ru":"Мир"}}', b"")
