"""The facts of the flow for Prometheus, and the list of every metric: `python -m desk.metrics` prints it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from desk.findings import CODES
from desk.watch import Watch
from processors.metrics import gauge, nothing_wrong, process_registry, told
from schemas.settings import Settings
from schemas.telemetry import METRICS

Facts = dict[str, Any]
Samples = list[tuple[tuple[str, ...], float]]

_FRESH_SECONDS = 5.0
_QUANTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}


class _Flow(Collector):
    """Collects from the facts as they are when Prometheus asks; what is not known is not told."""

    def __init__(self, facts: Callable[[], Facts | None]) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        """Each metric of the desk."""
        facts = self._facts()
        for name, values in samples(facts).items() if facts else ():
            yield gauge(name, *values)


def samples(facts: Facts) -> dict[str, Samples]:
    """Labels and value of each sample, by the metric's name, from the facts of `desk.watch`."""
    found: dict[str, Samples] = {
        "server_up": [((name,), float(one["ok"])) for name, one in facts["servers"].items()],
        "findings": [((code,), count) for code, count in _by_code(facts).items()],
        "stream_messages": [((name,), one["messages"]) for name, one in facts["streams"].items()],
        "stage_lag_messages": _of_stages(facts, "lag"),
        "stage_lag_seconds": _of_stages(facts, "lag_seconds"),
        "stage_instances": _of_stages(facts, "instances"),
        "freshness_seconds": [((_QUANTILES[share],), value) for share, value in facts["freshness"].items()],
        "dead_letters_open": [
            ((stage, reason), count)
            for cause, count in facts["dead"]["by_cause"].items()
            for stage, _, reason in (cause.partition("/"),)
        ],
        "index_articles": _one(facts["index"]["documents"]),
        "index_newest_timestamp_seconds": _one(_stamp(facts["index"]["newest_fetched_at"])),
        "reconcile_gap_messages": _one((facts["reconcile"] or {}).get("gap")),
        "account_missing_messages": _one((facts["account"] or {}).get("missing")),
        "account_timestamp_seconds": _one(_stamp((facts["account"] or {}).get("at"))),
        "stream_partitions_offline": _one((facts["partitions"] or {}).get("offline")),
        "stream_partitions_under_replicated": _one((facts["partitions"] or {}).get("under_replicated")),
        **_heartbeat(facts["heartbeat"] or {}),
    }
    return {f"wiredesk_{name}": values for name, values in found.items()}


def _by_code(facts: Facts) -> dict[str, int]:
    codes = [finding["code"] for finding in facts["wrong"]]
    return {code: codes.count(code) for code in CODES}


def _of_stages(facts: Facts, key: str) -> Samples:
    return [((name,), stage[key]) for name, stage in facts["stages"].items() if stage[key] is not None]


def _heartbeat(beat: Facts) -> dict[str, Samples]:
    milliseconds = beat.get("searchable_ms")
    return {
        "heartbeat_published_timestamp_seconds": _one(_stamp(beat.get("published_at"))),
        "heartbeat_searchable_timestamp_seconds": _one(_stamp(beat.get("found_at"))),
        "heartbeat_seconds": _one(None if milliseconds is None else milliseconds / 1000),
    }


def _one(value: float | None) -> Samples:
    return [] if value is None else [((), value)]


def _stamp(moment: str | None) -> float | None:
    return None if moment is None else datetime.fromisoformat(moment).timestamp()


def desk_registry(facts: Callable[[], Facts | None]) -> CollectorRegistry:
    """What the desk tells Prometheus: the flow as `facts` gives it, and its own process.

    Args:
        facts: gives the facts of `desk.watch`, as its `Watch.facts` does, or none while they are not known; asked at
            every scrape, twice.
    """
    registry = process_registry(nothing_wrong, lambda: ready(facts()))
    registry.register(_Flow(facts))
    return registry


def exposition(registry: CollectorRegistry) -> tuple[bytes, str]:
    """What stands at `/metrics`: the text for Prometheus, and its content type."""
    return generate_latest(registry), CONTENT_TYPE_LATEST


def ready(facts: Facts | None) -> dict[str, str]:
    """The checks of `/readyz` of who tells these facts: whether the servers answer."""
    if facts is None:
        return {"facts": "nothing is known yet"}
    return {name: "" if one["ok"] else one["words"] for name, one in facts["servers"].items()}


def serving(settings: Settings, watch: Watch) -> AbstractContextManager[None]:
    """`/metrics`, `/livez` and `/readyz` at the settings' address while the block runs."""
    facts = lately(watch)
    return told(
        settings.metrics_host,
        settings.metrics_port,
        desk_registry(facts),
        nothing_wrong,
        lambda: ready(facts()),
    )


def lately(watch: Watch) -> Callable[[], Facts]:
    """The facts of a watch, read anew when they are some seconds old: one scrape asks more than once."""
    latest: list[tuple[float, Facts]] = []

    def facts() -> Facts:
        if not latest or time.monotonic() - latest[0][0] > _FRESH_SECONDS:
            found = watch.facts()
            latest[:] = [(time.monotonic(), found)]
        return latest[0][1]

    return facts


def table() -> str:
    """The list of all metrics, in Markdown."""
    lines = ["| metric | kind | labels | told by | meaning |", "|---|---|---|---|---|"]
    for one in METRICS:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        lines.append(f"| `{one.name}` | {one.kind} | {labels} | {', '.join(one.told_by)} | {one.help} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
