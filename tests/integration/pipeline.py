"""What tests of the whole pipeline share: workers to kill, commands to run, and the ends to compare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch.helpers import scan

from desk import pipeline
from desk.workers import Worker, workers
from processors import index
from processors.dead import open_letters
from processors.setup import remove, setup
from schemas.settings import Settings, environment
from tests.generator import records


@contextmanager
def made(settings: Settings) -> Iterator[Settings]:
    """Streams and index for one test, gone at its end."""
    setup(settings)
    try:
        yield settings
    finally:
        remove(settings)


@contextmanager
def working(settings: Settings) -> Iterator[dict[str, Worker]]:
    """Enricher and sink at work under their guards."""
    started = workers(settings)
    try:
        for worker in started:
            worker.start()
        yield {worker.name: worker for worker in started}
    finally:
        for worker in started:
            worker.stop()


def wiredesk(settings: Settings, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command as a person would, on these settings."""
    return subprocess.run(
        [sys.executable, "-m", "desk.cli", *words],
        env={**os.environ, **environment(settings)},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def json_lines(text: str) -> list[dict[str, Any]]:
    """The JSON values of a command's output."""
    return [json.loads(line) for line in text.splitlines()]


def feed_generated(settings: Settings, count: int, seed: int) -> None:
    """Publishes so many of the generator's articles by the command, as a person would."""
    text = "\n".join(json.dumps(record) for record in records(count, seed))
    done = wiredesk(settings, "feed", "files", "-", stdin=text)
    assert done.returncode == 0, done.stderr


def until(is_so: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Waits for something to become true, and fails with the words for it when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := is_so():
            return found
        time.sleep(0.2)
    raise AssertionError(f"after {seconds:.0f} s: not {what}")


def drain(settings: Settings, seconds: float = 120) -> dict[str, Any]:
    """The facts when nothing is on its way any more."""
    facts = pipeline.drained(settings, seconds)
    assert facts is not None, f"articles are still on their way after {seconds:.0f} s"
    return facts


def stored(settings: Settings) -> dict[str, dict[str, Any]]:
    """Every document of the index, by id."""
    elasticsearch = index.client(settings)
    try:
        found = scan(elasticsearch, index=settings.index_alias, query={"query": {"match_all": {}}}, size=1000)
        return {hit["_id"]: hit["_source"] for hit in found}
    finally:
        elasticsearch.close()


def buried(settings: Settings) -> set[str]:
    """The articles that lie in open dead letters."""
    return {letter.article_id or letter.id for letter in open_letters(settings)}
