"""Which addresses may be connected to: public ones, and those that the settings allow.

`ipaddress` alone is not enough: it takes addresses that carry a private IPv4 address within them for public ones.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from yarl import URL

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Prefixes of IPv6 whose last 32 bits are an IPv4 address: v4-compatible, NAT64 (RFC 6052).
_EMBEDDING = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"))
# ISATAP (RFC 5214) marks the interface part of an address so.
_ISATAP = {0x00005EFE, 0x02005EFE}
_METADATA = {
    ip_address(address)
    for address in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
}
# Not public by the registries of IANA, whatever the Python that runs this knows of them.
_SPECIAL: tuple[_Network, ...] = tuple(
    ip_network(network)
    for network in (
        *("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"),
        *("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?", re.ASCII)


def refusal(address: str) -> str | None:
    """Why an IP address may not be connected to.

    Args:
        address: as a socket takes it, a zone (`%eth0`) included.

    Returns:
        What it is, in words ("a private address"), or None for a public one.
    """
    if "%" in address:
        return "an address of one network interface"
    try:
        outer = ip_address(address)
    except ValueError:
        return "no IP address"
    return next((words for inner in _unwrapped(outer) if (words := _kind(inner))), None)


def _unwrapped(address: _Address) -> Iterator[_Address]:
    """The IPv4 address that an IPv6 address carries; and the address itself, unless it is only a wrapper."""
    if isinstance(address, IPv6Address):
        bits = int(address)
        low = IPv4Address(bits & 0xFFFFFFFF)
        if whole := address.ipv4_mapped or address.sixtofour or (low if _embeds(address) else None):
            yield whole
            return
        if (bits >> 32) & 0xFFFFFFFF in _ISATAP:
            yield low
    yield address


def _embeds(address: IPv6Address) -> bool:
    return int(address) > 1 and any(address in network for network in _EMBEDDING)


def _kind(address: _Address) -> str | None:
    kinds = (
        (address in _METADATA, "the address of a cloud's metadata service"),
        (address.is_loopback, "a loopback address"),
        (address.is_unspecified, "the address of no host"),
        (address.is_link_local, "a link-local address"),
        (address.is_multicast, "a multicast address"),
        (getattr(address, "is_site_local", False), "a site-local address"),
        (address.is_reserved or _beyond(address), "a reserved address"),
        (not address.is_global or _special(address), "a private address"),
    )
    return next((words for holds, words in kinds if holds), None)


def _beyond(address: _Address) -> bool:
    return isinstance(address, IPv6Address) and not address.is_private and address not in _GLOBAL_UNICAST


def _special(address: _Address) -> bool:
    return any(address in network for network in _SPECIAL)


def host_address(host: str) -> str | None:
    """The IP address that a host of a URL is, in whatever notation: decimal, octal, hexadecimal, short, bracketless.

    Returns:
        The address as `ipaddress` writes it (its zone kept), or None where the host is a name.
    """
    bare = host.removesuffix(".")
    if ":" in bare:
        return bare
    try:
        return socket.inet_ntoa(socket.inet_aton(bare)) if bare and " " not in bare else None
    except (OSError, UnicodeEncodeError):
        return None


def is_name(host: str) -> bool:
    """Whether a host, in lower case and in its ASCII form, is one that a name server can know."""
    return len(host) <= 254 and ".." not in host and bool(_NAME.fullmatch(host))


@dataclass(frozen=True)
class Allowed:
    """What the settings allow besides public addresses: hosts by name, and networks."""

    names: frozenset[str]
    networks: tuple[_Network, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Reads the setting `fetch_allow_hosts`.

        Args:
            text: names, addresses and networks (CIDR) with commas between them.
        """
        parts = [part.strip().lower().rstrip(".") for part in text.split(",") if part.strip()]
        networks = {part: network for part in parts if (network := _network(part))}
        return cls(frozenset(_ascii(part) for part in parts if part not in networks), tuple(networks.values()))

    def name(self, host: str) -> bool:
        """Whether a host, in its ASCII form, is allowed by name: then whatever address it has is."""
        return host.rstrip(".") in self.names

    def refusal(self, address: str) -> str | None:
        """Like `refusal`, but None for an address in an allowed network."""
        words = refusal(address)
        return None if words is None or self.holds(address) else words

    def holds(self, address: str) -> bool:
        """Whether an IP address is in an allowed network."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)


def _network(text: str) -> _Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _ascii(name: str) -> str:
    try:
        return URL.build(scheme="http", host=name).raw_host or name
    except ValueError:
        return name
