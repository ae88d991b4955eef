"""What a rebuild decides without a server: who may go on, what differs, what is brought over, what is replayed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.failure import Failure
from desk.rebuilding import words
from desk.rebuilding.compare import Comparison, differences
from desk.rebuilding.fill import as_message, copied
from desk.rebuilding.remake import Piece, pieces
from desk.rebuilding.renew import Report, check_alone
from desk.rebuilding.replay import Chooser, Kept, Replay
from desk.rebuilding.state import Renewal
from processors.bulk import document_problem
from processors.enrich import ENRICHERS, enrich
from processors.intake import admitted
from processors.message import Message
from processors.outcome import enriched
from processors.progress import instance_name
from schemas.index import mapping, subfields
from schemas.streams import streams
from tests.fakes import quick, raw_article, raw_message, unit_settings

HOST = instance_name().rpartition("-")[0]


def renewal(**changes: Any) -> Renewal:
    """An index on its way."""
    return Renewal.model_validate(
        {"kind": "today", "target": "articles-000002", "origin": "articles-000001", **changes}
    )


class FakeLog:
    """Streams of messages by partition, with a first offset that retention left."""

    def __init__(self, messages: dict[int, list[Message]], first: int = 0) -> None:
        self._messages, self._first = messages, first

    def bounds(self, _stream: str, partition: int) -> tuple[int, int]:
        """The first offset and the one after the last."""
        return self._first, len(self._messages[partition])

    def span(self, _stream: str, partition: int, start: int, end: int) -> list[Any]:
        """The records from `start` up to `end`."""
        return [
            SimpleNamespace(
                topic=one.stream,
                partition=partition,
                offset=offset,
                timestamp=one.timestamp,
                key=one.key,
                value=one.value,
                headers=list(one.headers),
            )
            for offset, one in list(enumerate(self._messages[partition]))[start:end]
        ]


def all_of(messages: Sequence[Message]) -> Sequence[Message]:
    """Every message is wanted."""
    return messages


def cut(counts: Sequence[int], first: int = 0, size: int = 10) -> list[Piece]:
    """Pieces of partitions with so many messages of that size each."""
    log = FakeLog({n: [raw_message(raw_article("x" * size))] * count for n, count in enumerate(counts)}, first)
    return list(pieces(log, "raw", [(n, 0, count) for n, count in enumerate(counts)], all_of))  # type: ignore[arg-type]


@quick
@given(st.lists(st.integers(0, 170), max_size=4), st.integers(0, 60))
def test_pieces_hold_every_message_that_is_kept_once_and_in_order(counts: list[int], first: int) -> None:
    """Together the pieces are the partitions from their first kept message on, and each tells where it ends."""
    found = cut(counts, first)
    for number, count in enumerate(counts):
        mine = [piece for piece in found if piece.partition == number]
        offsets = [message.offset for piece in mine for message in piece.messages]
        assert offsets == list(range(first, count))
        assert [piece.following for piece in mine[-1:]] == ([count] if first < count else [])
        assert all(piece.following == piece.messages[-1].offset + 1 for piece in mine if piece.messages)


def test_pieces_are_of_bounded_size() -> None:
    """Neither many messages nor large ones make a piece large."""
    assert max(len(piece.messages) for piece in cut([500])) == 50
    assert max(len(piece.messages) for piece in cut([9], size=2**20)) == 2


def test_a_heartbeat_is_read_and_not_enriched() -> None:
    """Heartbeats fill the raw stream of a quiet day; none of them is an article to make anew."""
    beat = raw_message(headers=(("ce_source", b"/wiredesk/sources/wiredesk-heartbeat"),))
    log = FakeLog({0: [beat, raw_message()]})
    [piece] = pieces(log, "raw", [(0, 0, 2)], all_of)  # type: ignore[arg-type]
    assert (piece.read, len(piece.messages)) == (2, 2 - beat.is_heartbeat)
    assert beat.is_heartbeat


def test_what_is_enriched_again_goes_into_the_index_as_the_sink_would_put_it() -> None:
    """The entry has the article's id and version, and the bytes of the enriched stream."""
    article = raw_article()
    out = enriched(raw_message(article), enrich(article), streams(unit_settings()))
    found = admitted(as_message(out))
    assert (found.article_id, found.version) == (article.id, article.version)
    assert found.lines.split(b"\n")[1] == out.value


@given(st.dictionaries(st.text(), st.text() | st.floats(allow_nan=False) | st.lists(st.text())))
def test_what_is_brought_over_is_the_document_as_it_was(document: dict[str, Any]) -> None:
    """Whatever a document holds stands on one line, and gives way to one of the same version."""
    found = copied("0" * 32, 7, document)
    action, body, end = found.lines.split(b"\n")
    assert json.loads(action) == {"index": {"_id": "0" * 32, "version": 7, "version_type": "external"}}
    assert (json.loads(body), end) == (document, b"")
    assert document_problem(body) is None


def test_differences_are_named_by_field() -> None:
    """A field that is not there differs from one with a value, and not from none."""
    assert differences({"a": 1, "b": [1], "c": None}, {"a": 1, "b": [2], "d": 3}) == ["b", "d"]


def test_a_comparison_counts_and_keeps_a_few_samples() -> None:
    """Each field is counted in all articles, and shown, shortened, in the first three."""
    found = Comparison(5, 5)
    for number in range(5):
        found.take(str(number), {"text": "x" * 500, "same": 1}, {"text": "y", "same": 1})
    assert (found.sampled, found.changed, found.fields) == (5, 5, {"text": 5})
    assert [one.article_id for one in found.samples] == ["0", "1", "2"]
    assert len(found.samples[0].before) == 160


@pytest.mark.parametrize(
    ("by", "age"),
    [("", 0), (instance_name(), 0), ("elsewhere-1", 61), (f"{HOST}-GONE", 0)],
    ids=["nobody", "oneself", "silent", "gone"],
)
def test_one_may_go_on_where_nobody_works(by: str, age: int) -> None:
    """A process that is gone from this machine, or silent from another, does not hold up the next."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    at = datetime.now(UTC) - timedelta(seconds=age)
    check_alone(renewal(by=by.replace("GONE", str(gone.pid)), at=at))


@pytest.mark.parametrize("by", [f"{HOST}-{os.getppid()}", "elsewhere-1"])
def test_two_do_not_make_one_index(by: str) -> None:
    """While a process lives here, or told of itself from elsewhere lately, another is refused and told who it is."""
    with pytest.raises(Failure, match=by):
        check_alone(renewal(by=by))


def chooser(**wanted: Any) -> Chooser:
    """What chooses for a replay; no server is asked."""
    return Chooser(None, "articles", Replay(**wanted))  # type: ignore[arg-type]


TODAY = {enricher.name: enricher.version for enricher in ENRICHERS}
OLDER = {**TODAY, "topics": TODAY["topics"] - 1}


@pytest.mark.parametrize(
    ("enricher", "standing", "is_meant"),
    [
        (None, None, True),
        (None, (5, {"enrichers": TODAY}), True),
        (None, (6, {"enrichers": OLDER}), False),
        ("topics", None, False),
        ("topics", (5, {"enrichers": TODAY}), False),
        ("topics", (5, {"enrichers": OLDER}), True),
        ("topics", (5, {}), True),
        ("dates", (5, {"enrichers": OLDER}), False),
        ("topics", (4, {"enrichers": OLDER}), False),
    ],
)
def test_a_replay_means(enricher: str | None, standing: tuple[int, Any] | None, *, is_meant: bool) -> None:
    """All that no newer version stands of; with an enricher only what an older version of it made."""
    assert chooser(enricher=enricher).is_meant(5, standing) is is_meant


def test_a_replay_is_kept_until_it_is_finished(tmp_path: Path) -> None:
    """What was kept is found by the next process, and nothing once it is cleared or cannot be read."""
    settings = unit_settings(data_dir=tmp_path)
    kept = Kept(settings)
    assert kept.load() is None
    wanted = Replay(source="herald", parts={0: (3, 9), 1: (4, 4)}, read=3, sent=2)
    kept.save(wanted)
    assert Kept(settings).load() == wanted
    assert wanted.left == 6
    (tmp_path / "replay.json").write_text("{", encoding="utf-8")
    assert kept.load() is None
    kept.clear()
    kept.clear()


def test_a_renewal_survives_being_kept() -> None:
    """What is kept in a mapping, whose keys are texts, is read back as it was; later fields are passed over."""
    one = renewal(raw={0: (1, 5), 3: (9, 9)}, enriched={0: 4}, carried="ab")
    kept = json.loads(json.dumps(one.model_dump(mode="json"))) | {"of_tomorrow": 1}
    assert Renewal.model_validate(kept) == one
    assert one.to_enrich == 4


@pytest.mark.parametrize(
    ("report", "last"),
    [
        (Report(renewal(), None, 1.0, is_moved=False), "rebuild --resume moves it"),
        (Report(renewal(), None, 1.0, is_moved=False, missing=1, listed={"ab": 1}), "rebuild --give-up"),
        (Report(renewal(), None, 1.0, is_moved=True), "--back moves it back"),
    ],
)
def test_every_report_ends_with_what_to_do_next(report: Report, last: str) -> None:
    """Where the alias stands, and the command that goes on from there, are in the last line."""
    assert last in words.of_report(report)[-1]


def test_subfields_are_found_at_every_depth() -> None:
    """The names that have words to search are subfields, of the article and of what is in it."""
    found = set(subfields(mapping()["properties"]))
    assert {("people", "words"), ("entities.name", "words")} <= found
