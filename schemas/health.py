"""How a source fares: one record for each on `sources.health`, to go on from after a restart and for people to read."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.article import Contract, UtcMoment

SourceState = Literal["new", "ok", "quiet", "failing", "blocked", "stopped"]
Count = Annotated[int, Field(ge=0)]


class Look(Contract):
    """One look at a source: when, how long it took (seconds), and what came of it.

    `status` is the HTTP status, where there was an answer; `error` says in words why nothing could be read, and
    `stage` where.
    """

    at: UtcMoment
    seconds: Annotated[float, Field(ge=0)] = 0
    status: int | None = None
    bytes: Count = 0
    discovered: Count = 0
    new: Count = 0
    published: Count = 0
    refused: Count = 0
    stage: str | None = None
    error: Annotated[str, StringConstraints(max_length=500)] | None = None


class Day(Contract):
    """How many new articles were published on one day (UTC)."""

    day: date
    published: Count


class SourceHealth(Contract):
    """The state of one source, and what was counted since it was first looked at.

    `interval` is the seconds between two looks while all is well, `every` what the source's entry asked for at the last
    look, `failures` the score of failures without a success between them (hard 1, soft .5, temporary .25), `gap` the
    usual seconds between two new articles.
    Counts balance: `discovered` = `known` + `published` + all of `refused` + `undelivered`. `looks` are the last 20,
    the newest last; `days` the last 15 days with an article. `moved_to` is where it was redirected for good, `moved`
    how often in a row. `hub` tells of news under the address `hub_topic` (WebSub).
    """

    schema_version: Literal[1] = 1
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    state: SourceState = "new"
    interval: Annotated[float, Field(gt=0)]
    every: Annotated[float, Field(gt=0)] | None = None
    next_look: UtcMoment | None = None
    looked_at: UtcMoment | None = None
    succeeded_at: UtcMoment | None = None
    failing_since: UtcMoment | None = None
    failures: Annotated[float, Field(ge=0)] = 0
    error: str | None = None
    stage: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    moved: Count = 0
    hub: str | None = None
    hub_topic: str | None = None
    discovered: Count = 0
    known: Count = 0
    fetched: Count = 0
    published: Count = 0
    undelivered: Count = 0
    refused: dict[str, Count] = Field(default_factory=dict)
    undated: Count = 0
    newest: UtcMoment | None = None
    published_at: UtcMoment | None = None
    gap: Annotated[float, Field(ge=0)] | None = None
    looks: tuple[Look, ...] = ()
    days: tuple[Day, ...] = ()
