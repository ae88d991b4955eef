"""Feeding as a service: everything that looks, publishes and remembers, put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web as http
from kafka import KafkaConsumer
from kafka.errors import KafkaError
from pydantic import ValidationError

from producers import metrics, publish, push, seen, sources
from producers.collect import Collector
from producers.known import Records
from producers.look import Marked, Tools, look
from producers.others import MINE, others
from producers.polite import Web, open_web
from producers.publish import Publisher, Report
from producers.push import Doors
from producers.schedule import first
from producers.websub import Subscriptions
from schemas.health import SourceHealth
from schemas.settings import Settings
from schemas.source import SourceSpec
from schemas.streams import read_to_end, reader_options, streams

log = structlog.get_logger(__name__)

_DELIVERY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class House:
    """What looking at sources needs, opened: see `opened`."""

    settings: Settings
    tools: Tools
    web: Web
    producer: Any
    health: dict[str, SourceHealth]

    async def remember(self, health: SourceHealth) -> None:
        """Keeps a source's state on its stream; what Kafka does not take is told again after the next look."""
        self.health[health.source] = health
        value, key = health.model_dump_json().encode("utf-8"), health.source.encode("utf-8")
        try:
            future = self.producer.send(streams(self.settings).health.name, value, key, MINE)
            await asyncio.to_thread(future.get, _DELIVERY_SECONDS)
        except KafkaError as error:
            log.warning("a source's state was not kept", source=health.source, error=type(error).__name__)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """The house with its lights on: Kafka and the web at hand, and what was seen and known before.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: the streams were not made yet.
    """
    known, health = await asyncio.to_thread(lambda: (seen.load(settings), read_health(settings)))
    producer = publish.producer(settings)
    try:
        async with open_web(settings) as web:
            tools = Tools(web, _deliverer(settings, producer, known), known, settings.max_article_bytes)
            yield House(settings, tools, web, producer, health)
    finally:
        await asyncio.to_thread(producer.close, 5)


def read_health(settings: Settings) -> dict[str, SourceHealth]:
    """What is known of each source by name, from the stream's start to the end it has now.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: the stream was not made yet.
    """
    consumer = KafkaConsumer(**reader_options(settings))
    found: dict[str, SourceHealth] = {}
    try:
        for record in read_to_end(consumer, streams(settings).health.name):
            remembered(found, record)
    finally:
        consumer.close()
    return found


def remembered(found: dict[str, SourceHealth], record: Any) -> SourceHealth | None:
    """Takes one record of `sources.health` into what is known of each source, and gives what it says.

    One that is forgotten, or of another version, is looked at as a new source.
    """
    name = (record.key or b"").decode("utf-8", "replace")
    found.pop(name, None)
    with contextlib.suppress(ValidationError):
        found[name] = SourceHealth.model_validate_json(record.value or b"")
    return found.get(name)


def _deliverer(settings: Settings, producer: Any, known: Records) -> Any:
    lock = asyncio.Lock()

    def published(articles: Sequence[Marked]) -> Report:
        with Publisher(producer, settings, known) as publisher:
            for one in articles:
                publisher.publish(one.article, one.mark, one.listed)
        return publisher.report

    async def deliver(articles: Sequence[Marked]) -> Report:
        async with lock:
            return await asyncio.to_thread(published, articles)

    return deliver


async def look_once(settings: Settings, spec: SourceSpec) -> SourceHealth:
    """Looks at one source now, and keeps what is known of it then.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: the streams were not made yet.
    """
    async with opened(settings) as house:
        health = await look(spec, house.health.get(spec.name) or first(spec), house.tools)
        await house.remember(health)
    return health


async def serve(settings: Settings, specs: Callable[[], Sequence[SourceSpec]], stop: asyncio.Event) -> None:
    """Looks at all sources for ever, and takes pushed articles where the settings give a port, until `stop` is set.

    Raises:
        KafkaError: Kafka does not answer at the start.
        NoSuchStreamError: the streams were not made yet.
        OSError: the port is in use.
    """
    names = streams(settings)
    # Before all of it is read, so that nothing comes between.
    written = await asyncio.to_thread(others, settings, (names.seen.name, names.health.name))
    async with opened(settings) as house:
        subscriptions = Subscriptions(settings, house.web, house.tools.now)

        async def remember(health: SourceHealth) -> None:
            await house.remember(health)
            await subscriptions.keep(health)

        collector = Collector(specs, house.tools, house.health, remember)
        doors = Doors(house.tools.deliver, collector.wake, subscriptions.topic)
        running = asyncio.create_task(collector.run())

        def looked(record: Any) -> None:
            if health := remembered(house.health, record):
                collector.learn(health)

        def published(record: Any) -> None:
            seen.keep(house.tools.known, record.key, record.value)

        takers = {names.seen.name: published, names.health.name: looked}

        def live() -> dict[str, str]:
            return {"loop": "it ended" if running.done() else ""}

        told = metrics.application(lambda: house.health, live, live)
        async with (
            written.taken(takers),
            _listening(push.application(settings, doors), settings.push_host, settings.push_port),
            _listening(told, settings.metrics_host, settings.metrics_port),
        ):
            await stop.wait()
            collector.stop()
            await running


@asynccontextmanager
async def _listening(app: http.Application, host: str, port: int) -> AsyncIterator[None]:
    """A server at an address while the block runs; none for port 0."""
    if not port:
        yield
        return
    runner = http.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await http.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


class SourcesFile:
    """The sources that a file names, read again when it changes; none while there is no file.

    A file that cannot be used leaves the sources as they were, with a line in the log; `problem` then says why.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[float, int] | None = None
        self._specs: list[SourceSpec] = []
        self.problem = ""

    def __call__(self) -> list[SourceSpec]:
        """The sources as they are named now."""
        try:
            stat = self._path.stat()
        except OSError:
            self._read, self._specs = None, []
            return []
        mark = (stat.st_mtime, stat.st_size)
        if mark != self._read:
            self._read, self.problem = mark, ""
            try:
                self._specs = sources.load(self._path)
            except sources.SourcesError as error:
                self.problem = str(error)
                log.warning("the sources stay as they were", reason=str(error))
        return self._specs
