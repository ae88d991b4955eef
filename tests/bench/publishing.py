"""How many articles a second reach Kafka, each delivery checked: `python -m tests.bench.publishing [count] [rounds]`.

On the Kafka that the settings name, else on one that is started for it; articles of 4 KB, different ones each round.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from deploy.ladder import serve
from deploy.progress import Lines
from processors.setup import ensure_streams
from producers.publish import Publisher, feed, producer
from producers.reading import article_of_record
from schemas.article import RawArticle
from schemas.settings import Settings, load
from tests.generator import records

SENTENCES = 36


def articles(count: int, seed: int) -> list[RawArticle]:
    """So many articles of about 4 KB."""
    now = datetime.now(UTC)
    return [
        article_of_record(record, source="bench", origin="bench", now=now, max_bytes=2**20)
        for record in records(count, seed, SENTENCES)
    ]


def rate(settings: Settings, some: list[RawArticle]) -> tuple[float, float]:
    """Articles a second by the wall, and processor seconds for a thousand."""
    kafka = producer(settings)
    began, used = time.perf_counter(), time.process_time()
    report = feed(iter(some), Publisher(kafka, settings, {}))
    wall, processor = time.perf_counter() - began, time.process_time() - used
    kafka.close()
    assert report.published == len(some), report
    return len(some) / wall, processor / len(some) * 1000


def main(count: int = 20_000, rounds: int = 5) -> None:
    """Measures, and prints the median and the spread."""
    folder = Path(tempfile.mkdtemp(prefix="wiredesk-bench-"))
    folder.chmod(0o755)
    own = load(data_dir=folder, kafka_port=0, elasticsearch_port=0, stream_prefix="bench.", index_alias="bench")
    with serve(own, Lines()) as servers:
        here = own.model_copy(update={"kafka_servers": servers.kafka, "elasticsearch_url": servers.elasticsearch})
        ensure_streams(here)
        found = [rate(here, articles(count, seed)) for seed in range(rounds + 1)][1:]  # the first warms up
        size = sum(len(one.content.encode()) for one in articles(100, 0)) / 100
    rates = [one for one, _ in found]
    print(f"{count:,} articles of {size:,.0f} bytes, {rounds} rounds: {median(rates):,.0f} articles/s")
    print(
        f"spread {min(rates):,.0f} to {max(rates):,.0f}; {median(cost for _, cost in found):.2f} processor s per 1,000"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
