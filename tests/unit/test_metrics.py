"""Every process tells the metrics that are listed for it, no others, and under names that keep the convention."""

from __future__ import annotations

import json
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from desk import flow
from desk.findings import CODES, wrong
from desk.flow import IndexSeen, KafkaSeen, Part
from desk.metrics import desk_registry, exposition, lately, samples, table
from processors.enrich import enrich, enrichers_with
from processors.health import Health
from processors.letters import letter
from processors.metrics import Steps, Telling, measured, told
from processors.progress import Progress
from processors.store import Reply
from processors.tiers.tier import WIREDESK
from producers import metrics as sources
from schemas.health import SourceHealth
from schemas.status import Account, Heartbeat
from schemas.streams import streams
from schemas.telemetry import METRICS
from tests.fakes import FETCHED_AT, raw_article, raw_message, unit_settings

ROOT = Path(__file__).parents[2]
LISTED = {metric.name: metric for metric in METRICS}
PYTHONS_OWN = ("process_", "python_")


def families(text: str) -> dict[str, Any]:
    """What is told, by the name of the metric as it is listed."""
    found = text_string_to_metric_families(text)
    return {f"{one.name}{'_total' if one.type == 'counter' else ''}": one for one in found}


def of_registry(registry: CollectorRegistry) -> dict[str, Any]:
    """What a registry tells."""
    return families(generate_latest(registry).decode())


def telling(stage: Any = "sink", **changes: Any) -> tuple[Progress, Telling]:
    """A worker that reads partition 0, where seven messages wait."""
    progress = Progress(stage, partitions=(0,), **changes)
    health = Health(progress, lambda: {0: 7}, lambda: "it is blocked")
    health.look()
    return progress, Telling(progress, health)


def enricher() -> dict[str, Any]:
    """What an enricher tells after one article."""
    progress, found = telling("enrich")
    steps = Steps()
    steps.register(found.registry)
    enrich(raw_article(), tuple(map(steps.timed, enrichers_with(WIREDESK))))
    progress.took(250)
    return of_registry(found.registry)


def sink() -> dict[str, Any]:
    """What a sink tells after one bulk request."""
    progress, found = telling("sink", done=5, stale=2, dead=1, retries=3, waiting="x")
    measured(lambda body: Reply(200, {}), progress, found.registry)(b'{"index":{}}\n{}\n' * 4)
    progress.took(1500)
    return of_registry(found.registry)


def feed() -> dict[str, Any]:
    """What the collector tells of one source."""
    health = SourceHealth(source="herald", interval=60, gap=60, looked_at=FETCHED_AT, refused={"robots": 1})
    registry = CollectorRegistry()
    for collector in (sources.ProcessCollector, sources.PlatformCollector, sources.GCCollector):
        collector(registry=registry)
    registry.register(sources._Sources(lambda: {"herald": health}, sources.answers, sources.answers))
    return of_registry(registry)


def facts() -> dict[str, Any]:
    """Facts in which every fact is known."""
    settings = unit_settings()
    names, now = streams(settings), flow.utc_now()
    parts = {stream.name: [Part(0, 0, 10, 5)] for stream in (names.raw, names.enriched, names.dead)}
    sink_told = Progress("sink")
    sink_told.took(500)
    kafka = KafkaSeen(
        at=now,
        parts=parts,
        committed={("articles.raw", 0): 10},
        oldest={"articles.enriched": now},
        statuses=[Progress("enrich").status(), sink_told.status()],
        letters=[letter(raw_message(), "enrich", "no_text", "", "h")],
        beats=[Heartbeat(at=now, by="a", searchable_ms=900)],
        account=Account(
            at=now, by="a", since=now, seconds=1, read=1, stored=1, stale=0, dead=0, in_flight=0, missing=0
        ),
    )
    up = {"ok": True, "since": None, "words": "", "seen_at": flow.text(now), "age_seconds": 0.0}
    found = {
        "servers": {"kafka": up, "elasticsearch": {**up, "ok": False, "words": "away"}},
        **flow.of_kafka(kafka, names, now),
        **flow.of_index(IndexSeen(now, documents=3, newest_fetched_at=now), "articles", now),
    }
    return {**found, "wrong": wrong(found)}


def desk() -> dict[str, Any]:
    """What the desk tells."""
    return of_registry(desk_registry(facts))


TELLERS = {"enricher": enricher, "sink": sink, "feed": feed, "desk": desk}


@pytest.mark.parametrize("teller", TELLERS)
def test_what_is_told_is_what_is_listed(teller: str) -> None:
    """Each kind of process tells every metric that is listed for it, with its kind, help and labels, and no other."""
    found = {name: one for name, one in TELLERS[teller]().items() if not name.startswith(PYTHONS_OWN)}
    assert set(found) == {metric.name for metric in METRICS if teller in metric.told_by}
    for name, one in found.items():
        listed = LISTED[name]
        assert one.type == ("gauge" if listed.kind == "info" else listed.kind)
        assert one.documentation == listed.help
        assert one.samples, name
        labels = {label for sample in one.samples for label in sample.labels} - {"le"}
        assert labels == set(listed.labels), name


@pytest.mark.parametrize("teller", TELLERS)
def test_every_process_tells_of_itself(teller: str) -> None:
    """Memory, processor time and the Python that runs are told by each kind of process."""
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "python_info"} <= set(TELLERS[teller]())


def test_names_keep_to_the_convention() -> None:
    """Names begin with the product, counters end in _total, units are base units, and each has a sentence of help."""
    assert len(LISTED) == len(METRICS)
    for metric in METRICS:
        assert re.fullmatch(r"wiredesk_[a-z][a-z0-9_]*[a-z0-9]", metric.name)
        assert (metric.kind == "counter") == metric.name.endswith("_total")
        assert not re.search(r"_(ms|milliseconds|minutes|hours|kb|mb|percent)(_|$)", metric.name)
        assert re.fullmatch(r"[A-Z0-9].*\.", metric.help)
        assert bool(metric.buckets) == (metric.kind == "histogram")
        assert list(metric.buckets) == sorted(metric.buckets)


def test_a_workers_counts_are_told_by_result() -> None:
    """Stale articles are not told twice: done, stale and dead add up to what came to its end."""
    counted = {sample.labels["result"]: sample.value for sample in sink()["wiredesk_articles_total"].samples}
    assert counted == {"done": 3, "stale": 2, "dead": 1}


def test_a_bulk_request_is_measured_and_known_while_it_is_under_way() -> None:
    """Articles and bytes of a bulk body are told, and the worker is known to ask until the answer is there."""
    progress, found = telling()
    asking: list[int] = []

    def send(_: bytes) -> Reply:
        asking.append(progress.asking)
        raise OSError

    sender = measured(send, progress, found.registry)
    with pytest.raises(OSError):  # noqa: PT011 (the sender's own)
        sender(b"{}\n{}\n" * 3)
    told_now = of_registry(found.registry)
    sums = {sample.name: sample.value for name in told_now for sample in told_now[name].samples}
    assert (asking, progress.asking) == ([1], 0)
    assert (sums["wiredesk_bulk_articles_sum"], sums["wiredesk_bulk_bytes_sum"]) == (3, 18)


def test_what_is_not_known_is_not_told() -> None:
    """Facts that nobody knows have no sample, so that they show as missing and not as 0."""
    empty = {
        "servers": {},
        "wrong": [],
        **flow.of_kafka(None, streams(unit_settings()), flow.utc_now()),
        **flow.of_index(None, "articles", flow.utc_now()),
    }
    found = samples(empty)
    assert {name for name, values in found.items() if values} == {"wiredesk_findings"}
    assert [labels for labels, _ in found["wiredesk_findings"]] == [(code,) for code in CODES]
    assert found.keys() == samples(facts()).keys()


def test_the_desk_tells_of_itself_before_it_knows_any_facts() -> None:
    """A page that has no facts yet still answers Prometheus, and says that it is not ready."""
    text, kind = exposition(desk_registry(lambda: None))
    found = families(text.decode())
    assert kind.startswith("text/plain")
    assert "wiredesk_stage_lag_messages" not in found
    assert [(one.labels, one.value) for one in found["wiredesk_ready"].samples] == [({"check": "facts"}, 0)]


def test_facts_are_read_once_a_scrape() -> None:
    """Who asks twice within some seconds gets the same facts, read once."""

    class Counting:
        """A watch that counts how often it is asked."""

        asked = 0

        def facts(self) -> dict[str, Any]:
            """Facts with their number."""
            self.asked += 1
            return {"number": self.asked}

    ask = lately(Counting())  # type: ignore[arg-type]
    assert [ask(), ask()] == [{"number": 1}, {"number": 1}]


def test_the_table_lists_every_metric() -> None:
    """The list for the docs has a row for each metric, with who tells it."""
    rows = table().splitlines()[2:]
    assert len(rows) == len(METRICS)
    assert all(f"| `{metric.name}` | {metric.kind} |" in row for metric, row in zip(METRICS, rows, strict=True))


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def asked(port: int, path: str) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_worker_answers_prometheus_and_probes() -> None:
    """Metrics, liveness and readiness stand at one port; nothing else is there, and nothing when the work is over."""
    _, found = telling()
    port = free_port()
    with told("127.0.0.1", port, found.registry, found.health.live, found.health.ready):
        assert "wiredesk_lag_messages" in families(asked(port, "/metrics")[1])
        assert asked(port, "/livez") == (200, "ok\n")
        status, text = asked(port, "/readyz?verbose")
        assert (status, "[-]index failed: it is blocked" in text, "[+]kafka ok" in text) == (503, True, True)
        assert asked(port, "/")[0] == 404
    with pytest.raises(urllib.error.URLError):
        asked(port, "/livez")


def test_a_port_that_is_in_use_stops_no_work() -> None:
    """Where another has the port, the work goes on without metrics."""
    _, found = telling()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with told("127.0.0.1", other.getsockname()[1], found.registry, dict, dict):
            worked = True
    assert worked


def names_in(expression: str) -> set[str]:
    """The metrics of ours that an expression names, as they are listed."""
    named = set(re.findall(r"\bwiredesk_[a-z0-9_]+", expression))
    return {re.sub(r"_(bucket|sum|count)$", "", name) if name not in LISTED else name for name in named}


@pytest.mark.checkout
def test_every_metric_of_the_dashboard_exists() -> None:
    """The dashboard asks only for metrics and labels that are listed, by a data source that is a variable."""
    board = json.loads((ROOT / "deploy/grafana/wiredesk.json").read_text(encoding="utf-8"))
    asked_for = [(panel, target["expr"]) for panel in board["panels"] for target in panel["targets"]]
    named = set.union(*(names_in(expression) for _, expression in asked_for))
    assert len(named) > 20
    assert named <= set(LISTED)
    assert [one["type"] for one in board["templating"]["list"]] == ["datasource"]
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel, _ in asked_for)
    assert all(panel["fieldConfig"]["defaults"]["noValue"] == "missing" for panel, _ in asked_for)


@pytest.mark.checkout
def test_every_metric_of_the_rules_exists() -> None:
    """Alert rules name only listed metrics; each has a severity, a summary and a line of what to do."""
    groups = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert set.union(*(names_in(rule["expr"]) for rule in rules)) <= set(LISTED)
    assert all(rule["labels"]["severity"] in ("page", "ticket") for rule in rules)
    assert all(len(rule["annotations"]["runbook"]) > 40 and rule["annotations"]["summary"] for rule in rules)
    needed = {"Stalled", "Late", "IngestSilent", "PollOverdue", "SourceQuiet", "FetchErrors", "ReconcileGap"}
    assert needed | {"HeartbeatLost", "DeadLettersNewCause"} <= {rule["alert"] for rule in rules}
