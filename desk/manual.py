"""`wiredesk man`: the manual page, made from the commands and settings themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import version

import click

from desk.failure import Exit

# What `man` would take for a request, or for a hyphen that it may break a line at.
_SPECIAL = {"\\": r"\e", "-": r"\-", '"': r"\(dq", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
_EXITS = {
    Exit.FINE: "Fine.",
    Exit.FINDING: "A finding: it did its work, and something is not as it should be.",
    Exit.USAGE: "Wrong usage, or a setting that cannot stand.",
    Exit.DOWN: "Something it needs is down.",
    Exit.NOT_FOUND: "Not found.",
    Exit.INTERRUPTED: "Interrupted.",
}


@click.command()
@click.pass_context
def man(ctx: click.Context) -> None:
    """Print the manual page: every command, option and setting.

    \b
    Examples:
      wiredesk man | man -l -
      wiredesk man > ~/.local/share/man/man1/wiredesk.1
    """
    root = ctx.find_root().command
    assert isinstance(root, click.Group)  # noqa: S101 (it stands below one)
    click.echo(manual(root))


def manual(root: click.Group) -> str:
    """The manual page of a command and all below it, in the language of man(7)."""
    return "\n".join(_lines(root))


def _lines(root: click.Group) -> Iterator[str]:
    name = "wiredesk"
    yield f'.TH {name.upper()} 1 "" "Wiredesk {version(name)}"'
    yield from (".SH NAME", rf"{name} \- {_escaped((root.help or '').splitlines()[0])}")
    yield from (".SH SYNOPSIS", rf".B {name}", _escaped("COMMAND [OPTIONS] [ARGUMENTS]"))
    yield from (".SH DESCRIPTION", *_paragraphs(root.help or ""))
    yield ".SH COMMANDS"
    yield from _commands(root, name)
    yield ".SH EXIT STATUS"
    for code, words in _EXITS.items():
        yield from (".TP", rf"\fB{code}\fR", words)
    yield ".SH ENVIRONMENT"
    yield from _settings()
    yield from (".SH FILES", ".TP", r"\fIwiredesk.toml\fR", "Settings, without the prefix and in lower case.")
    yield from (".TP", r"\fIseeds/sources.toml\fR", "The sources that are looked at.")


def _commands(group: click.Group, path: str) -> Iterator[str]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        elif command:
            yield from _command(command, f"{path} {name}")


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield f'.SS "{_escaped(" ".join([path, *command.collect_usage_pieces(context)]))}"'
    yield from _paragraphs(command.help or "")
    for parameter in command.params:
        if record := parameter.get_help_record(context):
            yield from (".TP", rf"\fB{_escaped(record[0])}\fR", _marked(record[1]) or r"\&")


def _settings() -> Iterator[str]:
    from schemas.settings import ENV_PREFIX, Settings

    for name, field in Settings.model_fields.items():
        yield from (".TP", rf"\fB{ENV_PREFIX}{name.upper()}\fR", _marked(field.description or ""))


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a help text; those that click leaves as they are stay so here."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text).strip()):
        first, _, rest = paragraph.partition("\n")
        yield ".PP"
        if first.strip() == "\b":
            yield from (".nf", *map(_escaped, rest.splitlines()), ".fi")
        else:
            yield _marked(" ".join(paragraph.split()))


def _marked(text: str) -> str:
    """Words, with what stands in backticks as something to type."""
    pieces = text.split("`")
    return "".join(rf"\fB{_escaped(one)}\fR" if place % 2 else _escaped(one) for place, one in enumerate(pieces))


def _escaped(text: str) -> str:
    plain = "".join(_SPECIAL.get(sign, sign if sign.isascii() else rf"\[u{ord(sign):04X}]") for sign in text)
    return rf"\&{plain}" if plain.startswith(".") else plain
