"""How much of a fault a run asks for: the short form of every row in `make test`, the full figures in `make faults`."""

from __future__ import annotations

import os
from typing import TypeVar

FULL = os.environ.get("WIREDESK_TEST_FAULTS") == "full"
Number = TypeVar("Number", int, float)


def scaled(short: Number, full: Number) -> Number:
    """The number for this run."""
    return full if FULL else short
