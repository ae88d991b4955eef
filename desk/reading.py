"""`wiredesk monitor`: whether it flows."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from desk import show as shown
from desk.connect import located, with_both
from desk.failure import Exit, Failure, explained
from desk.options import as_json

_QUICK = 5.0


@click.command()
@click.option("--once", is_flag=True, help="Print the facts once and end.")
@click.option(
    "--check", is_flag=True, help="Look once, name each thing that is wrong, and exit with 1 if there is any."
)
@click.option("--serve", is_flag=True, help="Tell Prometheus and send heartbeats until Ctrl-C, and print nothing.")
@click.option("--interval", type=click.FloatRange(0.5, 3600), default=2.0, show_default=True, help="Seconds between.")
@click.option(
    "--max-freshness",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds from published to searchable.",
)
@click.option(
    "--max-stalled",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    help="Seconds that an article may wait while none is finished.",
)
@click.option(
    "--max-dead", type=click.IntRange(0), default=0, show_default=True, help="New dead letters within ten minutes."
)
@click.option(
    "--max-heartbeat",
    type=click.FloatRange(0),
    default=180.0,
    show_default=True,
    help="Seconds since the last heartbeat that came through.",
)
@as_json
@click.pass_context
def monitor(
    ctx: click.Context,
    /,
    *,
    once: bool,
    check: bool,
    serve: bool,
    interval: float,
    as_json: bool,
    **limits: Any,
) -> int:
    """Watch the streams: lag, rates, retries, dead letters, and how fresh the index is.

    \b
    Examples:
      wiredesk monitor
      wiredesk monitor --once --json
      wiredesk monitor --check --max-freshness 120

    Exits with 3 when Kafka or Elasticsearch does not answer. With --serve there are /metrics, /livez and /readyz at the
    address that WIREDESK_METRICS_HOST and WIREDESK_METRICS_PORT name.
    """
    from desk.findings import Limits

    bounds = Limits(
        freshness=limits["max_freshness"],
        stalled=limits["max_stalled"],
        dead=limits["max_dead"],
        heartbeat=limits["max_heartbeat"],
    )
    if serve:
        return _serve(ctx)
    settings = with_both(ctx.obj, _QUICK)
    with explained(settings):
        if check or once:
            return _once(settings, bounds, check=check, as_json=as_json)
        return _live(settings, bounds, interval, as_json=as_json)


def _once(settings: Any, limits: Any, *, check: bool, as_json: bool) -> int:
    from desk.monitor import facts
    from desk.screen import monitor_lines

    found = facts(settings, limits)
    if as_json:
        shown.json_line(found)
    elif check:
        for finding in found["wrong"] or [{"code": "ok", "words": found["verdict"]}]:
            click.echo(f"{finding['code']}: {finding['words']}")
    else:
        shown.console().print(monitor_lines(found))
    return Exit.FINDING if check and found["wrong"] else Exit.FINE


def _live(settings: Any, limits: Any, interval: float, *, as_json: bool) -> int:
    """The facts again and again: redrawn in place on a terminal, else each time below the last."""
    from desk.watch import Watch

    with Watch(settings) as watch:
        if as_json:
            _again(lambda: shown.json_line(watch.facts(limits)), interval)
        if not sys.stdout.isatty():
            _again(lambda: click.echo(_plain(watch.facts(limits))), interval)
        _redrawn(lambda: watch.facts(limits), interval)
    return Exit.FINE


def _again(tell: Callable[[], None], interval: float) -> None:
    while True:
        tell()
        time.sleep(interval)


def _plain(found: dict[str, Any]) -> str:
    """One line: when, the verdict, and what waits for each stage."""
    waits = ", ".join(f"{name} {stage['lag']:,} waiting" for name, stage in found["stages"].items())
    return f"{found['at']} {found['verdict']} ({waits or 'nothing known'})"


def _redrawn(facts: Callable[[], dict[str, Any]], interval: float) -> None:
    from rich.live import Live

    from desk.screen import monitor_lines

    with Live(monitor_lines(facts()), console=shown.console(), auto_refresh=False) as live:
        while True:
            time.sleep(interval)
            live.update(monitor_lines(facts()), refresh=True)


def _serve(ctx: click.Context) -> int:
    """Tells Prometheus the facts, and publishes heartbeats, until it is asked to stop."""
    import signal
    import threading

    from desk.accounting import accounting
    from desk.heartbeat import beating
    from desk.metrics import serving
    from desk.watch import Watch
    from schemas.telemetry import configure

    settings = located(ctx.obj)
    if not settings.metrics_port:
        raise Failure("there is no port to tell the metrics at", "set WIREDESK_METRICS_PORT, as to 9464", Exit.USAGE)
    configure(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with Watch(settings) as watch, beating(settings), accounting(settings), serving(settings, watch):
        stopping.wait()
    return Exit.FINE
