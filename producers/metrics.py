"""How the sources fare as Prometheus metrics, taken from their health when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from schemas.health import SourceHealth

# Name, what it counts, and the field of `SourceHealth`; all by source.
COUNTERS: Final = (
    ("wiredesk_source_discovered", "Articles that the source listed, each time that it was looked at.", "discovered"),
    ("wiredesk_source_known", "Listed articles that were published before.", "known"),
    ("wiredesk_source_fetched", "Pages of articles that were fetched.", "fetched"),
    ("wiredesk_source_published", "Articles that Kafka acknowledged.", "published"),
    ("wiredesk_source_undelivered", "Articles that Kafka did not take, and that come again.", "undelivered"),
)
REFUSED: Final = ("wiredesk_source_refused", "Listed things that could not be taken, by reason.")
GAUGES: Final[tuple[tuple[str, str, Callable[[SourceHealth], float]], ...]] = (
    ("wiredesk_source_failure_score", "Score of failures since the last success.", lambda one: one.failures),
    ("wiredesk_source_interval_seconds", "Seconds between two looks while all is well.", lambda one: one.interval),
    (
        "wiredesk_source_last_success_timestamp_seconds",
        "When the source could last be read, in seconds since 1970; 0 for never.",
        lambda one: one.succeeded_at.timestamp() if one.succeeded_at else 0.0,
    ),
    (
        "wiredesk_source_up",
        "1 when the last look could read the source.",
        lambda one: float(one.looked_at is not None and one.error is None),
    ),
)


class _Sources(Collector):
    """Collects from the health of the sources as it is now."""

    def __init__(self, health: Callable[[], Mapping[str, SourceHealth]]) -> None:
        self._health = health

    def collect(self) -> Iterator[Any]:
        """Each metric with a sample a source."""
        known = dict(self._health())
        for name, help_text, field in COUNTERS:
            counter = CounterMetricFamily(name, help_text, labels=["source"])
            for source, one in known.items():
                counter.add_metric([source], getattr(one, field))
            yield counter
        refused = CounterMetricFamily(*REFUSED, labels=["source", "reason"])
        for source, one in known.items():
            for reason, count in one.refused.items():
                refused.add_metric([source, reason], count)
        yield refused
        for name, help_text, value in GAUGES:
            gauge = GaugeMetricFamily(name, help_text, labels=["source"])
            for source, one in known.items():
                gauge.add_metric([source], value(one))
            yield gauge


def application(health: Callable[[], Mapping[str, SourceHealth]]) -> web.Application:
    """A server whose `/metrics` tells how the sources fare."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Sources(health))

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics)])
    return app
