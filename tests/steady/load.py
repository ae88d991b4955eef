"""A steady load on a Wiredesk that runs: articles that are pushed, a feed that goes on, and people at the pages."""

from __future__ import annotations

import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from tests.generator import records
from tests.pages import Story, page, rss
from tests.web import Answer, Request, Site

SENTENCES = 36  # about 4 KB
_ITEMS = 10
_VIEW_SECONDS = 8.0
_TIMEOUT = 60.0


class Repeating:
    """Does something again and again in a thread of its own until it is stopped, and notes what went wrong."""

    def __init__(self, name: str, every: float, act: Callable[[], None]) -> None:
        self._name, self._every, self._act = name, every, act
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.done = 0
        self._errors: list[str] = []

    @property
    def findings(self) -> list[str]:
        """How often it failed and how first, in words; nothing where it never did."""
        return [f"{len(self._errors)} failures at {self._name}, first: {self._errors[0]}"] if self._errors else []

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after what is under way."""
        self._stopping.set()
        self._thread.join(_TIMEOUT)

    def _run(self) -> None:
        began = time.monotonic()
        for turn in itertools.count(1):
            try:
                self._act()
                self.done += 1
            except (OSError, ValueError) as error:
                self._errors.append(f"{type(error).__name__}: {error}")
            # By the clock and not by the pause: the load stays the same while answers take longer.
            if self._stopping.wait(max(0.0, began + turn * self._every - time.monotonic())):
                return


class Pushed:
    """Articles that are pushed, so many a second; `taken` counts those that Kafka has acknowledged."""

    def __init__(self, port: int, token: str, rate: int, seed: int = 1) -> None:
        self._url, self._token, self._rate = f"http://127.0.0.1:{port}/articles?source=steady", token, rate
        self._records = _endless(seed)
        self.taken = 0

    def __call__(self) -> None:
        """Pushes the articles of one second; not another one before those are acknowledged.

        Raises:
            OSError: they were not taken.
        """
        articles = list(itertools.islice(self._records, self._rate))
        request = urllib.request.Request(
            self._url,
            json.dumps(articles).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            told = json.load(answer)
        self.taken += told["published"]


def _endless(seed: int) -> Iterator[dict[str, Any]]:
    """Records without end, of now."""
    for record in itertools.chain.from_iterable(records(10_000, number, SENTENCES) for number in itertools.count(seed)):
        del record["fetched_at"]
        yield record


def endless_feed(site: Site) -> str:
    """A feed with new articles at every look; returns its address."""
    looks = itertools.count(1)

    def feed(_: Request) -> Answer:
        newest = next(looks) * _ITEMS
        items = [_story(number) for number in range(newest, newest - _ITEMS, -1)]
        return Answer(rss(site.url("").rstrip("/"), items), headers={"Content-Type": "application/rss+xml"})

    site.put("*", lambda request: Answer(page(_story(_number(request.path))), headers={"Content-Type": "text/html"}))
    return site.put("/feed.xml", feed)


def _story(number: int) -> Story:
    return Story(f"/news/{number}", f"Grain talks, day {number}", datetime.now(UTC))


def _number(path: str) -> int:
    digits = path.rpartition("/")[2]
    return int(digits) if digits.isdigit() else 0


class Reader:
    """Somebody at the pages: searches, opens articles, looks at the stream for a while and leaves."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._turns = itertools.cycle([self._search, self._article, self._pages, self._watch, self._export])
        self._words = itertools.cycle(
            ["geneva", "putin", '"arms control"', "topic:diplomacy since:1d", "person:merkel"]
        )
        self._known: list[str] = []

    def __call__(self) -> None:
        """Does the next thing.

        Raises:
            OSError: a page was not given.
        """
        next(self._turns)()

    def facts(self) -> dict[str, Any]:
        """The facts of the streams."""
        found: dict[str, Any] = json.loads(self._ask("/api/v1/stream"))
        return found

    def _ask(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self._address}{path}", timeout=_TIMEOUT) as answer:
            body: bytes = answer.read()
            return body

    def _search(self) -> None:
        words = urllib.request.quote(next(self._words))
        self._ask(f"/?q={words}")
        found = json.loads(self._ask(f"/search.json?q={words}"))
        self._known = [hit["id"] for hit in found["hits"]] or self._known

    def _article(self) -> None:
        for article in self._known[:2]:
            self._ask(f"/articles/{article}")
            self._ask(f"/articles/{article}/trace")

    def _pages(self) -> None:
        for path in ("/sources", "/dead", "/stream", "/metrics", "/api/v1/attention?q=geneva"):
            self._ask(path)

    def _export(self) -> None:
        self._ask("/search.rss?q=geneva")

    def _watch(self) -> None:
        leaving = time.monotonic() + _VIEW_SECONDS
        with urllib.request.urlopen(f"{self._address}/stream/events", timeout=_TIMEOUT) as events:
            while time.monotonic() < leaving and events.readline():
                pass
