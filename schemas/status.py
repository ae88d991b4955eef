"""What a running process tells of itself on `pipeline.status`, keyed by stage and instance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.article import Contract, UtcMoment

Count = Annotated[int, Field(ge=0)]


class StageStatus(Contract):
    """Counts of one process since it `started`, as they stood `at`.

    `waiting` says in words what it waits for, when it cannot go on; `latency_ms` are the newest articles' times from
    published to enriched or stored, in milliseconds, as p50, p95 and p99. `untold` counts bulks of a sink whose receipt
    (`schemas.receipt`) could not be written in time.
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
