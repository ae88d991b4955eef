"""`wiredesk dead`: what could not be enriched or indexed, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from desk import show as shown
from desk.connect import with_kafka
from desk.failure import Exit, Failure
from desk.options import Age, as_json, source_names
from desk.printable import printable

if TYPE_CHECKING:  # Kafka's client takes longer to import than `--help` may take
    from processors.dead import Group
    from processors.register import OpenLetter, Register
    from schemas.dead import DeadLetter

_QUICK = 5.0
_LONGEST_SHOWN = 4000
_FOLLOWED_SECONDS = 10.0


def _selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which letters are meant."""
    for option in (
        click.option("--older-than", type=Age(), help="Only letters at least this old, as 30m, 12h or 7d."),
        click.option("--stage", type=click.Choice(["enrich", "sink"]), help="Only of this stage."),
        click.option("--source", help="Only of this source.", shell_complete=source_names),
        click.option("--reason", help="Only with this reason, as `invalid`."),
        click.argument("ids", nargs=-1, metavar="[ID]..."),
    ):
        command = option(command)
    return command


@click.group()
def dead() -> None:
    """Look at dead letters, retry or drop them."""


@dead.command(name="list")
@_selecting
@click.option("--by", type=click.Choice(["reason", "source", "stage"]), help="Count them by what they have in common.")
@click.option("--limit", type=click.IntRange(1), help="Print no more than so many.")
@as_json
@click.pass_context
def list_(ctx: click.Context, /, *, by: Any, limit: int | None, as_json: bool, **selected: Any) -> None:
    """List the open dead letters, the oldest first; or count them by cause, with what would mend each.

    \b
    Examples:
      wiredesk dead list --by reason
      wiredesk dead list --reason invalid --older-than 1d --json
    """
    from processors.dead import Selection, grouped
    from processors.register import reading

    with reading(with_kafka(ctx.obj, _QUICK)) as register:
        found = Selection(**selected).among(register.open())
        if by:
            _tell_groups(register, grouped(found, by)[:limit], as_json=as_json)
        else:
            _tell_letters(register, found[:limit], as_json=as_json)
    if not as_json:
        click.echo(f"{len(found):,} open")


def _tell_groups(register: Register, groups: Iterable[Group], *, as_json: bool) -> None:
    for group in groups:
        if not as_json:
            _tell_group(group)
            continue
        for sample in register.whole([group.sample]):
            told = sample.model_dump(mode="json", exclude={"key", "value"})
            shown.json_line({**asdict(group), "sample": told})


def _tell_group(group: Group) -> None:
    when = f"{group.first:%Y-%m-%d %H:%M:%S}Z to {group.last:%Y-%m-%d %H:%M:%S}Z"
    click.echo(f"{printable(group.name)}  {group.count:,}  {when}")
    click.echo(f"    {group.sample.id}: {printable(group.sample.detail)}")
    click.echo(f"    mend: {group.mend}")


def _tell_letters(register: Register, letters: Iterable[OpenLetter], *, as_json: bool) -> None:
    """A line each; as JSON with their originals."""
    for letter in register.whole(letters) if as_json else letters:
        _tell_letter(letter, as_json=as_json)


def _tell_letter(letter: DeadLetter, *, as_json: bool) -> None:
    if as_json:
        shown.json_line(letter.model_dump(mode="json"))
        return
    times = f", {letter.attempts} times" if letter.attempts > 1 else ""
    what = f"{letter.stage}  {letter.reason}{times}: {printable(letter.detail)}"
    click.echo(f"{letter.id}  {letter.at:%Y-%m-%d %H:%M:%S}Z  {what}")


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
    from processors.dead import Selection
    from processors.register import reading

    with reading(with_kafka(ctx.obj, _QUICK)) as register:
        found = Selection((letter_id,)).among(register.open())
        if not found:
            raise Failure(f"no open dead letter {letter_id}", "wiredesk dead list", Exit.NOT_FOUND)
        for letter in register.whole(found):
            if as_json:
                shown.json_line(letter.model_dump(mode="json"))
            else:
                _show(letter)


def _show(letter: DeadLetter) -> None:
    from processors.dead import MENDS

    for name, value in letter.model_dump(mode="json", exclude={"kind", "schema_version", "key", "value"}).items():
        click.echo(f"{name:<12}{printable(str(value))}")
    click.echo(f"{'mend':<12}{MENDS[letter.reason]}")
    original = letter.original_value
    text = "(none)" if original is None else original.decode("utf-8", "backslashreplace")
    click.echo(f"{'original':<12}{printable(text[:_LONGEST_SHOWN])}{' …' if len(text) > _LONGEST_SHOWN else ''}")


def _acting(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how letters are dealt with."""
    for option in (
        as_json,
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Only say which letters are meant."),
        click.option("--limit", type=click.IntRange(1), help="No more than so many, the oldest first."),
    ):
        command = option(command)
    return _selecting(command)


@dead.command()
@_acting
@click.option("--force", is_flag=True, help="Also what ended here too often already.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=_FOLLOWED_SECONDS,
    show_default=True,
    help="Seconds to wait for what becomes of them.",
)
@click.pass_context
def retry(ctx: click.Context, /, *, force: bool, wait: float, **given: Any) -> int:
    """Send the original bytes of dead letters through the pipeline again, and tell what becomes of them.

    \b
    Examples:
      wiredesk dead retry articles.raw-0-17
      wiredesk dead retry --reason failed --limit 100 --yes
    """
    from processors.dead import MOST_RETRIES
    from processors.register import reading
    from processors.retried import retry as send_again

    act, settings = _Act.of("retry", given), with_kafka(ctx.obj, _QUICK)
    with reading(settings) as register:
        found = act.letters(register)
        tired = [letter for letter in found if letter.attempts > MOST_RETRIES and not force]
        chosen = [letter for letter in found if force or letter.attempts <= MOST_RETRIES][: act.limit]
        kept = [f"{one.id} ended here {one.attempts} times: see why, then retry it with --force" for one in tired]
        if not act.agreed(register, chosen) or not chosen:
            return act.tell(0, kept, {}) if kept else Exit.FINE
        done = send_again(settings, register.whole(chosen), wait)
    return act.tell(len(done.sent), [*kept, *done.left], done.became)


@dead.command()
@_acting
@click.pass_context
def drop(ctx: click.Context, /, **given: Any) -> int:
    """Close dead letters for good.

    \b
    Examples:
      wiredesk dead drop articles.raw-0-17
      wiredesk dead drop --source mine --older-than 30d
    """
    from processors.dead import undertaking
    from processors.register import reading

    act, settings = _Act.of("drop", given), with_kafka(ctx.obj, _QUICK)
    with reading(settings) as register:
        chosen = act.letters(register)[: act.limit]
        if not act.agreed(register, chosen):
            return Exit.FINE
    with undertaking(settings) as undertaker:
        for letter in chosen:
            undertaker.drop(letter)
    return act.tell(len(chosen), [], {})


@dataclass(frozen=True, slots=True)
class _Act:
    """What is to be done with which letters, and how it is asked and told."""

    action: str
    selected: dict[str, Any]
    limit: int | None
    is_sure: bool
    is_dry: bool
    as_json: bool

    @classmethod
    def of(cls, action: str, given: dict[str, Any]) -> _Act:
        """From the options of a command, and those of `_selecting` that are left.

        Raises:
            click.UsageError: none of them says which letters are meant.
        """
        named = {name: given.pop(name) for name in ("limit", "yes", "dry_run", "as_json")}
        if not any(given.values()):
            raise click.UsageError(f"say which letters to {action}: an ID, --reason, --source, --stage or --older-than")
        return cls(action, given, named["limit"], named["yes"], named["dry_run"], named["as_json"])

    def letters(self, register: Register) -> list[OpenLetter]:
        """The letters that are meant, of which there is at least one."""
        from processors.dead import Selection

        if not (found := Selection(**self.selected).among(register.open())):
            raise Failure("no open dead letter is like that", "wiredesk dead list", Exit.NOT_FOUND)
        return found

    def agreed(self, register: Register, chosen: list[OpenLetter]) -> bool:
        """Whether to go on; a dry run says what would be done instead."""
        if self.is_dry:
            _tell_letters(register, chosen, as_json=self.as_json)
            click.echo(f"would {self.action} {len(chosen):,}", err=self.as_json)
            return False
        question = f"{self.action} {len(chosen):,} dead letters?"
        if chosen and not self.is_sure and not (sys.stdin.isatty() and click.confirm(question, err=True)):
            raise Failure(f"nothing was done: {len(chosen):,} letters are meant", "the same with --yes", Exit.USAGE)
        return True

    def tell(self, done: int, kept: list[str], outcomes: Mapping[str, Any]) -> int:
        """Says what was done, what was not, and what became of it; the exit code is a finding for the last two."""
        again = [letter for letter in outcomes.values() if not isinstance(letter, str)]
        if self.as_json:
            died = [letter.model_dump(mode="json", exclude={"key", "value"}) for letter in again]
            came = len(outcomes) - len(again)
            shown.json_line({"action": self.action, "done": done, "left": kept, "stored": came, "dead_again": died})
        else:
            for line in (*kept, *map(_again, again)):
                click.echo(printable(line), err=True)
            click.echo(f"{self.action}: {done:,} of {done + len(kept):,}{_became(done, outcomes, len(again))}")
        return Exit.FINDING if kept or again else Exit.FINE


def _again(letter: DeadLetter) -> str:
    return f"{letter.id} ended here again, attempt {letter.attempts}: {letter.reason}: {letter.detail}"


def _became(done: int, outcomes: Mapping[str, Any], again: int) -> str:
    if not outcomes:
        return ""
    left = done - len(outcomes)
    parts = [f"{len(outcomes) - again:,} stored", f"{again:,} dead again"]
    return f"; {', '.join([*parts, f'{left:,} still on their way'] if left else parts)}"
