"""A consumer whose poll ended in the middle of joining its group again stays in the group."""

from __future__ import annotations

import time

from kafka import KafkaAdminClient, KafkaProducer

from processors.member import GroupConsumer
from schemas.settings import Settings
from schemas.streams import client_options, producer_options, reader_options
from tests.integration.pipeline import until
from tests.table import Row


def test_a_rejoining_that_was_cut_short_is_brought_to_its_end(settings: Settings, row: Row) -> None:
    """Left as such a poll leaves it, without heartbeats, it is a member still when its session would have ended."""
    row("poll ends in the middle of a rebalance")
    stream = f"{settings.stream_prefix}joined"
    admin = KafkaAdminClient(**client_options(settings))
    admin.create_topics({stream: {"num_partitions": 2, "replication_factor": 1}})
    admin.wait_for_topics([stream])
    quick = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 2000}
    consumer = GroupConsumer(stream, group_id=stream, **quick, **reader_options(settings))
    producer = KafkaProducer(**producer_options(settings))
    until(lambda: consumer.poll(200) or consumer.assignment(), "a member", 60)
    consumer._coordinator.rejoining = True
    consumer._coordinator._disable_heartbeat()
    until_then = time.monotonic() + 8
    while time.monotonic() < until_then:
        consumer.poll(200)
    producer.send(stream, b"one").get(30)
    found = until(lambda: consumer.poll(200), "a message", 30)
    row.is_exactly("messages read", sum(map(len, found.values())), 1)
    consumer.commit()  # Kafka takes it from members alone
    consumer.close()
    producer.close()
    admin.delete_topics([stream])
    admin.close()
