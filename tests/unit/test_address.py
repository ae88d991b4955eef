"""Which addresses may be connected to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.address import Allowed, host_address, is_name, refusal
from tests.fakes import quick

PUBLIC = (
    *("8.8.8.8", "93.184.216.34", "192.0.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2001:4860:4860::8888"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
)
REFUSED = {
    "a loopback address": ("127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "::127.0.0.1"),
    "the address of no host": ("0.0.0.0", "::"),
    "a link-local address": ("169.254.1.1", "fe80::1", "fe80::5efe:808:808"),
    "a private address": (
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "0.1.2.3", "192.0.2.1"),
        *("198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "192.0.0.8", "fc00::1", "fdff::1"),
        *("2001:db8::1", "3fff::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2620:4f:8000::1"),
    ),
    "the address of a cloud's metadata service": (
        *("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"),
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    ),
    "a multicast address": ("224.0.0.1", "239.255.255.250", "ff02::1", "::ffff:224.0.0.1"),
    "a reserved address": ("240.0.0.1", "255.255.255.255", "64:ff9b:1::7f00:1", "5f00::1", "4000::1", "100::1"),
    "a site-local address": ("fec0::1",),
    "an address of one network interface": ("fe80::1%eth0", "::1%lo", "2606:4700::1111%eth0"),
    "no IP address": ("", "news.example", "127.1", "0x7f.1"),
}
# An IPv4 address within an IPv6 one, as each way of carrying it has it.
CARRIERS = {
    "mapped": lambda low: (0xFFFF << 32) + low,
    "compatible": lambda low: low,
    "nat64": lambda low: (0x64FF9B << 96) + low,
    "6to4": lambda low: (0x2002 << 112) + (low << 80),
    "isatap": lambda low: (0x26064700 << 96) + (0x5EFE << 32) + low,
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_connected_to(address: str) -> None:
    """A public address is not refused, in whatever it is wrapped."""
    assert refusal(address) is None


@pytest.mark.parametrize(("words", "address"), [(words, one) for words, all_ in REFUSED.items() for one in all_])
def test_other_addresses_are_refused_with_what_they_are(words: str, address: str) -> None:
    """An address that is not public is refused, in words for what it is."""
    assert refusal(address) == words


@quick
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(CARRIERS)))
def test_what_carries_an_address_is_refused_as_that_address_is(low: int, carrier: str) -> None:
    """An IPv6 address that carries an IPv4 one is public only where that one is."""
    inner = refusal(str(IPv4Address(low)))
    if low > 1:
        assert refusal(str(IPv6Address(CARRIERS[carrier](low)))) == inner


@quick
@given(st.integers(0, 2**128 - 1))
def test_outside_global_unicast_nothing_is_public(bits: int) -> None:
    """Of IPv6 only 2000::/3 is public, and what carries a public IPv4 address."""
    address = IPv6Address(bits)
    if bits >> 125 != 1 and not address.ipv4_mapped and bits >> 32 not in (0, 0x64FF9B << 64):
        assert refusal(str(address))


@quick
@given(st.integers(0, 2**32 - 1))
def test_every_notation_of_an_address_is_that_address(number: int) -> None:
    """Decimal, hexadecimal, octal and short forms are read as the address that a socket would take them for."""
    address = str(IPv4Address(number))
    a, b, c, d = number.to_bytes(4, "big")
    forms = (str(number), hex(number), f"0{number:o}", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}")
    short = (f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{number & 0xFFFF}", f"{address}.")
    assert {host_address(form) for form in (*forms, *short)} == {address}


@pytest.mark.parametrize(
    "name", ["news.example", "news.example.", "a", "xn--mnchen-3ya.de", "a_b.example", "1.2.3.example"]
)
def test_names_are_names(name: str) -> None:
    """What a name server can know is a name, and no address."""
    assert is_name(name)
    assert host_address(name) is None


@pytest.mark.parametrize("name", ["", ".", "a..b", "-a", "a b", "a%2e", "a" * 300, "ä.example", "a\x00b", "a/b"])
def test_other_texts_are_no_names(name: str) -> None:
    """What no name server can know is no name."""
    assert not is_name(name)


def test_settings_allow_names_and_networks() -> None:
    """The setting allows a host by name, an address, or a network, and nothing beside them."""
    allowed = Allowed.of(" Intranet.Example, 10.0.0.0/8 ,127.0.0.2,fd00::/8, ")
    assert allowed.name("intranet.example")
    assert allowed.name("intranet.example.")
    assert not allowed.name("sub.intranet.example")
    assert [allowed.refusal(one) for one in ("10.1.2.3", "127.0.0.2", "fd00::1", "8.8.8.8")] == [None] * 4
    assert all(allowed.refusal(one) for one in ("127.0.0.1", "11.0.0.300", "192.168.0.1", "::ffff:127.0.0.2"))


def test_a_name_in_any_script_is_allowed() -> None:
    """A host named in its own script is allowed by the ASCII form that a connection knows it by."""
    assert Allowed.of("Zeitung.München.example").name("zeitung.xn--mnchen-3ya.example")


def test_nothing_is_allowed_by_an_empty_setting() -> None:
    """Without the setting no name is allowed and every private address is refused."""
    allowed = Allowed.of("")
    assert not allowed.name("")
    assert allowed.refusal("10.0.0.1") == "a private address"
