"""`wiredesk search` and `show`: what is being said, by whom, since when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from desk import show as shown
from desk.connect import with_elasticsearch
from desk.failure import Exit, Failure
from desk.options import Moment, as_json, source_names

if TYPE_CHECKING:  # they take longer to import than `--help` may take
    from elasticsearch import Elasticsearch

    from desk.search.attention import Attention
    from desk.search.found import Ask, Found
    from schemas.settings import Settings

_QUICK = 5.0
_FORMATS = ("jsonl", "csv", "rss", "atom", "ninjs")
# The options that are clauses of the query language, each as its field.
_CLAUSES = {"source": "source", "topic": "topic", "entity": "entity", "language": "lang"}


@click.command()
@click.argument("words", nargs=-1)
@click.option("--source", help="Only of this source.", shell_complete=source_names)
@click.option("--topic", help="Only on this topic: a code as medtop:20000639, or words of its name.")
@click.option("--entity", help="Only naming this entity: a Wikidata id as Q7747, or words of its name.")
@click.option("--lang", "language", help="Only in this language, as `en`.")
@click.option("--since", type=Moment(), help="Only from this date on: 2026-11-22, or 7d for the last week.")
@click.option("--until", type=Moment(end_of_day=True), help="Only up to and with this date.")
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest"]), default="relevance", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Most articles to print.")
@click.option("--after", metavar="MARK", help="The next page: the mark that the page before gave.")
@click.option("--copies", is_flag=True, help="Copies of one text each by itself.")
@click.option("--story", is_flag=True, help="Also what tells the same story as the best hit without these words.")
@click.option("--facets", is_flag=True, help="Also what the results can be narrowed by; with --json that alone.")
@click.option("--attention", is_flag=True, help="Also how many articles over time; with --json that alone.")
@click.option("--compare", multiple=True, metavar="QUERY", help="Another query to compare over time; can be repeated.")
@click.option("--format", "kind", type=click.Choice(_FORMATS), help="Write all that is found, in this format.")
@click.option(
    "--output", type=click.Path(dir_okay=False, writable=True, allow_dash=True), help="Write it to this file."
)
@as_json
@click.pass_context
def search(ctx: click.Context, /, words: tuple[str, ...], *, as_json: bool, **options: Any) -> None:
    """Search the index: all WORDS must occur; "phrases" in order, -words not at all, OR, brackets, field:value.

    \b
    Examples:
      wiredesk search zakharova
      wiredesk search '"arms control" topic:diplomacy since:7d' --sort newest
      wiredesk search 'title:(grain OR wheat) -source:herald' --facets
      wiredesk search zakharova --compare lavrov
      wiredesk search --entity Q7747 --json
      wiredesk search grain --format csv --output grain.csv
    """
    from desk.search.found import Ask

    if options["output"] and not options["kind"]:
        raise click.UsageError(f"--output needs --format: {', '.join(_FORMATS)}")
    text = _narrowed(_checked(" ".join(words), is_plain=as_json), options)
    for one in (text, *options["compare"]):
        _checked(one, is_plain=as_json)
    given = {name: options[name] for name in ("sort", "limit", "after", "copies")}
    ask = Ask(text, facets=options["facets"] or options["attention"], **given)
    settings = with_elasticsearch(ctx.obj, _QUICK)
    with _client(settings) as elasticsearch:
        if options["kind"]:
            _export(elasticsearch, settings, ask, options)
            return
        _Search(elasticsearch, settings.index_alias, ask, options, _Data() if as_json else _Terminal()).run()


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

    settings = with_elasticsearch(ctx.obj, _QUICK)
    with _client(settings) as elasticsearch:
        article = get(elasticsearch, settings.index_alias, article_id)
    if article is None:
        raise Failure(f"no article {article_id} in {settings.index_alias}", "wiredesk dead list", Exit.NOT_FOUND)
    if as_json:
        shown.json_line(article)
        return
    out = shown.console()
    for line in shown.article_lines(article):
        out.print(line)


def _export(elasticsearch: Elasticsearch, settings: Settings, ask: Ask, options: dict[str, Any]) -> None:
    """Writes everything that is found, from one point in time; what was asked, when and how many on standard error."""
    from desk.exports.files import export
    from desk.search.walk import IncompleteError

    try:
        with click.open_file(options["output"] or "-", "wb", lazy=False) as out:
            about = export(elasticsearch, settings, ask, options["kind"], out)
    except IncompleteError as error:
        raise Failure(f"the export is not whole: {error}", "the same again", Exit.FINDING) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Failure(f"{options['output']}: {error.strerror}", "name another file with --output", Exit.USAGE) from None
    click.echo(about.description, err=True)


@contextmanager
def _client(settings: Settings) -> Iterator[Elasticsearch]:
    from processors import index

    elasticsearch = index.client(settings, timeout=30)
    try:
        yield elasticsearch
    finally:
        elasticsearch.close()


def _narrowed(typed: str, options: dict[str, Any]) -> str:
    """The query with what the options say of it."""
    from desk.search.editing import with_clause, with_dates

    text = typed
    for name, field in _CLAUSES.items():
        text = with_clause(text, field, options[name]) if options[name] else text
    since, until = options["since"], _after(options["until"])
    if since or until:
        text = with_dates(text, since, until)
    return text


def _after(last: datetime | None) -> datetime | None:
    """The second after the last moment that is wanted, since the query's dates end before a moment."""
    if last is None or last.year == MAXYEAR:
        return None
    return (last + timedelta(seconds=1)).replace(microsecond=0)


def _checked(text: str, *, is_plain: bool) -> str:
    """The query, when it can be understood; else wrong usage, with a pointer to the place and the query put right."""
    from desk.search.language import QueryError, parse, pointer

    try:
        parse(text)
    except QueryError as error:
        lines = [error.message]
        lines += [] if is_plain else [f"  {line}" for line in pointer(error, text).splitlines()]
        lines += [f"try: {error.mend}"] if error.mend else []
        raise click.UsageError(("; " if is_plain else "\n").join(lines)) from None
    return text


class _Search:
    """Carries the search out, and tells of each part as it is asked for."""

    def __init__(
        self, elasticsearch: Elasticsearch, alias: str, ask: Ask, options: dict[str, Any], tell: _Data | _Terminal
    ) -> None:
        self._at = (elasticsearch, alias)
        self._ask, self._options, self._tell = ask, options, tell

    def run(self) -> None:
        """Searches."""
        from desk.search.attention import attention
        from desk.search.cursor import CursorError
        from desk.search.find import find

        if self._options["compare"]:
            texts = (self._ask.text, *self._options["compare"])
            self._tell.comparison(attention(*self._at, texts))
            return
        try:
            found = find(*self._at, self._ask)
        except CursorError as error:
            raise click.UsageError(str(error)) from None
        self._tell.found(found, self._related(found), self._options)

    def _related(self, found: Found) -> tuple[Any, ...]:
        from desk.search.alike import alike

        if not self._options["story"] or not found.hits:
            return ()
        best, *others = (hit.article for hit in found.hits)
        return alike(*self._at, best, without=[other["id"] for other in others])


class _Data:
    """For programs: JSON Lines on standard output, and what else is to be said on standard error."""

    def found(self, found: Found, related: tuple[Any, ...], options: dict[str, Any]) -> None:
        """The hits; or the facets or bars alone, where they are asked for."""
        from desk.search.find import hit_json

        if options["facets"] or options["attention"]:
            _bars_or_facets(found, options)
        else:
            for hit in (*found.hits, *related):
                shown.json_line(hit_json(hit))
        _notices(found)

    def comparison(self, found: Attention) -> None:
        """The bars of each query."""
        for line in found.lines:
            for bar in line.histogram.bars:
                told = {"query": line.text, "interval": line.histogram.interval, "start": bar.start.isoformat()}
                shown.json_line({**told, "count": bar.count, "all": bar.all})


def _bars_or_facets(found: Found, options: dict[str, Any]) -> None:
    for facet in found.facets if options["facets"] else ():
        for value in facet.values:
            shown.json_line({"field": facet.field, **asdict(value)})
    if options["attention"] and found.histogram:
        for bar in found.histogram.bars:
            told = {"interval": found.histogram.interval, **asdict(bar), "start": bar.start.isoformat()}
            shown.json_line(told)


class _Terminal:
    """For people."""

    def found(self, found: Found, related: tuple[Any, ...], options: dict[str, Any]) -> None:
        """All that was found, and how it was understood."""
        out = shown.console()
        shown.console(stderr=True).print(shown.dimmed(f"Read as: {found.read_as}"))
        shown.results(found, out, related)
        lines: list[tuple[bool, Callable[[Found], list[Any]]]] = [
            (options["facets"], shown.facet_lines),
            (options["attention"], shown.attention_lines),
            (True, shown.nothing_lines),
        ]
        for line in (line for is_wanted, make in lines if is_wanted for line in make(found)):
            out.print(line)
        click.echo(shown.summary(found, datetime.now(UTC)))
        _notices(found)

    def comparison(self, found: Attention) -> None:
        """The queries over time, side by side."""
        out = shown.console()
        for line in found.lines:
            shown.console(stderr=True).print(shown.dimmed(f"Read as: {line.read_as}"))
        for text in shown.comparison_lines(found):
            out.print(text)
        if found.partial:
            click.echo(f"incomplete: {found.partial}", err=True)


def _notices(found: Found) -> None:
    """What is to be said beside the data: what is missing of it, and how to go on."""
    if found.partial:
        click.echo(f"incomplete: {found.partial}", err=True)
    if found.next:
        click.echo(f"more: the same search with --after {found.next}", err=True)
