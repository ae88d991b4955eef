"""The command `wiredesk`: what each of its three users types."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from deploy.errors import RefusedError, ServersError
from desk.failure import Exit, Failure
from desk.loaded import Loaded

# Where each command lives, and what it is for. Imported when it is asked for, so that `--help` does not wait for what
# it does not need.
_COMMANDS = {
    "run": ("desk.running:run", "Run everything in the foreground until Ctrl-C."),
    "demo": ("desk.running:demo", "Take the two seed articles through real servers and back."),
    "feed": ("desk.feeding:feed", "Feed articles in."),
    "search": ("desk.searching:search", "Search the index."),
    "show": ("desk.searching:show", "Show one article whole."),
    "web": ("desk.serving:web", "Serve the desk's pages and API to a browser."),
    "trace": ("desk.tracing:trace", "Tell where an article is, or why it is not there."),
    "monitor": ("desk.reading:monitor", "Watch the streams: lag, rates, retries, freshness."),
    "tail": ("desk.tailing:tail", "Print what passes on the streams, as it passes."),
    "dead": ("desk.burying:dead", "Look at dead letters, retry or drop them."),
    "reconcile": ("desk.reconciling:reconcile", "Account for every article; publish again what is missing."),
    "replay": ("desk.renewing:replay", "Run raw articles through today's enrichers again."),
    "rebuild": ("desk.renewing:rebuild", "Make the index anew beside the old one, and move the alias."),
    "snapshot": ("desk.keeping:snapshot", "Keep the index safe: take, list and restore snapshots."),
    "servers": ("desk.servers:servers", "Kafka and Elasticsearch alone: start, stop, look."),
    "setup": ("desk.running:setup", "Make the streams and the index."),
    "enricher": ("desk.running:enricher", "Run one enricher."),
    "sink": ("desk.running:sink", "Run one sink."),
    "settings": ("desk.configuring:settings", "Show every setting, its value and where it comes from."),
    "man": ("desk.manual:man", "Print the manual page."),
}

_TRACEBACK = "WIREDESK_TRACEBACK"

_HELP = """News in through Kafka, cleaned and tagged, searchable in Elasticsearch.

\b
Examples:
  wiredesk run                                 everything, until Ctrl-C
  wiredesk feed files articles/ --source mine  publish a folder of articles
  wiredesk search '"arms control" -sanctions'  search the index
  wiredesk monitor --once                      is everything flowing

\b
Exit codes: 0 fine, 1 a finding, 2 wrong usage or setting, 3 something it needs is down, 4 not found,
130 interrupted.
"""


class _Lazy(click.Group):
    """Imports a command when it is used or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, purpose) for name, (_, purpose) in _COMMANDS.items()])


@click.group(cls=_Lazy, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wiredesk")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Loads the settings, when a command asks for them."""
    ctx.obj = ctx.obj or Loaded()


def _tell(failure: Failure, *, as_json: bool) -> int:
    if as_json:
        told = {"error": failure.message, "next": failure.way_out, "code": int(failure.code)}
        click.echo(json.dumps(told, ensure_ascii=False), err=True)
    else:
        click.echo(f"wiredesk: {failure.message}", err=True)
        if failure.way_out:
            click.echo(f"next: {failure.way_out}", err=True)
    return int(failure.code)


def _failure(error: Exception, loaded: Loaded) -> Failure | None:
    """What to tell a person of an error; none for a defect of ours."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, RefusedError):
        return Failure(str(error), "wiredesk settings", Exit.USAGE)
    if isinstance(error, ServersError):
        return Failure(str(error), "wiredesk servers status")
    from schemas.settings import SettingsError

    if isinstance(error, SettingsError):
        return Failure(str(error), "wiredesk settings --markdown (tells every setting)", Exit.USAGE)
    from desk.failure import in_words

    return in_words(error, loaded.settings)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and exits with its code; no error of a person's or a server's shows a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run(words, Loaded()))


def _run(words: list[str], loaded: Loaded) -> int:
    as_json = "--json" in words
    try:
        found: Any = cli.main(words, standalone_mode=False, obj=loaded, prog_name="wiredesk")
    except (click.exceptions.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except click.ClickException as error:
        return _misused(error, words, as_json=as_json)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # click's way out when who reads has seen enough
            return Exit.FINE
        raise
    except Exception as error:  # noqa: BLE001 (nothing prints a traceback at a person who did not ask for it)
        return _tell(_failure(error, loaded) or _defect(error), as_json=as_json)
    return found if isinstance(found, int) else Exit.FINE


def _defect(error: Exception) -> Failure:
    """An error of our own: one line for a person, all of it for who looks closer."""
    if os.environ.get(_TRACEBACK):
        traceback.print_exception(error)
    return Failure(
        f"an error of Wiredesk itself: {type(error).__name__}: {error}",
        f"the same with {_TRACEBACK}=1 shows where; please report it",
        Exit.FINDING,
    )


def _misused(error: click.ClickException, words: list[str], *, as_json: bool) -> int:
    way_out = f"{_named(words)} --help"
    if as_json:
        return _tell(Failure(error.format_message(), way_out, Exit.USAGE), as_json=True)
    error.show()
    click.echo(f"next: {way_out}", err=True)
    return Exit.USAGE


def _named(words: list[str]) -> str:
    """The command that was meant, as far as there is one."""
    command: click.Command | None = cli
    path = ["wiredesk"]
    for word in words:
        if not isinstance(command, click.Group) or not (command := command.get_command(click.Context(command), word)):
            break
        path.append(word)
    return " ".join(path)


if __name__ == "__main__":
    main()
