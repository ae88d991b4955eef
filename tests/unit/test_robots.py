"""What robots.txt says, and which line says it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from producers.fetched import Fetched, FetchError
from producers.robots import AGENT, Robots, Verdict, deciding_line
from tests.clocks import FakeClock
from tests.fakes import quick

SITE = "https://news.example"
TEXT = """# ours
User-agent: GPTBot
Disallow: /

User-agent: *
Disallow: /search   # expensive
Disallow: /private/
Allow: /private/press/
Disallow: /*.pdf$
Crawl-delay: 7

Sitemap: https://news.example/news.xml
Sitemap: https://news.example/all.xml
"""


class FakeWeb:
    """A Fetcher that has what it answers by address: bytes, or an error; else 404."""

    def __init__(self, answers: dict[str, bytes | FetchError] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[str] = []

    async def get(self, url: str, **limits: Any) -> Fetched:
        """The answer."""
        self.asked.append(url)
        answer = self.answers.get(url, failed(404))
        if isinstance(answer, FetchError):
            raise answer
        body = answer[: limits.get("max_bytes") or len(answer)]
        return Fetched(url, 200, {}, body, None, False, 0.1, len(body))


def failed(status: int, retry_after: float | None = None) -> FetchError:
    """The error of a status."""
    return FetchError("request", f"answered {status}", "soft", retry_after=retry_after, status=status)


def verdict(text: str, path: str, *, explain: bool = True) -> Verdict:
    """What a robots.txt says about a path."""
    robots = Robots(FakeWeb({f"{SITE}/robots.txt": text.encode()}))
    return asyncio.run(robots.verdict(f"{SITE}{path}", explain=explain))


@pytest.mark.parametrize(
    ("path", "allowed", "line"),
    [
        ("/news/1", True, None),
        ("/search?q=grain", False, "Disallow: /search   # expensive"),
        ("/private/a", False, "Disallow: /private/"),
        ("/private/press/a", True, "Allow: /private/press/"),
        ("/a.pdf", False, "Disallow: /*.pdf$"),
        ("/a.pdf?x", True, None),
        ("/robots.txt", True, None),
    ],
)
def test_the_line_that_decided_is_told(path: str, allowed: bool, line: str | None) -> None:
    """An address is allowed or not as robots.txt says, by the longest rule that fits, which is told."""
    assert verdict(TEXT, path) == Verdict(allowed, line, 7.0)


def test_nobody_is_told_why_without_asking() -> None:
    """The line is looked for only where it is asked for, or where it forbids."""
    assert verdict(TEXT, "/private/press/a", explain=False).line is None
    assert verdict(TEXT, "/private/a", explain=False).line == "Disallow: /private/"


@pytest.mark.parametrize(
    ("text", "path", "allowed", "line"),
    [
        ("", "/a", True, None),
        ("User-agent: wiredesk\nDisallow: /\nUser-agent: *\nAllow: /", "/a", False, "Disallow: /"),
        ("User-agent: *\nDisallow: /\nUser-agent: WireDesk\nAllow: /", "/a", True, "Allow: /"),
        ("User-agent: a\nUser-agent: wiredesk\nDisallow: /x", "/x", False, "Disallow: /x"),
        ("\ufeffUser-agent: *\r\nDisallow: /x\r\n", "/x", False, "Disallow: /x"),
        ("User-agent: *\nDisallow: /ü", "/%C3%BC", False, "Disallow: /ü"),
        ("User-agent: *\nDissallow: /x", "/x", False, "Dissallow: /x"),
        ("User-agent: *\nDisallow:", "/x", True, None),
        ("<html><body>not found</body></html>", "/x", True, None),
        ("\x00\xff" * 50, "/x", True, None),
    ],
)
def test_groups_and_shapes(text: str, path: str, allowed: bool, line: str | None) -> None:
    """Rules that name Wiredesk count before those for all; odd files are read as far as they can be."""
    found = verdict(text, path)
    assert (found.allowed, found.line) == (allowed, line)


PATHS = st.lists(st.sampled_from(["a", "b", "/", "*", "$", "ü", "%C3%BC"]), max_size=5).map(
    lambda parts: "/" + "".join(parts)
)
LINES = st.one_of(
    st.tuples(st.sampled_from(["Allow", "Disallow", "disallow", "Disalow"]), PATHS).map(": ".join),
    st.sampled_from(["User-agent: *", "User-agent: wiredesk", "User-agent: other", "", "# comment", "Crawl-delay: 2"]),
)


@quick
@given(st.lists(LINES, max_size=12), PATHS)
def test_whatever_is_forbidden_has_a_line_that_forbids_it(lines: list[str], path: str) -> None:
    """Each refusal is explained by a line of the file that alone would refuse as well."""
    text, url = "\n".join(lines), f"{SITE}{path.replace('*', 'x')}"
    if not Protego.parse(text).can_fetch(url, AGENT):
        line = deciding_line(text, url, allowed=False)
        assert line in lines
        assert not Protego.parse(f"User-agent: *\n{line}").can_fetch(url, AGENT)


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("User-agent: *\nCrawl-delay: 2.5", 2.5),
        ("User-agent: *\nRequest-rate: 1/30", 30.0),
        ("User-agent: *\nCrawl-delay: soon", None),
        ("User-agent: *\nCrawl-delay: -1", None),
        ("User-agent: other\nCrawl-delay: 9", None),
        ("User-agent: *\nCrawl-delay: 1e999", None),
    ],
)
def test_the_pause_that_a_site_asks_for(text: str, delay: float | None) -> None:
    """Crawl-delay and request-rate are told in seconds, where they are numbers."""
    assert verdict(text, "/").delay == delay


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_without_robots_everything_is_allowed(status: int) -> None:
    """A site whose robots.txt is not to be had allows everything."""
    robots = Robots(FakeWeb({f"{SITE}/robots.txt": failed(status)}))
    assert asyncio.run(robots.verdict(f"{SITE}/a")) == Verdict(allowed=True)


@pytest.mark.parametrize(("stage", "hardness"), [("redirects", "soft"), ("content", "soft")])
def test_a_robots_that_cannot_be_read_allows(stage: Any, hardness: Any) -> None:
    """A robots.txt that redirects in circles or cannot be decompressed is none."""
    robots = Robots(FakeWeb({f"{SITE}/robots.txt": FetchError(stage, "…", hardness)}))
    assert asyncio.run(robots.verdict(f"{SITE}/a")).allowed


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(failed(500), 600), (failed(503, 60), 60), (failed(429, 90_000), 3600), (failed(599), 600)],
)
def test_a_site_with_a_fault_allows_nothing_for_a_while(error: FetchError, seconds: float) -> None:
    """A fault of the site forbids everything until it is asked again, which is soon, and then counts anew."""
    clock, web = FakeClock(), FakeWeb({f"{SITE}/robots.txt": error})
    robots = Robots(web, clock.now)
    assert asyncio.run(robots.verdict(f"{SITE}/a")) == Verdict(allowed=False, retry_after=seconds)
    clock.time += seconds - 1
    assert not asyncio.run(robots.verdict(f"{SITE}/a")).allowed
    web.answers = {}
    clock.time += 1
    assert asyncio.run(robots.verdict(f"{SITE}/a")).allowed
    assert len(web.asked) == 2


@pytest.mark.parametrize("stage", ["dns", "tcp", "tls", "timeout", "private address"])
def test_a_site_that_cannot_be_reached_says_why(stage: Any) -> None:
    """Where the site cannot be reached, the error is that, and not one about robots.txt."""
    robots = Robots(FakeWeb({f"{SITE}/robots.txt": FetchError(stage, "…", "temporary")}))
    with pytest.raises(FetchError) as refused:
        asyncio.run(robots.verdict(f"{SITE}/a"))
    assert refused.value.stage == stage


def test_robots_are_asked_once_a_day_and_site() -> None:
    """Each scheme, host and port has a robots.txt of its own, kept for a day."""
    clock, web = FakeClock(), FakeWeb()
    robots = Robots(web, clock.now)
    for url in (f"{SITE}/a", f"{SITE}/b", "http://news.example/a", "https://news.example:8443/a"):
        asyncio.run(robots.verdict(url))
    assert web.asked == [f"{SITE}/robots.txt", "http://news.example/robots.txt", "https://news.example:8443/robots.txt"]
    clock.time += 86_400
    asyncio.run(robots.verdict(f"{SITE}/a"))
    assert len(web.asked) == 4


def test_only_so_many_sites_are_kept() -> None:
    """Of very many sites the least recently asked are forgotten."""
    web = FakeWeb()
    robots = Robots(web)

    async def ask() -> None:
        for number in range(20_500):
            await robots.verdict(f"http://h{number}.example/")
        await robots.verdict("http://h20499.example/")
        await robots.verdict("http://h0.example/")

    asyncio.run(ask())
    assert len(robots) == 20_000
    assert len(web.asked) == 20_501


def test_a_huge_robots_is_read_as_far_as_its_first_500_kib() -> None:
    """Rules within the first 500 KiB count, what is beyond does not, and the line is still found."""
    rules = "".join(f"Disallow: /a{number}/\n" for number in range(100_000))
    text = f"User-agent: *\n{rules}"
    assert verdict(text, "/a100/").line == "Disallow: /a100/"
    assert verdict(text, "/a99999/").allowed
    assert verdict(text, "/a20000/") == Verdict(allowed=False)


def test_sitemaps_that_robots_names() -> None:
    """The sitemaps that a robots.txt names are told, at most a hundred; without one there are none."""
    many = "".join(f"Sitemap: {SITE}/{number}.xml\n" for number in range(500))
    web = FakeWeb({f"{SITE}/robots.txt": TEXT.encode(), "http://many.example/robots.txt": many.encode()})
    robots = Robots(web)
    assert asyncio.run(robots.sitemaps(f"{SITE}/x")) == (f"{SITE}/news.xml", f"{SITE}/all.xml")
    assert len(asyncio.run(robots.sitemaps("http://many.example/"))) == 100
    assert asyncio.run(robots.sitemaps("http://none.example/")) == ()
