"""Addresses of the web, before anything is sent there."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.address import Allowed
from producers.fetched import FetchError
from producers.target import checked, shown
from tests.fakes import quick

NOBODY = Allowed.of("")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://news.example/feed.xml", "https://news.example/feed.xml"),
        ("  HTTP://News.Example/ ", "http://news.example/"),
        ("http://münchen.example/a b?ü=ö", "http://xn--mnchen-3ya.example/a%20b?%C3%BC=%C3%B6"),
        ("http://134744072/", "http://8.8.8.8/"),
        ("http://0x8.0x8.2056/x", "http://8.8.8.8/x"),
        ("http://news.example:8080/", "http://news.example:8080/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_addresses_that_may_be_asked(text: str, url: str) -> None:
    """An address of the web is read as browsers read it, numbers for hosts included."""
    assert str(checked(text, NOBODY)) == url


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begins with no scheme"),
        ("news.example/feed", "begins with no scheme"),
        ("ftp://news.example/", "begins with ftp"),
        ("file:///etc/passwd", "begins with file"),
        ("gopher://127.0.0.1:70/_x", "begins with gopher"),
        ("javascript:alert(1)", "begins with javascript"),
        ("http:///path", "has no host"),
        ("http://user:secret@news.example/", "user name or password"),
        ("http://user@news.example/", "user name or password"),
        ("http://news.example\\@127.0.0.1/", "no address of the web"),
        ("http://news.example:99999/", "no address of the web"),
        ("http://[127.0.0.1]/", "no address of the web"),
        ("http://a..b/", "no host's name"),
        ("http://%31%32%37.0.0.1/", "no host's name"),
        ("http://a b/", "no host's name"),
        ("http://news.example:22/", "port 22"),
        ("http://news.example:0/", "port 0"),
        ("http://news.example/\r\nX-Injected: yes", "line break"),
        ("http://news.example/\x00", "cannot be shown"),
        ("http://news.example/" + "a" * 5000, "longer than 4096"),
    ],
)
def test_addresses_that_cannot_be_asked(text: str, words: str) -> None:
    """What is no address of the web is refused in words that say what is wrong."""
    with pytest.raises(FetchError, match=words) as refused:
        checked(text, NOBODY)
    assert (refused.value.stage, refused.value.hardness) == ("url", "hard")


def test_a_password_is_not_repeated() -> None:
    """The words about an address with a password hold neither it nor the path."""
    with pytest.raises(FetchError) as refused:
        checked("http://ana:hunter2@news.example/s3cret?token=t0ken", NOBODY)
    assert not any(secret in str(refused.value) for secret in ("hunter2", "s3cret", "t0ken", "ana"))


def test_allowed_hosts_may_have_any_port() -> None:
    """A host that the settings name, or whose address they hold, may have a port that web servers have not."""
    allowed = Allowed.of("intranet.example,10.0.0.0/8")
    assert checked("http://intranet.example:81/", allowed).port == 81
    assert checked("http://10.0.0.1:81/", allowed).port == 81


@quick
@given(st.text(max_size=60))
def test_no_text_is_more_than_refused(text: str) -> None:
    """Whatever stands after http:// is an address with a host, or refused with an error for people."""
    with contextlib.suppress(FetchError):
        assert shown(checked(f"http://{text}", NOBODY))


@quick
@given(st.text("abcxyz0189-._", max_size=20))
def test_every_host_can_be_shown(label: str) -> None:
    """A host that says it stands for another script is shown in it, or as it is where it stands for nothing."""
    with contextlib.suppress(FetchError):
        assert shown(checked(f"http://xn--{label}/", NOBODY))


def test_a_host_is_shown_in_its_own_script() -> None:
    """The ASCII form of a name is shown as the name it stands for."""
    assert shown(checked("http://xn--mnchen-3ya.example/", NOBODY)) == "münchen.example"
    assert shown(checked("http://xn--99999999/", NOBODY)) == "xn--99999999"
