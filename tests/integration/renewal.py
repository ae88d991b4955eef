"""What the tests of rebuilding share: articles that keep coming, searches that never stop, and a process to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan
from kafka import KafkaProducer

from desk.rebuilding.begin import client
from schemas.article import RawArticle
from schemas.envelope import envelope
from schemas.settings import Settings, environment
from schemas.streams import producer_options, streams
from tests.fakes import raw_article, raw_message
from tests.generator import records

_RUN = """
import os, signal, sys, multiprocessing
from desk.rebuilding import begin
from schemas.settings import load

def tell(phase, done, total):
    if phase == sys.argv[1] and done >= int(sys.argv[2]):
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    begin.rebuild(load(), sys.argv[3], tell)
"""


def articles(count: int, seed: int) -> list[RawArticle]:
    """So many raw articles, the same for the same seed."""
    return [
        raw_article(one["text"], url=one["url"], title=one["title"], source=one["source"])
        for one in records(count, seed)
    ]


def publish(settings: Settings, some: Iterable[RawArticle]) -> None:
    """Puts articles on the raw stream."""
    producer = KafkaProducer(**producer_options(settings))
    stream = streams(settings).raw.name
    sent = [raw_message(one, headers=_headers(one)) for one in some]
    for future in [producer.send(stream, key=one.key, value=one.value, headers=list(one.headers)) for one in sent]:
        future.get(30)
    producer.close()


def _headers(one: RawArticle) -> tuple[tuple[str, bytes], ...]:
    source = f"/wiredesk/sources/{one.source}"
    return tuple(envelope("article.raw", one.id, source, one.schema_version, articleversion=one.version))


@dataclass
class Load:
    """What was published and seen while the load ran.

    `fewest` is the least number of articles that a search found, `stood` the indices that the alias was seen on,
    `wrong` what a search or a look at the alias could not do.
    """

    published: list[str] = field(default_factory=list)
    searches: int = 0
    fewest: int = 10**9
    stood: list[tuple[str, ...]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@contextmanager
def load(settings: Settings, seed: int) -> Iterator[Load]:
    """Articles are published and the alias is searched, without a pause, while the block runs."""
    seen, stopping = Load(), threading.Event()
    threads = [threading.Thread(target=work, args=(settings, seen, stopping, seed)) for work in (_feed, _search)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stopping.set()
        for thread in threads:
            thread.join(60)


def _feed(settings: Settings, seen: Load, stopping: threading.Event, seed: int) -> None:
    some = iter(articles(2000, seed))
    while not stopping.wait(0.3):
        one = next(some)
        publish(settings, [one])
        seen.published.append(one.id)


def _search(settings: Settings, seen: Load, stopping: threading.Event, _seed: int) -> None:
    with client(settings) as elasticsearch:
        while not stopping.wait(0.02):
            try:
                answer = elasticsearch.search(index=settings.index_alias, size=1, track_total_hits=True)
                stood = tuple(elasticsearch.indices.get_alias(name=settings.index_alias).body)
            except Exception as error:  # noqa: BLE001 (whatever a search meets is a finding)
                seen.wrong.append(f"{type(error).__name__}: {error}")
                continue
            seen.searches += 1
            seen.fewest = min(seen.fewest, answer["hits"]["total"]["value"])
            if not seen.stood or seen.stood[-1] != stood:
                seen.stood.append(stood)


def killed(settings: Settings, phase: str, done: int = 0, kind: str = "today") -> list[int]:
    """Rebuilds in a process that is killed once so much of a phase is done; the processes that it had started."""
    ended = subprocess.run(
        [sys.executable, "-c", _RUN, phase, str(done), kind],
        env={**os.environ, **environment(settings)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return [int(word) for word in ended.stdout.split()]


def lives(process: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def contents(elasticsearch: Elasticsearch, index: str) -> dict[str, Any]:
    """Every document of an index, by id."""
    elasticsearch.indices.refresh(index=index)
    return {hit["_id"]: hit["_source"] for hit in scan(elasticsearch, index=index, size=1000)}


def put(elasticsearch: Elasticsearch, index: str, article_id: str, **changes: Any) -> None:
    """Changes fields of a document in its place, under the same version."""
    found = elasticsearch.get(index=index, id=article_id)
    elasticsearch.index(
        index=index,
        id=article_id,
        document={**found["_source"], **changes},
        version=found["_version"],
        version_type="external_gte",
        refresh=True,
    )
