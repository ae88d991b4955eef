"""Two thousand sources in one process: none is left out, no host is pressed, and nothing is lost or told twice."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from producers.collect import LOOKS, Collector
from producers.fetched import Fetched, FetchError
from producers.look import Marked, Tools
from producers.polite import Clock, Web
from producers.publish import Publisher, Report
from schemas.article import RawArticle
from schemas.health import SourceHealth
from schemas.source import SourceSpec
from tests.fakes import FakeProducer, Sent, timed_out, unit_settings

SOURCES, HOSTS, BROKEN = 2000, 500, 10
ROUNDS, ITEMS = 4, 3
PAUSE = 2.0
# Of the paused seconds, so that what a clock's grain takes off is no haste.
GRAIN = 0.99


class Hasty(Clock):
    """A clock that goes a thousand times as fast."""

    def now(self) -> float:
        """Seconds."""
        return time.monotonic() * 1000

    async def sleep(self, seconds: float) -> None:
        """Waits a thousandth of it."""
        await asyncio.sleep(seconds / 1000)


@asynccontextmanager
async def at_once(_: str) -> AsyncIterator[None]:
    """A turn that is always free."""
    yield


class Wire:
    """A web of many hosts with many feeds each; a new article stands in every feed at each round.

    The last `BROKEN` hosts answer with an error. It notes when each request to a host began and ended.
    """

    def __init__(self, clock: Clock) -> None:
        self.round = 0
        self.asked: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.now: Counter[str] = Counter()
        self.most_at_once = 0
        self._clock = clock

    async def get(
        self, url: str, *, turn: Callable[[str], Any] = at_once, etag: str | None = None, **_: Any
    ) -> Fetched:
        """As a Fetcher answers."""
        host, path = urlsplit(url).hostname or "", urlsplit(url).path
        async with turn(url):
            if path == "/robots.txt":
                raise FetchError("request", "no rules here", "hard", status=404)
            self.now[host] += 1
            self.most_at_once = max(self.most_at_once, *self.now.values())
            began = self._clock.now()
            await asyncio.sleep(0)
            self.asked[host].append((began, self._clock.now()))
            self.now[host] -= 1
            return self._answer(url, host, path, etag)

    async def post(self, url: str, form: Mapping[str, str], **_: Any) -> Fetched:
        """No hub here."""
        raise AssertionError((url, form))

    def open(self, url: str, **_: Any) -> Any:
        """No archive here."""
        raise AssertionError(url)

    def _answer(self, url: str, host: str, path: str, etag: str | None) -> Fetched:
        if int(host.removeprefix("h").partition(".")[0]) >= HOSTS - BROKEN:
            raise FetchError("request", "a fault", "soft", status=503)
        said = f'"{self.round}"'
        if etag == said:
            return Fetched(url, 304, {}, b"", None, False, 0.1, 0)
        body = feed(f"https://{host}{path}", range(self.round + ITEMS))
        return Fetched(url, 200, {"content-type": "application/feed+json", "etag": said}, body, None, False, 0.1, 1)


def feed(url: str, numbers: range) -> bytes:
    """A JSON Feed whose articles are told whole."""
    text = "The ministers met in Geneva and spoke about the export of grain. " * 5
    items = [
        {"id": str(n), "url": f"{url}/{n}", "title": f"Talks, day {n}", "content_text": f"Day {n}. {text}"}
        for n in numbers
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items}).encode()


def sources() -> list[SourceSpec]:
    """Four to a host."""
    return [
        SourceSpec(name=f"s{n}", kind="feed", url=f"https://h{n % HOSTS}.example/{n}", every="5m", content="feed")
        for n in range(SOURCES)
    ]


def is_broken(spec: SourceSpec) -> bool:
    """Whether its host answers with an error."""
    return int(spec.name.removeprefix("s")) % HOSTS >= HOSTS - BROKEN


class House:
    """A collector on that web, and a Kafka that loses every fiftieth delivery of the first round."""

    def __init__(self) -> None:
        self.clock = Hasty()
        self.wire = Wire(self.clock)
        self.specs = sources()
        self.now = datetime(2026, 11, 2, 12, tzinfo=UTC)
        self.looks: Counter[str] = Counter()
        self.health: dict[str, SourceHealth] = {}
        self.published: Counter[str] = Counter()
        self.objects: list[int] = []
        self._known: dict[bytes, bytes] = {}
        self._settings = unit_settings()
        self._deliveries = 0
        self._lost_now: set[bytes | None] = set()

    async def deliver(self, articles: Sequence[Marked]) -> Report:
        """Publishes to a fake of Kafka, and notes what it took."""
        producer = FakeProducer(refuse=self._lost)
        self._lost_now.clear()
        with Publisher(producer, self._settings, self._known) as publisher:
            for one in articles:
                publisher.publish(one.article, one.mark, one.listed)
        for sent in producer.to("articles.raw"):
            if sent.key not in self._lost_now:
                self.published[RawArticle.model_validate_json(sent.value or b"").url or ""] += 1
        return publisher.report

    def _lost(self, sent: Sent) -> Exception | None:
        self._deliveries += sent.stream == "articles.raw"
        if sent.stream != "articles.raw" or self.wire.round or self._deliveries % 50:
            return None
        self._lost_now.add(sent.key)
        lost: Exception = timed_out()
        return lost

    async def remember(self, health: SourceHealth) -> None:
        """Notes that a source was looked at."""
        self.looks[health.source] += 1
        self.health[health.source] = health

    async def run(self) -> None:
        """So many rounds, in each of which every source that is well is due."""
        web = Web(self.wire, PAUSE, self.clock)
        tools = Tools(web, self.deliver, self._known, 1_000_000, now=lambda: self.now)
        collector = Collector(lambda: self.specs, tools, {}, self.remember)
        running = asyncio.create_task(collector.run())
        for number in range(ROUNDS):
            await self._round(number)
            self.objects.append(len(gc.get_objects()))
            assert len(asyncio.all_tasks()) <= 3 + LOOKS
            self.wire.round += 1
            self.now += timedelta(seconds=331)
            collector.wake("s0")
        collector.stop()
        await running

    async def _round(self, number: int) -> None:
        while any(self.looks[spec.name] <= number for spec in self.specs if not is_broken(spec)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        gc.collect()


def test_two_thousand_sources_share_one_process() -> None:
    """All are looked at alike, each host in turn and with its pause, and each article reaches Kafka exactly once."""
    house = House()
    asyncio.run(asyncio.wait_for(house.run(), 300))
    well = [spec for spec in house.specs if not is_broken(spec)]
    assert {house.looks[spec.name] for spec in well} == {ROUNDS}
    assert all(house.looks[spec.name] <= ROUNDS for spec in house.specs)
    assert {house.health[spec.name].state for spec in well} == {"ok"}
    assert {house.health[spec.name].state for spec in house.specs if is_broken(spec)} == {"failing"}
    listed = {f"{spec.url}/{number}" for spec in well for number in range(ROUNDS + ITEMS - 1)}
    assert set(house.published) == listed
    assert set(house.published.values()) == {1}
    assert house.wire.most_at_once == 1
    assert shortest_pause(house.wire) >= PAUSE * GRAIN
    assert sum(one.undelivered for one in house.health.values()) > 0
    for one in house.health.values():
        assert one.discovered == one.known + one.published + sum(one.refused.values()) + one.undelivered
    grown = [after - before for before, after in zip(house.objects, house.objects[1:], strict=False)]
    assert max(grown) < 10 * SOURCES, grown


def shortest_pause(wire: Wire) -> float:
    """The least time between the end of a request to a host and the beginning of the next, in its seconds."""
    return min(
        began - ended
        for asked in wire.asked.values()
        for (_, ended), (began, _) in zip(sorted(asked), sorted(asked)[1:], strict=False)
    )
