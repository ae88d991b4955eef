"""`wiredesk demo`: the two seeds through the whole pipeline on data of their own, looked at on the way."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from deploy.progress import for_stream
from desk import pipeline, show
from desk.failure import Exit, Failure
from desk.search.alike import alike
from desk.search.find import find, get
from desk.search.found import Ask
from processors import index
from producers.publish import Report
from schemas.envelope import RAW_PLACE, RAW_TIME, attributes
from schemas.settings import Settings
from schemas.streams import read_to_end, reader_options, streams

WORDS = "zakharova"
SEED_COUNT = 2
_DRAIN_SECONDS = 60


def demonstrate(settings: Settings) -> int:
    """Shows it all, and says at the end whether everything was as it should be.

    Raises:
        Failure: something went wrong; the message says what, and where the logs are.
    """
    out = show.console()
    with _own_data(settings) as own, pipeline.running(own, for_stream()) as here:
        out.print(f"Kafka at {here.settings.kafka_servers}, Elasticsearch at {here.settings.elasticsearch_url}")
        report = pipeline.feed_seeds(here.settings)
        out.print(f"{report.published} seed articles published to {streams(here.settings).raw.name}")
        facts = pipeline.drained(here.settings, _DRAIN_SECONDS)
        try:
            _check(report, facts)
            _show_way(here.settings, out)
            _show_search(here.settings, out)
        finally:
            _clean(here)
    out.print("Everything worked, and everything that was started is stopped.")
    return Exit.FINE


@contextmanager
def _own_data(settings: Settings) -> Iterator[Settings]:
    """Settings with a data folder, streams and an index of their own; the folder goes when all went well."""
    folder = Path(tempfile.mkdtemp(prefix="wiredesk-demo-"))
    if os.geteuid() == 0:
        folder.chmod(0o755)  # the servers run as another user then, who must get in
    name = folder.name.lower()
    ports = {"kafka_port": 0, "elasticsearch_port": 0}
    own = {"data_dir": folder, "stream_prefix": f"{name}.", "index_alias": f"{name}-articles", **ports}
    try:
        yield settings.model_copy(update=own)
    except Failure as failure:
        raise Failure(f"the demo failed: {failure.message}", f"read the logs in {folder}/logs", failure.code) from None
    shutil.rmtree(folder, ignore_errors=True)


def _check(report: Report, facts: dict[str, Any] | None) -> None:
    if report.published != SEED_COUNT or report.refused or report.failed:
        problems = "; ".join(f"{one.place}: {one.reason}" for one in (*report.refused, *report.failed))
        raise _failure(f"{report.published} of {SEED_COUNT} seeds were published. {problems}")
    if facts is None:
        raise _failure(f"the seeds were not through after {_DRAIN_SECONDS} s")
    if facts["dead"]["open"]:
        raise _failure(f"{facts['dead']['open']} seeds are dead letters: {facts['dead']['by_reason']}")
    if facts["index"]["documents"] != SEED_COUNT:
        raise _failure(f"{facts['index']['documents']} of {SEED_COUNT} seeds are in the index")


def _failure(message: str) -> Failure:
    return Failure(message, "the same again; WIREDESK_LOG_LEVEL=DEBUG says more", Exit.FINDING)


def _show_way(settings: Settings, out: Console) -> None:
    """Each article's way, from the headers that it carries."""
    from kafka import KafkaConsumer

    names = streams(settings)
    consumer = KafkaConsumer(**reader_options(settings))
    elasticsearch = index.client(settings)
    try:
        for record in list(read_to_end(consumer, names.enriched.name)):
            said, article_id = attributes(record.headers), record.key.decode("ascii")
            article = get(elasticsearch, settings.index_alias, article_id)
            if article is None:
                raise _failure(f"article {article_id} is not in the index")
            milliseconds = record.timestamp - int(said[RAW_TIME])
            out.print(Text(f"\n{article['title']}", "bold"))
            out.print(f"  {names.raw.name:<40} partition:offset {said[RAW_PLACE]}, from {article['origin']}")
            out.print(
                f"  {names.enriched.name:<40} partition:offset {record.partition}:{record.offset}, "
                f"{milliseconds} ms later, {len(record.value):,} bytes"
            )
            out.print(f"  {settings.index_alias:<40} version {article['version']}, {article['words']} words")
    finally:
        consumer.close()
        elasticsearch.close()


def _show_search(settings: Settings, out: Console) -> None:
    """What a person finds: the article that names her, and the one of the same story that does not."""
    out.print(Text(f"\nwiredesk search {WORDS} --story\n", "bold"))
    elasticsearch = index.client(settings)
    try:
        found = find(elasticsearch, settings.index_alias, Ask(WORDS))
        related = alike(elasticsearch, settings.index_alias, found.hits[0].article) if found.hits else ()
    finally:
        elasticsearch.close()
    show.results(found, out, related)
    if found.total == 0 or len(found.hits) + len(related) != SEED_COUNT:
        raise _failure(f"the search found {len(found.hits)} and {len(related)} of the same story")


def _clean(here: pipeline.Pipeline) -> None:
    """Takes away what was made on servers that are not the demo's own."""
    if here.servers.rung == "local":
        return
    for worker in here.workers:
        worker.stop()
    from processors.setup import remove

    remove(here.settings)
