"""`wiredesk dead`: what could not be enriched or indexed, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

from desk import show as shown
from desk.connect import with_kafka
from desk.failure import Exit, Failure
from desk.options import Age, as_json
from schemas.dead import DeadLetter
from schemas.settings import Settings

_QUICK = 5.0
_LONGEST_SHOWN = 4000


def _selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which letters are meant."""
    for option in (
        click.option("--older-than", type=Age(), help="Only letters at least this old, as 30m, 12h or 7d."),
        click.option("--stage", type=click.Choice(["enrich", "sink"]), help="Only of this stage."),
        click.option("--source", help="Only of this source."),
        click.option("--reason", help="Only with this reason, as `invalid`."),
        click.argument("ids", nargs=-1, metavar="[ID]..."),
    ):
        command = option(command)
    return command


def _letters(
    settings: Settings,
    ids: tuple[str, ...],
    reason: str | None,
    source: str | None,
    stage: str | None,
    older_than: timedelta | None,
) -> list[DeadLetter]:
    from processors.dead import Selection, open_letters

    return open_letters(settings, Selection(ids, reason, source, stage, older_than))


@click.group()
def dead() -> None:
    """Look at dead letters, retry or drop them."""


@dead.command(name="list")
@_selecting
@as_json
@click.pass_context
def list_(ctx: click.Context, /, *, as_json: bool, **selected: Any) -> None:
    """List the open dead letters, the oldest first.

    \b
    Examples:
      wiredesk dead list
      wiredesk dead list --reason invalid --older-than 1d --json
    """
    found = _letters(with_kafka(ctx.obj, _QUICK), **selected)
    if as_json:
        for letter in found:
            shown.json_line(letter.model_dump(mode="json"))
        return
    for letter in found:
        times = f", {letter.attempts} times" if letter.attempts > 1 else ""
        what = f"{letter.stage}  {letter.reason}{times}: {_printable(letter.detail)}"
        click.echo(f"{letter.id}  {letter.at:%Y-%m-%d %H:%M:%S}Z  {what}")
    click.echo(f"{len(found):,} open")


@dead.command()
@click.argument("letter_id", metavar="ID")
@as_json
@click.pass_context
def show(ctx: click.Context, letter_id: str, *, as_json: bool) -> None:
    """Show one dead letter with its original bytes; ID is the letter's or the article's.

    \b
    Examples:
      wiredesk dead show articles.raw-0-17
      wiredesk dead show articles.raw-0-17 --json
    """
    found = _letters(with_kafka(ctx.obj, _QUICK), (letter_id,), None, None, None, None)
    if not found:
        raise Failure(f"no open dead letter {letter_id}", "wiredesk dead list", Exit.NOT_FOUND)
    for letter in found:
        if as_json:
            shown.json_line(letter.model_dump(mode="json"))
            continue
        for name, value in letter.model_dump(mode="json", exclude={"kind", "schema_version", "key", "value"}).items():
            click.echo(f"{name:<12}{_printable(str(value))}")
        original = letter.original_value
        text = "(none)" if original is None else original.decode("utf-8", "backslashreplace")
        click.echo(f"{'original':<12}{_printable(text[:_LONGEST_SHOWN])}{' …' if len(text) > _LONGEST_SHOWN else ''}")


def _printable(text: str) -> str:
    """Text that cannot steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


@dead.command()
@_selecting
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_context
def retry(ctx: click.Context, /, *, yes: bool, as_json: bool, **selected: Any) -> int:
    """Send the original bytes of dead letters through the pipeline again.

    \b
    Examples:
      wiredesk dead retry articles.raw-0-17
      wiredesk dead retry --reason failed --yes
    """
    return _each(ctx, "retry", selected, yes=yes, as_json=as_json)


@dead.command()
@_selecting
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_context
def drop(ctx: click.Context, /, *, yes: bool, as_json: bool, **selected: Any) -> int:
    """Close dead letters for good.

    \b
    Examples:
      wiredesk dead drop articles.raw-0-17
      wiredesk dead drop --source mine --older-than 30d
    """
    return _each(ctx, "drop", selected, yes=yes, as_json=as_json)


def _each(ctx: click.Context, action: str, selected: dict[str, Any], *, yes: bool, as_json: bool) -> int:
    """Does the same to each selected letter, after asking."""
    from kafka import KafkaProducer

    from processors.dead import Undertaker
    from schemas.streams import producer_options

    if not any(selected.values()):
        raise click.UsageError(f"say which letters to {action}: an ID, --reason, --source, --stage or --older-than")
    settings = with_kafka(ctx.obj, _QUICK)
    found = _letters(settings, **selected)
    if not found:
        raise Failure("no open dead letter is like that", "wiredesk dead list", Exit.NOT_FOUND)
    if not yes and not _agreed(f"{action} {len(found):,} dead letters?"):
        raise Failure(f"nothing was done: {len(found):,} letters are meant", "the same with --yes", Exit.USAGE)
    producer = KafkaProducer(**producer_options(settings))
    undertaker = Undertaker(producer, settings)
    carry_out = undertaker.retry if action == "retry" else undertaker.drop
    kept = [problem for letter in found if (problem := _problem(carry_out, letter))]
    producer.close(timeout=5)
    done = len(found) - len(kept)
    if as_json:
        shown.json_line({"action": action, "done": done, "left": kept})
    else:
        for problem in kept:
            click.echo(problem, err=True)
        click.echo(f"{action}: {done:,} of {len(found):,}")
    return Exit.FINDING if kept else Exit.FINE


def _problem(carry_out: Callable[[DeadLetter], None], letter: DeadLetter) -> str | None:
    try:
        carry_out(letter)
    except ValueError as error:
        return str(error)
    return None


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and click.confirm(question, err=True)
