"""What the desk tells Prometheus, and its probes."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from schemas.telemetry import METRICS
from tests.unit.test_metrics import facts
from tests.webdesk import FakeWatch, client

TOKEN = "a-token-that-is-long-enough"


def test_the_desk_tells_the_metrics_of_the_list() -> None:
    """At `/metrics` stands the flow, under the names of the list, and the desk's own process."""
    text = client(watch=FakeWatch(facts())).get("/metrics").text
    told = {one.name for one in text_string_to_metric_families(text) if one.name.startswith("wiredesk_")}
    listed = {one.name.removesuffix("_total") for one in METRICS if "desk" in one.told_by}
    assert told == listed


def test_the_desk_lives_while_servers_are_away_and_is_not_ready() -> None:
    """A probe of life answers whatever is away; the one of readiness names it."""
    asked = client(watch=FakeWatch(facts()))
    assert asked.get("/livez").status_code == 200
    answer = asked.get("/readyz?verbose")
    assert answer.status_code == 503
    assert "[-]elasticsearch failed: away" in answer.text
    assert "[+]kafka" in answer.text


def test_with_a_token_probes_are_open_and_metrics_are_not() -> None:
    """Who watches over the process needs no token to ask whether it is up; what flows is told to none without."""
    asked = client(watch=FakeWatch(facts()), web_token=TOKEN)
    assert asked.get("/livez").status_code == 200
    assert asked.get("/readyz").status_code == 503
    assert asked.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert asked.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
