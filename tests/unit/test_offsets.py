"""Nothing is committed past a message that is not finished."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from processors.offsets import OffsetTracker
from tests.fakes import quick

OFFSETS = st.lists(st.integers(0, 500), min_size=1, max_size=30, unique=True).map(sorted)


class Partition(RuleBasedStateMachine):
    """A partition that is taken, finished in any order and committed, beside a plain list of what is unfinished."""

    def __init__(self) -> None:
        super().__init__()
        self.tracker = OffsetTracker()
        self.unfinished: list[int] = []
        self.taken: list[int] = []
        self.next = 0
        self.at: int | None = None

    @rule(gap=st.integers(0, 3))
    def take(self, gap: int) -> None:
        """The next message comes, after a gap where compaction or a transaction left one."""
        offset = self.next + gap
        self.tracker.take(offset)
        self.unfinished.append(offset)
        self.taken.append(offset)
        self.next = offset + 1

    @precondition(lambda self: self.unfinished)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """Any of the unfinished messages comes to its end."""
        offset = data.draw(st.sampled_from(self.unfinished))
        self.tracker.finish(offset)
        self.unfinished.remove(offset)

    @rule()
    def commit(self) -> None:
        """What is due is committed."""
        due = self.tracker.committable()
        if due is not None:
            self.tracker.committed(due)
            self.at = due
        assert self.tracker.committable() is None

    @invariant()
    def never_passes_an_unfinished_message(self) -> None:
        """What is due is exactly the first unfinished offset, or the end, and nothing when that stands already."""
        wanted = min(self.unfinished) if self.unfinished else (self.taken[-1] + 1 if self.taken else None)
        assert self.tracker.committable() == (wanted if wanted != self.at else None)


class TestPartition(Partition.TestCase):
    """Any history of a partition keeps to the rule."""

    settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@quick
@given(OFFSETS, st.randoms(use_true_random=False))
def test_all_finished_in_any_order_commits_the_end(offsets: list[int], chance: object) -> None:
    """When everything is finished, in whatever order and with whatever gaps, the end is due and nothing is held."""
    tracker = OffsetTracker()
    for offset in offsets:
        tracker.take(offset)
    chance.shuffle(shuffled := list(offsets))
    for offset in shuffled:
        tracker.finish(offset)
    assert tracker.committable() == offsets[-1] + 1
    assert tracker.unfinished == 0


@quick
@given(OFFSETS, st.data())
def test_one_unfinished_message_holds_the_commit(offsets: list[int], data: st.DataObject) -> None:
    """One message that does not come to its end holds the commit at its offset, whatever is finished behind it."""
    stuck = data.draw(st.sampled_from(offsets))
    tracker = OffsetTracker()
    for offset in offsets:
        tracker.take(offset)
    for offset in offsets:
        if offset != stuck:
            tracker.finish(offset)
    assert tracker.committable() == stuck


def test_nothing_taken_is_nothing_to_commit() -> None:
    """A partition that gave no message has nothing to commit."""
    assert OffsetTracker().committable() is None


def test_offsets_that_go_back_are_refused() -> None:
    """Taking an offset twice, or a lower one, is a mistake of the caller and says so."""
    tracker = OffsetTracker()
    tracker.take(5)
    for offset in (5, 4):
        with pytest.raises(ValueError, match=f"offset {offset} taken after 5"):
            tracker.take(offset)
