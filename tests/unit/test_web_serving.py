"""`wiredesk web`: where it may be served, and how the facts of the streams are kept at hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from desk.cli import cli
from desk.failure import Exit, Failure
from desk.loaded import Loaded
from desk.serving import address, permit, placed
from desk.web.app import paths
from desk.web.parts import verdict
from desk.web.pulse import Pulse
from tests.fakes import unit_settings
from tests.webdesk import NOW, FakeWatch, client, facts


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "desk.example"])
def test_an_open_address_without_a_token_is_refused(host: str) -> None:
    """The command ends with 2 and says what to set, before anything listens."""
    result = CliRunner().invoke(cli, ["web"], obj=Loaded(unit_settings(web_host=host)))
    assert isinstance(result.exception, Failure)
    assert result.exception.code == Exit.USAGE
    assert host in result.exception.message
    assert "WIREDESK_WEB_TOKEN" in result.exception.way_out


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    """At home nobody is asked; elsewhere a token opens the way."""
    permit(unit_settings(web_host=host))
    permit(unit_settings(web_host="0.0.0.0", web_token="t" * 20))


def test_an_empty_token_opens_nothing() -> None:
    """A token that was set to nothing is no token."""
    with pytest.raises(Failure):
        permit(unit_settings(web_host="0.0.0.0", web_token=""))


def test_a_port_in_use_is_passed_by() -> None:
    """A free port is taken for 0, and the address says which."""
    here = placed(unit_settings(web_port=0))
    assert here.web_port > 0
    assert address(here) == f"http://127.0.0.1:{here.web_port}/"
    assert address(unit_settings(web_host="::1", web_port=8600)) == "http://[::1]:8600/"


def test_the_pulse_keeps_the_newest_facts() -> None:
    """Facts stay at hand while the watch fails, with why and since when; and are renewed when it is back."""
    time = [NOW]
    watch = FakeWatch()
    pulse = Pulse(lambda: watch, lambda: time[0])
    assert pulse.facts() is None
    pulse.look()
    assert pulse.facts() == facts()
    watch.error = OSError("gone")
    for _ in range(2):
        pulse.look()
        time[0] += timedelta(minutes=1)
    assert pulse.facts() == facts()
    assert pulse.outage is not None
    assert pulse.outage.since == NOW
    assert "gone" in pulse.outage.why
    watch.error = None
    pulse.look()
    assert pulse.outage is None


def test_the_pulse_stops_and_lets_go() -> None:
    """Its thread ends when it is asked to, and the watch is closed."""
    watch = FakeWatch()
    pulse = Pulse(lambda: watch, lambda: datetime.now(UTC), every=0.01)
    pulse.start()
    pulse.stop()
    assert watch.closed == 1


@pytest.mark.parametrize(
    ("code", "word", "state"),
    [(None, "flowing", "good"), ("stage_stalled", "stuck", "bad"), ("not_fresh", "late", "warn")],
)
def test_the_header_says_whether_it_flows(code: str | None, word: str, state: str) -> None:
    """The verdict is a word and a shape, by the first finding."""
    wrong = [{"code": code, "where": "sink", "words": "it stands"}] if code else []
    found = verdict(facts(wrong=wrong), None)
    assert (found.word, found.state) == (word, state)


def test_states_differ_in_shape() -> None:
    """What is good, late or stuck is told apart without colour."""
    codes = (None, "stage_stalled", "not_fresh")
    shapes = {verdict(facts(wrong=[{"code": code}] if code else []), None).shape for code in codes}
    assert len(shapes) == 3


def test_the_header_links_to_what_is_there() -> None:
    """Every link of the header leads to a route."""
    links = re.findall(r'<li><a href="([^"]+)"', client().get("/").text.split("</header>")[0])
    assert "/" in links
    assert set(links) <= paths()
