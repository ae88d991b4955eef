"""`wiredesk feed add`, `check`, `pause`, `resume`, `remove`, `import`, `export`: the file of sources."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from desk import looks, show
from desk.connect import with_kafka
from desk.failure import Exit, Failure, explained
from desk.options import as_json, settings_of, source_names

if TYPE_CHECKING:  # these take longer to import than `--help` may take
    from desk.loaded import Loaded
    from producers.discover import Candidate
    from schemas.health import SourceHealth
    from schemas.settings import Settings
    from schemas.source import SourceKind, SourceSpec

_KINDS = ["feed", "sitemap", "page", "url"]
_MOST_TOLD = 20


def _in_file(error: Exception) -> Failure:
    """What to tell of a file of sources that cannot be used."""
    return Failure(str(error), "mend the file, or name another with WIREDESK_SOURCES_FILE", Exit.USAGE)


def load(settings: Settings) -> list[SourceSpec]:
    """The sources of the settings' file; none where there is no file yet.

    Raises:
        Failure: the file cannot be used.
    """
    from producers.sources import SourcesError
    from producers.sources import load as read

    try:
        return read(settings.sources_file) if settings.sources_file.exists() else []
    except SourcesError as error:
        raise _in_file(error) from None


def named(settings: Settings, name: str) -> SourceSpec:
    """The source of a name.

    Raises:
        Failure: there is none.
    """
    found = next((spec for spec in load(settings) if spec.name == name), None)
    if found is None:
        raise Failure(f"there is no source {name!r} in {settings.sources_file}", "wiredesk feed list", Exit.NOT_FOUND)
    return found


@click.command()
@click.argument("url")
@click.option("--name", help="Its name. Default: what it calls itself.")
@click.option("--kind", type=click.Choice(_KINDS), help="What it is. Default: what is found at the address.")
@click.option("--links", default="", help="For a page: a CSS selector or XPath of the links to articles.")
@click.option("--every", default="15m", show_default=True, help="How often to look, as 30s, 5m, 2h or 1d.")
@click.option("--language", help="Language of articles that do not say theirs, as `en` or `pt-BR`.")
@click.option("--yes", "-y", is_flag=True, help="Add the first that is found, without asking.")
@as_json
@click.pass_context
def add(ctx: click.Context, /, url: str, *, yes: bool, as_json: bool, **given: Any) -> int:
    """Follow a site: finds its feed, sitemap or list of articles, shows three articles, and asks.

    \b
    Examples:
      wiredesk feed add https://www.example.org
      wiredesk feed add https://www.example.org/rss --name example --every 5m --yes

    Nothing is published before you agree. The entry goes into the file of sources, whose comments stay.
    """
    from producers import editing
    from producers.sources import SourcesError

    settings = settings_of(ctx)
    found = asyncio.run(found_at(settings, url, given))
    candidate = found[0] if yes or as_json or len(found) == 1 else _chosen(found)
    spec = spec_of(settings, candidate, given)
    articles = asyncio.run(samples_of(settings, spec, candidate))
    _told(spec, articles, as_json=as_json)
    if not yes and not _agrees(f"Add it to {settings.sources_file} as {spec.name!r}?"):
        return Exit.FINE
    try:
        editing.add(settings.sources_file, [spec])
    except SourcesError as error:
        raise _in_file(error) from None
    click.echo(f"added {spec.name!r} to {settings.sources_file}; `wiredesk feed run` looks at it", err=True)
    return Exit.FINE


async def found_at(settings: Settings, url: str, given: dict[str, Any]) -> list[Candidate]:
    """What can be followed at the address, or what the options say is there.

    Raises:
        Failure: the address cannot be read, or nothing there lists articles.
    """
    from producers.discover import as_told, discover
    from producers.fetched import FetchError
    from producers.items import NotAListing
    from producers.polite import open_web
    from schemas.identity import without_user

    url = url if "://" in url else f"https://{url}"
    named = without_user(url)
    kind: SourceKind | None = given["kind"] or ("page" if given["links"] else None)
    try:
        async with open_web(settings) as asked:
            found = [await as_told(asked, url, kind, given["links"])] if kind else await discover(asked, url)
    except FetchError as error:
        raise Failure(f"{named}: {error.stage}: {error.reason}", f"wiredesk feed check {named}", Exit.DOWN) from None
    except NotAListing as error:
        raise Failure(f"{named}: {error}", f"wiredesk feed check {named}", Exit.NOT_FOUND) from None
    if not found:
        way_out = f"wiredesk feed add {named} --links 'h2 a' (a CSS selector of the links to its articles)"
        raise Failure(f"{named}: no feed, no sitemap and no list of articles was found there", way_out, Exit.NOT_FOUND)
    return found


def _chosen(found: list[Candidate]) -> Candidate:
    for number, one in enumerate(found, 1):
        newest = f", newest {one.newest:%Y-%m-%d %H:%M}" if one.newest else ""
        click.echo(f"{number:>3}. {one.kind:<8}{one.url}  “{one.title or 'no title'}”, {one.items:,} articles{newest}")
    if not sys.stdin.isatty():
        raise click.UsageError("there is nobody to choose one: say --yes for the first, or give that one's address")
    choice: int = click.prompt("Which one", type=click.IntRange(1, len(found)), default=1)
    return found[choice - 1]


def _agrees(question: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("there is nobody to ask: say --yes")
    return click.confirm(question, default=True)


def spec_of(settings: Settings, candidate: Candidate, given: dict[str, Any]) -> SourceSpec:
    """The entry that is written for what was found, under a name that is free.

    Raises:
        UsageError: an option does not fit.
        Failure: the file of sources cannot be used.
    """
    from producers.opml import Outline, name_of

    taken = {spec.name for spec in load(settings)}
    name = given["name"] or name_of(Outline(candidate.title or "", site=candidate.url), taken)
    return entry(candidate.url, candidate.kind, {**given, "name": name})


def entry(url: str, kind: str, given: dict[str, Any]) -> SourceSpec:
    """The entry for an address with these options.

    Raises:
        UsageError: an option does not fit.
    """
    from pydantic import ValidationError

    from producers.reading import in_words
    from schemas.source import SourceSpec

    kept = {field: given[field] for field in ("name", "links", "every", "language") if given[field]}
    try:
        return SourceSpec.model_validate({"kind": kind, "url": url, **kept})
    except ValidationError as error:
        raise click.UsageError(in_words(error)) from None


async def samples_of(settings: Settings, spec: SourceSpec, candidate: Candidate) -> list[Any]:
    """The first articles of what was found, as they would be indexed, and refusals of those that cannot be had."""
    from desk.sampling import samples
    from producers.polite import open_web

    async with open_web(settings) as asked:
        return await samples(asked, candidate.listing.items, spec, settings)


def _told(spec: SourceSpec, articles: list[Any], *, as_json: bool) -> None:
    from desk.sampling import told
    from producers.reading import Refusal

    if as_json:
        found = [told(one) for one in articles if not isinstance(one, Refusal)]
        refused = [{"place": one.place, "reason": one.reason} for one in articles if isinstance(one, Refusal)]
        show.json_line({"source": spec.model_dump(mode="json"), "articles": found, "refused": refused})
        return
    click.echo(f"{spec.kind} {spec.url}")
    for one in articles:
        if isinstance(one, Refusal):
            click.echo(f"{one.place}: {one.reason}", err=True)
            continue
        for line in show.sample_lines(told(one)):
            show.console().print(line)


@click.command()
@click.argument("name", shell_complete=source_names)
@as_json
@click.pass_context
def check(ctx: click.Context, /, name: str, *, as_json: bool) -> int:
    """Go through a source stage by stage: NAME of the file of sources, or any address.

    \b
    Examples:
      wiredesk feed check herald
      wiredesk feed check https://www.example.org/rss

    Exits with 1 when a stage fails; the first that does is named with the way out. Where Kafka answers, the last 20
    looks at a source of the file are listed too.
    """
    settings = settings_of(ctx)
    spec = _meant(settings, name)
    stages = asyncio.run(_checked(settings, spec))
    for stage in stages:
        if as_json:
            show.json_line({"stage": stage.name, "fine": stage.is_fine, "said": stage.said})
        else:
            click.echo(f"{'✓' if stage.is_fine else '✗'} {stage.name:<16}{stage.said}".rstrip())
    if spec.name == name and (health := _health(ctx.obj, name)):
        if as_json:
            show.json_line(looks.data(health))
        for line in () if as_json else looks.lines(health):
            click.echo(line)
    return Exit.FINE if all(stage.is_fine for stage in stages) else Exit.FINDING


def _health(loaded: Loaded, name: str) -> SourceHealth | None:
    """What is known of a source; nothing where it was not looked at yet, or no Kafka answers."""
    from producers.service import read_health

    try:
        settings = with_kafka(loaded, patience=0)
        with explained(settings):
            return read_health(settings).get(name)
    except Failure as failure:
        click.echo(f"its last looks are not shown: {failure.message}", err=True)
        return None


def _meant(settings: Settings, name: str) -> SourceSpec:
    """The source of a name, or a feed at an address."""
    from pydantic import ValidationError

    from producers.reading import in_words
    from schemas.source import SourceSpec

    if "://" not in name:
        spec = named(settings, name)
        if not spec.url:
            raise Failure(f"{name!r} stands at {spec.path}, not on the web", f"wiredesk feed preview {spec.path}")
        if spec.kind == "warc":
            raise Failure(f"{name!r} is a web archive, which lists nothing to check", f"wiredesk feed now {name!r}")
        return spec
    try:
        return SourceSpec(name="check", kind="feed", url=name)
    except ValidationError as error:
        raise click.UsageError(in_words(error)) from None


async def _checked(settings: Settings, spec: SourceSpec) -> list[Any]:
    from desk.checking import check as checked
    from producers.polite import open_web

    async with open_web(settings) as asked:
        return [stage async for stage in checked(asked, spec, settings)]


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=source_names)
@click.pass_context
def pause(ctx: click.Context, /, names: tuple[str, ...]) -> None:
    """Leave sources alone until `resume`; what they published stays.

    \b
    Examples:
      wiredesk feed pause herald
      wiredesk feed pause herald "The Grain Post"
    """
    _paused(settings_of(ctx), names, paused=True)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=source_names)
@click.pass_context
def resume(ctx: click.Context, /, names: tuple[str, ...]) -> None:
    """Look at paused sources again.

    \b
    Examples:
      wiredesk feed resume herald
      wiredesk feed resume herald "The Grain Post"
    """
    _paused(settings_of(ctx), names, paused=False)


def _paused(settings: Settings, names: tuple[str, ...], *, paused: bool) -> None:
    from producers import editing

    for name in names:
        named(settings, name)
    for name in names:
        editing.pause(settings.sources_file, name, paused=paused)
        click.echo(f"{name} is paused" if paused else f"{name} is looked at again", err=True)


@click.command()
@click.argument("name", shell_complete=source_names)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_context
def remove(ctx: click.Context, /, name: str, *, yes: bool) -> int:
    """Take a source out of the file; what it published stays searchable.

    \b
    Examples:
      wiredesk feed remove herald
      wiredesk feed remove herald --yes
    """
    from producers import editing

    settings = settings_of(ctx)
    named(settings, name)
    if not yes and not _agrees(f"Remove {name!r} from {settings.sources_file}?"):
        return Exit.FINE
    editing.remove(settings.sources_file, name)
    click.echo(f"removed {name!r}", err=True)
    return Exit.FINE


@click.command(name="import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--paused", is_flag=True, help="Add them paused.")
@as_json
@click.pass_context
def import_(ctx: click.Context, /, path: str, *, paused: bool, as_json: bool) -> int:
    """Add all sources of an OPML file, or of a text with an address in each line; `-` reads standard input.

    \b
    Examples:
      wiredesk feed import subscriptions.opml
      wiredesk feed import addresses.txt --paused

    A line that cannot be used is told by its place, and the others are added. Where a line names a site instead of a
    feed, its feeds are looked for.
    """
    from producers import editing, opml

    settings = settings_of(ctx)
    there = load(settings)
    with click.open_file(path, "rb") as given:
        found = opml.read(given.read(), path)
    specs, refused = asyncio.run(_imported(settings, found.outlines, there))
    specs = [spec.model_copy(update={"paused": paused}) for spec in specs]
    if specs:
        editing.add(settings.sources_file, specs)
    refused = [*found.refused, *refused]
    if as_json:
        reasons = [{"place": one.place, "reason": one.reason} for one in refused]
        show.json_line({"added": [spec.name for spec in specs], "refused": len(refused), "reasons": reasons})
    else:
        for one in refused[:_MOST_TOLD]:
            click.echo(f"{one.place}: {one.reason}", err=True)
        hidden = f" ({len(refused) - _MOST_TOLD:,} not shown; --json lists all)" if len(refused) > _MOST_TOLD else ""
        click.echo(f"{len(specs):,} added, {len(refused):,} refused{hidden}")
    return Exit.FINDING if refused else Exit.FINE


async def _imported(settings: Settings, outlines: Any, there: list[SourceSpec]) -> tuple[list[SourceSpec], list[Any]]:
    from producers.polite import open_web
    from producers.reading import Refusal
    from schemas.identity import canonical_url

    specs: list[SourceSpec] = []
    refused: list[Refusal] = []
    known = {canonical_url(spec.url) for spec in there if spec.url}
    async with open_web(settings) as asked:
        for outline in outlines:
            spec = await _of_outline(asked, outline, {spec.name for spec in [*there, *specs]})
            if isinstance(spec, Refusal):
                refused.append(spec)
            elif canonical_url(spec.url or "") in known:
                refused.append(Refusal(spec.url or "", "there is a source with this address already"))
            else:
                known.add(canonical_url(spec.url or ""))
                specs.append(spec)
    return specs, refused


async def _of_outline(web: Any, outline: Any, taken: set[str]) -> Any:
    """The source that a line of a list means; a refusal for a site without any."""
    from pydantic import ValidationError

    from producers.discover import discover
    from producers.fetched import FetchError
    from producers.opml import name_of
    from producers.reading import Refusal, in_words
    from schemas.identity import without_user
    from schemas.source import SourceSpec

    kind, url = outline.kind, outline.feed
    if not url:
        try:
            candidates = await discover(web, outline.site)
        except FetchError as error:
            return Refusal(without_user(outline.site), f"{error.stage}: {error.reason}")
        if not candidates:
            return Refusal(outline.site, "no feed, no sitemap and no list of articles was found there")
        kind, url = candidates[0].kind, candidates[0].url
    try:
        return SourceSpec(name=name_of(outline, taken), kind=kind, url=url)
    except ValidationError as error:
        return Refusal(without_user(url), in_words(error))


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@click.pass_context
def export(ctx: click.Context, /, path: str) -> None:
    """Write all sources of the web as OPML, to PATH or standard output (`-`).

    \b
    Examples:
      wiredesk feed export sources.opml
      wiredesk feed export | grep xmlUrl
    """
    from producers import opml

    text = opml.write(load(settings_of(ctx)))
    with click.open_file(path, "w", encoding="utf-8") as out:
        out.write(text)
