"""How the sources fare as Prometheus metrics, taken from their health when they are asked for; and probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from schemas.article import UtcMoment
from schemas.health import SourceHealth
from schemas.telemetry import METRICS, checked

# Which field of `SourceHealth` each counter tells.
COUNTERS: Final = ("discovered", "known", "fetched", "published", "undelivered")


def _stamp(moment: UtcMoment | None) -> float:
    return moment.timestamp() if moment else 0.0


GAUGES: Final[Mapping[str, Callable[[SourceHealth], float | None]]] = {
    "failure_score": lambda one: one.failures,
    "interval_seconds": lambda one: one.interval,
    "gap_seconds": lambda one: one.gap,
    "last_success_timestamp_seconds": lambda one: _stamp(one.succeeded_at),
    "last_article_timestamp_seconds": lambda one: _stamp(one.published_at),
    "next_look_timestamp_seconds": lambda one: _stamp(one.next_look),
    "up": lambda one: float(one.looked_at is not None and one.error is None),
}
_LISTED = {metric.name: metric for metric in METRICS}
Checks = Callable[[], dict[str, str]]


def answers() -> dict[str, str]:
    """The checks of a process that answers, and has nothing more to tell."""
    return {"answers": ""}


class _Sources(Collector):
    """Collects from the health of the sources as it is now, and from the probes."""

    def __init__(self, health: Callable[[], Mapping[str, SourceHealth]], live: Checks, ready: Checks) -> None:
        self._health, self._checks = health, {"live": live, "ready": ready}

    def collect(self) -> Iterator[Any]:
        """Each metric with a sample a source."""
        known = dict(self._health())
        for field in COUNTERS:
            counter = _family(f"wiredesk_source_{field}_total", CounterMetricFamily)
            for source, one in known.items():
                counter.add_metric([source], getattr(one, field))
            yield counter
        refused = _family("wiredesk_source_refused_total", CounterMetricFamily)
        for source, one in known.items():
            for reason, count in one.refused.items():
                refused.add_metric([source, reason], count)
        yield refused
        for name, told in GAUGES.items():
            gauge = _family(f"wiredesk_source_{name}", GaugeMetricFamily)
            for source, one in known.items():
                if (value := told(one)) is not None:
                    gauge.add_metric([source], value)
            yield gauge
        yield from self._common()

    def _common(self) -> Iterator[Any]:
        info = InfoMetricFamily("wiredesk_build", _LISTED["wiredesk_build_info"].help)
        info.add_metric([], {"version": version("wiredesk")})
        yield info
        for kind, checks in self._checks.items():
            gauge = _family(f"wiredesk_{kind}", GaugeMetricFamily)
            for name, words in checks().items():
                gauge.add_metric([name], float(not words))
            yield gauge


def _family(name: str, kind: Any) -> Any:
    """A listed metric without samples."""
    one = _LISTED[name]
    return kind(one.family, one.help, labels=list(one.labels))


def application(
    health: Callable[[], Mapping[str, SourceHealth]], live: Checks = answers, ready: Checks = answers
) -> web.Application:
    """A server whose `/metrics` tells how the sources fare, with `/livez` and `/readyz` for probes.

    Args:
        health: what is known of each source, by name.
        live: what is wrong with the process by the name of each check; empty words for nothing.
        ready: the same for what it needs.
    """
    registry = CollectorRegistry(auto_describe=False)
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(_Sources(health, live, ready))

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def probed(request: web.Request) -> web.Response:
        checks = live() if request.path == "/livez" else ready()
        status, text = checked(checks, verbose="verbose" in request.query)
        return web.Response(text=text, status=status)

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/livez", probed), web.get("/readyz", probed)])
    return app
