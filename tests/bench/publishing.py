"""How many articles a second reach Kafka, each delivery checked: `python -m tests.bench.publishing [count] [rounds]`.

On the Kafka that the settings name, else on one that is started for it; articles of 4 KB, different ones each round.
Beside it, in the same rounds, what bounds it: the same messages, made before, by kafka-python alone with nothing done
but sending them and checking each future, once for each article and twice (Wiredesk keeps a second, small record that
the article was seen); and by confluent-kafka, where that is installed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from deploy.ladder import serve
from deploy.progress import Lines
from processors.setup import ensure_streams
from producers.publish import Publisher, feed, producer, raw_headers
from producers.reading import article_of_record
from producers.seen import Seen
from schemas.article import RawArticle
from schemas.envelope import Headers
from schemas.settings import Settings, load
from schemas.streams import streams
from tests.generator import records

SENTENCES = 36
WINDOW = 5000


class Message(NamedTuple):
    """An article ready to be sent, and the record that it was seen."""

    key: bytes
    value: bytes
    headers: Headers
    seen: bytes


class Rate(NamedTuple):
    """Articles a second by the wall, and processor seconds for a thousand."""

    rate: float
    processor: float


def articles(count: int, seed: int) -> list[RawArticle]:
    """So many articles of about 4 KB."""
    now = datetime.now(UTC)
    return [
        article_of_record(record, source="bench", origin="bench", now=now, max_bytes=2**20)
        for record in records(count, seed, SENTENCES)
    ]


def message(article: RawArticle) -> Message:
    """As Wiredesk sends an article that is new."""
    seen = Seen().after(article, "").record()
    return Message(article.id.encode(), article.model_dump_json().encode(), raw_headers(article), seen)


def wiredesk(settings: Settings, some: list[RawArticle]) -> Rate:
    """All that Wiredesk does: what was published before is left alone, what is acknowledged is remembered."""
    kafka = producer(settings)
    publisher = Publisher(kafka, settings, {})
    found = timed(len(some), lambda: feed(iter(some), publisher))
    kafka.close()
    assert publisher.report.published == len(some), publisher.report
    return found


def bare(settings: Settings, some: list[Message], *, twice: bool) -> Rate:
    """kafka-python alone, made as Wiredesk's."""
    kafka, names = producer(settings), streams(settings)

    def settle(under_way: deque[tuple[Any, Message]]) -> None:
        future, sent = under_way.popleft()
        future.get()
        if twice:
            kafka.send(names.seen.name, sent.seen, sent.key, [])

    def send() -> None:
        under_way = deque[tuple[Any, Message]]()
        for one in some:
            under_way.append((kafka.send(names.raw.name, one.value, one.key, one.headers), one))
            if len(under_way) >= WINDOW:
                settle(under_way)
        kafka.flush()
        while under_way:
            settle(under_way)
        kafka.flush()

    found = timed(len(some), send)
    kafka.close()
    return found


def confluent(settings: Settings, some: list[Message]) -> Rate:
    """confluent-kafka, which is librdkafka, with each delivery reported."""
    from confluent_kafka import Producer

    kafka = Producer(
        {"bootstrap.servers": settings.kafka_servers, "acks": "all", "compression.type": "lz4", "linger.ms": 50}
        | {"partitioner": "murmur2_random", "queue.buffering.max.messages": 2 * WINDOW}
    )
    arrived, name = [], streams(settings).raw.name

    def reported(error: Any, _: Any) -> None:
        assert error is None, error
        arrived.append(1)

    def send() -> None:
        for number, one in enumerate(some):
            kafka.produce(name, one.value, one.key, headers=one.headers, on_delivery=reported)
            kafka.poll(0)
            while number - len(arrived) >= WINDOW:
                kafka.poll(0.1)
        kafka.flush()

    found = timed(len(some), send)
    assert len(arrived) == len(some)
    return found


def timed(count: int, work: Callable[[], object]) -> Rate:
    """How fast something handles so many articles."""
    began, used = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - began, time.process_time() - used
    return Rate(count / wall, processor / count * 1000)


def measured(settings: Settings, some: list[RawArticle]) -> dict[str, Rate]:
    """One round of each, one after the other."""
    messages = [message(article) for article in some]
    found = {
        "Wiredesk": wiredesk(settings, some),
        "kafka-python, one send": bare(settings, messages, twice=False),
        "kafka-python, two sends": bare(settings, messages, twice=True),
    }
    if find_spec("confluent_kafka"):
        found["confluent-kafka, one send"] = confluent(settings, messages)
    return found


def main(count: int = 20_000, rounds: int = 5) -> None:
    """Measures, and prints the median and the spread."""
    folder = Path(tempfile.mkdtemp(prefix="wiredesk-bench-"))
    folder.chmod(0o755)
    own = load(data_dir=folder, kafka_port=0, elasticsearch_port=0, stream_prefix="bench.", index_alias="bench")
    with serve(own, Lines()) as servers:
        here = own.model_copy(update={"kafka_servers": servers.kafka, "elasticsearch_url": servers.elasticsearch})
        ensure_streams(here)
        found = [measured(here, articles(count, seed)) for seed in range(rounds + 1)][1:]  # the first warms up
    size = sum(len(one.content.encode()) for one in articles(100, 0)) / 100
    print(f"{count:,} articles of {size:,.0f} bytes, median of {rounds} rounds")
    whole = median(one["Wiredesk"].rate for one in found)
    for name in found[0]:
        rates = [one[name].rate for one in found]
        processor = median(one[name].processor for one in found)
        print(
            f"{name:<26}{median(rates):>8,.0f} articles/s ({min(rates):,.0f} to {max(rates):,.0f}), "
            f"{processor:.3f} processor s per 1,000; Wiredesk reaches {whole / median(rates):.0%} of it"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
