"""No address, name or redirect makes Wiredesk connect to where no public site is.

Canaries listen on loopback addresses and count who connects; beside them, every connect of this process is watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from producers.fetch import Fetcher
from producers.fetched import Fetched, FetchError
from tests.fakes import unit_settings
from tests.table import Row
from tests.web import Answer, Site, moved

# The site that may be asked, and addresses where a canary sits.
SITE = "127.0.0.9"
CANARIES = ("127.0.0.1", "127.0.0.2", "::1")

_watched: list[list[Any]] = []
sys.addaudithook(lambda event, args: _watched[-1].append(args[1]) if event == "socket.connect" and _watched else None)


@contextlib.contextmanager
def watching() -> Iterator[list[Any]]:
    """Every address that this process connects to meanwhile."""
    _watched.append([])
    try:
        yield _watched[-1]
    finally:
        _watched.pop()


class Liar(AbstractResolver):
    """A name server that answers each question about a name with the next of its addresses; the last one for ever."""

    def __init__(self, names: dict[str, list[list[str]]]) -> None:
        self.names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The next answer."""
        answers = self.names[host.rstrip(".")]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=family_of(address),
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is kept open."""


@dataclass
class Range:
    """Where the attacks take place: the site that may be asked, and the canaries, all at one port."""

    site: Site
    canaries: list[Site]
    port: int

    def fetch(self, url: str, **settings: Any) -> Fetched:
        """Fetches as Wiredesk does, asking the lying name server."""
        names = {
            "localhost": [["127.0.0.1"]],
            "news.example": [[SITE]],
            "loopback.example": [["127.0.0.2"]],
            "loopback6.example": [["::1"]],
            "mapped.example": [["::ffff:127.0.0.1"]],
            "metadata.google.internal": [["169.254.169.254"]],
            "intranet.example": [["10.0.0.1"]],
            "all.example": [["127.0.0.2", "::1", "10.0.0.1", "169.254.169.254"]],
            "later.example": [["10.0.0.1", SITE]],
            "rebinding.example": [[SITE], ["127.0.0.2"]],
            "zone.example": [["fe80::1%lo"]],
        }
        chosen = unit_settings(**{"fetch_allow_hosts": SITE, "fetch_seconds": 20, **settings})

        async def run() -> Fetched:
            async with Fetcher(chosen, resolver=Liar(names)) as fetcher:
                return await fetcher.get(url.format(port=self.port))

        return asyncio.run(run())

    @property
    def harmed(self) -> int:
        """How many connections reached a canary."""
        return sum(canary.connections for canary in self.canaries)


def listenable(host: str) -> bool:
    """Whether this machine has a loopback address: some have no IPv6."""
    with contextlib.suppress(OSError), socket.create_server((host, 0), family=family_of(host)):
        return True
    return False


def family_of(host: str) -> socket.AddressFamily:
    """The family of an address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def free_everywhere(hosts: list[str]) -> int:
    """A port that is free on every address of the range."""
    for _ in range(50):
        with ExitStack() as stack, contextlib.suppress(OSError):
            first = stack.enter_context(socket.create_server((SITE, 0)))
            port = int(first.getsockname()[1])
            for host in hosts:
                stack.enter_context(socket.create_server((host, port), family=family_of(host)))
            return port
    raise AssertionError("no port is free on all loopback addresses")


@pytest.fixture(scope="module")
def attacked() -> Iterator[Range]:
    """The site and the canaries, which answer whoever comes."""
    hosts = [host for host in CANARIES if listenable(host)]
    port = free_everywhere(hosts)
    with ExitStack() as stack:
        canaries = [stack.enter_context(Site(host, port)) for host in hosts]
        for canary in canaries:
            canary.put("*", Answer(b"secret"))
        site = stack.enter_context(Site(SITE, port))
        site.put("/good", Answer(b"good"))
        for name, target in REDIRECTS.items():
            site.put(f"/{name}", lambda _, target=target: moved(target.format(port=port)))
        site.put("/hop1", moved("/hop2", 301))
        site.put("/hop2", moved("/out", 308))
        site.put("/out", moved(f"http://127.0.0.2:{port}/"))
        site.put("/other-port", lambda _: moved(f"http://rebinding.example:{port}/good"))
        yield Range(site, canaries, port)


REDIRECTS = {
    "to-loopback": "http://127.0.0.1:{port}/",
    "to-loopback6": "http://[::1]:{port}/",
    "to-number": "http://2130706433:{port}/",
    "to-mapped": "http://[::ffff:127.0.0.2]:{port}/",
    "to-name": "http://loopback.example:{port}/",
    "to-metadata": "http://169.254.169.254/latest/meta-data/",
    "to-other-scheme-relative": "//127.0.0.2:{port}/",
    "to-user": "http://news.example@127.0.0.2:{port}/",
    "to-file": "file:///etc/passwd",
    "to-gopher": "gopher://127.0.0.1:{port}/_GET%20/",
    "to-data": "data:text/xml,<rss/>",
}
DIRECT = {
    "loopback": "http://127.0.0.1:{port}/",
    "all of loopback": "http://127.0.0.2:{port}/",
    "localhost": "http://localhost:{port}/",
    "localhost with a dot": "http://LocalHost.:{port}/",
    "short": "http://127.1:{port}/",
    "decimal": "http://2130706433:{port}/",
    "hexadecimal": "http://0x7f000001:{port}/",
    "hexadecimal parts": "http://0x7f.0x0.0x0.0x1:{port}/",
    "octal": "http://0177.0.0.01:{port}/",
    "octal number": "http://017700000001:{port}/",
    "mixed": "http://0x7f.1:{port}/",
    "with a dot": "http://127.0.0.1.:{port}/",
    "nobody": "http://0.0.0.0:{port}/",
    "nobody, short": "http://0:{port}/",
    "circled digits": "http://①②⑦.⓪.⓪.①:{port}/",
    "ideographic dots": "http://127。0。0。1:{port}/",
    "percent": "http://%31%32%37.0.0.1:{port}/",
    "null byte": "http://127.0.0.1%00.news.example:{port}/",
    "IPv6 loopback": "http://[::1]:{port}/",
    "IPv6 loopback, long": "http://[0:0:0:0:0:0:0:1]:{port}/",
    "IPv6 nobody": "http://[::]:{port}/",
    "mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "mapped in hexadecimal": "http://[::ffff:7f00:2]:{port}/",
    "compatible": "http://[::127.0.0.1]:{port}/",
    "NAT64": "http://[64:ff9b::7f00:1]:{port}/",
    "local NAT64": "http://[64:ff9b:1::7f00:1]:{port}/",
    "6to4": "http://[2002:7f00:1::]:{port}/",
    "Teredo": "http://[2001:0:7f00:1::]:{port}/",
    "site-local": "http://[fec0::1]:{port}/",
    "link-local": "http://[fe80::1]:{port}/",
    "zone": "http://[fe80::1%25lo]:{port}/",
    "loopback with a zone": "http://[::1%25lo]:{port}/",
    "unique local": "http://[fc00::1]:{port}/",
    "private 10": "http://10.0.0.1:{port}/",
    "private 172": "http://172.16.0.1:{port}/",
    "private 192": "http://192.168.0.1:{port}/",
    "shared": "http://100.64.0.1:{port}/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata of others": "http://100.100.100.200/latest/meta-data/",
    "metadata on IPv6": "http://[fd00:ec2::254]/latest/meta-data/",
    "multicast": "http://224.0.0.1:{port}/",
    "broadcast": "http://255.255.255.255:{port}/",
    "user": "http://news.example@127.0.0.1:{port}/",
    "user and password": "http://news.example:80@127.0.0.1:{port}/",
    "backslash": "http://news.example\\@127.0.0.1:{port}/",
    "backslash behind": "http://127.0.0.1:{port}\\@news.example/",
    "file": "file:///etc/passwd",
    "file on a host": "file://127.0.0.1:{port}/etc/passwd",
    "gopher": "gopher://127.0.0.1:{port}/_GET%20/",
    "dict": "dict://127.0.0.1:{port}/info",
    "ftp": "ftp://127.0.0.1:{port}/",
    "name of loopback": "http://loopback.example:{port}/",
    "name of IPv6 loopback": "http://loopback6.example:{port}/",
    "name of a mapped address": "http://mapped.example:{port}/",
    "name of metadata": "http://metadata.google.internal/computeMetadata/v1/",
    "name of a private address": "http://intranet.example:{port}/",
    "name of many": "http://all.example:{port}/",
    "name of a zone": "http://zone.example:{port}/",
    "redirect at the third hop": f"http://{SITE}:{{port}}/hop1",
    **{f"redirect {name}": f"http://{SITE}:{{port}}/{name}" for name in REDIRECTS},
}


@pytest.mark.parametrize("name", DIRECT)
def test_no_attack_reaches_a_canary(attacked: Range, name: str, attack: Row) -> None:
    """An address where no public site is, in whatever dress, is refused before any connection to it is made."""
    attack("SSRF").did("addresses", 1, 40)
    before = attacked.harmed
    with watching() as connects, pytest.raises(FetchError) as refused:
        attacked.fetch(DIRECT[name])
    assert refused.value.stage in {"url", "private address"}, refused.value
    attack.is_exactly("connections to elsewhere", sum(address[0] != SITE for address in connects), 0)
    attack.is_exactly("connections that reach a canary", attacked.harmed - before, 0)


def test_five_redirects_are_followed_and_no_more(attacked: Range, attack: Row) -> None:
    """A chain of five redirects leads to its end, one of six is given up at the sixth, and one in a circle too."""
    attack("SSRF")
    hops = {"/chain0": Answer(b"good"), "/circle": moved("/circle")}
    hops |= {f"/chain{number}": moved(f"/chain{number - 1}") for number in range(1, 7)}
    with Site(SITE) as site:
        for path, answer in hops.items():
            site.put(path, answer)
        assert attacked.fetch(site.url("/chain5")).body == b"good"
        for path in ("/chain6", "/circle"):
            before = len(site.paths)
            with pytest.raises(FetchError) as refused:
                attacked.fetch(site.url(path))
            assert refused.value.stage == "redirects"
            attack.is_at_most("redirects that are followed", len(site.paths) - before - 1, 5)


def test_a_name_cannot_change_between_check_and_connect(attacked: Range, attack: Row) -> None:
    """A name server that first names a site that may be asked, and then a canary, is followed to the first alone."""
    attack("SSRF").did("addresses", 1, 40)
    url = "http://rebinding.example:{port}/good"
    with watching() as connects:
        assert attacked.fetch(url).body == b"good"
    assert {address[0] for address in connects} == {SITE}
    attack.is_exactly("connections that reach a canary", attacked.harmed, 0)


def test_a_name_that_changes_is_refused_at_the_next_connection(attacked: Range) -> None:
    """Once a name has changed to a canary's address, the next connection by it is refused, redirects included."""
    with Site(SITE) as other:
        other.put("/", moved(f"http://rebinding.example:{attacked.port}/good"))
        with watching() as connects, pytest.raises(FetchError) as refused:
            attacked.fetch(f"http://rebinding.example:{other.port}/")
    assert refused.value.stage == "private address"
    assert {address[0] for address in connects} == {SITE}
    assert attacked.harmed == 0


def test_of_several_addresses_only_those_that_may_are_connected_to(attacked: Range) -> None:
    """A name with a private address beside one that may be asked leads to the latter alone."""
    with watching() as connects:
        assert attacked.fetch("http://later.example:{port}/good").body == b"good"
    assert {address[0] for address in connects} == {SITE}


def test_a_host_that_is_allowed_opens_no_other(attacked: Range) -> None:
    """A host that the settings allow by name may be private; another name of the same address may not."""
    with Site("127.0.0.3") as intranet:
        intranet.put("*", Answer(b"ours"))
        resolver = Liar({"ours.example": [["127.0.0.3"]], "theirs.example": [["127.0.0.3"]]})

        async def run(host: str) -> bytes:
            async with Fetcher(unit_settings(fetch_allow_hosts="ours.example"), resolver=resolver) as fetcher:
                return (await fetcher.get(intranet.url("/", host))).body

        assert asyncio.run(run("ours.example")) == b"ours"
        with pytest.raises(FetchError, match="loopback") as refused:
            asyncio.run(run("theirs.example"))
    assert refused.value.stage == "private address"
    assert intranet.connections == 1


def test_a_proxy_of_the_environment_is_not_used(attacked: Range) -> None:
    """A proxy, behind which no address can be checked, is not taken from the environment."""
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, f"http://127.0.0.2:{attacked.port}"))
    try:
        assert attacked.fetch(f"http://{SITE}:{{port}}/good").body == b"good"
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})
    assert attacked.harmed == 0


def test_the_canaries_sing(attacked: Range) -> None:
    """A canary that is reached is heard: where the settings allow its address, the count goes up."""
    with Site("127.0.0.2") as canary:
        canary.put("*", Answer(b"secret"))
        with watching() as connects:
            assert attacked.fetch(canary.url(), fetch_allow_hosts="127.0.0.0/8").body == b"secret"
    assert canary.connections == 1
    assert connects == [("127.0.0.2", canary.port)]
