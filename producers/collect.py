"""The runner: looks at every source when it is due, for ever, and remembers how each fares."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog

from producers import schedule
from producers.look import Tools, look
from schemas.health import Look, SourceHealth
from schemas.source import SourceSpec

log = structlog.get_logger(__name__)

# Looks under way at once: most of a look is waiting.
LOOKS = 100
_CHANGES_EVERY = 2.0


class Collector:
    """Looks at sources, each by its own schedule.

    Args:
        specs: the sources as they are named now; asked again and again, so that who adds, pauses or removes one need
            not start anything anew. The paused ones are left alone.
        tools: what a look works with.
        health: what is known of each source, by name.
        remember: keeps one source's state, so that it outlives this process.
    """

    def __init__(
        self,
        specs: Callable[[], Sequence[SourceSpec]],
        tools: Tools,
        health: Mapping[str, SourceHealth],
        remember: Callable[[SourceHealth], Awaitable[None]],
    ) -> None:
        self._load, self._tools, self._remember = specs, tools, remember
        self._health = dict(health)
        self._specs: dict[str, SourceSpec] = {}
        self._queue: list[tuple[datetime, str]] = []
        self._due: dict[str, datetime] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self, name: str) -> bool:
        """Lets a source be looked at now; false when no source of this name is looked at."""
        if name not in self._specs:
            return False
        self._put(name, self._tools.now())
        self._woken.set()
        return True

    def learn(self, health: SourceHealth) -> None:
        """Takes in what another process found out by a look of its own; a look under way will tell what it found."""
        if (spec := self._specs.get(health.source)) and health.source not in self._looking:
            self._health[health.source] = health
            self._put(health.source, schedule.due(health, spec, self._tools.now()))

    def stop(self) -> None:
        """Lets `run` end once the looks under way are cut short."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Looks at what is due until `stop`."""
        while not self._stopping:
            self._take_changes()
            self._start_due()
            await self._pause()
        for task in self._looking.values():
            task.cancel()
        await asyncio.gather(*self._looking.values(), return_exceptions=True)

    def _take_changes(self) -> None:
        """Sources that are new or changed are queued, those that are gone or paused forgotten."""
        named = {spec.name: spec for spec in self._load() if not spec.paused}
        for name, spec in named.items():
            if self._specs.get(name) != spec:
                health = self._health.setdefault(name, schedule.first(spec))
                self._put(name, schedule.due(health, spec, self._tools.now()))
        self._specs = named

    def _put(self, name: str, due: datetime) -> None:
        """Queues the next look at a source; what was queued before for it counts no more."""
        self._due[name] = due
        heapq.heappush(self._queue, (due, name))

    def _start_due(self) -> None:
        now = self._tools.now()
        while self._queue and self._queue[0][0] <= now and len(self._looking) < LOOKS:
            due, name = heapq.heappop(self._queue)
            if name in self._specs and name not in self._looking and self._due.get(name) == due:
                self._looking[name] = asyncio.create_task(self._look(self._specs[name]))

    async def _pause(self) -> None:
        """Until something is due, changes, or ends."""
        wait = _CHANGES_EVERY
        if self._queue and len(self._looking) < LOOKS:
            wait = min(wait, max((self._queue[0][0] - self._tools.now()).total_seconds(), 0.0))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), wait)
        self._woken.clear()

    async def _look(self, spec: SourceSpec) -> None:
        health = self._health[spec.name]
        try:
            health = await look(spec, health, self._tools)
        except Exception as error:
            log.exception("a look failed", source=spec.name)
            said = Look(at=self._tools.now(), stage="wiredesk", error=f"{type(error).__name__}: {error}"[:500])
            health = schedule.failed(health, said, spec, "soft", is_refused=False)
        finally:
            del self._looking[spec.name]
            self._woken.set()
        self._health[spec.name] = health
        self._put(spec.name, schedule.due(health, spec, self._tools.now()))
        await self._remember(health)
