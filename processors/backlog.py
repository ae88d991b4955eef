"""How long an article that is late may wait for others: where many wait, few and large steps cost less than many."""

from __future__ import annotations

SHARE = 0.1


def may_wait(age: float, most: float) -> float:
    """A tenth of the time that it has waited since it was published, but no more than `most`; all in seconds."""
    return max(0.0, min(most, SHARE * age))
