"""`wiredesk feed`: articles in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from desk import looking, show, sourcing
from desk.connect import with_kafka
from desk.failure import Exit
from desk.options import as_json, settings_of

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from schemas.source import SourceSpec

_SHOWN_REFUSALS = 20


@click.group()
def feed() -> None:
    """Feed articles in."""


@feed.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--source", default="files", show_default=True, help="Name of the source they come from.")
@click.option("--language", help="Language of articles that do not say theirs, as `en` or `pt-BR`.")
@click.option("--title-line/--no-title-line", default=True, help="Whether a text's first line may be its title.")
@as_json
@click.pass_context
def files(
    ctx: click.Context, paths: tuple[str, ...], source: str, language: str | None, *, title_line: bool, as_json: bool
) -> int:
    """Publish .txt, .html, .json and .jsonl files (also .gz), or folders of them; `-` reads JSON Lines.

    \b
    Examples:
      wiredesk feed files seeds/articles --source seeds
      zcat articles.jsonl.gz | wiredesk feed files -

    Exits with 0 when everything was published or known, 1 when something was refused, 3 when an article was not
    delivered.
    """
    from pydantic import ValidationError

    from producers.publish import feed as feed_all
    from producers.publish import open_publisher
    from producers.reading import in_words
    from schemas.source import SourceSpec

    settings = settings_of(ctx)
    try:
        specs = [
            SourceSpec(name=source, kind="files", path=path, language=language, title_line=title_line) for path in paths
        ]
    except ValidationError as error:
        raise click.UsageError(in_words(error)) from None
    with _progress(paths, shown=not as_json) as progress:
        report = feed_all(_everything(specs, settings.max_article_bytes), open_publisher(with_kafka(ctx.obj)), progress)
    _told(report, as_json=as_json)
    if not report.delivered_all:
        return Exit.DOWN
    return Exit.FINDING if report.refused else Exit.FINE


def _everything(specs: list[SourceSpec], max_bytes: int) -> Iterator[Any]:
    from producers import sources

    for spec in specs:
        yield from sources.read(spec, datetime.now(UTC), max_bytes)


class _progress:  # noqa: N801 (used as a context manager only)
    """A bar that counts articles, where standard error is a terminal."""

    def __init__(self, paths: tuple[str, ...], *, shown: bool) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=show.console(stderr=True), disable=not (shown and sys.stderr.isatty()))
        self._task = self._bars.add_task("Publishing", total=_files(paths))

    def __enter__(self) -> Callable[[Any], None]:
        self._bars.start()
        return self._update

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def _update(self, report: Any) -> None:
        done = report.published + report.unchanged + len(report.refused) + len(report.failed)
        self._bars.update(self._task, completed=done)


def _files(paths: tuple[str, ...]) -> int | None:
    """How many articles to expect, where one file is one article; unknown as soon as one may hold several."""
    from producers.files import paths as below

    found = [path for name in paths if name != "-" for path in below(Path(name))]
    several = any(".json" in path.name for path in found) or "-" in paths
    return None if several else len(found)


def _told(report: Any, *, as_json: bool) -> None:
    counts = {
        "published": report.published,
        "unchanged": report.unchanged,
        "refused": len(report.refused),
        "failed": len(report.failed),
    }
    if as_json:
        reasons = [{"place": one.place, "reason": one.reason} for one in (*report.refused, *report.failed)]
        show.json_line({**counts, "reasons": reasons})
        return
    for one in (*report.refused[:_SHOWN_REFUSALS], *report.failed[:_SHOWN_REFUSALS]):
        click.echo(f"{one.place}: {one.reason}", err=True)
    hidden = max(0, len(report.refused) - _SHOWN_REFUSALS) + max(0, len(report.failed) - _SHOWN_REFUSALS)
    if hidden:
        click.echo(f"… and {hidden:,} more; --json lists all", err=True)
    click.echo(", ".join(f"{count:,} {name}" for name, count in counts.items()))


for command in (
    sourcing.add,
    sourcing.check,
    looking.list_,
    sourcing.pause,
    sourcing.resume,
    sourcing.remove,
    looking.run,
    looking.now,
    sourcing.import_,
    sourcing.export,
    looking.preview,
):
    feed.add_command(command)
