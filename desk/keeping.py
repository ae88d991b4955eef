"""`wiredesk snapshot`: the index kept safe in a repository, and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from desk import show as shown
from desk.connect import with_both
from desk.options import as_json
from desk.rebuilding import words
from desk.renewing import Told, interruptible, say_report

if TYPE_CHECKING:
    from desk.places import Log
    from desk.rebuilding.snapshots import Snapshots

_QUICK = 5.0
_repository = click.option(
    "--repository", default="wiredesk", show_default=True, help="Repository of Elasticsearch; a folder where none is."
)


@click.group()
def snapshot() -> None:
    """Keep the index safe: take snapshots, list them, restore one."""


@contextmanager
def _opened(ctx: click.Context, repository: str) -> Iterator[tuple[Snapshots, Log]]:
    from desk.places import Log
    from desk.rebuilding.begin import client
    from desk.rebuilding.snapshots import Snapshots

    settings = with_both(ctx.obj, _QUICK)
    with client(settings) as elasticsearch, Log(settings) as log:
        yield Snapshots(elasticsearch, settings, repository), log


@snapshot.command()
@click.argument("name", default="")
@_repository
@as_json
@click.pass_context
def take(ctx: click.Context, name: str, repository: str, *, as_json: bool) -> None:
    """Take a snapshot of the index while all goes on; only what changed since the last one is written.

    \b
    Examples:
      wiredesk snapshot take
      wiredesk snapshot take before-the-upgrade --repository our-s3
    """
    with _opened(ctx, repository) as (snapshots, log), Told(is_shown=not as_json) as told:
        made = snapshots.take(log, lambda done, total: told.step("Writing bytes", done, total), name)
    _tell(made, as_json=as_json)


@snapshot.command(name="list")
@_repository
@as_json
@click.pass_context
def list_(ctx: click.Context, repository: str, *, as_json: bool) -> None:
    """List the snapshots of the index, the oldest first.

    \b
    Examples:
      wiredesk snapshot list
      wiredesk snapshot list --repository our-s3 --json
    """
    with _opened(ctx, repository) as (snapshots, _):
        found = snapshots.list()
    for one in found:
        _tell(one, as_json=as_json)
    if not found and not as_json:
        click.echo("there is none; next: wiredesk snapshot take")


@snapshot.command()
@click.argument("name")
@click.option("--hold", is_flag=True, help="Do not move the alias yet: wiredesk rebuild --resume moves it.")
@_repository
@as_json
@click.pass_context
def restore(ctx: click.Context, name: str, repository: str, *, hold: bool, as_json: bool) -> int:
    """Restore a snapshot, by its name or `latest`, beside what is there; add what came since; move the alias to it.

    \b
    Examples:
      wiredesk snapshot restore latest --hold
      wiredesk snapshot restore before-the-upgrade
    """
    from desk.rebuilding.begin import resume

    with interruptible("wiredesk rebuild --resume"), Told(is_shown=not as_json) as told:
        with _opened(ctx, repository) as (snapshots, log):
            snapshots.restore(log, name, lambda done, total: told.step("Restoring", done, total))
        report = resume(ctx.obj.settings, told.phase, hold=hold)
    return say_report(report, as_json=as_json)


def _tell(one: Any, *, as_json: bool) -> None:
    if as_json:
        shown.json_line(asdict(one))
    else:
        click.echo(words.of_snapshot(one))
