"""What was published before: a compacted stream of article id to fingerprint, so that it outlives any machine."""

from __future__ import annotations

from kafka import KafkaConsumer

from schemas.article import RawArticle
from schemas.identity import raw_fingerprint
from schemas.settings import Settings
from schemas.streams import read_to_end, reader_options, streams


def fingerprint(article: RawArticle) -> bytes:
    """Changes when anything changes that the source says of the article; when it was fetched does not count."""
    told = article.model_dump_json(exclude={"fetched_at", "origin", "schema_version"})
    return raw_fingerprint(told).encode("ascii")


def load(settings: Settings) -> dict[bytes, bytes]:
    """All of it: article id to fingerprint, read from the stream's start to the end it has now."""
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        return {record.key: record.value for record in read_to_end(consumer, streams(settings).seen.name)}
    finally:
        consumer.close()
