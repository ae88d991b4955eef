"""What looking at many sources costs one process: `python -m tests.bench.sources [sources] [seconds]`.

Each source is a host of its own with a feed of five articles, one of which is new every five minutes; the pages are of
4 KB. The server is a process of its own and Kafka is a stand-in, so the figures are the collector's alone. Measured is
the time after every source was looked at once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from producers.collect import Collector
from producers.look import Marked, Tools
from producers.polite import open_web
from producers.publish import Publisher, Report
from schemas.health import SourceHealth
from schemas.settings import load
from schemas.source import SourceSpec
from tests.bench.fetching import Everyone, used
from tests.fakes import FakeProducer, unit_settings
from tests.web import Answer, Request, Site, robots

EVERY = 300
ITEMS = 5


def serve(pipe: Connection) -> None:
    """Runs the server until told to stop."""
    story = b"".join(b"<p>%d: the ministers met in Geneva and spoke about grain.</p>" % number for number in range(64))
    page = b"<!doctype html><html><head><title>Grain</title></head><body>" + story + b"</body></html>"

    def feed(request: Request) -> Answer:
        base = f"http://{request.headers['host']}"
        newest = int(time.time()) // EVERY
        links = "".join(
            f"<item><title>{n}</title><link>{base}/a/{n}</link></item>" for n in range(newest, newest - ITEMS, -1)
        )
        body = f'<rss version="2.0"><channel><title>T</title>{links}</channel></rss>'.encode()
        return Answer(body, headers={"Content-Type": "application/rss+xml"})

    with Site() as site:
        site.put("/robots.txt", robots("User-agent: *\nDisallow: /private/\n"))
        site.put("/rss", feed)
        site.put("*", page)
        pipe.send(site.port)
        pipe.recv()


async def measure(port: int, count: int, seconds: float) -> None:
    """Prints what the collector needed."""
    settings = load(fetch_allow_hosts="127.0.0.1", fetch_pause=0.1)
    producer, known, looks = FakeProducer(), dict[bytes, bytes](), 0
    specs = [
        SourceSpec(name=f"s{n}", kind="feed", url=f"http://h{n}.example:{port}/rss", every="5m", content="page")
        for n in range(count)
    ]

    async def deliver(articles: Sequence[Marked]) -> Report:
        with Publisher(producer, unit_settings(), known) as publisher:
            for one in articles:
                publisher.publish(one.article, one.mark, one.listed)
        producer.sent.clear()
        return publisher.report

    async def remember(health: SourceHealth) -> None:
        nonlocal looks
        looks += 1
        assert not health.error, health.error

    async with open_web(settings, resolver=Everyone()) as web:
        collector = Collector(lambda: specs, Tools(web, deliver, known, settings.max_article_bytes), {}, remember)
        running = asyncio.create_task(collector.run())
        start = used()
        while looks < count:  # noqa: ASYNC110 (what is counted does not know that it is waited for)
            await asyncio.sleep(1)
        wall, processor = (end - begin for end, begin in zip(used(), start, strict=True))
        print(f"first look at all: {wall:.0f} s, {processor:.0f} s of processor time, {len(known):,} articles")
        start, before, articles = used(), looks, len(known)
        await asyncio.sleep(seconds)
        wall, processor = (end - begin for end, begin in zip(used(), start, strict=True))
        print(f"{count:,} sources for {wall:.0f} s: {looks - before:,} looks, {len(known) - articles:,} new articles")
        print(f"processor: {processor / wall:.1%} of a core")
        print(f"largest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        collector.stop()
        await running


def main(count: int = 2000, seconds: int = 330) -> None:
    """Starts the server, measures, and stops it."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    asyncio.run(measure(here.recv(), count, seconds))
    here.send(None)
    server.join(10)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
