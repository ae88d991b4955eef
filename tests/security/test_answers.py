"""Answers of every shape: none does more than fail."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from producers.fetch import Fetcher
from producers.fetched import Fetched, FetchError
from tests.fakes import unit_settings
from tests.web import Answer, Site

HEAD = (
    b'HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Encoding: gzip\r\nETag: "a"\r\n'
    b"Location: http://news.example/a\r\nRetry-After: 120\r\nDate: Wed, 18 Nov 2026 08:00:00 GMT\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5\r\n\x1f\x8b\x08\x00\x00\r\n0\r\n\r\n"
)
STATUSES = (
    b"200",
    b"204",
    b"206",
    b"300",
    b"301",
    b"304",
    b"307",
    b"308",
    b"401",
    b"429",
    b"503",
    b"100",
    b"999",
    b"0",
)
PLACES = (
    *(b"//", b"/", b"?", b"#", b"..", b"http:", b"http:///", b"http://[", b"http://xn--99999999/", b"//[::1]:1/"),
    *(
        b"\xff\xfe",
        b"http://a b/",
        b"http://h:99999/",
        b"javascript:1",
        b"http://127.0.0.1:1/",
        b"http://%00/",
        b"\\\\h\\x",
    ),
)


def mutated(number: int) -> bytes:
    """An answer that is wrong somewhere, another for each number."""
    chance = random.Random(number)
    data = bytearray(
        HEAD.replace(b"200", chance.choice(STATUSES), 1).replace(b"http://news.example/a", chance.choice(PLACES))
    )
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(data))
        kind = chance.randrange(3)
        if kind == 0:
            data[place] = chance.randrange(256)
        elif kind == 1:
            del data[place : place + chance.randrange(1, 40)]
        else:
            data[place:place] = chance.choice([b"\0", b"\r\n", b"\n\n", b": ", b"x" * 9000, b"99999999999999999999"])
    return bytes(data)


@pytest.fixture
def hostile() -> Iterator[Site]:
    """A server whose answers are all wrong."""
    with Site() as site:
        site.put("*", lambda request: Answer(raw=mutated(int(request.path.strip("/") or 0))))
        yield site


def test_no_answer_does_more_than_fail(hostile: Site) -> None:
    """Whatever a server sends, what comes of it is an answer or an error for people, in one line."""
    settings = unit_settings(fetch_allow_hosts="127.0.0.1", fetch_seconds=20)

    async def one(fetcher: Fetcher, number: int) -> Fetched | BaseException:
        (found,) = await asyncio.gather(fetcher.get(hostile.url(f"/{number}")), return_exceptions=True)
        return found

    async def run() -> list[Fetched | BaseException]:
        async with Fetcher(settings) as fetcher:
            return [await one(fetcher, number) for number in range(600)]

    found = asyncio.run(run())
    assert [one for one in found if not isinstance(one, Fetched | FetchError)] == []
    errors = [one for one in found if isinstance(one, FetchError)]
    assert {error.stage for error in errors} >= {"request", "content", "redirects", "private address", "tcp"}
    assert all(len(str(error).splitlines()) == 1 for error in errors)
