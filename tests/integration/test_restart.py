"""Nothing is lost and nothing comes twice when enricher and sink are killed while articles flow."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from desk.workers import Worker
from producers.publish import feed, open_publisher
from producers.reading import article_of_record
from schemas.settings import Settings
from schemas.streams import producer_options, streams
from tests.generator import FETCHED_AT, records
from tests.integration.pipeline import buried, drain, made, stored, until, working

if TYPE_CHECKING:
    from collections.abc import Iterator

# `make faults` runs the long form.
ARTICLES = int(os.environ.get("WIREDESK_TEST_ARTICLES", "600"))
KILLS = int(os.environ.get("WIREDESK_TEST_KILLS", "2"))
POISON_SHARE = 100


def published(settings: Settings) -> Iterator[str]:
    """Publishes the articles, and gives their ids."""
    articles = [
        article_of_record(record, source="test", origin="test", now=FETCHED_AT, max_bytes=10**6)
        for record in records(ARTICLES)
    ]
    report = feed(articles, open_publisher(settings))
    assert (report.published, report.failed) == (ARTICLES, [])
    return (article.id for article in articles)


def poisoned(settings: Settings) -> int:
    """Puts messages among the articles that no retry can cure."""
    producer = KafkaProducer(**producer_options(settings))
    count = ARTICLES // POISON_SHARE
    for sent in [producer.send(streams(settings).raw.name, value=b"no article", headers=[]) for number in range(count)]:
        sent.get(30)
    producer.close()
    return count


def hit(worker: Worker, number: signal.Signals) -> None:
    """Sends a signal to the process that works now, and waits until another one works."""
    before = until(lambda: worker.seen().process, f"{worker.name} at work")
    os.kill(before, number)
    until(lambda: worker.seen().process not in (None, before), f"{worker.name} at work again")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.timeout(1800)
def test_every_published_article_is_stored_or_dead_and_none_is_both(settings: Settings, number: signal.Signals) -> None:
    """Enricher and sink are killed mid-stream: stored and dead together are what was published, each exactly once."""
    chance = random.Random(number)
    with made(settings), working(settings) as work:
        poison = poisoned(settings)
        ids = set(published(settings))
        for _ in range(KILLS):
            for worker in work.values():
                time.sleep(chance.uniform(0.2, 1.5))
                hit(worker, number)
        facts = drain(settings, 900)
        documents, dead = stored(settings), buried(settings)
    assert set(documents) == ids
    assert not dead & ids
    assert len(dead) == poison == facts["dead"]["open"]
    numbers = {
        json.dumps(document["text"]).partition("story number ")[2].split(".")[0] for document in documents.values()
    }
    assert numbers == {f"1x{count}" for count in range(ARTICLES)}
