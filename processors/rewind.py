"""Kafka for Faust, with one repair: a partition of which nothing was committed yet is read from its start again.

When a group is rebalanced, Faust throws away what it has fetched and seeks back to the committed offsets. aiokafka does
not seek where there is none, or where it is 0: what was thrown away of such a partition would never be read again, and
be committed past with the next message of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faust.transport.drivers import aiokafka


class _Thread(aiokafka.AIOKafkaConsumerThread):
    async def seek_to_committed(self) -> Mapping[Any, int]:
        """Seeks every partition to what was committed of it, or to its start."""
        committed: Mapping[Any, int] = await super().seek_to_committed()
        if untouched := [partition for partition, offset in committed.items() if not offset]:
            await self.call_thread(self._ensure_consumer().seek_to_beginning, *untouched)
        return committed


class _Consumer(aiokafka.Consumer):
    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


class Transport(aiokafka.Transport):
    """Faust's transport, whose consumer loses nothing of a partition without commits."""

    Consumer = _Consumer
