"""What was published before: a compacted stream of article id to fingerprint, so that it outlives any machine."""

from __future__ import annotations

from kafka import KafkaConsumer, TopicPartition

from schemas.article import RawArticle
from schemas.identity import raw_fingerprint
from schemas.settings import Settings
from schemas.streams import reader_options, streams


def fingerprint(article: RawArticle) -> bytes:
    """Changes when anything changes that the source says of the article; when it was fetched does not count."""
    told = article.model_dump_json(exclude={"fetched_at", "origin", "schema_version"})
    return raw_fingerprint(told).encode("ascii")


def load(settings: Settings) -> dict[bytes, bytes]:
    """All of it: article id to fingerprint, read from the stream's start to the end it has now."""
    stream = streams(settings).seen.name
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        return _read(consumer, stream)
    finally:
        consumer.close()


def _read(consumer: KafkaConsumer, stream: str) -> dict[bytes, bytes]:
    partitions = [TopicPartition(stream, number) for number in consumer.partitions_for_topic(stream) or ()]
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    known: dict[bytes, bytes] = {}
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500, max_records=10_000).values():
            known.update({record.key: record.value for record in records})
    return known
