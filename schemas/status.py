"""What running processes tell on `pipeline.status`: each of itself by stage and instance, and the heartbeat."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.article import Contract, UtcMoment

Count = Annotated[int, Field(ge=0)]


class StageStatus(Contract):
    """Counts of one process since it `started`, as they stood `at`.

    `waiting` says in words what it waits for, when it cannot go on; `latency_ms` are the newest articles' times from
    published to enriched or stored, in milliseconds, as p50, p95 and p99. `untold` counts bulks of a sink whose receipt
    (`schemas.receipt`) could not be written in time. `partitions` are those that it reads now.
    """

    schema_version: Literal[1] = 1
    stage: Literal["enrich", "sink"]
    instance: str
    started: UtcMoment
    at: UtcMoment
    done: Count = 0
    stale: Count = 0
    retries: Count = 0
    dead: Count = 0
    untold: Count = 0
    waiting: str | None = None
    latency_ms: dict[str, float] = Field(default_factory=dict)
    partitions: tuple[Count, ...] = ()


class Heartbeat(Contract):
    """One article that Wiredesk publishes to itself `at` a moment, and the milliseconds until a search found it.

    `searchable_ms` is none until it was found. It stands on `pipeline.status` under `heartbeat/` and the instance `by`
    that publishes it.
    """

    schema_version: Literal[1] = 1
    at: UtcMoment
    by: str
    searchable_ms: Annotated[float, Field(ge=0)] | None = None


class Account(Contract):
    """What became of the raw articles published since a moment, as `wiredesk reconcile` found it `at` another.

    `read` is the sum of the others and of the heartbeats among them; `seconds` is how long it took. It stands on
    `pipeline.status` under `account/` and the instance `by` that looked.
    """

    schema_version: Literal[1] = 1
    at: UtcMoment
    by: str
    since: UtcMoment
    seconds: Annotated[float, Field(ge=0)]
    read: Count
    stored: Count
    stale: Count
    dead: Count
    in_flight: Count
    missing: Count
