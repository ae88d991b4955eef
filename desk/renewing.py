"""`wiredesk rebuild` and `replay`: the index made anew, whole or in part."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import click

from desk import show as shown
from desk.connect import with_both
from desk.failure import Exit, Failure
from desk.options import Moment, as_json, source_names
from desk.rebuilding import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desk.rebuilding.renew import Report
    from schemas.settings import Settings

_QUICK = 5.0
_LINE_SECONDS = 10.0
_PROCESSES = max(1, (os.cpu_count() or 2) // 2)

_processes = click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=_PROCESSES,
    show_default="half of the processors",
    help="How many processes enrich.",
)
_sure = click.option("--yes", is_flag=True, help="Do not ask.")


class Told:
    """How far a long command is: bars where standard error is a terminal, a line now and then elsewhere."""

    def __init__(self, *, is_shown: bool = True) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._is_terminal, self._is_shown = sys.stderr.isatty(), is_shown
        self._bars = Progress(
            *columns, console=shown.console(stderr=True), disable=not (is_shown and self._is_terminal)
        )
        self._tasks: dict[str, Any] = {}
        self._spoke = time.monotonic()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def phase(self, phase: str, done: int, total: int) -> None:
        """So much of so much is done of a phase of a rebuild."""
        self.step(words.STEPS[phase], done, total)

    def step(self, name: str, done: int, total: int) -> None:
        """So much of so much is done of that step."""
        if self._is_terminal:
            task = self._tasks.setdefault(name, None)
            if task is None:
                task = self._tasks[name] = self._bars.add_task(name, total=total)
            self._bars.update(task, completed=done, total=total)
        elif self._is_shown and time.monotonic() - self._spoke > _LINE_SECONDS:
            self._spoke = time.monotonic()
            click.echo(f"{name}: {done:,} of {total:,}", err=True)


@contextmanager
def interruptible(way_on: str) -> Iterator[None]:
    """Says of whatever breaks off how to go on."""
    from elasticsearch import TransportError
    from kafka.errors import KafkaError

    try:
        yield
    except (KeyboardInterrupt, KafkaError, TransportError):
        click.echo(f"interrupted: nothing is lost, {way_on} goes on where it was", err=True)
        raise


@click.command()
@click.option("--as-is", is_flag=True, help="Copy the documents as they are: where only the mapping changed.")
@click.option("--hold", is_flag=True, help="Make and compare, but do not move the alias: the same without moves it.")
@click.option("--back", is_flag=True, help="Move the alias back to the index before, brought up to date first.")
@click.option("--resume", is_flag=True, help="Go on with what was interrupted, whatever it was.")
@click.option("--status", is_flag=True, help="Show the indices, and how far a rebuild is.")
@click.option("--give-up", is_flag=True, help="Drop a rebuild that is not finished.")
@click.option("--drop-old", is_flag=True, help="Delete the indices that are neither searched nor being made.")
@_processes
@_sure
@as_json
@click.pass_context
def rebuild(ctx: click.Context, /, processes: int, *, hold: bool, yes: bool, as_json: bool, **chosen: bool) -> int:
    """Make the index anew beside the one that is searched, compare the two, and move the alias in one step.

    Raw articles go through today's enrichers; those whose raw message is past retention are brought over as they are.
    New articles arrive meanwhile. Interrupted anywhere, the same command goes on where it was.

    \b
    Examples:
      wiredesk rebuild
      wiredesk rebuild --as-is --hold
      wiredesk rebuild --back
    """
    what = [name for name, is_chosen in chosen.items() if is_chosen]
    if len(what) > 1:
        raise click.UsageError(f"--{what[0].replace('_', '-')} and --{what[1].replace('_', '-')} exclude each other")
    settings, kind = with_both(ctx.obj, _QUICK), what[0] if what else "today"
    if kind == "status":
        return _status(settings, as_json=as_json)
    if kind == "give_up":
        return _give_up(settings)
    if kind == "drop_old":
        return _drop_old(settings, is_sure=yes)
    with interruptible("wiredesk rebuild --resume"), Told(is_shown=not as_json) as told:
        report = _begun(kind)(settings, told.phase, processes, hold)
    return say_report(report, as_json=as_json)


def _begun(kind: str) -> Callable[[Settings, Any, int, bool], Report]:
    from desk.rebuilding import begin
    from desk.rebuilding.state import Kind

    if kind == "back":
        return lambda settings, tell, _, hold: begin.back(settings, tell, hold=hold)
    if kind == "resume":
        return lambda settings, tell, processes, hold: begin.resume(settings, tell, processes=processes, hold=hold)
    made: Kind = "as_is" if kind == "as_is" else "today"
    return lambda settings, tell, processes, hold: begin.rebuild(settings, made, tell, processes=processes, hold=hold)


def say_report(report: Report, *, as_json: bool) -> int:
    """Tells what came of a rebuild; the exit code is a finding where articles are refused."""
    from desk.rebuilding.begin import plain

    if as_json:
        shown.json_line(plain(report))
    else:
        for line in words.of_report(report):
            click.echo(line)
    return Exit.FINDING if report.missing or report.late else Exit.FINE


def _status(settings: Settings, *, as_json: bool) -> int:
    from desk.rebuilding.begin import standing

    for one in standing(settings):
        if as_json:
            shown.json_line(asdict(one))
        else:
            click.echo(words.of_index(one, settings.index_alias))
    return Exit.FINE


def _give_up(settings: Settings) -> int:
    from desk.rebuilding.begin import give_up

    target = give_up(settings)
    click.echo(f"given up: {target}" if target else "there is nothing unfinished")
    return Exit.FINE


def _drop_old(settings: Settings, *, is_sure: bool) -> int:
    from desk.rebuilding.begin import drop, old

    names = old(settings)
    if names and not is_sure and not (sys.stdin.isatty() and click.confirm(f"delete {', '.join(names)}?", err=True)):
        raise Failure(f"nothing was deleted: {', '.join(names)}", "the same with --yes", Exit.USAGE)
    drop(settings, names)
    click.echo(f"deleted: {', '.join(names)}" if names else "there is no old index")
    return Exit.FINE


@click.command()
@click.option("--since", type=Moment(), help="Only what was published from this date on: 2026-11-22, or 7d.")
@click.option("--until", type=Moment(end_of_day=True), help="Only what was published up to and with this date.")
@click.option("--source", help="Only of this source.", shell_complete=source_names)
@click.option("--enricher", help="Only articles that an older version of this enricher made.")
@click.option("--resume", is_flag=True, help="Go on with a replay that was interrupted.")
@_processes
@as_json
@click.pass_context
def replay(
    ctx: click.Context,
    since: datetime | None,
    until: datetime | None,
    source: str | None,
    enricher: str | None,
    processes: int,
    *,
    resume: bool,
    as_json: bool,
) -> int:
    """Run raw articles through today's enrichers, and put them in the place of those that are stored.

    \b
    Examples:
      wiredesk replay --since 7d --source herald
      wiredesk replay --enricher topics
    """
    from desk.rebuilding import replay as replaying

    if resume and (since or until or source or enricher):
        raise click.UsageError("--resume stands alone: it goes on with what was asked for then")
    _check_enricher(enricher)
    settings = with_both(ctx.obj, _QUICK)
    kept = replaying.Kept(settings).load()
    if resume and kept is None:
        raise Failure("there is no interrupted replay to go on with", "wiredesk replay --help", Exit.NOT_FOUND)
    if resume and kept:
        wanted = kept
    else:
        parts = replaying.parts(settings, _milliseconds(since), _milliseconds(until))
        wanted = replaying.Replay(source=source, enricher=enricher, parts=parts)
    with interruptible("wiredesk replay --resume"), Told(is_shown=not as_json) as told:
        done = replaying.run(settings, wanted, lambda some, total: told.step("Replaying", some, total), processes)
    if as_json:
        shown.json_line(done.model_dump(exclude={"parts"}))
    else:
        click.echo(words.of_replay(done))
    return Exit.FINE


def _check_enricher(name: str | None) -> None:
    from processors.enrich import ENRICHERS

    names = [one.name for one in ENRICHERS]
    if name is not None and name not in names:
        raise click.BadParameter(f"{name!r} is none of {', '.join(names)}", param_hint="--enricher")


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
