"""After a rebalance Faust reads every partition from what was committed, or from its start where nothing was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import faust
import pytest

from processors.app import build
from processors.outcome import enrich
from processors.progress import Progress
from processors.rewind import Transport, _Consumer, _Thread
from tests.fakes import unit_settings


class Positions:
    """An aiokafka consumer: it seeks to what was committed, and leaves a partition of which nothing was."""

    def __init__(self, committed: Mapping[str, int | None], fetched: int) -> None:
        self.committed = committed
        self.position = dict.fromkeys(committed, fetched)

    async def seek_to_committed(self) -> Mapping[str, int | None]:
        """Seeks as aiokafka does."""
        self.position.update({name: offset for name, offset in self.committed.items() if offset})
        return self.committed

    async def seek_to_beginning(self, *partitions: str) -> None:
        """Seeks to the start."""
        self.position.update(dict.fromkeys(partitions, 0))


class Direct(_Thread):
    """The thread without a thread: what it is to call it calls at once."""

    def __init__(self, consumer: Positions) -> None:
        self._positions = consumer

    def _ensure_consumer(self) -> Any:
        return self._positions

    async def call_thread(self, fun: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """Calls it."""
        return await fun(*args, **kwargs)


@pytest.mark.parametrize("untouched", [None, 0])
def test_what_was_fetched_and_thrown_away_is_read_again(untouched: int | None) -> None:
    """Partitions go back to what was committed; those without a commit, or with one at 0, to their start."""
    consumer = Positions({"a": 7, "b": untouched, "c": None}, fetched=60)
    found = asyncio.run(Direct(consumer).seek_to_committed())
    assert consumer.position == {"a": 7, "b": 0, "c": 0}
    assert found == consumer.committed


def test_nothing_is_sought_where_all_is_committed() -> None:
    """Where every partition has a commit, nothing goes back to its start."""
    consumer = Positions({"a": 7, "b": 1}, fetched=60)
    asyncio.run(Direct(consumer).seek_to_committed())
    assert consumer.position == {"a": 7, "b": 1}


def test_the_app_reads_by_it() -> None:
    """The enricher's app has this transport, whose consumer is the one that goes back."""
    app = build(unit_settings(), enrich, list, Progress("enrich"))
    assert isinstance(app, faust.App)
    assert isinstance(app.transport, Transport)
    assert app.transport.Consumer is _Consumer
