"""The options of the Faust app. Why each stands so: the README's architecture section."""

from __future__ import annotations

from typing import Any

import faust

from schemas.settings import Settings
from schemas.signin import kafka_tls, kafka_user
from schemas.streams import MAX_MESSAGE_BYTES, SMALL_FETCH_BYTES


def options(settings: Settings) -> dict[str, Any]:
    """What the app of one enricher process is made with.

    Raises:
        SettingsError: how to sign in to Kafka cannot stand.
    """
    return {
        "broker": [f"kafka://{server}" for server in settings.kafka_servers.split(",")],
        "broker_credentials": credentials(settings),
        "datadir": settings.data_dir / "faust",
        "broker_commit_interval": 0.5,
        "broker_session_timeout": 6,
        "broker_heartbeat_interval": 2,
        "consumer_auto_offset_reset": "earliest",
        "consumer_max_fetch_size": SMALL_FETCH_BYTES,
        "producer_acks": -1,
        "producer_compression_type": "lz4",
        "producer_max_request_size": MAX_MESSAGE_BYTES,
        "stream_buffer_maxsize": 256,
        "stream_wait_empty": True,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "web_enabled": False,
        "worker_redirect_stdouts": False,
    }


def credentials(settings: Settings) -> Any:
    """How Faust signs in to Kafka; none for a Kafka in the clear that asks for nobody.

    Raises:
        SettingsError: how to sign in to Kafka cannot stand.
    """
    context, user = kafka_tls(settings), kafka_user(settings)
    if user:
        name, password = user
        return faust.SASLCredentials(
            username=name, password=password, ssl_context=context, mechanism=settings.kafka_mechanism
        )
    return faust.SSLCredentials(context) if context else None
