"""Every hour, unasked: is each article that was published within a day accounted for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from elasticsearch import ApiError, TransportError
from kafka.errors import KafkaError

from desk.reconcile import Report, Span, reconcile
from processors.progress import instance_name
from schemas.envelope import envelope
from schemas.settings import Settings
from schemas.status import Account
from schemas.streams import NoSuchStreamError, producing, streams

log = structlog.get_logger(__name__)

KEY = b"account/"
LOOKS_BACK = timedelta(days=1)
# What a start found waiting is on its way by then.
_FIRST_SECONDS = 120.0
_DELIVERY_SECONDS = 10


def account(report: Report, since: datetime, by: str) -> Account:
    """A report of reconciling, without its lists, as it is told on `pipeline.status`."""
    names = ("at", "seconds", "read", "stored", "stale", "dead", "in_flight", "missing")
    return Account(by=by, since=since, **{name: getattr(report, name) for name in names})


def once(settings: Settings, send: Callable[..., Any], now: datetime) -> Account:
    """Accounts for the last day, and tells of it.

    Args:
        settings: servers and names.
        send: as a kafka-python producer's.
        now: the time.

    Raises:
        KafkaError: Kafka does not answer, or did not take what was told.
        NoSuchStreamError: there are no streams.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    by, since = instance_name(), now - LOOKS_BACK
    told = account(reconcile(settings, Span(since=since)), since, by)
    headers = envelope("account", f"{by}-{told.at.timestamp()}", "/wiredesk/desk", told.schema_version)
    key, value = KEY + by.encode("utf-8"), told.model_dump_json().encode("utf-8")
    send(streams(settings).status.name, value=value, key=key, headers=headers).get(_DELIVERY_SECONDS)
    return told


@contextmanager
def accounting(settings: Settings) -> Iterator[None]:
    """Accounts while the block runs, from a thread of its own, as often as the settings say."""
    stopping = threading.Event()
    if not settings.reconcile_minutes:
        yield
        return
    thread = threading.Thread(target=_run, args=(settings, stopping.wait), name="accounting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()


def _run(settings: Settings, wait: Callable[[float], bool]) -> None:
    pause = min(_FIRST_SECONDS, settings.reconcile_minutes * 60)
    while not wait(pause):
        pause = settings.reconcile_minutes * 60
        try:
            with producing(settings, patience=3) as producer:
                once(settings, producer.send, datetime.now(UTC))
        except (KafkaError, NoSuchStreamError, ApiError, TransportError) as error:
            log.warning("what was published was not accounted for", error=type(error).__name__)
