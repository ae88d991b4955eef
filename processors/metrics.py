"""What a worker tells to Prometheus and to probes: `/metrics`, `/livez` and `/readyz` on a port of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

import structlog
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from processors.enrichers.draft import Draft, Enricher
from processors.health import Health
from processors.progress import Progress
from processors.store import Reply, Send
from schemas.telemetry import METRICS, checked

log = structlog.get_logger(__name__)

_LISTED = {metric.name: metric for metric in METRICS}
_FAMILIES = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "info": InfoMetricFamily}
Checks = Callable[[], dict[str, str]]

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for each histogram that nobody asks for


def nothing_wrong() -> dict[str, str]:
    """The checks of a process that answers, and has nothing more to tell."""
    return {"answers": ""}


def histogram(name: str, registry: CollectorRegistry) -> Histogram:
    """A listed histogram."""
    one = _LISTED[name]
    return Histogram(one.name, one.help, one.labels, registry=registry, buckets=one.buckets)


def family(name: str) -> Any:
    """A listed counter or gauge without samples, to be filled when it is collected."""
    one = _LISTED[name]
    return _FAMILIES[one.kind](one.family, one.help, labels=list(one.labels))


def gauge(name: str, *samples: tuple[tuple[str, ...], float]) -> Metric:
    """A listed counter or gauge with its samples: values by labels."""
    found = family(name)
    for labels, value in samples:
        found.add_metric(list(labels), value)
    return found  # type: ignore[no-any-return]


class Common(Collector):
    """What every process tells: its version, and what its probes would be answered."""

    def __init__(self, live: Checks, ready: Checks) -> None:
        self._live, self._ready = live, ready

    def collect(self) -> Iterator[Metric]:
        """One sample for each check."""
        found = InfoMetricFamily("wiredesk_build", _LISTED["wiredesk_build_info"].help)
        found.add_metric([], {"version": version("wiredesk")})
        yield found
        yield gauge("wiredesk_live", *(((name,), float(not words)) for name, words in self._live().items()))
        yield gauge("wiredesk_ready", *(((name,), float(not words)) for name, words in self._ready().items()))


def process_registry(live: Checks = nothing_wrong, ready: Checks = nothing_wrong) -> CollectorRegistry:
    """A registry with what every process tells, Python's and the operating system's numbers too."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(Common(live, ready))
    return registry


class _Counts(Collector):
    """A worker's counts as they stand when they are asked for."""

    def __init__(self, progress: Progress, health: Health) -> None:
        self._progress, self._health = progress, health

    def collect(self) -> Iterator[Metric]:
        """Each count, by stage."""
        told = self._progress
        stage = told.stage
        results = {"done": told.done - told.stale, "stale": told.stale, "dead": told.dead}
        yield gauge("wiredesk_articles_total", *(((stage, result), count) for result, count in results.items()))
        yield gauge("wiredesk_retries_total", ((stage,), told.retries))
        yield gauge("wiredesk_waiting", ((stage,), float(bool(told.waiting))))
        lags = sorted(self._health.lags.items())
        yield gauge("wiredesk_lag_messages", *(((stage, str(partition)), lag) for partition, lag in lags))


class Telling:
    """The metrics of one worker.

    Args:
        progress: what it counts.
        health: who looks at it.
    """

    def __init__(self, progress: Progress, health: Health) -> None:
        self.health = health
        self.registry = process_registry(health.live, health.ready)
        self.registry.register(_Counts(progress, health))
        progress.on_age = histogram("wiredesk_article_age_seconds", self.registry).labels(progress.stage).observe


class Steps:
    """Takes the time of each step of enriching. `register` it where it is to be told."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._seconds = histogram("wiredesk_enricher_step_seconds", self._own)

    def register(self, registry: CollectorRegistry) -> None:
        """Lets a registry tell it."""
        registry.register(self._seconds)

    def timed(self, enricher: Enricher) -> Enricher:
        """The same step, with its time taken."""
        seconds, run = self._seconds.labels(enricher.name), enricher.run

        def measured(draft: Draft) -> Draft:
            with seconds.time():
                return run(draft)

        return replace(enricher, run=measured)


def measured(send: Send, progress: Progress, registry: CollectorRegistry) -> Send:
    """A sender of bulk bodies that tells how large they are and how long each takes."""
    articles, size, seconds = (
        histogram(name, registry) for name in ("wiredesk_bulk_articles", "wiredesk_bulk_bytes", "wiredesk_bulk_seconds")
    )
    lock = threading.Lock()

    def count(change: int) -> None:
        with lock:
            progress.asking += change

    def sent(body: bytes) -> Reply:
        articles.observe(body.count(b"\n") / 2)
        size.observe(len(body))
        started = time.monotonic()
        count(1)
        try:
            return send(body)
        finally:
            count(-1)
            seconds.observe(time.monotonic() - started)

    return sent


def _handler(registry: CollectorRegistry, live: Checks, ready: Checks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/metrics":
                self._answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
            elif path in ("/livez", "/readyz"):
                checks = live() if path == "/livez" else ready()
                status, text = checked(checks, verbose=query.partition("=")[0] == "verbose")
                self._answer(status, text.encode("utf-8"), "text/plain; charset=utf-8")
            else:
                self._answer(404, b"there are /metrics, /livez and /readyz\n", "text/plain; charset=utf-8")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
            log.debug("asked", request=format % args)

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked and did not wait for the answer is no news."""
        log.debug("an answer was not taken", request=str(request), client=str(client_address))


@contextmanager
def told(host: str, port: int, registry: CollectorRegistry, live: Checks, ready: Checks) -> Iterator[None]:
    """A server for Prometheus and probes while the block runs; none for port 0.

    A port that is in use is told of in the log, and the work goes on without.
    """
    server: _Server | None = None
    if port:
        try:
            server = _Server((host, port), _handler(registry, live, ready))
        except OSError as error:
            log.warning("no metrics are told", address=f"{host}:{port}", reason=error.strerror)
    if server is None:
        yield
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
