"""Makes what the pipeline stands on: the streams and the index."""

from __future__ import annotations

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from processors import index
from schemas.settings import Settings
from schemas.streams import client_options, streams


def setup(settings: Settings) -> None:
    """Makes every stream and the index behind the alias, where they are not there yet. Safe to repeat.

    Raises:
        KafkaError: Kafka does not answer, or refuses.
        ApiError: Elasticsearch refuses.
        TransportError: Elasticsearch does not answer.
    """
    ensure_streams(settings)
    elasticsearch = index.client(settings)
    try:
        index.ensure(elasticsearch, settings)
    finally:
        elasticsearch.close()


def lacking(settings: Settings) -> dict[str, int]:
    """How many articles lack a subfield that the mapping got after they were indexed, by its name.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    elasticsearch = index.client(settings)
    try:
        return index.lacking(elasticsearch, settings.index_alias)
    finally:
        elasticsearch.close()


def ensure_streams(settings: Settings) -> None:
    """Makes the Kafka topics that are missing, and waits until each has its leaders."""
    admin = KafkaAdminClient(**client_options(settings))
    try:
        there = set(admin.list_topics())
        wanted = {stream.name: stream for stream in streams(settings).all if stream.name not in there}
        for name, stream in wanted.items():
            made = {
                "num_partitions": stream.partitions,
                "replication_factor": settings.replication,
                "configs": stream.config,
            }
            try:
                admin.create_topics({name: made})
            except TopicAlreadyExistsError:
                continue  # another process was quicker
        admin.wait_for_topics([stream.name for stream in streams(settings).all])
    finally:
        admin.close()


def remove(settings: Settings) -> None:
    """Takes away what `setup` made, with all that is in it: for demonstrations and tests on shared servers."""
    elasticsearch = index.client(settings)
    for name in elasticsearch.indices.get_alias(name=settings.index_alias).body:
        elasticsearch.indices.delete(index=name)
    elasticsearch.close()
    admin = KafkaAdminClient(**client_options(settings))
    admin.delete_topics([stream.name for stream in streams(settings).all])
    admin.close()
