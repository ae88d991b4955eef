"""A kafka-python consumer that stays in its group."""

from __future__ import annotations

from typing import Any

from kafka import KafkaConsumer


class GroupConsumer(KafkaConsumer):  # type: ignore[misc]
    """A consumer with one repair: it ends every rejoining that it begins.

    Where the partitions of a stream change, the leader of a group joins it again. When a poll ends between the two
    answers of that, kafka-python holds the rejoining for done and never asks for its end: its heartbeats stay off, it
    falls out of the group, and reads nothing any more without a word.
    """

    def poll(self, *args: Any, **named: Any) -> Any:
        """Fetches records, as `KafkaConsumer.poll` does."""
        if self._coordinator.rejoining:
            self._coordinator.request_rejoin()
        return super().poll(*args, **named)
