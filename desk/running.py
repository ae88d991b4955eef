"""`wiredesk run`, `demo`, `setup`, `enricher` and `sink`: what makes articles flow."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import click

from desk.connect import with_both, with_kafka
from desk.failure import Exit
from desk.options import settings_of
from desk.serving import address

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from schemas.settings import Settings


@click.command()
@click.option("--no-seeds", is_flag=True, help="Do not feed the seed articles.")
@click.option("--check", is_flag=True, help="Only look whether all that is needed is there, and say what is missing.")
@click.pass_context
def run(ctx: click.Context, *, no_seeds: bool, check: bool) -> int:
    """Run everything in the foreground until Ctrl-C: servers, enrichers, sink, pages; feed the seeds, look at sources.

    \b
    Examples:
      wiredesk run
      wiredesk run --check
      WIREDESK_ENRICHERS=2 wiredesk run --no-seeds
    """
    if check:
        return _checked(settings_of(ctx))
    from deploy.progress import for_stream
    from desk import pipeline
    from desk.accounting import accounting

    stopping = _stopping()
    with pipeline.running(settings_of(ctx), for_stream(), is_collecting=True) as here:
        if not no_seeds:
            pipeline.feed_seeds(here.settings)
        facts = pipeline.drained(here.settings, 60, stopping)
        for line in _summary(here, facts):
            click.echo(line)
        with accounting(here.settings):
            pipeline.watch(here, stopping, lambda text: click.echo(text, err=True))
        click.echo("stopping: enrichers and sink first, then the servers", err=True)
    return Exit.FINE


def _checked(settings: Settings) -> int:
    """Tells what is there and what is missing, a line for each; a finding where something is missing."""
    from deploy.preflight import checks, this_machine

    found = list(checks(settings, this_machine()))
    for one in found:
        click.echo(f"{'missing' if one.way_out else 'ok':<8}{one.name:<14}{one.words}")
        if one.way_out:
            click.echo(f"{'':<8}next: {one.way_out}")
    return Exit.FINDING if any(one.way_out for one in found) else Exit.FINE


def _stopping() -> threading.Event:
    """An event that SIGINT and SIGTERM set; a second one of them interrupts at once."""
    stopping = threading.Event()

    def stop(*_: object) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _summary(here: Any, facts: dict[str, Any] | None) -> list[str]:
    """What can be searched, where everything is, and what to type next."""
    settings = here.settings
    count = f"{facts['index']['documents']:,} articles" if facts else "articles that are still on their way"
    return [
        "",
        f"Wiredesk runs, with {count} to search. Ctrl-C stops it.",
        f"  pages and API  {address(settings)}",
        f"  Kafka          {settings.kafka_servers}",
        f"  Elasticsearch  {settings.elasticsearch_url}/{settings.index_alias}",
        f"  data           {here.servers.data or 'with those servers'}",
        f"  logs           {settings.data_dir / 'logs'}",
        "In another terminal:",
        "  wiredesk search zakharova",
        "  wiredesk feed add https://…",
        "  wiredesk monitor",
    ]


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> int:
    """Take the two seed articles through real servers of their own, search them, and stop everything.

    \b
    Examples:
      wiredesk demo
      WIREDESK_SERVERS=local wiredesk demo
    """
    from desk.demo import demonstrate

    _stop_by_exception()
    return demonstrate(settings_of(ctx))


def _stop_by_exception() -> None:
    """SIGTERM ends the command as Ctrl-C does, through every clean-up."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)


@click.command()
@click.option("--wait", type=click.FloatRange(0), default=60.0, show_default=True, help="Seconds to wait for servers.")
@click.pass_context
def setup(ctx: click.Context, wait: float) -> None:
    """Make the streams in Kafka and the index in Elasticsearch, where they are not there yet.

    \b
    Examples:
      wiredesk setup
      wiredesk setup --wait 300
    """
    from processors.setup import lacking
    from processors.setup import setup as make

    settings = with_both(ctx.obj, wait)
    make(settings)
    click.echo(f"streams at {settings.kafka_servers} and index {settings.index_alias} are there")
    if older := lacking(settings):
        click.echo(f"{max(older.values()):,} older articles lack {', '.join(older)} until `wiredesk rebuild --as-is`")


@click.command()
@click.pass_context
def enricher(ctx: click.Context) -> None:
    """Run one enricher: takes raw articles, gives enriched ones. Run more for more speed.

    \b
    Examples:
      wiredesk enricher
      WIREDESK_KAFKA_SERVERS=kafka-1:9092,kafka-2:9092 wiredesk enricher
    """
    # Of one process's work on one core, more threads of the linear algebra only wait for each other: measured on
    # articles of 4 KB, they take four times the processor time. It reads this when it is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from processors.enrich import chosen
    from processors.metrics import Steps
    from processors.worker import run_enricher

    steps = Steps()
    make = chosen(settings_of(ctx), steps.timed)  # what is wrong with a model is said before servers are waited for
    run_enricher(_configured(with_kafka(ctx.obj, _FOREVER)), make, steps)


@click.command()
@click.pass_context
def sink(ctx: click.Context) -> None:
    """Run one sink: takes enriched articles into the index.

    \b
    Examples:
      wiredesk sink
      WIREDESK_LOG_FORMAT=json wiredesk sink
    """
    from processors.worker import run_sink

    run_sink(_configured(with_kafka(ctx.obj, _FOREVER)))


# A worker waits for its servers as long as it takes: whoever started it decides when that is too long.
_FOREVER = 7 * 24 * 3600.0


def _configured(settings: Settings) -> Settings:
    from schemas.telemetry import configure

    configure(settings)
    return settings
