"""`wiredesk feed run`, `now`, `list` and `preview`: sources at work, how they fare, and what they would give."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from desk import show, sources, sourcing
from desk.connect import located, with_kafka
from desk.failure import Exit, Failure, explained
from desk.options import as_json, settings_of, source_names

if TYPE_CHECKING:  # these take longer to import than `--help` may take
    from schemas.settings import Settings


@click.command()
@click.pass_context
def run(ctx: click.Context, /) -> None:
    """Look at every source when it is due, for ever; take pushed articles where a port is set.

    \b
    Examples:
      wiredesk feed run
      WIREDESK_PUSH_PORT=8090 WIREDESK_PUSH_TOKEN_FILE=token wiredesk feed run

    The file of sources is read again when it changes. Every minute an article of Wiredesk's own goes through the whole
    pipeline, so that `wiredesk monitor` can tell how soon one is searchable. `wiredesk run` does this too.
    """
    from desk.heartbeat import beating
    from producers.service import SourcesFile, serve

    settings = with_kafka(ctx.obj)
    sourcing.load(settings)

    async def until_asked() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await serve(settings, SourcesFile(settings.sources_file), stop)

    with explained(settings), beating(settings):
        asyncio.run(until_asked())


@click.command()
@click.argument("name", shell_complete=source_names)
@as_json
@click.pass_context
def now(ctx: click.Context, /, name: str, *, as_json: bool) -> int:
    """Look at one source now, and publish what is new.

    \b
    Examples:
      wiredesk feed now herald
      wiredesk feed now herald --json
    """
    from producers.service import look_once

    settings = with_kafka(ctx.obj)
    spec = sourcing.named(settings, name)
    with explained(settings):
        health = asyncio.run(look_once(settings, spec))
    if as_json:
        show.json_line(health.model_dump(mode="json"))
    elif health.error:
        click.echo(f"{name}: {health.stage}: {health.error}", err=True)
    else:
        last = health.looks[-1]
        click.echo(f"{last.discovered:,} discovered, {last.published:,} published, {last.refused:,} refused")
    return Exit.FINDING if health.error else Exit.FINE


@click.command(name="list")
@as_json
@click.pass_context
def list_(ctx: click.Context, /, *, as_json: bool) -> int:
    """List the sources with how each fares, the worst first.

    \b
    Examples:
      wiredesk feed list
      wiredesk feed list --json

    Stored articles are counted in the index and dead ones in the dead letters themselves; enriched are those that are
    stored, or died after. Exits with 1 when a source fails, is blocked or stopped.
    """
    settings = settings_of(ctx)
    specs, now = sourcing.load(settings), datetime.now(UTC)
    try:
        with explained(here := located(ctx.obj)):
            found = sources.known(here)
    except Failure as failure:
        click.echo(f"only the file of sources is shown: {failure.message}", err=True)
        found = sources.Known(now, counts=sources.Counts({}, {}))
    rows = sources.rows(specs, found, now)
    if as_json:
        for row in rows:
            show.json_line(row)
    else:
        for line in show.source_lines(rows):
            show.console().print(line)
    return Exit.FINDING if any(row["state"] in sources.AMISS for row in rows) else Exit.FINE


@click.command()
@click.argument("place")
@click.option("--kind", type=click.Choice(["feed", "sitemap", "page", "url"]), default="url", show_default=True)
@as_json
@click.pass_context
def preview(ctx: click.Context, /, place: str, *, kind: str, as_json: bool) -> int:
    """Show what would be indexed: of a FILE or folder, or of a page or feed at a URL. No server is needed.

    \b
    Examples:
      wiredesk feed preview seeds/articles
      wiredesk feed preview https://www.example.org/rss --kind feed
    """
    from desk.sampling import told
    from producers.reading import Refusal

    settings = settings_of(ctx)
    articles = _of_web(settings, place, kind) if "://" in place else _of_files(settings, place)
    for one in articles:
        if isinstance(one, Refusal):
            click.echo(f"{one.place}: {one.reason}", err=True)
        elif as_json:
            show.json_line(told(one))
        else:
            for line in show.article_lines(told(one)):
                show.console().print(line)
    return Exit.FINDING if any(isinstance(one, Refusal) for one in articles) else Exit.FINE


def _of_files(settings: Settings, place: str) -> Sequence[Any]:
    from desk.sampling import enriched
    from processors.enrich import chosen
    from producers import files
    from schemas.source import SourceSpec

    if not Path(place).exists():
        raise Failure(f"{place}: no such file or folder, and no address of the web", "wiredesk feed preview --help")
    spec = SourceSpec(name="preview", kind="files", path=place)
    make = chosen(settings)
    return [enriched(one, make) for one in files.read(spec, datetime.now(UTC), settings.max_article_bytes)]


def _of_web(settings: Settings, place: str, kind: Any) -> Sequence[Any]:
    from desk.sampling import samples
    from producers.discover import as_told
    from producers.fetched import FetchError
    from producers.items import NotAListing
    from producers.polite import open_web
    from schemas.source import SourceSpec

    async def fetched() -> Sequence[Any]:
        async with open_web(settings) as asked:
            found = await as_told(asked, place, kind)
            spec = SourceSpec(name="preview", kind=kind, url=place)
            return await samples(asked, found.listing.items, spec, settings)

    try:
        return asyncio.run(fetched())
    except FetchError as error:
        raise Failure(f"{place}: {error.stage}: {error.reason}", f"wiredesk feed check {place}", Exit.DOWN) from None
    except NotAListing as error:
        raise Failure(f"{place}: {error}", f"wiredesk feed check {place}", Exit.NOT_FOUND) from None
