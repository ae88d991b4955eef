"""`wiredesk servers`: Kafka and Elasticsearch alone, for those who want only them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from desk.failure import Exit
from desk.options import as_json, settings_of

if TYPE_CHECKING:  # what starts servers takes longer to import than `--help` may take
    from deploy import ladder


@click.group()
def servers() -> None:
    """Kafka and Elasticsearch alone: start, stop, look."""


@servers.command()
@click.pass_context
def up(ctx: click.Context) -> None:
    """Find the servers, or start them so that they stay.

    \b
    Examples:
      wiredesk servers up
      WIREDESK_SERVERS=local wiredesk servers up
    """
    from deploy import ladder, progress

    found = ladder.up(settings_of(ctx), progress.for_stream())
    click.echo(f"Kafka          {found.kafka}")
    click.echo(f"Elasticsearch  {found.elasticsearch}")
    if found.data is not None:
        click.echo(f"Data           {found.data}")
        click.echo(f"Logs           {found.logs}")
    if found.rung != "settings":
        click.echo("They stay until `wiredesk servers down`.")


@servers.command()
@click.pass_context
def down(ctx: click.Context) -> None:
    """Stop the servers that run in the data folder; what they store stays.

    \b
    Examples:
      wiredesk servers down
      WIREDESK_DATA_DIR=/srv/news wiredesk servers down
    """
    from deploy import ladder

    settings = settings_of(ctx)
    stopped = ladder.down(settings)
    click.echo(f"Stopped: {', '.join(stopped)}." if stopped else f"Nothing runs in {settings.data_dir}.")


@servers.command()
@as_json
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Say where the servers are and whether they answer; exit code 3 where one does not.

    \b
    Examples:
      wiredesk servers status
      wiredesk servers status --json
    """
    from deploy import ladder

    states = ladder.status(settings_of(ctx))
    if as_json:
        click.echo(json.dumps({state.name: asdict(state) for state in states}))
    else:
        for state in states:
            click.echo(_line(state))
    if not all(state.answers for state in states):
        ctx.exit(Exit.DOWN)


def _line(state: ladder.Status) -> str:
    if not state.address:
        return f"{state.name:<14} not running"
    verdict = "answers" if state.answers else "does not answer"
    restarted = f", started anew {state.restarts} times" if state.restarts else ""
    return f"{state.name:<14} {state.address}  {verdict} ({state.rung}{restarted})"
