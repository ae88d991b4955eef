"""Reconciling counts every message once, as what it is, in few bytes and in any order of things."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.failure import Exit, Failure
from desk.places import chunks
from desk.reconcile import Part, _Run, buried_spot, joined, named
from desk.reconciling import Offsets, asked
from desk.republish import runs
from desk.suspects import Suspects, Verdict, verdict
from processors.letters import letter
from schemas.dead import Resolution
from tests.fakes import enriched_message, raw_article, raw_message, record, unit_settings

VERSIONS = st.none() | st.integers(0, 5)


@given(VERSIONS, VERSIONS, st.booleans(), st.booleans())
def test_only_what_is_nowhere_is_missing(version: int | None, indexed: int | None, is_dead: bool, waits: bool) -> None:
    """A message is missing exactly when no version as new is indexed, no letter holds it, and no stage waits for it."""
    found = verdict(version, indexed, is_dead=is_dead, is_waiting=waits)
    is_indexed = version is not None and indexed is not None and indexed >= version
    assert (found is Verdict.MISSING) == (not is_indexed and not is_dead and not waits)
    assert (found in (Verdict.STORED, Verdict.STALE)) == is_indexed
    assert (found is Verdict.STALE) == (is_indexed and indexed != version)
    assert (found is Verdict.DEAD) == (is_dead and not is_indexed)


SPOTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), unique=True, max_size=40).map(sorted)


@given(SPOTS, SPOTS, SPOTS, st.integers(0, 3), st.integers(0, 45))
def test_suspects_come_back_as_they_were_added_with_their_marks(
    added: Any, dead: Any, waiting: Any, partition: int, start: int
) -> None:
    """Whatever is marked in whatever order, each suspect has its own marks, and other spots mark nothing."""
    suspects = Suspects()
    for number, (where, offset) in enumerate(added):
        suspects.add(where, offset, f"{number:032x}" if number % 5 else None, number if number % 5 else None)
    for spot in waiting:
        suspects.mark_waiting(*spot)
    for spot in dead:
        suspects.mark_dead(*spot)
    suspects.mark_waiting_from(partition, start)
    found = list(suspects)
    assert [(one.partition, one.offset) for one in found] == added
    assert len(suspects) == len(added)
    for number, one in enumerate(found):
        spot = (one.partition, one.offset)
        assert (one.article_id, one.version) == ((f"{number:032x}", number) if number % 5 else (None, None))
        assert one.is_dead == (spot in dead)
        assert one.is_waiting == (spot in waiting or (spot[0] == partition and spot[1] >= start))


@given(SPOTS)
def test_runs_hold_every_offset_once(spots: list[tuple[int, int]]) -> None:
    """Offsets that are read together are of one partition, and none is left out or read twice."""
    found = [(partition, offset) for partition, offsets in runs(spots) for offset in sorted(offsets)]
    assert found == spots


def test_offsets_far_apart_are_not_read_through() -> None:
    """What stands between two messages that are far from each other is not read."""
    assert list(runs([(0, 1), (0, 5), (0, 9_000), (1, 9_001)])) == [(0, {1, 5}), (0, {9_000}), (1, {9_001})]


@given(st.lists(st.integers()), st.integers(1, 9))
def test_chunks_are_all_and_in_order(values: list[int], size: int) -> None:
    """Every value is in one chunk, in order, and no chunk is too large or empty."""
    found = list(chunks(values, size))
    assert [value for chunk in found for value in chunk] == values
    assert all(0 < len(chunk) <= size for chunk in found)


class FakeLog:
    """A stream with these partitions; each still holds the offsets from 10 up to 300."""

    def __init__(self, count: int) -> None:
        self._count = count

    def partitions(self, _stream: str) -> list[int]:
        """The numbers."""
        return list(range(self._count))

    def bounds(self, _stream: str, _partition: int) -> tuple[int, int]:
        """The first offset and the one after the last."""
        return 10, 300


def looked_at(*offsets: str, partitions: int = 3) -> list[tuple[int, int, int]]:
    """Partition, start and end of what is read of a stream when the command is given these offsets."""
    span = asked(None, None, [Offsets().convert(one, None, None) for one in offsets])
    run = _Run(unit_settings(), FakeLog(partitions), None)  # type: ignore[arg-type]
    return [(part.partition, part.start, part.end) for part in run.parts(span)]


@pytest.mark.parametrize(
    ("offsets", "parts"),
    [
        ((), [(0, 10, 300), (1, 10, 300), (2, 10, 300)]),
        (("0:20-100",), [(0, 20, 100)]),
        (("0:20-100", "0:200-290"), [(0, 20, 100), (0, 200, 290)]),
        (("0:200-290", "2:20-30", "0:20-100"), [(0, 20, 100), (0, 200, 290), (2, 20, 30)]),
        (("0:50-150", "0:20-100", "0:60-70"), [(0, 20, 150)]),
        (("0:20-50", "0:50-60"), [(0, 20, 60)]),
        (("0:0-5", "0:250-900"), [(0, 250, 300)]),
    ],
)
def test_every_range_of_offsets_that_is_given_is_read_once(offsets: Any, parts: Any) -> None:
    """Several ranges of one partition all count, those that overlap once; only what the stream holds is read."""
    assert looked_at(*offsets) == parts


PARTS = st.lists(st.builds(Part, st.integers(0, 2), st.integers(0, 30), st.integers(1, 40)), max_size=12)


@given(PARTS.map(lambda parts: [part for part in parts if part.start < part.end]))
def test_joined_parts_hold_every_offset_once_and_in_order(parts: list[Part]) -> None:
    """Whatever ranges are given in whatever order, each offset in any of them comes once, in rising order."""
    wanted = {(part.partition, offset) for part in parts for offset in range(part.start, part.end)}
    found = [(part.partition, offset) for part in joined(parts) for offset in range(part.start, part.end)]
    assert found == sorted(wanted)


@pytest.mark.parametrize(("count", "has"), [(1, "it has partition 0 alone"), (6, "it has partitions 0 to 5")])
def test_a_partition_that_is_not_there_is_wrong_usage(count: int, has: str) -> None:
    """Offsets of no partition are never read as nothing and fine: the stream, what it has and the way out are named."""
    with pytest.raises(Failure) as refused:
        looked_at("0:20-100", "99:0-100", partitions=count)
    assert refused.value.message == f"articles.raw has no partition 99: {has}"
    assert "wiredesk reconcile --offsets 0:0-100" in refused.value.way_out
    assert refused.value.code == Exit.USAGE


def test_offsets_exclude_dates() -> None:
    """Offsets and dates both choose the part that is read: given together they are refused."""
    with pytest.raises(click.UsageError, match="without --since"):
        asked(datetime(2026, 3, 1, tzinfo=UTC), None, [(0, (0, 9))])


RAW = raw_article()
NAMED = [
    (raw_message(RAW), (RAW.id, RAW.version)),
    (raw_message(RAW, headers=()), (RAW.id, RAW.version)),
    (raw_message(RAW, headers=(), value=b"no json"), (None, None)),
    (raw_message(RAW, headers=(("ce_articleversion", b"soon"),)), (None, None)),
    (raw_message(RAW, key=b"poison"), (None, None)),
    (raw_message(RAW, key=None), (None, None)),
    (raw_message(RAW, value=None), (RAW.id, RAW.version)),
]


@pytest.mark.parametrize(("message", "names"), NAMED)
def test_a_message_names_its_article_and_version_or_neither(message: Any, names: Any) -> None:
    """Key and header name them, the body where there is no header; what lacks one is known by its place alone."""
    assert named(record(message)) == names


AT_RAW = letter(raw_message(RAW, partition=2, offset=41), "enrich", "failed", "", "h")
AT_SINK = letter(enriched_message(4, headers=(("ce_rawplace", b"3:7"),)), "sink", "refused", "", "h")
NO_PLACE = letter(enriched_message(4), "sink", "bad_envelope", "", "h")
CLOSED = Resolution(letter=AT_RAW.id, action="dropped", at=AT_RAW.at, by="me")


@pytest.mark.parametrize(("written", "spot"), [(AT_RAW, (2, 41)), (AT_SINK, (3, 7)), (NO_PLACE, None), (CLOSED, None)])
def test_a_letter_accounts_for_its_raw_message(written: Any, spot: Any) -> None:
    """A letter of either stage tells which raw message it holds; a resolution holds none."""
    assert buried_spot(written.model_dump_json().encode(), "articles.raw") == spot


@pytest.mark.parametrize("value", [None, b"", b"nonsense"])
def test_what_is_no_letter_accounts_for_nothing(value: bytes | None) -> None:
    """Tombstones and nonsense on the stream of dead letters hold no message."""
    assert buried_spot(value, "articles.raw") is None
