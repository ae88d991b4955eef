"""The sources as the pages need them: the file's entries, how each fares, and what is done with them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request

from desk import sources
from desk.checking import Stage, check
from desk.failure import explained
from desk.sources import Known, Row, SourceWatch
from desk.web.errands import Errand, Errands, Kind
from desk.web.parts import utc_now
from desk.web.pulse import Outage, Pulse
from producers.polite import open_web
from producers.robots import Verdict
from producers.service import SourcesFile, look_once
from schemas.health import SourceHealth
from schemas.settings import Settings
from schemas.source import SourceSpec

_EVERY = 5.0
_FIRST_SECONDS = 2.0
_STALE = timedelta(seconds=30)
_ROBOTS_KEPT = timedelta(hours=1)
LIMITS: dict[Kind, float] = {"look": 600.0, "check": 90.0, "robots": 20.0}
# So long a page waits for work that may be quick; what takes longer is shown when it is done.
_PATIENCE: dict[Kind, float] = {"look": 4.0, "check": 8.0, "robots": 1.0}


class Roll:
    """All sources, how they fare, and the work that a person asked for.

    Args:
        settings: which Kafka and Elasticsearch, and the file of sources.
        pulse: keeps what Kafka and Elasticsearch tell of them at hand.
        now: the time.
    """

    def __init__(self, settings: Settings, pulse: Pulse | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self._settings, self.now = settings, now
        self._file = SourcesFile(settings.sources_file)
        self._pulse = pulse or Pulse(lambda: SourceWatch(settings), now, _EVERY)
        self.errands = Errands(now)

    def start(self) -> None:
        """Begins to look."""
        self._pulse.start()

    def stop(self) -> None:
        """Ends the looking."""
        self._pulse.stop()

    @property
    def settings(self) -> Settings:
        """Which servers, and which file of sources."""
        return self._settings

    @property
    def outage(self) -> Outage | None:
        """Since when Kafka does not answer; none while it does."""
        return self._pulse.outage

    def specs(self) -> list[SourceSpec]:
        """The sources of the file, as it is now."""
        return self._file()

    @property
    def problem(self) -> str:
        """Why the file of sources cannot be used as it is now."""
        return self._file.problem

    def spec(self, name: str) -> SourceSpec | None:
        """The source of a name."""
        return next((one for one in self.specs() if one.name == name), None)

    def known(self, patience: float = 0.0) -> Known | None:
        """What is known of the sources; none where nothing ever was.

        Args:
            patience: seconds to wait for something that is not old.
        """
        deadline = time.monotonic() + patience
        while True:
            facts = self._pulse.facts()
            found: Known | None = facts["known"] if facts else None
            is_fresh = found is not None and self.now() - found.at < _STALE
            if is_fresh or self.outage or time.monotonic() >= deadline:
                return found
            time.sleep(0.05)

    def shown(self) -> tuple[Known, bool]:
        """What is known, waiting a little for the first of it, and whether anything is."""
        found = self.known(_FIRST_SECONDS)
        return found or Known(self.now()), found is not None

    def states(self, found: Known) -> list[tuple[SourceSpec, str]]:
        """Every source with its state, the worst first."""
        told = [(spec, sources.state_of(spec, found.health.get(spec.name))) for spec in self.specs()]
        return sorted(told, key=lambda one: (sources.WORST_FIRST.index(one[1]), one[0].name))

    def failing(self) -> int | None:
        """How many sources are stopped, failing or blocked; none where that is not known."""
        found = self.known()
        if found is None:
            return None
        counted = Counter(state for _, state in self.states(found))
        return sum(counted[state] for state in sources.AMISS)

    def row(self, spec: SourceSpec, found: Known) -> Row:
        """What is told of one source."""
        return sources.row(spec, self._newest(spec.name, found), found.counts, self.now())

    def _newest(self, name: str, found: Known) -> SourceHealth | None:
        """How a source fares, by a look that a person asked for where that was the last."""
        held, last = found.health.get(name), self.errands.last("look", name)
        asked: SourceHealth | None = last.result if last else None
        if asked is None or asked.looked_at is None:
            return held
        is_newer = held is None or held.looked_at is None or asked.looked_at > held.looked_at
        return asked if is_newer else held

    def look(self, spec: SourceSpec) -> Errand:
        """Looks at a source now, as `wiredesk feed now` does."""
        return self._started("look", spec, lambda: look_once(self._settings, spec))

    def check(self, spec: SourceSpec) -> Errand:
        """Goes through a source stage by stage, as `wiredesk feed check` does."""
        return self._started("check", spec, lambda: _checked(self._settings, spec))

    def robots(self, spec: SourceSpec) -> Errand | None:
        """What the site's robots.txt says, asked at most once an hour; a paused source is left alone."""
        last = self.errands.last("robots", spec.name)
        if spec.paused or not spec.url:
            return last
        if last and self.now() - last.began < _ROBOTS_KEPT:
            return last
        return self._started("robots", spec, lambda: _robots(self._settings, spec.url or ""))

    def _started(self, kind: Kind, spec: SourceSpec, work: Callable[[], Coroutine[Any, Any, Any]]) -> Errand:
        def bounded() -> Any:
            with explained(self._settings):
                return asyncio.run(asyncio.wait_for(work(), LIMITS[kind]))

        errand = self.errands.start(kind, spec.name, bounded)
        errand.done.wait(_PATIENCE[kind])
        return errand


async def _checked(settings: Settings, spec: SourceSpec) -> list[Stage]:
    async with open_web(settings) as web:
        return [stage async for stage in check(web, spec, settings)]


async def _robots(settings: Settings, url: str) -> Verdict:
    async with open_web(settings) as web:
        return await web.verdict(url)


def roll_of(request: Request) -> Roll:
    """The sources of the application; another one in tests."""
    roll: Roll = request.app.state.roll
    return roll


TheRoll = Annotated[Roll, Depends(roll_of)]
