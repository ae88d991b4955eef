"""`wiredesk reconcile`: is everything that was published accounted for."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import click

from desk import show as shown
from desk.connect import with_both
from desk.failure import Exit
from desk.options import Moment, as_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.reconcile import Missing, Report, Span

_QUICK = 5.0

Named = tuple[int, tuple[int, int]]  # a partition, the first offset, and the one after the last


class Offsets(click.ParamType):
    """Offsets of one partition, as `0:100-200`: from 100 up to 199."""

    name = "partition:from-to"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The partition, with the first offset and the one after the last."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,6}):(\d{1,18})-(\d{1,18})", value, re.ASCII)
        if not match or int(match[2]) >= int(match[3]):
            self.fail(f"{value!r} is no range of offsets: write it as 0:100-200, for 100 up to 199", param, ctx)
        return int(match[1]), (int(match[2]), int(match[3]))


@click.command()
@click.option("--since", type=Moment(), help="Only what was published from this date on: 2026-11-22, or 7d.")
@click.option("--until", type=Moment(end_of_day=True), help="Only what was published up to and with this date.")
@click.option("--offsets", type=Offsets(), multiple=True, help="Only these of a partition, as 0:100-200; repeatable.")
@click.option("--repair", is_flag=True, help="Publish again what is missing, as it was.")
@as_json
@click.pass_context
def reconcile(
    ctx: click.Context,
    since: datetime | None,
    until: datetime | None,
    offsets: tuple[Named, ...],
    *,
    repair: bool,
    as_json: bool,
) -> int:
    """Account for every raw article: stored, stale, dead, in flight, or missing. Safe while everything runs.

    \b
    Examples:
      wiredesk reconcile
      wiredesk reconcile --since 1d --repair --json
    """
    from desk.reconcile import reconcile as reconciled

    span = asked(since, until, offsets)
    settings = with_both(ctx.obj, _QUICK)
    with _Bar(shown=not as_json) as bar:
        found = reconciled(settings, span, repair=repair, progress=bar.told)
    if as_json:
        shown.json_line(plain(found))
    else:
        for line in lines(found, repair=repair):
            click.echo(line)
    return Exit.FINDING if found.missing else Exit.FINE


def asked(since: datetime | None, until: datetime | None, offsets: Iterable[Named]) -> Span:
    """Which part of the stream the options mean.

    Raises:
        UsageError: they exclude each other.
    """
    from desk.reconcile import Part, Span

    parts = tuple(Part(number, *ends) for number, ends in offsets)
    if parts and (since or until):
        raise click.UsageError("--offsets stand without --since and --until")
    return Span(since, until, parts)


def plain(found: Report) -> dict[str, Any]:
    """A report as data for JSON."""
    return {**asdict(found), "at": found.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def lines(found: Report, *, repair: bool) -> list[str]:
    """A report in words, with the missing listed and the next step."""
    words = {"stored": found.stored, "stale": found.stale, "dead": found.dead, "in flight": found.in_flight}
    counts = ", ".join(f"{count:,} {name}" for name, count in {**words, "missing": found.missing}.items())
    beats = f", {found.heartbeats:,} heartbeats" if found.heartbeats else ""
    told = [_listed(found, one) for one in found.listed]
    if found.missing > len(found.listed):
        told.append(f"and {found.missing - len(found.listed):,} more")
    told.append(f"{found.read:,} messages of {found.stream} in {found.seconds:,.1f} s: {counts}{beats}")
    if found.missing and repair:
        told.append(f"published again: {found.republished:,} of {found.missing:,}")
        told.append("next: wiredesk reconcile (a document deleted by hand less than a minute ago may be refused once)")
    elif found.missing:
        told.append("next: wiredesk reconcile --repair")
    return told


def _listed(found: Report, one: Missing) -> str:
    what = f"{one.article_id} version {one.version}" if one.article_id else "no article's key"
    return f"missing: {what}, {found.stream} {one.partition}, offset {one.offset}"


class _Bar:
    """A bar that counts messages, where standard error is a terminal."""

    def __init__(self, *, shown: bool) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from desk.show import console

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=console(stderr=True), disable=not (shown and sys.stderr.isatty()))
        self._task = self._bars.add_task("Reading", total=None)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def told(self, done: int, total: int) -> None:
        """So many of so many were read."""
        self._bars.update(self._task, completed=done, total=total)
