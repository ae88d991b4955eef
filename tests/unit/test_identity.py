"""Two fetches of one article have one id, and two articles have two."""

from __future__ import annotations

import contextlib
import re
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.identity import article_id, canonical_url, has_user, raw_fingerprint, without_user
from tests.fakes import quick

WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=8)
HOSTS = st.lists(st.text("abcxyz019", min_size=1, max_size=8), min_size=2, max_size=3).map(".".join)
PATHS = st.lists(st.text(min_size=1, max_size=6).filter(lambda text: text.isprintable()), max_size=3).map(
    lambda parts: "/".join(quote(part, safe="") for part in parts)
)
PARAMETERS = st.lists(st.tuples(WORDS.map(lambda name: f"p{name}"), WORDS), max_size=4, unique_by=lambda pair: pair[0])
TRACKING = ["utm_source", "UTM_Campaign", "fbclid", "gclid", "_ga", "mc_cid", "at_medium", "igshid", "yclid", "msclkid"]


def address(host: str, path: str, parameters: list[tuple[str, str]]) -> str:
    """An address of its parts."""
    return f"https://{host}/{path}" + (f"?{urlencode(parameters)}" if parameters else "")


@quick
@given(HOSTS, PATHS, PARAMETERS)
def test_canonical_url_is_idempotent(host: str, path: str, parameters: list[tuple[str, str]]) -> None:
    """The canonical form of a canonical address is itself."""
    once = canonical_url(address(host, path, parameters))
    assert canonical_url(once) == once


@quick
@given(st.text(max_size=60).map(lambda text: f"http://{text}"))
@example("http://a。/x")
@example("http://news.example./a/%2e%2E/b/")
@example("http://news.example/%zz?q=%ff")
@example("http://[::1]:80/")
@example("http://ß.example/")
def test_canonical_url_of_anything_is_idempotent_or_refused(url: str) -> None:
    """Whatever stands in an address, it has one form that stays, or it is refused with a ValueError."""
    with contextlib.suppress(ValueError):
        once = canonical_url(url)
        assert canonical_url(once) == once
        assert once.isascii()


@quick
@given(HOSTS, PATHS, PARAMETERS, st.sampled_from(TRACKING), st.text(max_size=8))
def test_tracking_does_not_count(
    host: str, path: str, parameters: list[tuple[str, str]], name: str, value: str
) -> None:
    """A parameter that says where a reader came from does not change the article."""
    tracked = address(host, path, [*parameters, (name, value)])
    assert canonical_url(tracked) == canonical_url(address(host, path, parameters))


@quick
@given(HOSTS, PATHS, PARAMETERS, WORDS)
def test_fragment_case_port_scheme_and_order_do_not_count(
    host: str, path: str, parameters: list[tuple[str, str]], fragment: str
) -> None:
    """Fragment, case of the host, default port, the scheme and the order of the query do not change the article."""
    plain = address(host, path, parameters)
    other = address(host.upper() + ":443", path, list(reversed(parameters))) + f"#{fragment}"
    assert article_id(plain, "") == article_id(other, "")
    assert article_id(plain, "") == article_id(plain.replace("https://", "http://", 1), "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x?id=1", "https://a.example/x?id=2"),
        ("https://a.example/x?page=1", "https://a.example/x"),
        ("https://a.example/x?globe=1", "https://a.example/x?globe=2"),
        ("https://a.example/x?ref=1", "https://a.example/x?ref=2"),
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/x", "https://b.example/x"),
        ("https://a.example:8443/x", "https://a.example/x"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
        ("https://a.example/?q=%E0", "https://a.example/?q=%E1"),
        ("https://a.example/?q=a%26b", "https://a.example/?q=a&b"),
    ],
)
def test_what_may_choose_the_article_counts(one: str, other: str) -> None:
    """Addresses that differ in what a server may look at stay two articles."""
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("HTTPS://News.Example:443/A/../b/?b=2&a=1&utm_source=x#top", "https://news.example/b?a=1&b=2"),
        ("http://пример.рф/новость", "http://xn--e1afmkfd.xn--p1ai/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D1%8C"),
        ("https://user:secret@a.example/", "https://a.example"),
        ("  https://a.example/%7Ejo%65  ", "https://a.example/~joe"),
        ("http://a.example//x//y/", "http://a.example/x/y"),
    ],
)
def test_known_addresses(written: str, canonical: str) -> None:
    """Addresses as they are written in the wild come to the form that is expected, without user and password."""
    assert canonical_url(written) == canonical


@pytest.mark.parametrize("url", ["", "a.example/x", "ftp://a.example/x", "https://", "https://a b/", "mailto:a@b.c"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    """What is no http or https address with a host is refused in words."""
    with pytest.raises(ValueError, match="not a"):
        canonical_url(url)


@quick
@given(st.text(), st.none() | st.text(max_size=40))
def test_any_text_gives_an_id_or_a_value_error(content: str, url: str | None) -> None:
    """Whatever content and address are, the id is 32 hexadecimal digits, or the address is refused."""
    with contextlib.suppress(ValueError):
        assert re.fullmatch(r"[0-9a-f]{32}", article_id(url, content))


@quick
@given(st.lists(st.text(min_size=1).filter(lambda text: not text.isspace()), min_size=1, max_size=5), st.data())
def test_white_space_does_not_count_in_content(words: list[str], data: st.DataObject) -> None:
    """The same words with other white space between and around them are one article."""
    gaps = data.draw(st.lists(st.text(" \t\n\r\u00a0\u2003", min_size=1), min_size=len(words), max_size=len(words)))
    spaced = "".join(gap + word for gap, word in zip(gaps, words, strict=True)) + "\n"
    assert article_id(None, " ".join(words)) == article_id(None, spaced)


def test_other_words_are_another_article() -> None:
    """Content that differs in a word, or in where words part, is another article."""
    assert len({article_id(None, text) for text in ("one two", "one too", "onetwo", "One two")}) == 4


def test_composed_and_decomposed_letters_are_one_content() -> None:
    """A letter with its accent is the same article whether it is written as one character or two."""
    assert article_id(None, "caf\u00e9") == article_id(None, "cafe\u0301")


@quick
@given(st.lists(st.none() | st.text(), max_size=4))
def test_fingerprint_has_16_digits(parts: list[str | None]) -> None:
    """Any parts have a fingerprint of 16 hexadecimal digits."""
    assert re.fullmatch(r"[0-9a-f]{16}", raw_fingerprint(*parts))


def test_fingerprint_keeps_parts_apart() -> None:
    """What moves from one part to the next changes the fingerprint."""
    assert raw_fingerprint("ab", "c") != raw_fingerprint("a", "bc")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ana:hunter2@a.example/x", "https://a.example/x"),
        ("ftp://ana@a.example", "ftp://a.example"),
        ("//ana:p@ss@a.example/", "//a.example/"),
        ("https://a.example/@ana?to=x@y", "https://a.example/@ana?to=x@y"),
        ("ana@a.example", "ana@a.example"),
    ],
)
def test_a_user_in_an_address_is_found_and_left_out(address: str, shown: str) -> None:
    """What stands before the host is a user, and shown nowhere; what stands behind it is none."""
    assert without_user(address) == shown
    assert has_user(address) == (address != shown)
