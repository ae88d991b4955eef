"""`wiredesk search`, `show` and `monitor`: what is there, and whether it flows."""

from __future__ import annotations

import time
from typing import Any

import click

from desk import show as shown
from desk.connect import with_both, with_elasticsearch
from desk.failure import Exit, Failure
from desk.options import Moment, as_json

_QUICK = 5.0


@click.command()
@click.argument("words", nargs=-1)
@click.option("--source", help="Only of this source.")
@click.option("--topic", help="Only on this topic: a code as medtop:20000639, or words of its name.")
@click.option("--entity", help="Only naming this entity: a Wikidata id as Q7747, or words of its name.")
@click.option("--lang", "language", help="Only in this language, as `en`.")
@click.option("--since", type=Moment(), help="Only from this date on: 2026-11-22, or 7d for the last week.")
@click.option("--until", type=Moment(end_of_day=True), help="Only up to and with this date.")
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest"]), default="relevance", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Most articles to print.")
@click.option("--story", is_flag=True, help="Also what tells the same story as the best hit without these words.")
@as_json
@click.pass_context
def search(ctx: click.Context, /, words: tuple[str, ...], *, story: bool, as_json: bool, **narrowed: Any) -> None:
    """Search the index: all WORDS must occur; "phrases" in order, -words not at all.

    \b
    Examples:
      wiredesk search zakharova
      wiredesk search '"arms control"' --topic diplomacy --since 7d --sort newest
      wiredesk search --entity Q7747 --json
    """
    from desk.search.find import as_json as hit_json
    from desk.search.find import run
    from desk.search.request import QueryError, Search
    from processors import index

    settings = with_elasticsearch(ctx.obj, _QUICK)
    elasticsearch = index.client(settings, timeout=30)
    try:
        found = run(elasticsearch, settings.index_alias, Search(" ".join(words), **narrowed), with_story=story)
    except QueryError as error:
        raise click.UsageError(str(error)) from None
    finally:
        elasticsearch.close()
    if as_json:
        for hit in (*found.hits, *found.related):
            shown.json_line(hit_json(hit))
        return
    shown.results(found, shown.console())
    click.echo(f"{found.total:,} found" + (f", {len(found.hits):,} shown" if found.total > len(found.hits) else ""))


@click.command()
@click.argument("article_id", metavar="ID")
@as_json
@click.pass_context
def show(ctx: click.Context, article_id: str, *, as_json: bool) -> None:
    """Show one article whole: clean text, entities, topics, what was cut, and what made it.

    \b
    Examples:
      wiredesk show 0123456789abcdef0123456789abcdef
      wiredesk show 0123456789abcdef0123456789abcdef --json
    """
    from desk.search.find import get
    from processors import index

    settings = with_elasticsearch(ctx.obj, _QUICK)
    elasticsearch = index.client(settings, timeout=30)
    try:
        article = get(elasticsearch, settings.index_alias, article_id)
    finally:
        elasticsearch.close()
    if article is None:
        raise Failure(f"no article {article_id} in {settings.index_alias}", "wiredesk dead list", Exit.NOT_FOUND)
    if as_json:
        shown.json_line(article)
        return
    out = shown.console()
    for line in shown.article_lines(article):
        out.print(line)


@click.command()
@click.option("--once", is_flag=True, help="Print the facts once and end.")
@click.option("--check", is_flag=True, help="Exit with 1 when a stage stands still or waits.")
@click.option("--interval", type=click.FloatRange(0.5, 3600), default=2.0, show_default=True, help="Seconds between.")
@as_json
@click.pass_context
def monitor(ctx: click.Context, *, once: bool, check: bool, interval: float, as_json: bool) -> int:
    """Watch the streams: lag, rates, retries, dead letters, and how fresh the index is.

    \b
    Examples:
      wiredesk monitor
      wiredesk monitor --once --json
      wiredesk monitor --once --check
    """
    from desk.monitor import facts

    settings = with_both(ctx.obj, _QUICK)
    found = facts(settings)
    if as_json:
        shown.json_line(found)
        while not once:
            time.sleep(interval)
            found = facts(settings)
            shown.json_line(found)
    elif once:
        shown.console().print(shown.monitor_lines(found))
    else:
        _live(settings, found, interval)
    return Exit.FINDING if check and _wrong(found) else Exit.FINE


def _wrong(found: dict[str, Any]) -> bool:
    stands = any(stage["waiting"] or (stage["lag"] and not stage["instances"]) for stage in found["stages"].values())
    return stands or not found["index"]["exists"]


def _live(settings: Any, found: dict[str, Any], interval: float) -> None:
    from rich.live import Live

    from desk.monitor import facts

    with Live(shown.monitor_lines(found), console=shown.console(), auto_refresh=False) as live:
        while True:
            live.update(shown.monitor_lines(found), refresh=True)
            time.sleep(interval)
            found = facts(settings)
