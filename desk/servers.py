"""`wiredesk servers`: Kafka and Elasticsearch alone, for those who want only them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from deploy import ladder, progress
from schemas import settings as settings_module
from schemas.settings import Settings, SettingsError

DOWN = 3
USAGE = 2


class _Failure(click.ClickException):
    """What stands in the way, in words, with the exit code that tells its kind."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise _Failure(str(error), USAGE) from None
    except ladder.ServersError as error:
        raise _Failure(str(error), DOWN) from None


def _settings() -> Settings:
    with _plain_errors():
        return settings_module.load()


@click.group()
def servers() -> None:
    """Kafka and Elasticsearch alone: start, stop, look."""


@servers.command()
def up() -> None:
    """Find the servers, or start them so that they stay."""
    settings = _settings()
    with _plain_errors():
        found = ladder.up(settings, progress.for_stream())
    click.echo(f"Kafka          {found.kafka}")
    click.echo(f"Elasticsearch  {found.elasticsearch}")
    if found.data is not None:
        click.echo(f"Data           {found.data}")
        click.echo(f"Logs           {found.logs}")
    if found.rung != "settings":
        click.echo("They stay until `wiredesk servers down`.")


@servers.command()
def down() -> None:
    """Stop the servers that run in the data folder; what they store stays."""
    settings = _settings()
    with _plain_errors():
        stopped = ladder.down(settings)
    click.echo(f"Stopped: {', '.join(stopped)}." if stopped else f"Nothing runs in {settings.data_dir}.")


@servers.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Say where the servers are and whether they answer; exit code 3 where one does not."""
    settings = _settings()
    with _plain_errors():
        states = ladder.status(settings)
    if as_json:
        click.echo(json.dumps({state.name: asdict(state) for state in states}))
    else:
        for state in states:
            click.echo(_line(state))
    if not all(state.answers for state in states):
        context.exit(DOWN)


def _line(state: ladder.Status) -> str:
    if not state.address:
        return f"{state.name:<14} not running"
    verdict = "answers" if state.answers else "does not answer"
    restarted = f", started anew {state.restarts} times" if state.restarts else ""
    return f"{state.name:<14} {state.address}  {verdict} ({state.rung}{restarted})"
