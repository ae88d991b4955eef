"""The Kafka topics, called streams here so that a topic is what an article is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kafka import KafkaProducer, TopicPartition

from schemas.settings import Settings
from schemas.signin import kafka_options

# A message holds the article as JSON: escapes may double it, and an enriched one carries its judgements too.
MAX_MESSAGE_BYTES = 32 * 2**20
# At once of a partition, for who reads on and on and keeps little of it.
SMALL_FETCH_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Stream:
    """One Kafka topic with how it is made."""

    name: str
    partitions: int
    config: dict[str, str]


@dataclass(frozen=True, slots=True)
class Streams:
    """All streams of one Wiredesk, and the consumer groups that read them."""

    raw: Stream
    enriched: Stream
    dead: Stream
    stored: Stream
    seen: Stream
    health: Stream
    repeated: Stream
    status: Stream
    enricher_group: str
    sink_group: str

    @property
    def all(self) -> tuple[Stream, ...]:
        """Every stream, for making them."""
        return (
            self.raw,
            self.enriched,
            self.dead,
            self.stored,
            self.seen,
            self.health,
            self.repeated,
            self.status,
        )


def streams(settings: Settings) -> Streams:
    """The streams under the settings' prefix, partitions and retention."""
    prefix = settings.stream_prefix
    days = settings.raw_retention_days
    kept = {"retention.ms": str(-1 if days < 0 else int(timedelta(days=days).total_seconds() * 1000))}
    compacted = {"cleanup.policy": "compact"}

    def stream(name: str, config: dict[str, str], partitions: int = settings.partitions) -> Stream:
        return Stream(f"{prefix}{name}", partitions, {"max.message.bytes": str(MAX_MESSAGE_BYTES), **config})

    return Streams(
        raw=stream("articles.raw", kept),
        enriched=stream("articles.enriched", kept),
        dead=stream("articles.dead", {"retention.ms": "-1"}),
        stored=stream("articles.stored", kept, partitions=1),
        seen=stream("sources.seen", compacted),
        health=stream("sources.health", compacted, partitions=1),
        repeated=stream("sources.repeated", compacted, partitions=1),
        status=stream("pipeline.status", compacted, partitions=1),
        enricher_group=f"{prefix}wiredesk-enricher",
        sink_group=f"{prefix}wiredesk-sink",
    )


def client_options(settings: Settings) -> dict[str, Any]:
    """What every kafka-python client of Wiredesk is made with.

    Raises:
        SettingsError: how to sign in to Kafka cannot stand.
    """
    return {
        "bootstrap_servers": settings.kafka_servers.split(","),
        "reconnect_backoff_max_ms": 2000,
        **kafka_options(settings),
    }


def producer_options(settings: Settings) -> dict[str, Any]:
    """What every kafka-python producer of Wiredesk is made with: acknowledged by all, compressed, in order."""
    return {
        **client_options(settings),
        "allow_auto_create_topics": False,
        "acks": "all",
        # With it, what kafka-python holds when a delivery ran out of time is neither sent nor failed any more.
        "enable_idempotence": False,
        "max_in_flight_requests_per_connection": 1,
        "compression_type": "lz4",
        "linger_ms": 5,
        "batch_size": 256 * 1024,
        "max_request_size": MAX_MESSAGE_BYTES,
    }


@contextmanager
def producing(settings: Settings, patience: float = 5, **more: Any) -> Iterator[KafkaProducer]:
    """A kafka-python producer while the block runs; at its end so many seconds are left to what is under way.

    Raises:
        SettingsError: how to sign in to Kafka cannot stand.
        KafkaError: Kafka does not answer.
    """
    producer = KafkaProducer(**producer_options(settings), **more)
    try:
        yield producer
    finally:
        producer.close(timeout=patience)


def reader_options(settings: Settings, at_once: int = MAX_MESSAGE_BYTES) -> dict[str, Any]:
    """What every kafka-python consumer of Wiredesk is made with: from the start, committing nothing by itself.

    Args:
        settings: which Kafka.
        at_once: how many bytes of a partition are fetched at a time, which bounds the memory that reading millions of
            small records takes; a larger record comes all the same.
    """
    return {
        **client_options(settings),
        "allow_auto_create_topics": False,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "max_partition_fetch_bytes": at_once,
        "fetch_max_bytes": min(4 * at_once, 2 * MAX_MESSAGE_BYTES),
    }


class NoSuchStreamError(LookupError):
    """The stream was not made yet; the message names it and the command that makes it."""


def partitions_of(consumer: Any, stream: str) -> list[TopicPartition]:
    """The partitions of a stream, in order.

    Raises:
        NoSuchStreamError: it does not exist.
    """
    numbers = consumer.partitions_for_topic(stream)
    if not numbers:
        raise NoSuchStreamError(f"there is no stream {stream}: make the streams and the index with `wiredesk setup`")
    return [TopicPartition(stream, number) for number in sorted(numbers)]


def read_to_end(consumer: Any, stream: str) -> Iterator[Any]:
    """Every record that a stream holds now, from its start, by a kafka-python consumer without a group.

    Raises:
        NoSuchStreamError: it does not exist.
    """
    partitions = partitions_of(consumer, stream)
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500, max_records=10_000).values():
            yield from records
