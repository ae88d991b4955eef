"""Fetching, from the tests' own server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from producers.fetch import Fetcher
from producers.fetched import Fetched, FetchError, retry_after
from tests.fakes import unit_settings
from tests.web import Answer, Route, Site, compressed, conditional, endless, in_turn, moved, slow

HERE = "127.0.0.1"


def asked(use: Callable[[Fetcher], Awaitable[Any]], trust: ssl.SSLContext | None = None, **settings: Any) -> Any:
    """What comes of using a Fetcher that may ask the tests' server."""
    chosen = unit_settings(**{"fetch_allow_hosts": HERE, "fetch_seconds": 20, **settings})

    async def run() -> Any:
        async with Fetcher(chosen, trust=trust) as fetcher:
            return await use(fetcher)

    return asyncio.run(run())


def fetched(url: str, *, trust: ssl.SSLContext | None = None, known: Any = None, **settings: Any) -> Fetched:
    """What is fetched from an address."""
    answer: Fetched = asked(lambda fetcher: fetcher.get(url, **(known or {})), trust, **settings)
    return answer


def failure(url: str, **settings: Any) -> FetchError:
    """The error that an address gives."""
    with pytest.raises(FetchError) as refused:
        fetched(url, **settings)
    return refused.value


def test_an_answer_is_handed_over_whole(web: Site) -> None:
    """Status, headers, body, time and size of an answer are there, headers by their names in lower case."""
    url = web.put("/feed", Answer(b"<rss/>", headers={"Content-Type": "text/xml", "Link": "<a>", "link": "<b>"}))
    answer = fetched(url)
    assert (answer.url, answer.status, answer.body, answer.wire_bytes) == (url, 200, b"<rss/>", 6)
    assert (answer.headers["content-type"], answer.headers["link"]) == ("text/xml", "<a>, <b>")
    assert answer.seconds > 0
    assert (answer.moved_to, answer.downgraded, answer.not_modified) == (None, False, False)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_compressed_answers_come_decompressed(web: Site, encoding: str) -> None:
    """A compressed body is handed over as what it holds, with its size on the wire beside it."""
    answer = fetched(web.put("/feed", compressed(Answer(b"grain " * 1000), encoding)))
    assert answer.body == b"grain " * 1000
    assert 0 < answer.wire_bytes < 200


def test_who_asks_is_said_and_nothing_else(web: Site) -> None:
    """Each request says who asks and how to reach them; no cookie comes back, and no page says where one came from."""
    web.put("/a", Answer(status=302, headers={"Location": "/b", "Set-Cookie": "id=1"}))
    web.put("/b", Answer(b"b"))
    fetched(web.url("/a"), fetch_contact="https://desk.example/about")
    for request in web.requests:
        assert request.headers["user-agent"].startswith("Wiredesk/")
        assert request.headers["user-agent"].endswith(" (+https://desk.example/about)")
        assert not request.headers.keys() & {"cookie", "referer", "authorization", "from"}


def test_what_is_known_is_not_sent_again(web: Site) -> None:
    """A conditional request says what is known, and the server's word that nothing changed is an answer."""
    url = web.put("/feed", conditional(b"<rss/>"))
    first = fetched(url)
    by_tag = fetched(url, known={"etag": first.headers["etag"]})
    by_date = fetched(url, known={"last_modified": first.headers["last-modified"]})
    assert [(answer.not_modified, answer.body) for answer in (first, by_tag, by_date)] == [
        (False, b"<rss/>"),
        (True, b""),
        (True, b""),
    ]


def test_a_validator_that_cannot_stand_in_a_header_is_left_out(web: Site) -> None:
    """What a server once sent as its ETag cannot add headers to a later request."""
    fetched(web.put("/feed", Answer(b"x")), known={"etag": '"a"\r\nX-Injected: yes', "last_modified": "ü"})
    assert not web.requests[0].headers.keys() & {"x-injected", "if-none-match", "if-modified-since"}


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        ([301], "/1"),
        ([308, 301], "/2"),
        ([301, 302, 301], "/1"),
        ([302, 301], None),
        ([303], None),
        ([307, 307], None),
        ([301, 301, 301, 301, 301], "/5"),
    ],
)
def test_only_permanent_redirects_move_a_source(web: Site, statuses: list[int], moved_to: str | None) -> None:
    """Up to five redirects are followed; the new address is where the permanent ones before any other lead."""
    for number, status in enumerate(statuses):
        web.put(f"/{number}", moved(f"/{number + 1}#part", status))
    web.put(f"/{len(statuses)}", Answer(b"here"))
    answer = fetched(web.url("/0"))
    assert (answer.body, answer.url) == (b"here", web.url(f"/{len(statuses)}"))
    assert answer.moved_to == (moved_to and web.url(moved_to))


REFUSED_REDIRECTS = {
    "in a circle": moved("/start", 301),
    "nowhere": Answer(status=302),
    "no address": moved("http://[::x/"),
    "many choices": Answer(status=300),
}


@pytest.mark.parametrize("name", sorted(REFUSED_REDIRECTS))
def test_redirects_that_lead_nowhere_are_said(web: Site, name: str) -> None:
    """A redirect that cannot be followed is an error of its own, after at most five hops."""
    error = failure(web.put("/start", REFUSED_REDIRECTS[name]))
    assert (error.stage, error.hardness) == ("request" if name == "many choices" else "redirects", "soft")
    assert len(web.requests) <= 6


def test_a_form_is_sent_and_sent_on_only_where_it_may(web: Site) -> None:
    """A form goes on over redirects that keep the method, and no other."""
    web.put("/hub", moved("/new", 307))
    web.put("/new", Answer(status=202))
    web.put("/other", moved("/new", 302))
    answer = asked(lambda fetcher: fetcher.post(web.url("/hub"), {"hub.mode": "subscribe", "x": "ü&"}))
    assert (answer.status, web.requests[-1].body) == (202, b"hub.mode=subscribe&x=%C3%BC%26")
    with pytest.raises(FetchError, match="without an address to go on to"):
        asked(lambda fetcher: fetcher.post(web.url("/other"), {"a": "b"}))


@pytest.mark.parametrize(
    ("status", "hardness"),
    [(400, "soft"), (401, "soft"), (403, "soft"), (404, "hard"), (410, "hard"), (418, "soft"), (429, "temporary")]
    + [(status, "temporary") for status in (408, 425, 500, 502, 503, 504, 599)]
    + [(451, "soft"), (304, None)],
)
def test_each_status_says_how_hard_it_failed(web: Site, status: int, hardness: str | None) -> None:
    """An answer without content is an error that names host and status, the way out, and how hard it failed."""
    url = web.put("/feed", Answer(b"sorry", status, headers={"Retry-After": "120"}))
    if hardness is None:
        assert fetched(url).not_modified
        return
    error = failure(url)
    assert (error.stage, error.hardness, error.status, error.retry_after) == ("request", hardness, status, 120)
    assert str(error).startswith(f"{HERE} answered {status}")
    assert ": " in str(error)


NOW = "Wed, 18 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "90"}, 90),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "99999999999999999999"}, 86_400),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "Wed, 18 Nov 2026 08:05:00 GMT", "date": NOW}, 300),
        ({"retry-after": "Wed, 18 Nov 2026 07:00:00 GMT", "date": NOW}, 0),
        ({"retry-after": "Wed, 18 Nov 2099 08:05:00 GMT", "date": NOW}, 86_400),
        ({"retry-after": "Wed, 18 Nov 99999 08:05:00 GMT", "date": NOW}, None),
        ({"retry-after": "Wed, 18 Nov 2026 08:05:00 -0000", "date": NOW}, 300),
    ],
)
def test_a_server_says_when_to_come_back(headers: dict[str, str], seconds: float | None) -> None:
    """`Retry-After` is read as seconds or as a date by the server's clock, and capped at a day."""
    assert retry_after(headers) == seconds


BROKEN: dict[str, tuple[Route, str, str, str]] = {
    "cut": (Answer(b"x" * 100, cut=50), "content", "temporary", "broke off"),
    "cut in chunks": (Answer(parts=lambda: [b"x"], cut=1), "content", "temporary", "broke off"),
    "closed": (Answer(raw=b""), "tcp", "temporary", "closed the connection"),
    "another protocol": (Answer(raw=b"SSH-2.0-x\r\n\r\n"), "request", "soft", "no HTTP"),
    "half a head": (Answer(raw=b"HTTP/1.1 200 OK\r\nX: "), "tcp", "temporary", "closed the connection"),
    "long header": (Answer(b"x", headers={"X": "y" * 20_000}), "request", "soft", "too much before it"),
    "many headers": (Answer(b"x", headers={f"X{n}": "y" for n in range(1000)}), "request", "soft", "too much"),
    "two lengths": (
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
        *("request", "soft", "no HTTP"),
    ),
    "brotli": (Answer(b"x", headers={"Content-Encoding": "br"}), "content", "soft", "'br', which was not asked for"),
    "not gzip": (Answer(b"<rss/>", headers={"Content-Encoding": "gzip"}), "content", "soft", "is damaged"),
    "half a gzip": (
        Answer(compressed(Answer(b"grain" * 99)).body[:-9], headers={"Content-Encoding": "gzip"}),
        *("content", "soft", "its end is missing"),
    ),
    "large": (Answer(b"x" * 3000), "content", "soft", "larger than 0.00195 MB; WIREDESK_FETCH_MAX_BYTES"),
    "large in chunks": (Answer(parts=lambda: [b"x" * 3000]), "content", "soft", "larger than"),
    "endless": (endless(), "content", "soft", "larger than"),
    "slow": (slow(b"x" * 500, 0.1), "timeout", "temporary", "did not answer in full"),
    "silent": (Answer(b"x", pause=60), "timeout", "temporary", "(0 bytes came) within 1 s; WIREDESK_FETCH_SECONDS"),
    "slow head": (
        Answer(raw=b"HTTP/1.1 200 OK\r\n", parts=lambda: [b"X: y\r\n"] * 100, gap=0.1),
        *("timeout", "temporary", "did not answer"),
    ),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_answers_are_said(web: Site, name: str) -> None:
    """An answer that is broken, too large or too slow is an error with its stage, its hardness and words for people."""
    answer, stage, hardness, words = BROKEN[name]
    error = failure(web.put("/feed", answer), fetch_seconds=1, fetch_max_bytes=2048)
    assert (error.stage, error.hardness) == (stage, hardness), error
    assert words in str(error)


def test_time_is_counted_over_all_redirects(web: Site) -> None:
    """Redirects that each come in time do not add up to more than the time for a whole answer."""
    for number in range(5):
        web.put(f"/{number}", Answer(status=302, headers={"Location": f"/{number + 1}"}, pause=0.4))
    web.put("/5", Answer(b"at last"))
    assert failure(web.url("/0"), fetch_seconds=1).stage == "timeout"


def test_the_first_part_of_a_large_answer_can_be_enough(web: Site) -> None:
    """With `truncate`, the first bytes are kept, of a compressed answer too."""
    web.put("/plain", endless(b"abcdefgh"))
    web.put("/packed", compressed(Answer(b"abcdefgh" * 10_000)))
    for path in ("/plain", "/packed"):
        answer = fetched(web.url(path), known={"max_bytes": 2000, "truncate": True})
        assert answer.body == b"abcdefgh" * 250


def test_an_answer_of_the_largest_size_is_taken(web: Site) -> None:
    """The limit is the largest size that is taken; a byte more is too much."""
    web.put("/fits", Answer(b"x" * 2048))
    web.put("/packed", compressed(Answer(b"x" * 2049)))
    assert len(fetched(web.url("/fits"), fetch_max_bytes=2048).body) == 2048
    assert failure(web.url("/packed"), fetch_max_bytes=2048).stage == "content"


def test_hosts_that_do_not_answer_are_said() -> None:
    """A closed port and a name that nobody has are errors of their own stages."""
    closed = failure(f"http://{HERE}:1/")
    unknown = failure("http://nobody.invalid/")
    assert (closed.stage, closed.hardness) == ("tcp", "temporary")
    assert unknown.stage == "dns"
    assert "nobody.invalid" in str(unknown)
    assert failure("http://xn--99999999.invalid/").stage in {"dns", "url", "request"}


def test_a_connection_is_used_again_and_asked_anew_when_it_is_gone(web: Site) -> None:
    """Requests to one host share a connection, and one that the server closed meanwhile is no error."""
    web.put("/a", Answer(b"a"))
    web.put("/z", in_turn(Answer(b"z", headers={"Connection": "close"})))

    async def use(fetcher: Fetcher) -> list[bytes]:
        return [(await fetcher.get(web.url(path))).body for path in ("/a", "/a", "/z", "/a")]

    assert asked(use) == [b"a", b"a", b"z", b"a"]
    assert web.connections == 2


def test_no_more_requests_are_under_way_than_the_settings_say(web: Site) -> None:
    """A hundred requests at once are made a few at a time."""
    web.put("/a", Answer(b"a", pause=0.01))

    async def use(fetcher: Fetcher) -> int:
        answers = await asyncio.gather(*(fetcher.get(web.url("/a")) for _ in range(100)))
        return sum(answer.status == 200 for answer in answers)

    assert asked(use, fetch_connections=5) == 100
    assert web.most_at_once[HERE] == 5


def test_an_errors_words_hold_no_secret(web: Site) -> None:
    """Path and query of an address, which may hold a token, are in no error."""
    web.put("/t0ken", Answer(status=500))
    web.put("/away", moved("http://other.invalid/t0ken?t0ken"))
    for url in (web.url("/t0ken?key=t0ken"), web.url("/away"), "http://nobody.invalid/t0ken", f"http://{HERE}:1/t0ken"):
        assert "t0ken" not in str(failure(url))


AUTHORITY = trustme.CA()


@pytest.fixture
def encrypted(request: pytest.FixtureRequest) -> Iterator[Site]:
    """An https server with the certificate that the test names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    request.param.configure_cert(context)
    with Site(tls=context) as site:
        yield site


def trusting() -> ssl.SSLContext:
    """What trusts the tests' own authority."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.mark.parametrize("encrypted", [AUTHORITY.issue_cert(HERE)], indirect=True, ids=["good"])
def test_a_way_from_https_to_http_is_noted(encrypted: Site, web: Site) -> None:
    """A redirect that gives up encryption is followed and noted, and its target never proposed as the new address."""
    encrypted.put("/good", Answer(b"good"))
    encrypted.put("/down", moved(web.put("/plain", Answer(b"plain")), 301))
    assert fetched(encrypted.url("/good"), trust=trusting()).body == b"good"
    answer = fetched(encrypted.url("/down"), trust=trusting())
    assert (answer.body, answer.downgraded, answer.moved_to) == (b"plain", True, None)


EXPIRED = AUTHORITY.issue_cert(HERE, not_after=datetime.now(UTC) - timedelta(days=1))


@pytest.mark.parametrize(
    ("encrypted", "words"),
    [
        (AUTHORITY.issue_cert("other.example"), "IP address mismatch"),
        (trustme.CA().issue_cert(HERE), "unable to get local issuer"),
        (EXPIRED, "certificate has expired"),
    ],
    indirect=["encrypted"],
    ids=["other name", "unknown authority", "expired"],
)
def test_a_certificate_that_cannot_be_trusted_is_said(encrypted: Site, words: str) -> None:
    """A wrong certificate is an error of the stage tls, with what is wrong about it."""
    encrypted.put("/", Answer(b"never read"))
    error = failure(encrypted.url("/"), trust=trusting())
    assert (error.stage, error.hardness) == ("tls", "soft")
    assert words in str(error)
    assert not encrypted.requests


def test_a_server_without_encryption_is_said() -> None:
    """Asking by https what does not speak it is an error of the stage tls."""
    with Site(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as plain:
        error = failure(plain.url("/").replace("http:", "https:"))
    assert (error.stage, error.hardness) == ("tls", "soft")
    assert "see whether its address is http" in str(error)
