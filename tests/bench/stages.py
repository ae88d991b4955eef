"""Every stage of the bench by its name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.bench.agent import agent
from tests.bench.catchup import catchup
from tests.bench.enriching import enriching
from tests.bench.feeding import feeding
from tests.bench.freshness import freshness
from tests.bench.growth import growth
from tests.bench.rig import Bench, Stage
from tests.bench.sink import sink
from tests.bench.whole import whole

STAGES: dict[str, Callable[[Bench], AbstractContextManager[Stage]]] = {
    "feeding": feeding,
    "enriching": enriching,
    "agent": agent,
    "sink": sink,
    "growth": growth,
    "whole": whole,
    "freshness": freshness,
    "catch-up": catchup,
}
