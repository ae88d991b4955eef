"""Runs an enricher or a sink as the work of one process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from kafka import KafkaProducer

from processors import index
from processors.health import GroupLag, Health, index_problem
from processors.member import GroupConsumer
from processors.message import Message, Outgoing
from processors.metrics import Steps, Telling, measured, told
from processors.progress import Progress
from processors.refresh import Refresher
from processors.sink import Sink
from processors.store import Store
from schemas.settings import Settings
from schemas.streams import MAX_MESSAGE_BYTES, producer_options, reader_options, streams
from schemas.telemetry import logging_config

if TYPE_CHECKING:  # the sink needs none of the enrichers
    from processors.enrich import LearnedEnrich

log = structlog.get_logger(__name__)

# sysexits.h: a failure that passes; the supervisor starts the process again.
EX_TEMPFAIL = 75
_DELIVERY_SECONDS = 30
_LONGEST_BLOCK_MS = 5000
_GATHERING_MS = 100


@contextmanager
def finished_or_exit() -> Iterator[None]:
    """Ends the process when its block is left by an exception, cancellation included.

    Faust acknowledges an event when an exception leaves the agent, and a send that failed would be lost with it. A
    process that is gone acknowledges nothing: the event is read again.
    """
    try:
        yield
    except BaseException as error:  # noqa: BLE001
        log.warning("an article was not finished, and will be read again", error=f"{type(error).__name__}: {error}")
        os._exit(EX_TEMPFAIL)


def end_standing_still(words: str) -> None:
    """Ends a process that does not live any more: what it has not finished is read again by the next one."""
    log.error("the process stands still, and ends so that another takes its place", wrong=words)
    os._exit(EX_TEMPFAIL)


def message_of(found: Any) -> Message:
    """The message of a Faust event."""
    headers = found.headers.items() if isinstance(found.headers, dict) else found.headers or ()
    return Message(
        found.topic,
        found.partition,
        found.offset,
        round((found.timestamp or 0) * 1000),
        found.key,
        found.value,
        tuple(headers),
    )


def count(progress: Progress, message: Message, *, is_dead: bool) -> None:
    """Counts one article that the enricher finished; a heartbeat is none."""
    if message.is_heartbeat:
        progress.beats += 1
        return
    progress.done += not is_dead
    progress.dead += is_dead
    progress.took(time.time() * 1000 - message.timestamp)


def run_enricher(settings: Settings, make: LearnedEnrich, steps: Steps | None = None) -> None:
    """Enriches with `make`, and what was learned of each source, until the process is asked to stop.

    Args:
        settings: servers and names.
        make: makes the enriched article of a raw one.
        steps: what took the time of its steps, to be told with the metrics.
    """
    import faust

    from processors.app import build
    from processors.enrich import warm_up
    from processors.memory import Memory, follow

    (settings.data_dir / "faust").mkdir(parents=True, exist_ok=True)
    warm_up(make)
    names, progress = streams(settings), Progress("enrich")
    memory = Memory(names.repeated.name)
    follow(settings, memory)
    log.info("enricher starts", kafka=settings.kafka_servers)
    app = build(settings, memory.with_learned(make), memory.learned, progress)
    worker = faust.Worker(app, quiet=True, loglevel=settings.log_level, logging_config=logging_config(settings))
    lag = GroupLag(settings, names.raw.name, names.enricher_group)
    telling = Telling(progress, Health(progress, lag, end=end_standing_still))
    if steps:
        steps.register(telling.registry)
    with _looked_after(settings, telling):
        worker.execute_from_commandline()


def run_sink(settings: Settings) -> None:
    """Indexes until the process is asked to stop."""
    names, progress = streams(settings), Progress("sink")
    elasticsearch = index.client(settings, timeout=index.BULK_SECONDS)
    producer = KafkaProducer(**producer_options(settings), max_block_ms=_LONGEST_BLOCK_MS)
    consumer = GroupConsumer(
        group_id=names.sink_group,
        session_timeout_ms=6000,
        heartbeat_interval_ms=2000,
        max_poll_records=settings.sink_batch_articles,
        # Kafka gathers for the sink what comes within this time: an answer for each article would cost more than it.
        fetch_min_bytes=min(settings.sink_batch_bytes, MAX_MESSAGE_BYTES),
        fetch_max_wait_ms=_GATHERING_MS,
        **reader_options(settings),
    )
    probed = index.client(settings, timeout=5)
    lag = GroupLag(settings, names.enriched.name, names.sink_group)
    problem = partial(index_problem, probed, settings.index_alias)
    telling = Telling(progress, Health(progress, lag, problem, end=end_standing_still))
    send = measured(index.bulk_sender(elasticsearch, settings.index_alias), progress, telling.registry)

    def tell() -> None:
        progress.turn(partition.partition for partition in consumer.assignment())
        if report := progress.report(names.status.name):
            _send(producer, report)

    fresh = Refresher(index.refresher(elasticsearch, settings.index_alias), progress.took)
    sink = Sink(
        settings,
        consumer,
        lambda wait, size, told: Store(send, wait, size, told),
        lambda out: _send(producer, out).get(_DELIVERY_SECONDS),
        lambda out: _send(producer, out),
        progress,
        tell,
        fresh.written,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sink.stop())
    log.info("sink starts", kafka=settings.kafka_servers, elasticsearch=settings.elasticsearch_url)
    fresh.start()
    with _looked_after(settings, telling):
        sink.run()
    fresh.stop()
    producer.close(timeout=3)
    log.info("sink stopped")


@contextmanager
def _looked_after(settings: Settings, telling: Telling) -> Iterator[None]:
    """While the block runs, somebody looks whether it goes on, and Prometheus and probes can ask."""
    health = telling.health
    health.start()
    try:
        with told(settings.metrics_host, settings.metrics_port, telling.registry, health.live, health.ready):
            yield
    finally:
        health.stop()


def _send(producer: KafkaProducer, out: Outgoing) -> Any:
    return producer.send(out.stream, value=out.value, key=out.key, headers=out.headers)
