"""Enriched articles ready to be written, and the ways to write them that Wiredesk's sink is measured beside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk
from kafka import KafkaConsumer

from processors import message as processed
from processors.index import bulk_sender
from processors.intake import admitted
from processors.store import Reply, Send
from schemas.envelope import envelope
from schemas.settings import Settings
from schemas.streams import partitions_of, reader_options, streams
from tests.bench.processes import BenchError, patiently
from tests.bench.rig import Message

BULK = 500
_PATIENCE = 180.0
THREADS = 2


class Ready(NamedTuple):
    """A document as the message that carries it, and as its two lines of a bulk body."""

    message: Message
    lines: bytes


def ready(document: dict[str, Any]) -> Ready:
    """A document of the index, ready to be sent to the sink or to Elasticsearch."""
    value = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return _ready(document["id"], document["version"], document["source"], value)


def anew(one: Ready, number: int) -> Ready:
    """The same document under the id of that number."""
    identity = f"{number:032x}"
    value = one.message.value.replace(one.message.key, identity.encode())
    version = int(dict(one.message.headers)["ce_articleversion"])
    return _ready(identity, version, "bench", value)


def _ready(identity: str, version: int, source: str, value: bytes) -> Ready:
    headers = envelope(
        "article.enriched", f"{identity}-{version}", f"/wiredesk/sources/{source}", 1, articleversion=version
    )
    message = Message(identity.encode(), value, headers)
    entry = admitted(processed.Message("", 0, 0, 0, message.key, value, tuple(headers)))
    return Ready(message, entry.lines)


def bodies(some: Iterable[Ready]) -> list[bytes]:
    """Bulk bodies of 500 documents."""
    lines = [one.lines for one in some]
    return [b"".join(lines[at : at + BULK]) for at in range(0, len(lines), BULK)]


def written(elasticsearch: Elasticsearch, alias: str, made: Iterable[bytes]) -> None:
    """Posts ready bodies from two threads: as fast as a client can write.

    Raises:
        BenchError: Elasticsearch refuses one.
    """
    send = bulk_sender(elasticsearch, alias)
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(lambda body: _taken(send, body), made):
            pass


def _taken(send: Send, body: bytes) -> None:
    """Posts a body until Elasticsearch takes all of it; it may say for a while that it is too busy."""
    reply, deadline = send(body), time.monotonic() + _PATIENCE
    while _is_busy(reply) and time.monotonic() < deadline:
        time.sleep(0.1)
        reply = send(body)
    if reply.status != 200 or _refused(reply):
        raise BenchError(f"Elasticsearch does not take what is to be measured: {_refused(reply) or reply}"[:500])


def _is_busy(reply: Reply) -> bool:
    return reply.status == 0 or 429 in (reply.status, *(item["status"] for item in _refused(reply)))


def _refused(reply: Reply) -> list[dict[str, Any]]:
    items = reply.body.get("items", ()) if reply.status == 200 else ()
    return [item for one in items for item in one.values() if "error" in item]


@contextmanager
def reading(settings: Settings, at: dict[Any, int]) -> Iterator[KafkaConsumer]:
    """A consumer of the enriched stream from these offsets on, which commits by itself, while the block runs."""
    options = {**reader_options(settings), "enable_auto_commit": True, "max_poll_records": BULK}
    consumer = KafkaConsumer(group_id=f"{settings.stream_prefix}plain", **options)
    try:
        consumer.assign(list(at))
        for partition, offset in at.items():
            consumer.seek(partition, offset)
        yield consumer
    finally:
        consumer.close()


def starts(settings: Settings) -> dict[Any, int]:
    """Where the enriched stream ends now, by partition."""
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        found: dict[Any, int] = consumer.end_offsets(partitions_of(consumer, streams(settings).enriched.name))
        return found
    finally:
        consumer.close()


def one_at_a_time(consumer: KafkaConsumer, elasticsearch: Elasticsearch, alias: str, count: int) -> int:
    """Reads messages and indexes each document by itself, until so many are indexed; gives how many."""
    done = 0
    for record in consumer:
        identity, document = record.key.decode(), json.loads(record.value)
        patiently(lambda: elasticsearch.index(index=alias, id=identity, document=document))  # noqa: B023 (called at once)
        done += 1
        if done >= count:
            break
    return done


def bulk_per_poll(consumer: KafkaConsumer, elasticsearch: Elasticsearch, alias: str, count: int) -> int:
    """Reads messages and gives those of each poll to `helpers.bulk`, until so many are indexed; gives how many."""
    done = 0
    while done < count:
        records = [record for some in consumer.poll(timeout_ms=1000).values() for record in some]
        actions = [
            {"_op_type": "index", "_index": alias, "_id": one.key.decode(), "_source": json.loads(one.value)}
            for one in records
        ]
        indexed, _ = patiently(lambda: bulk(elasticsearch, actions))  # noqa: B023 (called at once)
        done += indexed
    return done


def timed(work: Callable[[], int]) -> tuple[float, float, float]:
    """How many a second something does, the seconds, and the processor seconds of this process."""
    began, cpu = time.perf_counter(), time.process_time()
    done = work()
    wall = time.perf_counter() - began
    return done / wall, wall, time.process_time() - cpu
