"""Who may look at the web desk, and what a browser may do there."""

from __future__ import annotations

import re

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from desk.serving import is_loopback
from desk.web.app import ROUTERS
from desk.web.security import SESSION_SECONDS, Attempts, Door, form, host_name, local_path
from tests.fakes import quick, unit_settings
from tests.webdesk import HOME, client, web

TOKEN = "a-token-that-is-long-enough"


def signed_in(browser: TestClient, token: str = TOKEN, to: str = "/") -> int:
    """Fills in the form, and gives the status."""
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)
    assert found
    return browser.post("/login", data={"csrf": found[1], "token": token, "next": to}).status_code


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/static/desk.css", "/articles/nix"])
def test_every_answer_carries_the_security_headers(path: str) -> None:
    """A page, an error and a file alike: scripts and styles of our own alone, framed by nobody, telling nobody."""
    headers = client().get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("host", ["127.0.0.1:8600", "localhost", "[::1]:8600", "127.0.0.2"])
def test_names_of_this_machine_are_served(host: str) -> None:
    """Whoever asks by a loopback name gets the page."""
    assert client().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "10.0.0.1", "", "127.0.0.1.evil.example", "["]
)
def test_other_names_are_refused(host: str) -> None:
    """A name of somebody else that leads here gets nothing: a page of theirs could read everything by it."""
    answer = client().get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "Talks" not in answer.text


def test_with_a_token_every_page_asks_for_it() -> None:
    """Without the token a person is led to the form, and a program is told; nothing else is given."""
    browser = client(web_token=TOKEN)
    asked = browser.get("/?q=a%26b")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=%2F%3Fq%3Da%2526b")
    assert browser.get("/api/v1/search").status_code == 401
    assert browser.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert browser.get("/login").status_code == browser.get("/static/desk.css").status_code == 200


def test_the_token_opens_the_desk_as_a_bearer_and_by_the_form() -> None:
    """Shown in the header it answers at once; typed into the form it starts a session that a script cannot read."""
    assert client(web_token=TOKEN).get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    browser = client(web_token=TOKEN)
    assert signed_in(browser, "wrong") == 403
    assert browser.get("/").status_code == 303
    assert signed_in(browser) == 303
    assert browser.get("/").status_code == 200
    assert TOKEN not in str(browser.cookies)


def test_cookies_are_for_this_site_and_no_script() -> None:
    """Every cookie is HttpOnly and SameSite=Strict; over TLS it is Secure."""
    cookie = client().get("/").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    secure = TestClient(web(), base_url="https://127.0.0.1:8600").get("/").headers["set-cookie"]
    assert secure.endswith("; Secure")


def test_signing_out_ends_the_session() -> None:
    """After it the browser is asked for the token again."""
    browser = client(web_token=TOKEN)
    signed_in(browser)
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)
    assert found
    assert browser.post("/logout", data={"csrf": found[1]}).status_code == 303
    assert browser.get("/").status_code == 303


def test_wrong_tokens_are_counted() -> None:
    """After five wrong ones even the right one must wait, by the form and by the header; another client need not."""
    browser = client(web_token=TOKEN)
    assert [signed_in(browser, "wrong") for _ in range(6)] == [403] * 5 + [429]
    assert signed_in(browser) == 429
    assert browser.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 401


def test_attempts_are_forgotten_after_a_while() -> None:
    """A minute later a client may try again; and no crowd of clients may try for ever."""
    time = [0.0]
    attempts = Attempts(most=2, clock=lambda: time[0])
    attempts.wrong("a")
    attempts.wrong("a")
    assert not attempts.may("a")
    assert attempts.may("b")
    time[0] = 61
    assert attempts.may("a")
    for number in range(20):
        attempts.wrong(str(number))
    assert not attempts.may("new")


def test_sessions_end_and_cannot_be_made() -> None:
    """A session holds for its time; one with another beginning or signature, or of another token, is none."""
    time = [1_000_000.0]
    door = Door(unit_settings(web_token=TOKEN), lambda: time[0])
    session = door.session()
    assert door.knows(session)
    began, signature = session.split(".")
    assert not door.knows(f"{int(began) + 1}.{signature}")
    assert not door.knows(f"{began}.{signature[:-1]}é")
    assert not Door(unit_settings(web_token="another"), lambda: time[0]).knows(session)
    time[0] += SESSION_SECONDS
    assert not door.knows(session)


@quick
@given(st.text(max_size=40))
def test_no_text_is_a_session(text: str) -> None:
    """Whatever a cookie holds, it is refused without an error."""
    assert not Door(unit_settings(web_token=TOKEN)).knows(text)


def test_a_form_needs_its_token() -> None:
    """A form without the page's token, or with another, changes nothing."""
    browser = client(web_token=TOKEN)
    browser.get("/login")
    assert browser.post("/login", data={"token": TOKEN}).status_code == 403
    assert browser.post("/login", data={"token": TOKEN, "csrf": "x" * 43}).status_code == 403
    assert browser.post("/login", data={"token": TOKEN, "csrf": ""}, headers={"cookie": ""}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"origin": HOME + "1"}],
)
def test_what_another_site_sends_is_refused(headers: dict[str, str]) -> None:
    """A request that changes something and names another origin is refused before any route sees it."""
    assert client().post("/login", headers=headers).status_code == 403


def test_a_form_that_is_too_large_is_refused() -> None:
    """Nobody can fill the memory by a form."""
    assert client().post("/login", content=b"a=" + b"b" * 70_000).status_code == 413


def dependencies(dependant: Dependant) -> set[object]:
    """Every function that a route depends on."""
    return {dependant.call}.union(*(dependencies(one) for one in dependant.dependencies))


def test_every_route_that_changes_something_checks_the_form() -> None:
    """No page takes a POST without the check of its form's token."""
    changing = [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and not route.methods <= {"GET", "HEAD"} and not route.path.startswith("/api")
    ]
    assert changing
    assert [route.path for route in changing if form not in dependencies(route.dependant)] == []


@quick
@given(st.text(max_size=60))
def test_after_the_login_nobody_is_led_elsewhere(path: str) -> None:
    """Whatever is asked for, the way leads to a path of this desk."""
    to = local_path(path)
    assert to.startswith("/")
    assert to[1:2] not in ("/", "\\")


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.1.2.3", False), ("a.b", False)],
)
def test_loopback_is_known(host: str, is_ours: bool) -> None:
    """Only what no other machine can reach counts as loopback."""
    assert is_loopback(host) is is_ours


@quick
@given(st.text(max_size=40))
def test_no_host_header_makes_an_error(header: str) -> None:
    """Whatever stands in the header, a name or nothing comes of it."""
    assert isinstance(host_name(header), str)


def test_the_forms_error_is_for_people() -> None:
    """What is told of a refused form says what to do."""
    browser = client()
    browser.get("/login")
    answer = browser.post("/login", data={"csrf": "wrong"})
    assert "load the page again" in answer.text
