"""The facts of the sources: how each fares and how far its articles came, the same in the terminal and on the pages."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # these take longer to import than `--help` may take
    from elasticsearch import Elasticsearch

    from schemas.dead import DeadLetter
    from schemas.health import SourceHealth
    from schemas.settings import Settings
    from schemas.source import SourceSpec

WORST_FIRST = ("stopped", "failing", "blocked", "quiet", "new", "ok", "paused")
AMISS = WORST_FIRST[:3]
# So many looks in a row that were led to the same other address say that it is the address now.
MOVED = 3
DAYS = 14
_QUICK = 5.0
_MOST_STORED = 10_000
_STORED_EVERY = 15.0
_PATIENCE = 20.0
_UNUSUAL = {"burst": "far more than usual today", "drop": "far less than usual yesterday"}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many articles of each source are in the index, and in the dead letters of each stage.

    None where that is not known, as while Elasticsearch or Kafka is away.
    """

    stored: Mapping[str, int] | None = None
    dead: Mapping[tuple[str, str], int] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What Kafka and Elasticsearch told of the sources `at` a moment; `index_error` says why nothing is stored."""

    at: datetime
    health: Mapping[str, SourceHealth] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    index_error: str = ""


def known(settings: Settings) -> Known:
    """Each source's state, and how far its articles came.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: the streams were not made yet.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    from processors import index
    from processors.dead import Selection, open_letters
    from producers.service import read_health

    health = read_health(settings)
    letters = dead_of(open_letters(settings, Selection()))
    elasticsearch = index.client(settings, timeout=_QUICK)
    try:
        stored = stored_of(elasticsearch, settings.index_alias)
    finally:
        elasticsearch.close()
    return Known(datetime.now(UTC), health, Counts(stored, letters))


def dead_of(letters: Iterable[DeadLetter]) -> Counter[tuple[str, str]]:
    """Dead letters by source and stage."""
    return Counter((letter.source or "", letter.stage) for letter in letters)


def stored_of(elasticsearch: Elasticsearch, alias: str) -> Counter[str]:
    """Articles in the index by source, those included that another source had first.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    counted = {name: {"terms": {"field": name, "size": _MOST_STORED}} for name in ("source", "also_from")}
    answer = elasticsearch.search(index=alias, size=0, aggs=counted)["aggregations"]
    stored = Counter[str]()
    for name in counted:
        stored.update({one["key"]: one["doc_count"] for one in answer[name]["buckets"]})
    return stored


def rows(specs: Sequence[SourceSpec], found: Known, now: datetime) -> list[Row]:
    """What is told of each source, the worst first."""
    made = [row(spec, found.health.get(spec.name), found.counts, now) for spec in specs]
    return sorted(made, key=lambda one: (WORST_FIRST.index(one["state"]), one["name"]))


def row(spec: SourceSpec, health: SourceHealth | None, counts: Counts, now: datetime) -> Row:
    """What is told of one source: its health with its moments as text, and how far its articles came.

    Articles that are stored are counted in the index and dead ones in the dead letters; enriched are those that are
    stored, or died after.
    """
    from producers.schedule import anomaly, first

    fares = health or first(spec)
    told = fares.model_dump(mode="json", exclude={"schema_version", "source", "etag", "last_modified", "state"})
    stored = None if counts.stored is None else counts.stored.get(spec.name, 0)
    after = None if counts.dead is None else counts.dead.get((spec.name, "sink"), 0)
    before = None if counts.dead is None else counts.dead.get((spec.name, "enrich"), 0)
    return {
        "name": spec.name,
        "kind": spec.kind,
        "place": spec.place,
        "state": state_of(spec, fares),
        "enriched": None if stored is None or after is None else stored + after,
        "stored": stored,
        "dead": None if before is None or after is None else before + after,
        "volume": anomaly(fares, now),
        **told,
    }


def state_of(spec: SourceSpec, health: SourceHealth | None) -> str:
    """How a source fares, in a word of `WORST_FIRST`."""
    if spec.paused:
        return "paused"
    return health.state if health else "new"


def amiss(found: Row) -> list[str]:
    """What a person should know of a source, in words: what is wrong with it, and what was refused."""
    refused = ", ".join(f"{count:,} {reason}" for reason, count in found["refused"].items())
    return [*reasons(found), *_next_try(found), *([f"refused: {refused}"] if refused else [])]


def _next_try(found: Row) -> list[str]:
    """When a source that fails is asked again."""
    from desk.looks import next_try

    if not (found["error"] and found["next_look"]):
        return []
    last = found["looked_at"]
    return [next_try(datetime.fromisoformat(found["next_look"]), datetime.fromisoformat(last) if last else None)]


def reasons(found: Row) -> list[str]:
    """What is wrong with a source, or unusual, in words."""
    undated, seen = found["undated"], found["discovered"]
    said = [
        f"{found['stage']}: {found['error']}" if found["error"] else "",
        _UNUSUAL.get(found["volume"] or "", ""),
        f"it moved: use {found['moved_to']}" if has_moved(found) else "",
        f"{undated:,} of {seen:,} without a date" if 2 * undated > seen else "",
    ]
    return [one for one in said if one]


def has_moved(found: Row) -> bool:
    """Whether a source was led to the same other address often enough to take that one."""
    return bool(found["moved"] >= MOVED and found["moved_to"])


def refused_of(found: Row) -> int:
    """How many of a source's articles were refused, for whatever reason."""
    return sum(found["refused"].values())


def balances(found: Row) -> bool:
    """Whether everything that was seen is accounted for: new, known before, refused, or not delivered."""
    return bool(found["discovered"] == found["published"] + found["known"] + refused_of(found) + found["undelivered"])


def daily(found: Row, today: date) -> list[int]:
    """New articles on each of the last days, today last."""
    counts = {one["day"]: one["published"] for one in found["days"]}
    return [counts.get((today - timedelta(days=ago)).isoformat(), 0) for ago in reversed(range(DAYS))]


class SourceWatch:
    """What is known of the sources, cheap to ask again and again; used by one thread at a time.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: the streams were not made yet.
    """

    def __init__(self, settings: Settings) -> None:
        from kafka import KafkaConsumer

        from desk.tails import Letters
        from processors import index
        from schemas.streams import partitions_of, reader_options, streams

        names = streams(settings)
        self._alias = settings.index_alias
        self._health: dict[str, SourceHealth] = {}
        self._letters = Letters()
        self._stored: Counter[str] | None = None
        self._counted_at, self._index_error = float("-inf"), ""
        self._consumer: Any = KafkaConsumer(**reader_options(settings))
        self._elasticsearch = index.client(settings, timeout=_QUICK)
        try:
            self._takes = {
                partition: takes
                for stream, takes in ((names.health, self._fares), (names.dead, self._letters.take))
                for partition in partitions_of(self._consumer, stream.name)
            }
            self._consumer.assign(list(self._takes))
            self._consumer.seek_to_beginning()
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connections."""
        self._consumer.close(autocommit=False)
        self._elasticsearch.close()

    def facts(self) -> dict[str, Any]:
        """What is known now, under `known`; who asks knows by an error that Kafka is away.

        Raises:
            KafkaError: Kafka does not answer.
        """
        self._follow()
        self._count()
        counts = Counts(self._stored, dead_of(self._letters.open))
        found = Known(datetime.now(UTC), dict(self._health), counts, self._index_error)
        return {"known": found, "servers": {"kafka": {"ok": True, "since": None, "words": ""}}}

    def _follow(self) -> None:
        from kafka.errors import KafkaTimeoutError

        ends, deadline = self._consumer.end_offsets(list(self._takes)), time.monotonic() + _PATIENCE
        while any(self._consumer.position(one) < ends[one] for one in self._takes):
            for partition, records in self._consumer.poll(timeout_ms=500).items():
                for record in records:
                    self._takes[partition](record)
            if time.monotonic() > deadline:
                raise KafkaTimeoutError("the states of the sources do not come")

    def _fares(self, record: Any) -> None:
        from producers.service import remembered

        remembered(self._health, record)

    def _count(self) -> None:
        """Counts what is stored; while Elasticsearch is away nothing is known of that, and the rest stays."""
        from elasticsearch import ApiError, TransportError

        if time.monotonic() < self._counted_at + _STORED_EVERY and not self._index_error:
            return
        try:
            self._stored, self._index_error = stored_of(self._elasticsearch, self._alias), ""
            self._counted_at = time.monotonic()
        except (ApiError, TransportError) as error:
            self._stored, self._index_error = None, error.message
