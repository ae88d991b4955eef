"""A check of a source names the first stage that fails, in words with the way out."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from desk.checking import STAGES, Stage, check
from producers.polite import open_web
from schemas.source import SourceKind, SourceSpec
from tests import pages
from tests.fakes import unit_settings
from tests.web import Answer, Site, endless, moved, robots, slow

AUTHORITY = trustme.CA()
LOOPBACK = "127.0.0.1"
PRIVATE = "10.1.2.3"


class Names(AbstractResolver):
    """A name server of the test's own: some names are private, one is unknown, one is asked in vain."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The address of a host."""
        if host == "unknown.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if host == "unheard.example":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        found = PRIVATE if host == "inside.example" else LOOPBACK
        return [ResolveResult(hostname=host, host=found, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is kept open."""


@dataclass
class Place:
    """Where a case plays: a newspaper in order, servers with certificates, and a port that nobody listens at."""

    site: Site
    encrypted: dict[str, Site]
    plain: Site
    silent: Site
    closed: int

    def feed(self, body: str | bytes, kind: str = "application/rss+xml") -> str:
        """The address of a feed with this body."""
        return self.site.put("/feed", body, kind=kind)

    def of(self, article: Answer | str | bytes) -> str:
        """The address of a feed whose one article's page is this."""
        self.site.put("/article", article)
        return self.feed(rss(f"<item><title>Grain</title><link>{self.site.url('/article')}</link></item>"))


def rss(items: str = "") -> str:
    """A feed of these entries."""
    return f'<rss version="2.0"><channel><title>T</title><link>http://t.example/</link>{items}</channel></rss>'


def certificate(site: str) -> ssl.SSLContext:
    """What a server shows: an expired certificate, another's, one of an unknown authority, or a good one."""
    past = datetime.now(UTC) - timedelta(days=1)
    cert = {
        "expired": lambda: AUTHORITY.issue_cert(LOOPBACK, not_after=past),
        "another": lambda: AUTHORITY.issue_cert("other.example"),
        "unknown": lambda: trustme.CA().issue_cert(LOOPBACK),
    }[site]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """All servers of this file."""
    with ExitStack() as stack:
        site = stack.enter_context(Site())
        encrypted = {
            name: stack.enter_context(Site(tls=certificate(name))) for name in ("expired", "another", "unknown")
        }
        plain = stack.enter_context(Site(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        silent = stack.enter_context(Site())
        silent.put("*", Answer(raw=b""))
        with socket.socket() as found:
            found.bind((LOOPBACK, 0))
            closed: int = found.getsockname()[1]
        yield Place(site, encrypted, plain, silent, closed)


def newspaper(place: Place) -> str:
    """Everything in order again."""
    place.site.put("/robots.txt", Answer(status=404))
    pages.newspaper(place.site, 3)
    return place.site.url("/rss")


def checked(url: str, kind: SourceKind = "feed") -> list[Stage]:
    """The stages of a check, by a machine that may ask loopback alone."""
    settings = unit_settings(
        fetch_allow_hosts=f"{LOOPBACK},allowed.example",
        fetch_pause=0,
        fetch_seconds=2,
        fetch_max_bytes=200_000,
    )
    trust = ssl.create_default_context()
    AUTHORITY.configure_trust(trust)

    async def run() -> list[Stage]:
        async with open_web(settings, resolver=Names(), trust=trust) as web:
            spec = SourceSpec(name="checked", kind=kind, url=url)
            return [stage async for stage in check(web, spec, settings)]

    return asyncio.run(run())


def ruled(place: Place, rules: str | Answer, path: str = "/rss") -> str:
    """The address of something at a site with this robots.txt."""
    place.site.put("/robots.txt", robots(rules) if isinstance(rules, str) else rules)
    return place.site.url(path)


def answering(answer: Answer) -> Callable[[Place], str]:
    """A site that answers so."""
    return lambda place: place.site.put("/odd", answer)


def status(number: int) -> Callable[[Place], str]:
    """A site that answers with a status alone."""
    return answering(Answer(status=number))


STORY = "".join(f"<p>{line}</p>" for line in pages.TEXT)
UNDATED = f"<!doctype html><html><head><title>Grain</title></head><body><article>{STORY}</article></body></html>"
OF_1246 = UNDATED.replace("<title>", '<meta property="article:published_time" content="1246-05-01"><title>')

FAILURES: dict[str, tuple[Callable[[Place], str], str, str]] = {
    "a port of mail": (lambda _: "http://a.example:25/rss", "url", "web servers have port 80, 443"),
    "no host's name": (lambda _: "http://-/rss", "url", "is no host's name"),
    "an unknown name": (lambda _: "http://unknown.example/rss", "dns", "look for a slip in it"),
    "no name server": (lambda _: "http://unheard.example/rss", "dns", "whether this machine is online"),
    "loopback": (lambda _: "http://127.0.0.2/rss", "private address", "WIREDESK_FETCH_ALLOW_HOSTS"),
    "as a number": (lambda _: "http://2130706434/rss", "private address", "has a loopback address"),
    "metadata": (lambda _: "http://169.254.169.254/latest", "private address", "where no public site is"),
    "a name inside": (lambda _: "http://inside.example/rss", "private address", "inside.example has"),
    "on to inside": (answering(moved("http://10.0.0.1/rss")), "private address", "10.0.0.1 has"),
    "nobody listens": (lambda place: f"http://{LOOPBACK}:{place.closed}/", "tcp", "takes no connection"),
    "hangs up": (lambda place: place.silent.url("/rss"), "tcp", "closed the connection without an answer"),
    "expired": (lambda place: place.encrypted["expired"].url("/rss"), "tls", "certificate has expired"),
    "another's": (lambda place: place.encrypted["another"].url("/rss"), "tls", "mismatch"),
    "of nobody": (lambda place: place.encrypted["unknown"].url("/rss"), "tls", "unable to get local issuer"),
    "not encrypted": (lambda place: place.plain.url("/rss").replace("http:", "https:"), "tls", "address is http"),
    "forbidden": (lambda place: ruled(place, "User-agent: *\nDisallow: /rss"), "robots", "Disallow: /rss"),
    "forbidden to us": (lambda place: ruled(place, "User-agent: wiredesk\nDisallow: /"), "robots", "Disallow: /"),
    "rules with a fault": (lambda place: ruled(place, Answer(status=503)), "robots", "does not say what may be read"),
    "wants a login": (status(401), "request", "look for a public address"),
    "wants money": (status(402), "request", "to be paid"),
    "not let in": (status(403), "request", "WIREDESK_FETCH_CONTACT"),
    "nothing there": (status(404), "request", "look for the new one on the site's home page"),
    "gone": (status(410), "request", "gone for good"),
    "too often": (status(429), "request", "WIREDESK_FETCH_PAUSE"),
    "the law": (status(451), "request", "use another source"),
    "a fault": (status(500), "request", "a fault of its own"),
    "no HTTP": (answering(Answer(raw=b"220 mail ready\r\n")), "request", "something that is no HTTP"),
    "too slow": (answering(slow(b"x" * 500, 0.1)), "request", "WIREDESK_FETCH_SECONDS allows more"),
    "round and round": (answering(moved("/odd")), "redirects", "more than 5 times"),
    "on to nowhere": (answering(Answer(status=302)), "redirects", "without an address to go on to"),
    "on to no address": (answering(moved("http://[")), "redirects", "something that is no address"),
    "too large": (answering(endless()), "content", "WIREDESK_FETCH_MAX_BYTES may allow more"),
    "half an answer": (answering(Answer(b"x" * 500, cut=100)), "content", "broke off before its end"),
    "no gzip": (
        answering(Answer(b"not gzip", headers={"Content-Encoding": "gzip"})),
        "content",
        "cannot be decompressed",
    ),
    "a web page": (lambda place: place.feed("<!doctype html><html><body>Hi</body></html>", "text/html"), "parse", "a"),
    "nothing at all": (lambda place: place.feed(""), "parse", "empty"),
    "other JSON": (lambda place: place.feed('{"a": 1}', "application/json"), "parse", "no JSON Feed"),
    "no entry": (lambda place: place.feed(rss()), "parse", "it lists nothing now"),
    "no link or text": (lambda place: place.feed(rss("<item><pubDate>x</pubDate></item>")), "parse", "no article"),
    "half a feed": (lambda place: place.feed(rss("<item><title>Half").split("Half")[0]), "parse", "no article"),
    "a page that is gone": (lambda place: place.of(Answer(status=404)), "extract", "answered 404"),
    "a picture": (
        lambda place: place.of(Answer(b"\x89PNG", headers={"Content-Type": "image/png"})),
        "extract",
        "image/png",
    ),
    "an empty page": (lambda place: place.of("<!doctype html><html><body></body></html>"), "extract", "text"),
    "no date": (lambda place: place.of(UNDATED), "dates", "does not say when it was published"),
    "a date in 1246": (lambda place: place.of(OF_1246), "dates", "1246"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_the_first_stage_that_fails_is_named(name: str, place: Place) -> None:
    """All stages before it are fine, it is the last, and it says what is wrong there."""
    newspaper(place)
    url, stage, words = FAILURES[name]
    *before, last = checked(url(place))
    assert (last.name, last.is_fine) == (stage, False), last
    assert words in last.said
    assert [one.name for one in before] == list(STAGES[: STAGES.index(stage)])
    assert all(one.is_fine for one in before)


def test_every_stage_has_failures() -> None:
    """No stage is left untried, and there are at least thirty failures."""
    assert {stage for _, stage, _ in FAILURES.values()} == set(STAGES)
    assert len(FAILURES) >= 30


def test_a_source_in_order_passes_every_stage(place: Place) -> None:
    """Each stage is fine; robots.txt's verdict, the answer's size and the first article's date are told."""
    newspaper(place)
    found = checked(ruled(place, "User-agent: *\nAllow: /rss\nDisallow: /r"))
    assert [one.name for one in found] == list(STAGES)
    assert all(one.is_fine for one in found)
    said = {one.name: one.said for one in found}
    assert said["robots"] == "Allow: /rss"
    assert said["parse"].startswith("3 listed")
    assert said["dates"].startswith("2026-")


def test_what_is_left_out_of_a_listing_is_told(place: Place) -> None:
    """Entries that are no articles, and those beyond the most that are taken, are counted with a reason."""
    newspaper(place)
    entries = "".join(f"<item><title>{n}</title><link>{place.site.url('/news')}/{n}</link></item>" for n in range(1500))
    said = next(one.said for one in checked(place.feed(rss(entries))) if one.name == "parse")
    assert said.startswith("1,000 listed; 1 refused, as: 1,500 entries: the newest 1,000 are taken")


def test_a_source_that_moved_for_good_is_told_where(place: Place) -> None:
    """The stage of redirects proposes the address it moved to."""
    new = newspaper(place)
    found = checked(place.site.put("/old", moved("/rss", 301)))
    assert next(one.said for one in found if one.name == "redirects") == f"moved for good to {new}: use that address"


def test_an_index_of_sitemaps_is_gone_through_to_its_first_article(place: Place) -> None:
    """What the index names first is read too, and its failure is the check's."""
    newspaper(place)
    base = place.site.url("").rstrip("/")
    child = place.site.put("/news.xml", pages.sitemap(base, pages.stories(3)), kind="application/xml")
    index = place.site.put("/index.xml", pages.sitemap_index([child]), kind="application/xml")
    assert [one.name for one in checked(index, "sitemap")] == [*STAGES[:-2], "parse", *STAGES[-2:]]
    place.site.put("/news.xml", Answer(status=404))
    last = checked(index, "sitemap")[-1]
    assert (last.name, last.is_fine) == ("parse", False)
    assert "answered 404" in last.said
