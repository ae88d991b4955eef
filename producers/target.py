"""Reads an address of the web before anything is sent there."""

from __future__ import annotations

from yarl import URL

from producers.address import Allowed, host_address, is_name
from producers.fetched import FetchError

_LONGEST = 4096
_LOW_PORTS = (80, 443)
_FIRST_FREE_PORT = 1024
_EXAMPLE = "such as https://news.example/feed.xml"


def checked(text: str, allowed: Allowed) -> URL:
    """An address that may be asked: http or https, a host that can exist, no password, a port that web servers have.

    Ports are 80, 443 and those from 1024 on; hosts that the settings allow may have any. A host written as a number
    (`2130706433`, `0x7f.1`) is taken for the IP address that it is.

    Raises:
        FetchError: of stage "url", or "private address" for an IP address that may not be connected to. It names no
            more of the address than its host.
    """
    return allowed_target(parsed(text), allowed)


def allowed_target(url: URL, allowed: Allowed) -> URL:
    """As `checked`, for an address that is read already: the target of a redirect."""
    _check_form(url)
    host = url.raw_host or ""
    address = host_address(host)
    if address is None:
        return _named(url, host, allowed)
    if words := allowed.refusal(address):
        raise private(host, words)
    _check_port(url, free=allowed.holds(address))
    return url if address == host else url.with_host(address)


def parsed(text: str) -> URL:
    """An address with http or https and a host, whether or not it may be asked.

    Raises:
        FetchError: of stage "url".
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise _bad(f"the address is longer than {_LONGEST} characters: a shorter one is needed")
    if not text.isprintable():
        raise _bad("the address has a line break or another character in it that cannot be shown: write it anew")
    try:
        url = URL(text)
    except ValueError:
        raise _unreadable() from None
    _check_form(url)
    return url


def shown(url: URL) -> str:
    """A host for people: in its own script, where its ASCII form stands for one."""
    try:
        return url.host or ""
    except ValueError:
        return url.raw_host or ""


def _check_form(url: URL) -> None:
    if url.scheme not in {"http", "https"}:
        raise _bad(
            f"the address begins with {url.scheme[:20] + ':' if url.scheme else 'no scheme'}: write one {_EXAMPLE}"
        )
    user, host = _authority(url)
    if user:
        raise _bad("the address has a user name or password in it, which would show wherever it is named: leave it out")
    if not host:
        raise _bad(f"the address has no host: write one {_EXAMPLE}")


def _authority(url: URL) -> tuple[bool, str | None]:
    """Whether a user stands in it, and its host; a URL that was put together from two is read only now."""
    try:
        return (url.raw_user, url.raw_password, url.port)[:2] != (None, None), url.raw_host
    except ValueError:
        raise _unreadable() from None


def _named(url: URL, host: str, allowed: Allowed) -> URL:
    if not is_name(host):
        raise _bad(f"{host[:100]!r} is no host's name: write an address {_EXAMPLE}")
    _check_port(url, free=allowed.name(host))
    return url


def _check_port(url: URL, *, free: bool) -> None:
    port = url.port or 0
    if not free and port not in _LOW_PORTS and port < _FIRST_FREE_PORT:
        raise _bad(
            f"{shown(url)} port {port}: web servers have port 80, 443, or one from {_FIRST_FREE_PORT} on; "
            "WIREDESK_FETCH_ALLOW_HOSTS lets a host have any"
        )


def private(host: str, words: str) -> FetchError:
    """The error for a host whose address may not be connected to."""
    return FetchError(
        "private address",
        f"{host} has {words}, where no public site is; if it is yours, name it in WIREDESK_FETCH_ALLOW_HOSTS",
        "hard",
    )


def _unreadable() -> FetchError:
    return _bad(f"this is no address of the web: write one {_EXAMPLE}")


def _bad(reason: str) -> FetchError:
    return FetchError("url", reason, "hard")
