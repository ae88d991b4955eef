"""Is everything flowing: the facts of the streams, the stages and the index, from Kafka and Elasticsearch."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import RetriableError
from pydantic import ValidationError

from processors import index
from processors.dead import fold
from schemas.dead import DeadLetter
from schemas.settings import Settings
from schemas.status import StageStatus
from schemas.streams import Streams, client_options, partitions_of, read_to_end, reader_options, streams

RATE_WINDOW = timedelta(minutes=1)
# A process tells of itself at least every ten seconds; one that was silent for three times that is gone.
ALIVE = timedelta(seconds=30)
_COORDINATOR_TRIES = 8
_NO_INDEX: dict[str, Any] = {"hits": {"total": {"value": 0}}, "aggregations": {"newest": {"value": None}}}


@dataclass(frozen=True, slots=True)
class Part:
    """One partition: the first offset it still holds, its end, and its end one rate window ago."""

    partition: int
    start: int
    end: int
    before: int


def facts(settings: Settings) -> dict[str, Any]:
    """All facts of the pipeline as they stand now, as plain data for JSON.

    Rates are messages a minute, counted by Kafka's own timestamps over the last minute; ages are seconds.

    Raises:
        NoSuchStreamError: the streams were not made yet.
        KafkaError: Kafka does not answer.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    names = streams(settings)
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        parts = {stream.name: _parts(consumer, stream.name) for stream in (names.raw, names.enriched, names.dead)}
        letters = fold(record.value for record in read_to_end(consumer, names.dead.name))
        statuses = _statuses(consumer, names)
    finally:
        consumer.close()
    committed = _committed(settings, names)
    stages = {
        "enrich": _stage("enrich", names.raw.name, names.enricher_group, parts, committed, statuses, letters),
        "sink": _stage("sink", names.enriched.name, names.sink_group, parts, committed, statuses, letters),
    }
    found = _index(settings)
    return {
        "at": _text(datetime.now(UTC)),
        "verdict": verdict(stages, found),
        "streams": {name: _stream(found) for name, found in parts.items()},
        "stages": stages,
        "index": found,
        "dead": _dead(letters),
    }


def verdict(stages: dict[str, Any], found: dict[str, Any]) -> str:
    """One sentence that says whether it flows, and what stands in the way."""
    if not found["exists"]:
        return f"there is no index {found['alias']}: make it with `wiredesk setup`"
    for name, stage in stages.items():
        if stage["waiting"]:
            return f"{name} waits: {stage['waiting']}"
        if stage["lag"] and not stage["instances"]:
            return f"{name} does not run, and {stage['lag']:,} articles wait for it"
    lag = sum(stage["lag"] for stage in stages.values())
    return f"flowing, {lag:,} articles on the way" if lag else "everything that was published is through"


def _parts(consumer: KafkaConsumer, stream: str) -> list[Part]:
    partitions = partitions_of(consumer, stream)
    starts, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    since = int((time.time() - RATE_WINDOW.total_seconds()) * 1000)
    then = consumer.offsets_for_times(dict.fromkeys(partitions, since))
    return [
        Part(one.partition, starts[one], ends[one], then[one].offset if then.get(one) else ends[one])
        for one in partitions
    ]


def _statuses(consumer: KafkaConsumer, names: Streams) -> list[StageStatus]:
    newest: dict[bytes, StageStatus] = {}
    for record in read_to_end(consumer, names.status.name):
        try:
            newest[record.key] = StageStatus.model_validate_json(record.value or b"")
        except ValidationError:
            continue  # of a version that this software does not know
    alive = datetime.now(UTC) - ALIVE
    return [status for status in newest.values() if status.at >= alive]


def _committed(settings: Settings, names: Streams) -> dict[tuple[str, int], int]:
    admin = KafkaAdminClient(**client_options(settings))
    wanted = {names.enricher_group: names.raw.name, names.sink_group: names.enriched.name}
    try:
        found = {group: _group_offsets(admin, group) for group in wanted}
    finally:
        admin.close()
    return {
        (partition.topic, partition.partition): committed.offset
        for group, offsets in found.items()
        for partition, committed in offsets.items()
        if partition.topic == wanted[group] and committed.offset >= 0
    }


def _group_offsets(admin: KafkaAdminClient, group: str) -> dict[Any, Any]:
    """What a group committed. A Kafka that has just started needs a moment before it can tell."""
    for attempt in range(_COORDINATOR_TRIES):
        try:
            found: dict[Any, Any] = admin.list_group_offsets({group: None})[group]
        except RetriableError:
            if attempt == _COORDINATOR_TRIES - 1:
                raise
            time.sleep(0.2 * (attempt + 1))
        else:
            return found
    return {}


def _stream(parts: list[Part]) -> dict[str, Any]:
    return {
        "messages": sum(part.end - part.start for part in parts),
        "per_minute": sum(part.end - part.before for part in parts),
        "partitions": [{"partition": part.partition, "start": part.start, "end": part.end} for part in parts],
    }


def _stage(
    stage: str,
    stream: str,
    group: str,
    parts: dict[str, list[Part]],
    committed: dict[tuple[str, int], int],
    statuses: list[StageStatus],
    letters: list[DeadLetter],
) -> dict[str, Any]:
    mine = [status for status in statuses if status.stage == stage]
    found = [_partition(part, committed.get((stream, part.partition))) for part in parts[stream]]
    return {
        "reads": stream,
        "group": group,
        "lag": sum(part["lag"] for part in found),
        "partitions": found,
        "instances": len(mine),
        "done": sum(status.done for status in mine),
        "stale": sum(status.stale for status in mine),
        "retries": sum(status.retries for status in mine),
        "dead": sum(letter.stage == stage for letter in letters),
        "waiting": next((status.waiting for status in mine if status.waiting), None),
        "latency_ms": max((status.latency_ms for status in mine), key=lambda one: one.get("p50", 0.0), default={}),
    }


def _partition(part: Part, committed: int | None) -> dict[str, Any]:
    position = part.start if committed is None else max(committed, part.start)
    return {"partition": part.partition, "end": part.end, "committed": committed, "lag": max(0, part.end - position)}


def _index(settings: Settings) -> dict[str, Any]:
    elasticsearch = index.client(settings, timeout=10)
    try:
        found = _newest(elasticsearch, settings.index_alias)
    except NotFoundError:
        found = _NO_INDEX
    finally:
        elasticsearch.close()
    newest = found["aggregations"]["newest"].get("value")
    moment = datetime.fromtimestamp(newest / 1000, UTC) if newest else None
    age = round((datetime.now(UTC) - moment).total_seconds(), 1) if moment else None
    return {
        "alias": settings.index_alias,
        "exists": found is not _NO_INDEX,
        "documents": found["hits"]["total"]["value"],
        "newest_fetched_at": _text(moment) if moment else None,
        "newest_age_seconds": age,
    }


def _newest(elasticsearch: Elasticsearch, alias: str) -> Any:
    return elasticsearch.search(
        index=alias, size=0, track_total_hits=True, aggs={"newest": {"max": {"field": "fetched_at"}}}
    ).body


def _dead(letters: list[DeadLetter]) -> dict[str, Any]:
    by_reason = Counter(letter.reason for letter in letters)
    return {"open": len(letters), "by_reason": dict(sorted(by_reason.items()))}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
