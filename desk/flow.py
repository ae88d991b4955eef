"""The facts of the flow, as plain data, from what Kafka and Elasticsearch were seen to hold: pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.dead import DeadLetter
from schemas.status import Account, Heartbeat, StageStatus
from schemas.streams import Streams

RATE_WINDOW = timedelta(minutes=1)
RECENT = timedelta(minutes=5)
DEAD_WINDOW = timedelta(minutes=10)
# A process tells of itself at least every ten seconds; one that was silent for three times that is gone.
ALIVE = timedelta(seconds=30)
STAGES = ("enrich", "sink")
_MOST_CHANGES = 10
_BY = ("by_reason", "by_stage", "by_source", "by_cause")


@dataclass(frozen=True, slots=True)
class Part:
    """One partition: the first offset it still holds, its end, and its end one rate window ago."""

    partition: int
    start: int
    end: int
    before: int


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a stage's process did: started, moved to other partitions, or fell silent."""

    at: datetime
    stage: str
    instance: str
    what: str


@dataclass(frozen=True, slots=True)
class KafkaSeen:
    """What Kafka held at a moment.

    Attributes:
        at: when it was looked at.
        parts: the partitions of raw, enriched and dead stream, by the stream's name.
        committed: the offsets that the stages' groups committed, by stream and partition.
        oldest: when the oldest message that waits was written, by stream; only where one waits.
        statuses: what each process told last, of those that told something within the last hour.
        letters: the dead letters that are open.
        buried: how many letters the enrichers ever wrote.
        stored_per_minute: articles that sinks brought to their end within the last minute; none where that is unknown.
        beats: what was told last of each publisher's heartbeat, and of each one's last that was found.
        account: what became of the articles of a day, as it was found last; none before the first time.
        changes: what the processes did within the last hour.
        offline: partitions without a leader.
        under_replicated: partitions that lack a replica.
    """

    at: datetime
    parts: Mapping[str, Sequence[Part]]
    committed: Mapping[tuple[str, int], int]
    oldest: Mapping[str, datetime] = field(default_factory=dict)
    statuses: Sequence[StageStatus] = ()
    letters: Sequence[DeadLetter] = ()
    buried: int = 0
    stored_per_minute: int | None = None
    beats: Sequence[Heartbeat] = ()
    account: Account | None = None
    changes: Sequence[Change] = ()
    offline: int = 0
    under_replicated: int = 0


@dataclass(frozen=True, slots=True)
class IndexSeen:
    """What the index held at a moment; a missing one holds nothing. `problem` says what keeps articles out of it."""

    at: datetime
    exists: bool = True
    documents: int = 0
    newest_fetched_at: datetime | None = None
    sources: Mapping[str, int] = field(default_factory=dict)
    newest: Sequence[Mapping[str, Any]] = ()
    problem: str = ""


def text(moment: datetime) -> str:
    """A moment in ISO 8601, in UTC, with milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(moment: datetime | None, now: datetime) -> float | None:
    """Seconds from a moment to now, not below 0."""
    return None if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)


def of_kafka(seen: KafkaSeen | None, names: Streams, now: datetime) -> dict[str, Any]:
    """The facts that Kafka tells; all empty or none where it was never seen."""
    if seen is None:
        return {
            "streams": {},
            "stages": {},
            "partitions": None,
            "freshness": {},
            "heartbeat": None,
            "dead": {"open": None, **{key: {} for key in _BY}, "new": None, "newest_at": None},
            "reconcile": None,
            "account": None,
            "changes": [],
        }
    alive = [status for status in seen.statuses if status.at >= seen.at - ALIVE]
    reads = {"enrich": (names.raw.name, names.enricher_group), "sink": (names.enriched.name, names.sink_group)}
    return {
        "streams": {name: stream(parts) for name, parts in seen.parts.items()},
        "stages": {name: stage(name, *reads[name], seen, alive, names, now) for name in STAGES},
        "partitions": {"offline": seen.offline, "under_replicated": seen.under_replicated},
        "freshness": freshness(alive),
        "heartbeat": heartbeat(seen.beats, now),
        "dead": dead(seen.letters, now),
        "reconcile": reconciled(seen, names),
        "account": seen.account.model_dump(mode="json", exclude={"schema_version"}) if seen.account else None,
        "changes": [
            {"at": text(one.at), "stage": one.stage, "instance": one.instance, "what": one.what}
            for one in sorted(seen.changes, key=lambda one: one.at, reverse=True)[:_MOST_CHANGES]
        ],
    }


def stream(parts: Sequence[Part]) -> dict[str, Any]:
    """A stream's messages, how many came in the last minute, and its partitions."""
    return {
        "messages": sum(part.end - part.start for part in parts),
        "per_minute": sum(part.end - part.before for part in parts),
        "partitions": [{"partition": part.partition, "start": part.start, "end": part.end} for part in parts],
    }


def stage(
    name: str,
    reads: str,
    group: str,
    seen: KafkaSeen,
    alive: Sequence[StageStatus],
    names: Streams,
    now: datetime,
) -> dict[str, Any]:
    """One stage: what waits for it and how long, what it does, and who runs it."""
    mine = [status for status in alive if status.stage == name]
    found = [partition(part, seen.committed.get((reads, part.partition))) for part in seen.parts[reads]]
    lag = sum(part["lag"] for part in found)
    return {
        "reads": reads,
        "group": group,
        "lag": lag,
        "lag_seconds": age(seen.oldest.get(reads), now) if lag else 0.0,
        "arrived_per_minute": _came(reads, seen),
        "per_minute": _per_minute(name, seen, names),
        "partitions": found,
        "instances": len(mine),
        "missing": missing(name, seen),
        "done": sum(status.done for status in mine),
        "stale": sum(status.stale for status in mine),
        "retries": sum(status.retries for status in mine),
        "dead": sum(letter.stage == name for letter in seen.letters),
        "waiting": next((status.waiting for status in mine if status.waiting), None),
        "latency_ms": max((status.latency_ms for status in mine), key=lambda one: one.get("p50", 0.0), default={}),
        "processes": [
            {"instance": status.instance, "started": text(status.started), "partitions": list(status.partitions)}
            for status in sorted(mine, key=lambda one: one.started)
        ],
    }


def _per_minute(name: str, seen: KafkaSeen, names: Streams) -> int | None:
    """What a stage brought to its end in the last minute, by what it wrote."""
    if name == "sink":
        return seen.stored_per_minute
    since = seen.at - RATE_WINDOW
    dead_now = sum(letter.stage == name and letter.at >= since for letter in seen.letters)
    return dead_now + _came(names.enriched.name, seen)


def _came(stream: str, seen: KafkaSeen) -> int:
    """Articles that came onto a stream in the last minute; heartbeats are none."""
    since = seen.at - RATE_WINDOW
    beats = {(one.by, one.at) for one in seen.beats if one.at >= since}
    return max(0, sum(part.end - part.before for part in seen.parts[stream]) - len(beats))


def partition(part: Part, committed: int | None) -> dict[str, Any]:
    """One partition: its end, what was committed, and what stands between."""
    position = part.start if committed is None else max(committed, part.start)
    return {"partition": part.partition, "end": part.end, "committed": committed, "lag": max(0, part.end - position)}


def missing(name: str, seen: KafkaSeen) -> int:
    """How many processes fell silent within ten minutes, without as many that started since."""
    told = [status for status in seen.statuses if status.stage == name and status.at >= seen.at - DEAD_WINDOW]
    gone = [status for status in told if status.at < seen.at - ALIVE]
    alive = [status for status in told if status.at >= seen.at - ALIVE]
    since = min((status.at for status in gone), default=seen.at)
    return max(0, len(gone) - sum(status.started >= since - ALIVE for status in alive))


def freshness(alive: Sequence[StageStatus]) -> dict[str, float]:
    """Seconds from published to searchable, of the articles of the last minutes, as p50, p95 and p99.

    The sinks measure it at each refresh that they ask for. Of several sinks the slowest counts.
    """
    slowest = max(
        (status.latency_ms for status in alive if status.stage == "sink" and status.latency_ms),
        key=lambda one: one.get("p95", 0.0),
        default={},
    )
    return {share: round(milliseconds / 1000, 3) for share, milliseconds in slowest.items()}


def heartbeat(beats: Sequence[Heartbeat], now: datetime) -> dict[str, Any] | None:
    """The last heartbeat that was published, and the last that a search found; none where there never was one."""
    if not beats:
        return None
    published = max(one.at for one in beats)
    found = max((one for one in beats if one.searchable_ms is not None), key=lambda one: one.at, default=None)
    return {
        "published_at": text(published),
        "found_at": text(found.at) if found else None,
        "searchable_ms": found.searchable_ms if found else None,
        "age_seconds": age(found.at if found else min(one.at for one in beats), now),
    }


def dead(letters: Sequence[DeadLetter], now: datetime) -> dict[str, Any]:
    """The open letters by reason, stage and source, and how many are of the last ten minutes."""
    return {
        "open": len(letters),
        "by_reason": _counted(letter.reason for letter in letters),
        "by_stage": _counted(letter.stage for letter in letters),
        "by_source": _counted(letter.source or "" for letter in letters),
        "by_cause": _counted(f"{letter.stage}/{letter.reason}" for letter in letters),
        "new": sum(letter.at >= now - DEAD_WINDOW for letter in letters),
        "newest_at": text(max(letter.at for letter in letters)) if letters else None,
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def reconciled(seen: KafkaSeen, names: Streams) -> dict[str, int]:
    """Raw articles that were read, what they became, and how many became nothing.

    An article that is made twice, as after a kill, hides one that is lost: the gap is never too large.
    """
    raw = names.raw.name
    read = sum(seen.committed.get((raw, part.partition), 0) for part in seen.parts[raw])
    became = sum(part.end for part in seen.parts[names.enriched.name]) + seen.buried
    return {"read": read, "became": became, "gap": max(0, read - became)}


def of_index(seen: IndexSeen | None, alias: str, now: datetime) -> dict[str, Any]:
    """The facts that Elasticsearch tells; none where it was never seen. The heartbeat counts nowhere."""
    if seen is None:
        index = dict.fromkeys(("exists", "documents", "newest_fetched_at", "newest_age_seconds"), None)
        return {"index": {"alias": alias, **index, "problem": ""}, "sources": {}, "newest": []}
    newest = seen.newest_fetched_at
    return {
        "index": {
            "alias": alias,
            "exists": seen.exists,
            "documents": seen.documents,
            "newest_fetched_at": text(newest) if newest else None,
            "newest_age_seconds": age(newest, now),
            "problem": seen.problem,
        },
        "sources": {
            name: {"articles": count, "per_minute": round(count / (RECENT.total_seconds() / 60), 1)}
            for name, count in seen.sources.items()
        },
        "newest": [dict(one) for one in seen.newest],
    }


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)
