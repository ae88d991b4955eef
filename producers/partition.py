"""Which partition a key belongs to: the same for every Kafka tool, worked out once for an article and quickly."""

from __future__ import annotations

from functools import lru_cache
from struct import unpack_from
from typing import Any

from kafka.partitioner import DefaultPartitioner, murmur2

_SEED, _MIX, _LOW = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF
# An article's key comes again with the record that it was seen, when at most a window of others went before.
_REMEMBERED = 8192


@lru_cache(maxsize=_REMEMBERED)
def hashed(key: bytes) -> int:
    """MurmurHash2 as Kafka's own clients reckon it, of keys of whole words; of others by kafka-python.

    kafka-python's goes byte by byte, and takes a tenth of all that is done to publish an article.
    """
    if len(key) % 4:
        return int(murmur2(key))
    found = _SEED ^ len(key)
    for word in unpack_from(f"<{len(key) // 4}I", key):
        mixed = word * _MIX & _LOW
        found = (found * _MIX & _LOW) ^ ((mixed ^ mixed >> 24) * _MIX & _LOW)
    found = (found ^ found >> 13) * _MIX & _LOW
    return found ^ found >> 15


class Partitions(DefaultPartitioner):  # type: ignore[misc]  # kafka-python has no types
    """What kafka-python's own partitioner says, in a fifth of the time."""

    def partition(
        self, topic: str, key: Any, serialized_key: Any, value: Any, serialized_value: Any, cluster: Any
    ) -> int:
        """The partition of a message."""
        numbers = cluster.partitions_for_topic(topic)
        if serialized_key is None or not numbers:
            return int(super().partition(topic, key, serialized_key, value, serialized_value, cluster))
        return int(sorted(numbers)[(hashed(bytes(serialized_key)) & 0x7FFFFFFF) % len(numbers)])
