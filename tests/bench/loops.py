"""Two processes that enrich nothing: Wiredesk's Faust agent, and a plain aiokafka loop that does the same.

`python -m tests.bench.loops agent` or `loop`. Both read raw articles, check them against the contract, write an
enriched article awaited, and commit what is done twice a second.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from processors.message import Message
from processors.outcome import outcome
from processors.worker import run_enricher
from schemas.article import EnrichedArticle, RawArticle
from schemas.settings import Settings, load
from schemas.streams import MAX_MESSAGE_BYTES, streams
from tests.faults.oracle import lightly

COMMIT_SECONDS = 0.5


def unenriched(raw: RawArticle, **_: Any) -> EnrichedArticle:
    """An article with nothing found in it. Its text stands as title: there the agent learns no lines of a source."""
    return lightly(raw).model_copy(update={"title": {"other": raw.content}, "text": {"other": ""}})


async def loop(settings: Settings) -> None:
    """Consumes, makes, sends and commits, until asked to stop."""
    names = streams(settings)
    consumer = AIOKafkaConsumer(
        names.raw.name,
        bootstrap_servers=settings.kafka_servers,
        group_id=f"{settings.stream_prefix}loop",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_servers,
        acks="all",
        compression_type="lz4",
        max_request_size=MAX_MESSAGE_BYTES,
    )
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with consumer, producer:
        due = time.monotonic() + COMMIT_SECONDS
        async for record in consumer:
            message = Message.of(record)
            out = outcome(message, names, "loop", unenriched)
            await producer.send_and_wait(out.stream, key=out.key, value=out.value, headers=out.headers)
            if time.monotonic() >= due:
                await consumer.commit()
                due = time.monotonic() + COMMIT_SECONDS


def main(which: str) -> None:
    """Runs one of the two on the servers and streams of the settings."""
    settings = load()
    if which == "agent":
        run_enricher(settings, unenriched)
    else:
        try:
            asyncio.run(loop(settings))
        except asyncio.CancelledError:
            return


if __name__ == "__main__":
    main(sys.argv[1])
