"""`wiredesk trace`: where an article is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from desk import show as shown
from desk.connect import with_kafka
from desk.failure import Exit, Failure
from desk.options import as_json
from desk.printable import printable

if TYPE_CHECKING:
    from desk.trace import Passage, Step, Trace

_QUICK = 5.0


@click.command()
@click.argument("asked", metavar="ID|URL")
@click.option("--seconds", type=click.FloatRange(0.1), default=20.0, show_default=True, help="Longest to look for it.")
@click.option("--all", "thorough", is_flag=True, help="Look through all that the streams hold.")
@as_json
@click.pass_context
def trace(ctx: click.Context, asked: str, seconds: float, *, thorough: bool, as_json: bool) -> int:
    """Tell where an article is: each stage it passed, when, or why it is not there.

    \b
    Examples:
      wiredesk trace 0123456789abcdef0123456789abcdef
      wiredesk trace https://news.example/story --json
    """
    from desk.trace import trace as traced
    from desk.trace import wanted

    try:
        wanted(asked)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    found = traced(with_kafka(ctx.obj, _QUICK), asked, seconds, thorough=thorough)
    if as_json:
        shown.json_line(plain(found))
    else:
        for line in lines(found):
            click.echo(printable(line, kept=""))
    if found.state == "unknown":
        raise Failure(f"nothing is known of {found.article_id}: {_how_far(found)}", found.way_out, Exit.NOT_FOUND)
    return Exit.FINDING if found.state in ("dead", "lost", "removed") else Exit.FINE


def lines(found: Trace) -> list[str]:
    """A trace as a short timeline in words."""
    told = [found.article_id + (f"  {found.asked}" if found.asked.strip().lower() != found.article_id else "")]
    if found.indexed and found.indexed.title:
        told.append(found.indexed.title)
    told.append(f"{found.state}: {found.summary}")
    for passage in found.passages:
        told += ["", _head(passage), *(_line(step) for step in passage.steps)]
    told += ["", _index(found), f"next: {found.way_out}"]
    return told


def _head(passage: Passage) -> str:
    version = f"version {passage.version}" if passage.version is not None else "no version"
    waits = f", {passage.ahead:,} messages ahead of it" if passage.ahead is not None else ""
    return f"{version}  {passage.state}{waits}"


def _line(step: Step) -> str:
    at = f"{step.at:%Y-%m-%d %H:%M:%S}.{step.at.microsecond // 1000:03d}Z" if step.at else "when is not known"
    since = f"{step.ms:+,} ms" if step.ms is not None else ""
    return f"  {step.name:<10}{at:<25} {since:>14}  {step.words}"


def _index(found: Trace) -> str:
    if found.index_problem:
        return found.index_problem
    if found.indexed is None:
        return "the index holds no version of it"
    soon = "searchable" if found.indexed.is_searchable else "searchable when the index is refreshed next"
    return f"the index holds version {found.indexed.version}, {soon}"


def _how_far(found: Trace) -> str:
    """How far back the streams were looked through."""
    parts = []
    for one in found.looked:
        since = f"back to {one.since:%Y-%m-%d %H:%M:%S}Z" if one.since else "nothing of it in time"
        parts.append(f"{one.stream} {'all of it' if one.whole else since}")
    return "looked through " + "; ".join(parts)


def plain(found: Trace) -> dict[str, Any]:
    """A trace as data for JSON: moments as ISO text, and each passage with its steps."""
    told: dict[str, Any] = _ready(asdict(found))
    for passage, source in zip(told["passages"], found.passages, strict=True):
        passage["fetched_at"] = _ready(source.fetched_at)
        passage["steps"] = [_ready(asdict(step)) for step in source.steps]
        passage["letter"] = source.letter.model_dump(mode="json", exclude={"key", "value"}) if source.letter else None
    return told


def _ready(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dict):
        return {name: _ready(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_ready(one) for one in value]
    return value
