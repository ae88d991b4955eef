"""How long a search takes on a full index while articles come in.

`python -m tests.bench.searching [--articles 100000] [--rate 10] [--seconds 60] [--keep ALIAS]`, on the Elasticsearch
that the settings name, else on one that is started for it. Every search asks for ten hits with highlights, facets and
attention over time. Its time counts from when it was due, not from when a thread was free for it. The index goes at
the end, unless `--keep` names it: then it is used again the next time.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any

from elasticsearch import Elasticsearch

from deploy.ladder import serve
from deploy.progress import Lines
from desk.search.find import find
from desk.search.found import Ask
from processors import index
from schemas.settings import Settings, load
from tests.bench.corpus import Wire
from tests.bench.documents import written

BATCH = 500
COMING_IN = 20
THREADS = 8
WARM_UP = 10


def queries(wire: Wire, seed: int = 7) -> Iterator[str]:
    """Searches as people make them: words that 0.2 to 15 in 100 articles hold, alone, in pairs, and narrowed."""
    chance = random.Random(seed)
    while True:
        one, other = (wire.word(int(100 * 50 ** chance.random())) for _ in range(2))
        shapes = (one, one, f"{one} {other}", f"{one} {other}", f"{one} OR {other}", f"{one} -{other}")
        narrowed = (f"{one} lang:en", f"{one} since:30d", f"{one} topic:medtop:11000000", f'person:="{wire.person()}"')
        yield chance.choice((*shapes, f'"{one} {other}"', f"title:{one}", *narrowed))


def stored(elasticsearch: Elasticsearch, alias: str, documents: list[dict[str, Any]]) -> None:
    """Indexes documents in one request."""
    lines = (f'{{"index":{{"_id":"{one["id"]}"}}}}\n{json.dumps(one)}\n' for one in documents)
    written(elasticsearch, alias, ["".join(lines).encode()])


def filled(elasticsearch: Elasticsearch, settings: Settings, wire: Wire, count: int) -> int:
    """Fills the index up to so many articles, and gives how many it holds."""
    index.ensure(elasticsearch, settings)
    alias = settings.index_alias
    there = elasticsearch.count(index=alias).body["count"]
    documents = wire.documents(max(0, count - there))
    while batch := list(islice(documents, BATCH)):
        stored(elasticsearch, alias, batch)
    elasticsearch.indices.refresh(index=alias)
    found: int = elasticsearch.count(index=alias).body["count"]
    return found


@contextmanager
def feeding(settings: Settings, wire: Wire, seconds: float) -> Iterator[None]:
    """Articles come in while the block runs, some each second."""
    elasticsearch, over = index.client(settings), threading.Event()
    made = list(wire.documents(int(seconds + 60) * COMING_IN, is_live=True))
    batches = [made[start : start + COMING_IN] for start in range(0, len(made), COMING_IN)]

    def feed() -> None:
        for batch in batches:
            if over.wait(1):
                return
            stored(elasticsearch, settings.index_alias, batch)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        elasticsearch.close()


def measured(settings: Settings, texts: Iterator[str], rate: float, seconds: float) -> list[tuple[float, str, int]]:
    """Milliseconds, query and total of each search, the slowest first."""
    elasticsearch = index.client(settings)
    began = time.perf_counter() + 0.5

    def search(number: int, text: str) -> tuple[float, str, int]:
        due = began + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        found = find(elasticsearch, settings.index_alias, Ask(text, facets=True))
        return (time.perf_counter() - due) * 1000, text, found.total

    with ThreadPoolExecutor(THREADS) as pool:
        count = int(rate * seconds)
        found = list(pool.map(search, range(count), list(islice(texts, count))))
    elasticsearch.close()
    return sorted(found, reverse=True)


def told(found: list[tuple[float, str, int]], articles: int, rate: float) -> dict[str, Any]:
    """The figures."""
    times = sorted(one for one, _, _ in found)
    shares = quantiles(times, n=100)
    return {
        "articles": articles,
        "searches": len(times),
        "rate": rate,
        "coming_in": COMING_IN,
        "p50_ms": round(shares[49]),
        "p95_ms": round(shares[94]),
        "p99_ms": round(shares[98]),
        "most_ms": round(times[-1]),
    }


def main() -> None:
    """Measures, and prints the figures, the slowest searches, and all as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--keep", metavar="ALIAS")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="wiredesk-bench-"))
    folder.chmod(0o755)
    own = load(data_dir=folder, kafka_port=0, elasticsearch_port=0, index_alias=asked.keep or "bench-searching")
    wire = Wire()
    with serve(own, Lines()) as servers:
        here = own.model_copy(update={"kafka_servers": servers.kafka, "elasticsearch_url": servers.elasticsearch})
        elasticsearch = index.client(here)
        articles = filled(elasticsearch, here, wire, asked.articles)
        texts = queries(wire)
        with feeding(here, wire, asked.seconds + WARM_UP):
            measured(here, texts, asked.rate, WARM_UP)
            found = measured(here, texts, asked.rate, asked.seconds)
        if not asked.keep:
            for name in elasticsearch.indices.get_alias(name=here.index_alias).body:
                elasticsearch.indices.delete(index=name)
        elasticsearch.close()
    figures = told(found, articles, asked.rate)
    print(" ".join(f"{name}={value}" for name, value in figures.items()))
    for milliseconds, text, total in found[:5]:
        print(f"{milliseconds:8.0f} ms {total:>8,} found: {text}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
