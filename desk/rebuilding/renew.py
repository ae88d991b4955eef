"""Fills an index beside the one that is searched until it lacks nothing, and moves the alias to it.

The order is what keeps every article. At the beginning it is noted how far the raw stream reaches, and how far the sink
has come on the enriched one. Raw articles up to there are enriched again. What the sink has indexed since is followed
from the enriched stream, and what then still lacks (its raw message past retention, or refused today) is brought over
from the old index as it is. Only when nothing that stands in the old index is missing, and nothing that came since it
was looked through is refused, does the alias move, in one step; what the sink was writing at that moment is followed
once more. Versions make every step harmless to repeat, so that one that was interrupted goes on where it was.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from elasticsearch import Elasticsearch

from desk.failure import Exit, Failure
from desk.places import Log, committed
from desk.rebuilding.compare import Comparison, compare
from desk.rebuilding.fill import Filler, Missing, Refused, as_message, merge
from desk.rebuilding.indexes import Indexes
from desk.rebuilding.remake import Remaker, pieces
from desk.rebuilding.state import ALL_CARRIED, Phase, Renewal
from desk.rebuilding.walk import still, versions
from desk.reconcile import named
from processors.message import Message
from processors.progress import instance_name
from schemas.settings import Settings
from schemas.streams import NoSuchStreamError, streams

Tell = Callable[[Phase, int, int], None]
_KEPT_EVERY = 2.0
_LASTING = ("ready", "done")
_SILENT_SINCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    `comparison` is none where there was nothing to compare with. `missing` counts articles of the old index that the
    new one refuses: the alias has not moved then. `late` counts those refused after it had moved.
    """

    renewal: Renewal
    comparison: Comparison | None
    seconds: float
    is_moved: bool
    missing: int = 0
    listed: Missing = field(default_factory=dict)
    late: int = 0


def positions(settings: Settings, log: Log) -> dict[int, int]:
    """The next offset of each partition of the enriched stream that the sink has not finished."""
    names = streams(settings)
    numbers = log.partitions(names.enriched.name)
    if not numbers:
        raise NoSuchStreamError(f"there is no stream {names.enriched.name}: make the streams with `wiredesk setup`")
    done = committed(settings, {names.sink_group: names.enriched.name})
    return {
        number: done.get((names.enriched.name, number), log.bounds(names.enriched.name, number)[0])
        for number in numbers
    }


def raw_parts(settings: Settings, log: Log) -> dict[int, tuple[int, int]]:
    """What the raw stream holds now: of each partition the first offset, and the one after the last."""
    stream = streams(settings).raw.name
    return {number: log.bounds(stream, number) for number in log.partitions(stream)}


def check_alone(renewal: Renewal) -> None:
    """Refuses to work on an index that another process works on.

    Raises:
        Failure: one does.
    """
    host, _, process = renewal.by.rpartition("-")
    is_gone = host == instance_name().rpartition("-")[0] and not _lives(int(process))
    if renewal.by in ("", instance_name()) or is_gone or datetime.now(UTC) - renewal.at > _SILENT_SINCE:
        return
    raise Failure(
        f"{renewal.by} is making {renewal.target} right now, last heard at {renewal.at:%H:%M:%S}",
        "wiredesk rebuild --status (a process that is silent for a minute counts as gone)",
        Exit.FINDING,
    )


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Renewing:
    """One index being made.

    Args:
        settings: servers and names.
        elasticsearch: who is written to.
        log: reads the streams.
        renewal: how far it is.
        tell: is told the phase, and how much of how much is done.
        processes: how many enrich.
    """

    def __init__(
        self, settings: Settings, elasticsearch: Elasticsearch, log: Log, renewal: Renewal, tell: Tell, processes: int
    ) -> None:
        self._settings, self._elasticsearch, self._log, self._processes = settings, elasticsearch, log, processes
        self._renewal, self._tell, self._names = renewal, tell, streams(settings)
        self._indexes = Indexes(elasticsearch, settings)
        self._filler = Filler(elasticsearch, settings, self._indexes)
        self._turned_away = Missing()
        self._kept_at = 0.0

    def run(self, *, hold: bool) -> Report:
        """Does what is left to do.

        Args:
            hold: stop before the alias is moved.

        Raises:
            Failure: the alias was moved elsewhere meanwhile, or another process does the same.
        """
        began, comparison = time.monotonic(), None
        if self._indexes.current() != self._renewal.target:
            self._enrich()
            missing, listed = self._complete()
            comparison = self._compared()
            if not missing and not hold:
                missing, listed = self._caught_up()
            if missing or hold:
                self._phase("ready")
                return Report(self._renewal, comparison, time.monotonic() - began, False, missing, listed)
            self._move()
        late = self._settle()
        return Report(self._renewal, comparison, time.monotonic() - began, True, late=late)

    def _phase(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        self._renewal.phase = phase
        self._keep(at_once=phase in _LASTING)
        self._tell(phase, done, total)

    def _keep(self, *, at_once: bool = False) -> None:
        """Keeps how far it is, not too often: each time is a change of the cluster's state."""
        if at_once or time.monotonic() - self._kept_at > _KEPT_EVERY:
            self._indexes.save(self._renewal)
            self._kept_at = time.monotonic()

    def _enrich(self) -> None:
        renewal, left = self._renewal, self._renewal.to_enrich
        if not left:
            return
        self._phase("enrich", 0, left)
        parts = [(number, start, end) for number, (start, end) in renewal.raw.items() if start < end]
        with Remaker(self._settings, self._processes) as remaker:
            done = 0
            for one in remaker.remade(pieces(self._log, self._names.raw.name, parts, self._newest)):
                renewal.refused += one.refused + self._filler.write(map(as_message, one.articles)).count
                renewal.remade += len(one.articles)
                renewal.raw[one.piece.partition] = one.piece.following, renewal.raw[one.piece.partition][1]
                done += one.piece.read
                self._keep()
                self._tell("enrich", done, left)
        renewal.raw = {number: (end, end) for number, (_, end) in renewal.raw.items()}

    def _newest(self, messages: Sequence[Message]) -> list[Message]:
        """Those that the old index knows no newer version of: an older one would be overwritten anyway."""
        ids = [(message, *named(message)) for message in messages]
        standing: dict[str, int] = {}
        if self._renewal.origin:
            standing = versions(self._elasticsearch, self._renewal.origin, [one for _, one, _ in ids if one])
        return [
            message
            for message, article_id, version in ids
            if version is None or standing.get(article_id or "", version) <= version
        ]

    def _ends(self) -> dict[int, int]:
        stream = self._names.enriched.name
        for number in self._log.partitions(stream):
            self._renewal.enriched.setdefault(number, 0)
        return {number: self._log.bounds(stream, number)[1] for number in self._renewal.enriched}

    def _follow(self, phase: Phase) -> Refused:
        """Indexes what is new on the enriched stream up to now, and returns what of it is refused."""
        renewal, ends, refused = self._renewal, self._ends(), Refused()
        total = sum(max(0, ends[number] - start) for number, start in renewal.enriched.items())
        self._phase(phase, 0, total)
        for number, start in list(renewal.enriched.items()):

            def at(offset: int, number: int = number) -> None:
                renewal.enriched[number] = offset
                self._keep()
                self._tell(phase, total - sum(max(0, ends[n] - s) for n, s in renewal.enriched.items()), total)

            stream = self._names.enriched.name
            more, is_gap = self._filler.follow(self._log, stream, number, (start, ends[number]), at)
            refused.add(more)
            if is_gap:  # what went past retention meanwhile stands in the old index
                renewal.carried = ""
            renewal.enriched[number] = max(start, ends[number])
        self._keep()
        return refused

    def _followed(self) -> Missing:
        """Follows while the alias has not moved, counts what is refused, and returns the articles among it."""
        refused = self._follow("follow")
        self._renewal.refused += refused.count
        return refused.articles

    def _complete(self) -> tuple[int, Missing]:
        """Brings over what is missing, until a last look finds nothing; else how many are, and the first of them."""
        early, origin = self._followed(), self._renewal.origin
        if origin is None:
            return 0, {}
        missing = self._looked_over(origin)
        if missing[0]:
            self._renewal.carried = ""
            missing = self._looked_over(origin)
        # What was refused just before the picture may have come into the old index just after it.
        merge(self._turned_away, self._filler.standing(origin, early))
        return missing if missing[0] else self._filler.lacking(self._renewal.target, self._turned_away)

    def _caught_up(self) -> tuple[int, Missing]:
        """Follows once more before the alias moves; how many the new index refuses that no picture showed."""
        last = self._followed()
        if self._renewal.origin is None:
            return 0, {}
        merge(self._turned_away, last)
        return self._filler.lacking(self._renewal.target, self._turned_away)

    def _looked_over(self, origin: str) -> tuple[int, Missing]:
        total = self._indexes.documents(origin)
        if self._renewal.carried != ALL_CARRIED:
            self._carry(origin, total)
        with still(self._elasticsearch, origin) as picture:
            merge(self._turned_away, self._followed())
            self._phase("compare", 0, total)
            return self._filler.missing(
                self._renewal.target, picture, lambda seen: self._tell("compare", min(seen, total), total)
            )

    def _carry(self, origin: str, total: int) -> None:
        renewal, seen = self._renewal, 0
        self._phase("carry", 0, total)
        with still(self._elasticsearch, origin) as picture:
            for last, looked, brought in self._filler.carry(origin, renewal.target, picture, renewal.carried):
                renewal.carried, renewal.copied, seen = last, renewal.copied + brought, seen + looked
                self._keep()
                self._tell("carry", min(seen, total), total)
        renewal.carried = ALL_CARRIED
        self._keep()

    def _compared(self) -> Comparison | None:
        origin, target = self._renewal.origin, self._renewal.target
        if origin is None:
            return None
        counts = self._indexes.documents(origin), self._indexes.documents(target)
        return compare(self._elasticsearch, origin, target, counts)

    def _move(self) -> None:
        renewal = self._renewal
        if self._indexes.current() != renewal.origin:
            raise Failure(
                f"{self._indexes.alias} does not stand on {renewal.origin} any more: {renewal.target} was made from it",
                "wiredesk rebuild --give-up",
                Exit.FINDING,
            )
        self._indexes.move(renewal.origin, renewal.target)

    def _settle(self) -> int:
        """Follows what the sink was writing into the old index while the alias moved; how many are refused."""
        late = self._follow("settle").count
        self._phase("done")
        self._indexes.finished(self._renewal.target)
        return late
