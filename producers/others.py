"""What other processes that publish write down, taken in as it comes: as when a person has a source looked at now."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from kafka import KafkaConsumer
from kafka.errors import KafkaError

from schemas.settings import Settings
from schemas.streams import SMALL_FETCH_BYTES, partitions_of, reader_options

log = structlog.get_logger(__name__)

#: Put on what this process writes down, so that it does not learn it from itself.
MINE = [("writer", uuid.uuid4().bytes)]
_POLL_MS = 1000


class Others:
    """The records that come to some streams from now on, those of this process left out.

    Args:
        consumer: a kafka-python consumer without a group.
        streams: their names.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: one of the streams was not made yet.
    """

    def __init__(self, consumer: Any, streams: Sequence[str]) -> None:
        self._consumer = consumer
        partitions = [partition for stream in streams for partition in partitions_of(consumer, stream)]
        consumer.assign(partitions)
        for partition, end in consumer.end_offsets(partitions).items():
            consumer.seek(partition, end)

    @asynccontextmanager
    async def taken(self, takers: Mapping[str, Callable[[Any], None]]) -> AsyncIterator[None]:
        """While the block runs, each record is given to who takes those of its stream, on the loop."""
        ended = asyncio.Event()
        task = asyncio.create_task(self._run(takers, ended))
        try:
            yield
        finally:
            ended.set()
            await task
            await asyncio.to_thread(self._consumer.close, autocommit=False)

    async def _run(self, takers: Mapping[str, Callable[[Any], None]], ended: asyncio.Event) -> None:
        while not ended.is_set():
            try:
                found = await asyncio.to_thread(self._consumer.poll, timeout_ms=_POLL_MS)
            except KafkaError as error:
                log.warning("cannot read what others publish; trying again", error=type(error).__name__)
                await asyncio.sleep(_POLL_MS / 1000)
                continue
            for record in (one for records in found.values() for one in records if MINE[0] not in one.headers):
                takers[record.topic](record)


def others(settings: Settings, streams: Sequence[str]) -> Others:
    """What others write on these streams of the Kafka that the settings name.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: one of the streams was not made yet.
    """
    return Others(KafkaConsumer(**reader_options(settings, SMALL_FETCH_BYTES)), streams)
