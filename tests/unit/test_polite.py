"""Turns, pauses and robots.txt: what a site sees of Wiredesk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from producers.fetch import Turn
from producers.fetched import Fetched, FetchError
from producers.polite import LONGEST_DELAY, PATIENCE, Turns, Web, open_web
from tests.clocks import FakeClock
from tests.fakes import unit_settings
from tests.web import Answer, Site, in_turn, moved, robots


class FakeFetcher:
    """A Fetcher on a fake clock: each request takes a second; robots.txt and errors are as told."""

    def __init__(self, clock: FakeClock, rules: str = "") -> None:
        self.clock = clock
        self.rules = rules
        self.errors: dict[str, FetchError] = {}
        self.asked: list[tuple[float, str]] = []
        self.under_way: Counter[str] = Counter()

    async def get(self, url: str, *, turn: Turn | None = None, **_: Any) -> Fetched:
        """An answer, a second later."""
        if url.endswith("/robots.txt"):
            return answered(url, self.rules.encode())
        assert turn
        async with turn(url):
            return await self._answer(url)

    async def post(self, url: str, form: Mapping[str, str], *, turn: Any = None) -> Fetched:
        """The same."""
        held: AbstractAsyncContextManager[None] = turn(url)
        async with held:
            return await self._answer(url)

    async def _answer(self, url: str) -> Fetched:
        host = url.split("/")[2]
        self.asked.append((self.clock.time - 1000, url))
        self.under_way[host] += 1
        assert self.under_way[host] == 1
        try:
            await self.clock.sleep(1)
            if url in self.errors:
                raise self.errors.pop(url)
            return answered(url, b"x")
        finally:
            self.under_way[host] -= 1


def answered(url: str, body: bytes) -> Fetched:
    """An answer."""
    return Fetched(url, 200, {}, body, None, False, 1.0, len(body))


def busy(seconds: float | None, status: int = 429) -> FetchError:
    """What a server answers that is asked too often."""
    return FetchError("request", "too often", "temporary", retry_after=seconds, status=status)


@pytest.fixture
def clock() -> FakeClock:
    """A clock of the test's own."""
    return FakeClock()


def drive(clock: FakeClock, work: Any) -> Any:
    """Runs work on the fake clock."""
    return asyncio.run(clock.drive(work))


async def together(web: Web, *urls: str) -> list[Any]:
    """Asks for addresses all at once; errors stand among the answers."""
    return await asyncio.gather(*(web.get(url) for url in urls), return_exceptions=True)


def test_a_host_is_asked_one_thing_at_a_time_with_a_pause(clock: FakeClock) -> None:
    """Requests to one host follow each other in their order, a pause after the answer; others do not wait for them."""
    fetcher = FakeFetcher(clock)
    drive(
        clock, together(Web(fetcher, 2, clock), "http://a/1", "http://a/2", "http://b/1", "http://a/3", "http://A./4")
    )
    assert fetcher.asked == [
        *((0, "http://a/1"), (0, "http://b/1")),
        *((3, "http://a/2"), (6, "http://a/3"), (9, "http://A./4")),
    ]


@pytest.mark.parametrize(("delay", "pause"), [("5", 5), ("0.5", 2), ("100000", LONGEST_DELAY)])
def test_a_site_may_ask_for_a_longer_pause(clock: FakeClock, delay: str, pause: float) -> None:
    """The pause is the site's where that is longer than the settings', up to a limit."""
    fetcher = FakeFetcher(clock, f"User-agent: *\nCrawl-delay: {delay}")
    drive(clock, together(Web(fetcher, 2, clock), "http://a/1", "http://a/2"))
    assert [time for time, _ in fetcher.asked] == [0, 1 + pause]


def test_what_robots_forbids_is_not_asked_for(clock: FakeClock) -> None:
    """A forbidden address is an error with the line that forbids it; it costs no request and no pause."""
    fetcher = FakeFetcher(clock, "User-agent: *\nDisallow: /private")
    web = Web(fetcher, 2, clock)
    *refused, answer = drive(clock, together(web, "http://a/private/1", "http://a/private/2", "http://a/1"))
    assert {(error.stage, error.hardness) for error in refused} == {("robots", "soft")}
    assert "(Disallow: /private)" in str(refused[0])
    assert answer.status == 200
    assert fetcher.asked == [(0, "http://a/1")]


@pytest.mark.parametrize(
    ("error", "wait"),
    [(busy(20), 20), (busy(0), 2), (busy(None, 500), 2), (busy(10, 503), 10)],
)
def test_a_short_wait_is_waited_for(clock: FakeClock, error: FetchError, wait: float) -> None:
    """A host that asks to be left alone for moments is, and those who wait for their turn wait on."""
    fetcher = FakeFetcher(clock)
    fetcher.errors["http://a/1"] = error
    drive(clock, together(Web(fetcher, 2, clock), "http://a/1", "http://a/2"))
    assert [time for time, _ in fetcher.asked] == [0, 1 + wait]


@pytest.mark.parametrize(("error", "wait"), [(busy(3600), 3600), (busy(None), 60)])
def test_a_long_wait_is_said_instead(clock: FakeClock, error: FetchError, wait: float) -> None:
    """A host that asks to be left alone for long is not waited for: requests fail at once, and say until when."""
    fetcher = FakeFetcher(clock)
    fetcher.errors["http://a/1"] = error
    web = Web(fetcher, 2, clock)
    _, second, third = drive(clock, together(web, "http://a/1", "http://a/2", "http://a/3"))
    assert [(one.stage, one.hardness, one.retry_after) for one in (second, third)] == [
        ("request", "temporary", wait)
    ] * 2
    assert f"another {wait} s" in str(second)
    assert len(fetcher.asked) == 1
    clock.time += wait
    drive(clock, web.get("http://a/4"))
    assert len(fetcher.asked) == 2
    assert PATIENCE < 60


def test_who_gives_up_holds_nobody_up(clock: FakeClock) -> None:
    """A request that is cancelled, waiting or under way, leaves the turn to the next one."""
    fetcher = FakeFetcher(clock)
    web = Web(fetcher, 2, clock)

    async def run() -> None:
        tasks = [asyncio.ensure_future(web.get(f"http://a/{number}")) for number in range(4)]
        await clock.sleep(0.5)
        tasks[0].cancel()
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [task.cancelled() for task in tasks] == [True, False, True, False]

    drive(clock, run())
    assert fetcher.asked == [(0, "http://a/0"), (2.5, "http://a/1"), (5.5, "http://a/3")]


def test_a_form_waits_for_its_turn_and_asks_no_robots(clock: FakeClock) -> None:
    """A hub is sent its form in its turn, whatever robots.txt says about reading."""
    fetcher = FakeFetcher(clock, "User-agent: *\nDisallow: /")
    web = Web(fetcher, 2, clock)

    async def run() -> None:
        await asyncio.gather(*(web.post("http://hub/", {"a": "b"}) for _ in range(2)))

    drive(clock, run())
    assert [time for time, _ in fetcher.asked] == [0, 3]


def test_idle_hosts_take_no_memory(clock: FakeClock) -> None:
    """Of ten thousand hosts asked one after another, only those within their pause are remembered."""
    turns = Turns(5, clock)
    most = 0

    async def ask(name: str) -> None:
        async with turns.hold(name) as host:
            host.asked = True

    async def run() -> None:
        nonlocal most
        for number in range(10_000):
            await ask(f"h{number}")
            clock.time += 0.1
            most = max(most, len(turns))
        clock.time += 5
        await ask("last")

    asyncio.run(run())
    assert most <= 52
    assert len(turns) == 1


def test_a_host_that_is_asked_again_and_again_is_remembered_once(clock: FakeClock) -> None:
    """A host that wants to be left alone stays known until then, however often it is tried, and is then forgotten."""
    turns = Turns(1, clock)

    async def run() -> None:
        async with turns.hold("a") as host:
            turns.shut(host, 1000)
        for _ in range(500):
            clock.time += 1
            with pytest.raises(FetchError, match="left alone"):
                async with turns.hold("a"):
                    pass
        assert len(turns) == 1
        clock.time += 600
        async with turns.hold("b"):
            pass
        assert len(turns) == 0

    asyncio.run(run())


def web_of(use: Any, **settings: Any) -> Any:
    """What comes of using the real web, which is the tests' own server."""
    chosen = unit_settings(**{"fetch_allow_hosts": "127.0.0.0/8", "fetch_pause": 0, "fetch_seconds": 20, **settings})

    async def run() -> Any:
        async with open_web(chosen) as web:
            return await use(web)

    return asyncio.run(run())


def test_a_redirect_is_asked_as_politely_as_its_beginning(web: Site) -> None:
    """A redirect to another host obeys that host's robots.txt."""
    with Site("127.0.0.2") as other:
        other.put("/robots.txt", robots("User-agent: *\nDisallow: /closed"))
        other.put("*", Answer(b"there"))
        web.put("/a", moved(other.url("/open")))
        web.put("/b", moved(other.url("/closed")))
        assert web_of(lambda polite: polite.get(web.url("/a"))).body == b"there"
        with pytest.raises(FetchError, match="Disallow: /closed") as refused:
            web_of(lambda polite: polite.get(web.url("/b")))
        assert refused.value.stage == "robots"
        assert other.paths == ["/open"]


def test_a_server_sees_one_request_at_a_time(web: Site) -> None:
    """Twenty requests at once reach one host one by one, its robots.txt once and first."""
    web.put("*", Answer(b"x", pause=0.005))
    web.put("/robots.txt", robots("User-agent: *\nAllow: /"))

    async def use(polite: Web) -> None:
        await asyncio.gather(*(polite.get(web.url(f"/{number}")) for number in range(20)))

    web_of(use)
    assert web.most_at_once["127.0.0.1"] == 1
    assert [request.path for request in web.requests] == ["/robots.txt", *(f"/{number}" for number in range(20))]


def test_a_fault_of_robots_forbids_and_mends(web: Site) -> None:
    """While a site's robots.txt has a fault nothing is fetched, and the error says when it is asked again."""
    web.put("/robots.txt", in_turn(Answer(status=503, headers={"Retry-After": "20"})))
    web.put("/a", Answer(b"a"))
    with pytest.raises(FetchError, match="does not say what may be read") as refused:
        web_of(lambda polite: polite.get(web.url("/a")))
    assert (refused.value.stage, refused.value.hardness) == ("robots", "temporary")
    assert 0 < (refused.value.retry_after or 0) <= 20
    assert web.paths == []


def test_a_site_tells_its_verdict_and_its_sitemaps(web: Site) -> None:
    """The verdict on an address with its line, and the sitemaps that robots.txt names, can be asked for."""
    web.put("/robots.txt", robots(f"User-agent: *\nAllow: /a\nDisallow: /\nSitemap: {web.url('/news.xml')}"))

    async def use(polite: Web) -> tuple[Any, ...]:
        return await polite.verdict(web.url("/a")), await polite.sitemaps(web.url("/"))

    verdict, sitemaps = web_of(use)
    assert (verdict.allowed, verdict.line) == (True, "Allow: /a")
    assert sitemaps == (web.url("/news.xml"),)


@pytest.mark.parametrize("url", ["", "news.example", "http://[::x/", "http://user:secret@news.example/"])
def test_what_is_no_address_is_said(url: str) -> None:
    """Something that is no address is an error of that stage, whatever is asked about it."""

    async def use(polite: Web) -> list[Any]:
        return await asyncio.gather(
            polite.get(url), polite.post(url, {}), polite.verdict(url), polite.sitemaps(url), return_exceptions=True
        )

    assert [error.stage for error in web_of(use)] == ["url"] * 4
