"""The Faust app: one stateless agent that turns `articles.raw` into `articles.enriched` and dead letters."""

from __future__ import annotations

import asyncio
from typing import Any

import faust

from processors.faust_options import options
from processors.message import Outgoing, Sending
from processors.outcome import Enrich, outcome
from processors.progress import Progress
from processors.rewind import Transport
from processors.worker import count, finished_or_exit, message_of
from schemas.settings import Settings
from schemas.streams import streams

_RAW: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}


def build(settings: Settings, make: Enrich, learned: Sending, progress: Progress) -> faust.App:
    """The app for one enricher process."""
    names = streams(settings)
    app = faust.App(names.enricher_group, **options(settings))
    app.transport = Transport(app.conf.broker_consumer, app, loop=app.loop)
    channels = {stream.name: app.topic(stream.name, partitions=stream.partitions, **_RAW) for stream in names.all}

    async def send(out: Outgoing) -> None:
        await (await channels[out.stream].send(key=out.key, value=out.value, headers=out.headers))

    @app.agent(channels[names.raw.name], concurrency=1, name="enricher")
    async def enricher(stream: Any) -> None:
        async for event in stream.events():
            with finished_or_exit():
                message = message_of(event.message)
                out = await asyncio.to_thread(outcome, message, names, progress.instance, make)
                is_dead = out.stream == names.dead.name
                if not (is_dead and message.is_heartbeat):
                    await send(out)
                count(progress, message, is_dead=is_dead)

    @app.timer(interval=1.0)  # type: ignore[untyped-decorator]
    async def turn() -> None:
        progress.turn(partition.partition for partition in app.consumer.assignment())

    @app.timer(interval=1.0)  # type: ignore[untyped-decorator]
    async def tell() -> None:
        for out in filter(None, (progress.report(names.status.name), *learned())):
            await send(out)

    return app
