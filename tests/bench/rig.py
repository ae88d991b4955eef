"""What every stage of the bench stands on: servers, articles, how large all is, and a place of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import psutil
from elasticsearch import Elasticsearch
from kafka import KafkaConsumer

from desk import pipeline
from desk.workers import Worker, workers
from processors import index
from processors.setup import remove, setup
from producers.publish import raw_headers
from schemas.article import RawArticle
from schemas.envelope import Headers
from schemas.settings import Settings
from schemas.streams import partitions_of, reader_options
from tests.bench.articles import Corpus
from tests.bench.corpus import Wire
from tests.bench.figures import Ratio, Round
from tests.bench.processes import BenchError, at_work, patiently

_WIRE_BASES = 40


class Message(NamedTuple):
    """What is sent, made before it is measured how fast."""

    key: bytes
    value: bytes
    headers: Headers


@dataclass
class Stage:
    """One thing that is measured, beside what bounds it.

    Attributes:
        about: what is measured, and of how many, in a line.
        run: measures so many rounds.
        ratios: what a change must not make worse.
        most: rounds that it does, however many are asked for; none for as many as asked.
        notes: what the reader of the figures has to know.
    """

    about: str
    run: Callable[[int], Iterator[Round]]
    ratios: tuple[Ratio, ...] = ()
    most: int | None = None
    notes: list[str] = field(default_factory=list)


def in_turn(measure: Callable[[int], Round], *, is_warmed_up: bool = True) -> Callable[[int], Iterator[Round]]:
    """Rounds one after the other, by their number from 0 on; before them one, -1, that only warms up."""

    def run(rounds: int) -> Iterator[Round]:
        if is_warmed_up:
            measure(-1)
        yield from map(measure, range(rounds))

    return run


@dataclass(frozen=True, slots=True)
class Whole:
    """The pipeline at work: its settings, and its processes under their guards."""

    settings: Settings
    workers: list[Worker]


@dataclass
class Bench:
    """What is there to measure with.

    Attributes:
        settings: they name servers that run.
        servers: their processes by name, as far as they run here.
        corpus: the articles.
        is_quick: whether everything is small.
        say: tells progress.
        spacy: an installed pipeline to measure beside the enrichers; may be empty.
        enrichers: how many enrichers work where the whole is measured; 0 for as many as Wiredesk starts by itself.
        backlog: articles of the catch-up; none for what the size says.
        documents: in the index at the end of its growth; none for what the size says.
        is_thrown_away: whether all that the servers hold goes with them.
        run: begins the names of all streams and indices.
    """

    settings: Settings
    servers: dict[str, psutil.Process]
    corpus: Corpus
    is_quick: bool
    say: Callable[[str], None]
    spacy: str = ""
    enrichers: int = 0
    backlog: int | None = None
    documents: int | None = None
    is_thrown_away: bool = False
    run: str = field(default_factory=lambda: f"bench-{uuid.uuid4().hex[:8]}")
    stack: ExitStack = field(default_factory=ExitStack)
    is_warm: bool = False
    has_failed: bool = False

    def size(self, quick: int, full: int) -> int:
        """One of two sizes."""
        return quick if self.is_quick else full

    def place(self, name: str, **more: Any) -> Settings:
        """Settings with streams and an index of their own, which are gone at the end of the bench.

        Args:
            name: what they are for.
            more: settings that are otherwise here.
        """
        own = self.settings.model_copy(
            update={
                "stream_prefix": f"{self.run}-{name}.",
                "index_alias": f"{self.run}-{name}",
                "data_dir": self.settings.data_dir / name,
                **more,
            }
        )
        patiently(lambda: setup(own))
        if not self.is_thrown_away:
            self.stack.callback(remove, own)
        return own

    @cached_property
    def wire(self) -> Wire:
        """Enriched documents, recombined from the corpus's articles."""
        return Wire(articles=self.corpus.take(_WIRE_BASES))

    @cached_property
    def whole(self) -> Whole:
        """The whole pipeline at work, from the first stage that needs it to the end of the bench."""
        self.say("starting the pipeline")
        own = self.place("whole", enrichers=self.enrichers or pipeline.enrichers(self.settings))
        started = workers(own)
        for worker in started:
            self.stack.enter_context(at_work(worker))
        return Whole(own, started)


def message(article: RawArticle) -> Message:
    """An article as Wiredesk publishes it."""
    return Message(article.id.encode(), article.model_dump_json().encode(), raw_headers(article))


def pour(settings: Settings, stream: str, messages: list[Message]) -> None:
    """Sends messages as fast as it goes, and returns when Kafka has acknowledged all.

    Raises:
        BenchError: Kafka did not take all of them.
    """
    from confluent_kafka import Producer

    wrong: list[Any] = []
    producer = Producer(confluent_options(settings))
    for one in messages:
        while True:
            try:
                producer.produce(
                    stream,
                    one.value,
                    one.key,
                    headers=list(one.headers),
                    on_delivery=lambda error, _: wrong.append(error),
                )
                break
            except BufferError:
                producer.poll(0.05)
        producer.poll(0)
    producer.flush()
    if any(wrong):
        raise BenchError(f"Kafka did not take what is to be measured: {next(filter(None, wrong))}")


def confluent_options(settings: Settings) -> dict[str, Any]:
    """How confluent-kafka does what Wiredesk's producer does: acknowledged by all, compressed, keyed alike."""
    return {
        "bootstrap.servers": settings.kafka_servers,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 50,
        "partitioner": "murmur2_random",
        "message.max.bytes": 32 * 2**20,
    }


class Ends:
    """How many messages a stream has had."""

    def __init__(self, settings: Settings, stream: str) -> None:
        self._consumer = KafkaConsumer(**reader_options(settings))
        self._partitions = partitions_of(self._consumer, stream)

    def __call__(self) -> int:
        """Now."""
        return sum(self._consumer.end_offsets(self._partitions).values())

    def close(self) -> None:
        """Ends the connection."""
        self._consumer.close()


@contextmanager
def ends(settings: Settings, stream: str) -> Iterator[Ends]:
    """A counter of a stream's messages while the block runs."""
    found = Ends(settings, stream)
    try:
        yield found
    finally:
        found.close()


@contextmanager
def client(settings: Settings) -> Iterator[Elasticsearch]:
    """A client of Elasticsearch while the block runs."""
    found = index.client(settings)
    try:
        yield found
    finally:
        found.close()


def emptied(elasticsearch: Elasticsearch, settings: Settings) -> None:
    """The index behind the alias, made anew."""
    for name in patiently(lambda: elasticsearch.indices.get_alias(name=settings.index_alias).body):
        patiently(lambda name=name: elasticsearch.indices.delete(index=name))  # type: ignore[misc]
    patiently(lambda: index.ensure(elasticsearch, settings))
