"""A web archive at an address is read while it comes, gone on with where it broke off, and never published twice."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from producers.archive import Archive
from producers.fetched import FetchError
from producers.look import Marked, Tools, look
from producers.polite import open_web
from producers.publish import Publisher, Report
from producers.schedule import first
from schemas.health import SourceHealth
from schemas.source import SourceSpec
from tests import archives
from tests.fakes import FakeProducer, unit_settings
from tests.web import Answer, Request, Route, Site, robots, slow

COUNT = 40
ETAG = '"one"'


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    """An archive of forty pages that do not pack well."""
    pages = [
        archives.Answer(f"https://herald.example/{n}", page(n), date=f"2026-02-27T08:00:{n:02}Z") for n in range(COUNT)
    ]
    archives.write(tmp_path / "news.warc.gz", pages)
    return (tmp_path / "news.warc.gz").read_bytes()


def page(number: int) -> bytes:
    """A page with an article."""
    words = " ".join(f"{number * 7919 + n * 104729:x}" for n in range(300))
    return f"<!doctype html><html><head><title>Story {number}</title></head><body><p>{words}</p></body></html>".encode()


def ranged(body: bytes, *, cuts: int, honours: bool = True, etag: str = ETAG) -> Route:
    """A server that breaks off so many answers after a third of them, and goes on where it is asked to, if it does."""
    left = iter(range(cuts))

    def answer(request: Request) -> Answer:
        if request.headers.get("if-none-match") == etag:
            return Answer(status=304, headers={"ETag": etag})
        start = int(request.headers.get("range", "bytes=0-")[6:-1]) if honours else 0
        rest = body[start:]
        headers = {"ETag": etag, "Content-Type": "application/gzip"}
        whole = Answer(rest, 206 if start else 200, headers)
        return broken_off(whole, len(body) // 3) if next(left, None) is not None else whole

    return answer


def broken_off(answer: Answer, size: int) -> Answer:
    """The same, with so much of its body, and then nothing more."""
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    return replace(answer, parts=lambda: [answer.body[:size]], gap=0.3, cut=0, headers=headers)


class House:
    """A source that is an archive of the site's, and a Kafka behind it."""

    def __init__(self, site: Site, **settings: Any) -> None:
        self.settings = unit_settings(fetch_allow_hosts="127.0.0.1", fetch_pause=0, **settings)
        self.spec = SourceSpec(name="archive", kind="warc", url=site.url("/news.warc.gz"))
        self.health = first(self.spec)
        self.producer = FakeProducer()
        self.known: dict[bytes, bytes] = {}

    async def deliver(self, articles: Sequence[Marked]) -> Report:
        """Publishes to the fake."""
        with Publisher(self.producer, self.settings, self.known) as publisher:
            for one in articles:
                publisher.publish(one.article, one.mark, one.listed)
        return publisher.report

    def look(self) -> SourceHealth:
        """One look; its counts balance."""

        async def run() -> SourceHealth:
            async with open_web(self.settings) as web:
                return await look(self.spec, self.health, Tools(web, self.deliver, self.known, 1_000_000))

        self.health = found = asyncio.run(run())
        assert found.discovered == found.known + found.published + sum(found.refused.values()) + found.undelivered
        return found

    @property
    def published(self) -> int:
        """How many messages stand on the stream of raw articles."""
        return len(self.producer.to("articles.raw"))


def test_an_archive_is_read_once(web: Site, packed: bytes) -> None:
    """All its pages are articles; at the next look the server says that nothing changed, and nothing is read."""
    web.put("/news.warc.gz", ranged(packed, cuts=0))
    house = House(web)
    found = house.look()
    assert (found.state, found.published, house.published, found.etag) == ("ok", COUNT, COUNT, ETAG)
    assert found.looks[-1].bytes == len(packed)
    again = house.look()
    assert (again.looks[-1].status, again.looks[-1].bytes, house.published) == (304, 0, COUNT)


def test_labelled_as_packed_it_is_the_same(web: Site, packed: bytes) -> None:
    """A server that calls the archive's own packing one of the way does not confuse."""
    web.put("/news.warc.gz", Answer(packed, headers={"Content-Encoding": "gzip"}))
    assert House(web).look().published == COUNT


def test_an_unpacked_archive_is_read_too(web: Site, packed: bytes) -> None:
    """Plain `.warc` comes as it is."""
    web.put("/news.warc.gz", Answer(gzip.decompress(packed)))
    assert House(web).look().published == COUNT


def whole(site: Site) -> tuple[bytes, FetchError | None, list[str | None]]:
    """What is read of the archive, why no more, and from where on it was asked for."""

    async def run() -> tuple[bytes, FetchError | None]:
        settings = unit_settings(fetch_allow_hosts="127.0.0.1", fetch_pause=0, fetch_seconds=1)
        async with open_web(settings) as web, Archive(web, site.url("/news.warc.gz"), pause=0.01) as archive:
            try:
                return await asyncio.to_thread(archive.stream.read), None
            except OSError:
                return b"", archive.failure

    body, failure = asyncio.run(run())
    asked = [one.headers.get("range") for one in site.requests if one.path == "/news.warc.gz"]
    return body, failure, asked


def test_what_breaks_off_is_gone_on_with(web: Site, packed: bytes) -> None:
    """The rest is asked for from the byte that was missing, if it is still the same, and the whole is as it was."""
    web.put("/news.warc.gz", ranged(packed, cuts=2))
    third = len(packed) // 3
    assert whole(web) == (packed, None, [None, f"bytes={third}-", f"bytes={2 * third}-"])
    assert web.requests[-1].headers["if-range"] == ETAG


def test_a_server_that_begins_anew_is_heard_again(web: Site, packed: bytes) -> None:
    """Where a server knows no ranges, what is there already is passed over."""
    web.put("/news.warc.gz", ranged(packed, cuts=1, honours=False))
    body, failure, _ = whole(web)
    assert (body, failure) == (packed, None)


def test_another_archive_is_not_sewn_on(web: Site, packed: bytes) -> None:
    """An archive that changed meanwhile is left, and read from its start at the next look."""
    answers = iter([ranged(packed, cuts=1), ranged(packed[::-1], cuts=0, etag='"two"')])
    web.put("/news.warc.gz", lambda request: route(next(answers), request))
    _, failure, _ = whole(web)
    assert failure
    assert "another one now" in str(failure)


def route(found: Route, request: Request) -> Answer:
    """What a route answers."""
    return found if isinstance(found, Answer) else found(request)


def test_one_that_breaks_off_for_good_is_read_again_and_nothing_is_told_twice(web: Site, packed: bytes) -> None:
    """What came is published, the counts say that the rest is missing, and the next look brings only the rest."""
    web.put("/news.warc.gz", Answer(packed[: len(packed) // 2], headers={"ETag": ETAG}))
    house = House(web)
    found = house.look()
    some = found.published
    assert 0 < some < COUNT
    assert found.refused == {"no article": 1}
    web.put("/news.warc.gz", ranged(packed, cuts=0, etag='"two"'))
    assert house.look().published == house.published == COUNT


def test_a_larger_archive_than_the_settings_allow_is_refused(web: Site, packed: bytes) -> None:
    """It ends at the limit, and is not taken for whole."""
    web.put("/news.warc.gz", Answer(packed, headers={"ETag": ETAG}))
    found = House(web, fetch_archive_bytes=len(packed) // 2).look()
    assert found.published < COUNT
    assert (found.etag, sum(found.refused.values())) == (None, 1)


def test_a_slow_archive_may_take_longer_than_an_answer(web: Site, packed: bytes) -> None:
    """Each piece has the time of an answer; the whole may take any."""
    pieces = [packed[n : n + 2**13] for n in range(0, len(packed), 2**13)]
    web.put("/news.warc.gz", Answer(parts=lambda: pieces, gap=1.5 / len(pieces)))
    assert House(web, fetch_seconds=1).look().published == COUNT


def test_one_that_stands_still_is_left(web: Site) -> None:
    """A piece that does not come in time ends it, after some tries."""
    web.put("/news.warc.gz", slow(b"xx", 30))
    body, failure, asked = whole(web)
    assert (body, failure and failure.stage, len(asked)) == (b"", "timeout", 5)


def test_an_archive_is_asked_for_as_politely_as_anything(web: Site) -> None:
    """robots.txt counts for archives, and one that is not there fails in words."""
    web.put("/robots.txt", robots("User-agent: *\nDisallow: /news"))
    assert House(web).look().stage == "robots"
    web.put("/robots.txt", robots(""))
    assert House(web).look().stage == "request"
