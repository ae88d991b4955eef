"""What is late may wait a little longer, and never much."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processors.backlog import may_wait


@given(age=st.floats(-1e9, 1e9), most=st.floats(0, 60))
def test_the_wait_is_a_small_part_of_the_age(age: float, most: float) -> None:
    """It is a tenth of the age, bounded on both sides, also where clocks disagree and the age is negative."""
    wait = may_wait(age, most)
    assert 0 <= wait <= most
    assert wait <= max(age, 0) / 9


def test_a_minute_is_worth_seconds() -> None:
    """After a minute it is six seconds, or as many as it may be at most."""
    assert may_wait(60, 10) == 6
    assert may_wait(60, 5) == 5
