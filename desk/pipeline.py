"""The whole pipeline on one machine: servers, streams, index, enrichers and sink, for `run` and `demo`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import schemas
from deploy import ladder
from deploy.progress import Progress
from desk import monitor, serving
from desk.failure import Failure, explained
from desk.workers import Worker, collector, web_desk, workers
from processors.setup import setup
from processors.tiers.check import check, is_named
from producers import sources
from producers.publish import Report, feed, open_publisher
from schemas.settings import Settings

# Beside the packages in a checkout and in an installed wheel alike.
SEEDS = Path(schemas.__file__).parent.parent / "seeds"
_WORKER_SECONDS = 12.0
_TAGGER_SECONDS = 10.0
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that runs: its settings hold the addresses of its servers."""

    settings: Settings
    servers: ladder.Servers
    workers: list[Worker]


@contextmanager
def running(settings: Settings, progress: Progress, *, is_collecting: bool = False) -> Iterator[Pipeline]:
    """Everything up while the block runs; what was started here is stopped at its end, the servers last.

    With `is_collecting` the sources that are named in the settings' file are looked at, and the desk's pages served,
    too; its settings then hold the port of the pages.

    Raises:
        SettingsError: the tagger that the settings name cannot be had.
        ServersError: servers cannot be had.
        Failure: a worker does not come up.
    """
    if is_collecting:
        serving.permit(settings)
    loading = _tried(settings, progress)
    with ExitStack() as stack:
        servers = stack.enter_context(ladder.serve(settings, progress))
        found = {"kafka_servers": servers.kafka, "elasticsearch_url": servers.elasticsearch}
        count = enrichers(settings) if is_collecting else settings.enrichers or 1
        here = settings.model_copy(update={**found, "enrichers": count})
        stack.enter_context(explained(here))
        setup(here)
        started = workers(here)
        for worker in started:
            stack.callback(worker.stop)
        # Callbacks run last first: the sink stops before the enrichers, and both before the servers.
        for worker in started:
            worker.start()
        _wait_for_workers(here, started, progress, _PATIENCE + loading * here.enrichers)
        if is_collecting:
            here = serving.placed(here)
            for worker in (collector(here), web_desk(here)):
                started.append(worker)
                stack.callback(worker.stop)
                worker.start()
        yield Pipeline(here, servers, started)


def enrichers(settings: Settings) -> int:
    """How many enrichers to start: as many as are set, else one for each processor that has a partition to read."""
    return settings.enrichers or min(os.cpu_count() or 1, settings.partitions)


def _tried(settings: Settings, progress: Progress) -> float:
    """How many seconds a tagger that the settings name takes to load.

    An enricher that cannot start would be started again for ever, so it is found out before there is one.
    """
    if not is_named(settings):
        return 0.0
    with progress.task(f"Tagger {settings.tagger}", _TAGGER_SECONDS, "seconds"):
        return check(settings)


def _wait_for_workers(settings: Settings, started: list[Worker], progress: Progress, patience: float) -> None:
    """Waits so many seconds until every worker has told of itself."""
    deadline = time.monotonic() + patience
    with progress.task("Enrichers and sink", _WORKER_SECONDS, "seconds"):
        while time.monotonic() < deadline:
            stages = monitor.facts(settings)["stages"].values()
            if sum(stage["instances"] for stage in stages) >= len(started):
                return
            if silent := next((worker for worker in started if not worker.lives()), None):
                raise Failure(f"{silent.name} does not come up", f"read {silent.log}")
            time.sleep(0.25)
    logs = ", ".join(str(worker.log) for worker in started)
    raise Failure(f"the enrichers and the sink did not come up within {patience:.0f} s", f"read {logs}")


def feed_seeds(settings: Settings) -> Report:
    """Publishes the files that `seeds/sources.toml` names and has not paused."""
    with open_publisher(settings) as publisher:
        for spec in sources.load(SEEDS / "sources.toml"):
            if spec.kind in sources.READERS and not spec.paused:
                feed(sources.read(spec, datetime.now(UTC), settings.max_article_bytes), publisher)
        return publisher.report


def drained(settings: Settings, seconds: float, stopping: threading.Event | None = None) -> dict[str, Any] | None:
    """The facts when nothing is on its way any more and all of it can be searched; none when that takes longer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not (stopping and stopping.is_set()):
        found = monitor.facts(settings)
        if not any(stage["lag"] for stage in found["stages"].values()):
            refresh(settings)
            return monitor.facts(settings)
        time.sleep(0.25)
    return None


def refresh(settings: Settings) -> None:
    """Makes everything that is indexed searchable at once."""
    from processors import index

    elasticsearch = index.client(settings, timeout=30)
    try:
        elasticsearch.indices.refresh(index=settings.index_alias)
    finally:
        elasticsearch.close()


def watch(pipeline: Pipeline, stopping: threading.Event, say: Callable[[str], None]) -> None:
    """Stays until asked to stop, and tells when a worker had to be started anew.

    Raises:
        Failure: a worker's guard is gone.
    """
    restarts = {worker.name: 0 for worker in pipeline.workers}
    while not stopping.wait(1.0):
        for worker in pipeline.workers:
            if not worker.lives():
                raise Failure(f"{worker.name} is gone and does not come back", f"read {worker.log}")
            now = worker.seen().restarts
            if now > restarts[worker.name]:
                say(f"{worker.name} ended and was started again ({now} times so far): {worker.log}")
            restarts[worker.name] = now
