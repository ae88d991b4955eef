"""How facts look on a terminal."""

from __future__ import annotations

import itertools
import json
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from desk.search.found import MATCH_END, MATCH_START, Bar, Facet, Found, Histogram, Hit
from desk.sources import amiss

if TYPE_CHECKING:  # what it stands on takes longer to import than `--help` may take
    from desk.search.attention import Attention

_MOST_ENTITIES = 8
_WIDEST_BAR = 40


def console(*, stderr: bool = False) -> Console:
    """The terminal: no colour where it is none, or where `NO_COLOR` is set."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def json_line(value: Any) -> None:
    """One JSON value on one line of standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def dimmed(text: str) -> Text:
    """What is said beside the matter."""
    return Text(text, "dim")


def _marked(text: str, style: str = "") -> Text:
    """A highlight: what matched stands out."""
    shown = Text(style=style)
    for piece in text.split(MATCH_START):
        match, mark, rest = piece.partition(MATCH_END)
        shown.append(match if mark else "", "bold yellow")
        shown.append(rest if mark else match)
    return shown


def _one_line(text: Text) -> Text:
    return Text(" ").join(text.split("\n", allow_blank=False))


def _labelled(label: str, value: str | Text) -> Text:
    return Text("    ") + Text(f"{label:<10}", "dim") + (Text(value) if isinstance(value, str) else value)


def entities(article: dict[str, Any]) -> str:
    """The entities of an article that are named most, with type and id."""
    most = sorted(article.get("entities", ()), key=lambda entity: -len(entity["mentions"]))
    return ", ".join(f"{one['name']} ({one['type']}, {one['id']})" for one in most[:_MOST_ENTITIES]) or "none"


def topics(article: dict[str, Any]) -> str:
    """The topics of an article with the words that speak for them."""
    found = (f"{one['name']} ({one['id']}: {', '.join(one['terms'][:4])})" for one in article.get("topics", ()))
    return "; ".join(found) or "none"


def cuts(article: dict[str, Any]) -> str:
    """What was cut from an article as page furniture, with the reason."""
    found = (f"“{' '.join(one['text'].split())}” ({one['rule']})" for one in article.get("cuts", ()))
    return "; ".join(found) or "nothing"


def hit_lines(hit: Hit, number: int) -> list[Text]:
    """One hit as lines."""
    article = hit.article
    said = f"{article['source']}, {article['date']}, {article.get('language') or 'language unknown'}"
    title = _one_line(_marked(hit.title, "bold")) if hit.title.strip() else Text("(no title)", "bold")
    lines = [Text(f"{number:>2}. ") + title, _labelled("source", said)]
    if article.get("url"):
        lines.append(_labelled("address", article["url"]))
    lines += [
        _labelled("entities", entities(article)),
        _labelled("topics", topics(article)),
        _labelled("cut", cuts(article)),
    ]
    lines += [_labelled("found", _one_line(_marked(text))) for text in hit.snippets if MATCH_START in text]
    lines += [_labelled(label, value) for label, value in _relations(hit)]
    lines.append(_labelled("id", article["id"]))
    return lines


def _relations(hit: Hit) -> Iterator[tuple[str, str]]:
    if hit.copies.count:
        sources = ", ".join(hit.copies.sources) or hit.article["source"]
        yield "copies", f"{hit.copies.count:,} more with the same text: {sources}"
    if hit.shares:
        yield "shares", ", ".join(hit.shares)


def results(found: Found, out: Console, related: Sequence[Hit] = ()) -> None:
    """All that a search found, what tells the same story, and what lacks some of the words."""
    numbers = itertools.count(1)
    for said, hits in (
        ("", found.hits),
        ("Of the same story, without all of these words:", related),
        ("Nearly, without some of these words:", found.nearly),
    ):
        if said and hits:
            out.print(dimmed(said))
        for hit in hits:
            for line in hit_lines(hit, next(numbers)):
                out.print(line)


def facet_lines(found: Found) -> list[Text]:
    """What results can be narrowed by, a line for each field; what is chosen is marked."""
    return [_labelled(facet.field, _values(facet)) for facet in found.facets]


def _values(facet: Facet) -> str:
    values = (f"{'*' if one.is_chosen else ''}{one.label} {one.count:,}" for one in facet.values)
    others = [f"others {facet.others:,}"] if facet.others else []
    return ", ".join([*values, *others])


def attention_lines(found: Found) -> list[Text]:
    """Articles over time as bars."""
    return _bar_lines(found.histogram) if found.histogram else []


def comparison_lines(found: Attention) -> list[Text]:
    """Queries over time, one after the other, with bars of one scale."""
    most = max((bar.count for line in found.lines for bar in line.histogram.bars), default=0)
    lines: list[Text] = []
    for line in found.lines:
        lines += [Text(f"{line.text or 'everything'}: {line.total:,} found", "bold")]
        lines += _bar_lines(line.histogram, most)
    return lines


def _bar_lines(histogram: Histogram, most: int = 0) -> list[Text]:
    shape = {"hour": "%Y-%m-%d %H:%M", "month": "%Y-%m", "year": "%Y"}.get(histogram.interval, "%Y-%m-%d")
    most = most or max((bar.count for bar in histogram.bars), default=0)
    return [Text(f"    {bar.start.strftime(shape):<17}{bar.count:>8,}  ") + _bar(bar, most) for bar in histogram.bars]


def _bar(bar: Bar, most: int) -> Text:
    return Text("█" * -(-bar.count * _WIDEST_BAR // most) if most else "", "cyan")


def nothing_lines(found: Found) -> list[Text]:
    """What to try where little or nothing was found."""
    lines = [_labelled("spelling", found.spelling)] if found.spelling else []
    lines += [_labelled("try", f"{one.text}  ({one.label}: {one.count:,} found)") for one in found.loosened]
    return lines


def summary(found: Found, now: datetime) -> str:
    """How many articles were found, and how old the newest is that can be."""
    shown = f", {len(found.hits):,} shown" if found.total > len(found.hits) else ""
    if found.newest is None:
        return f"{found.total:,} found{shown}; the index holds no article yet"
    return f"{found.total:,} found{shown}; the newest article of all was fetched {_ago(now - found.newest)}"


def _ago(age: timedelta) -> str:
    seconds = max(0.0, age.total_seconds())
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit} ago"
    return f"{seconds:,.0f} seconds ago"


def article_lines(article: dict[str, Any]) -> list[Text]:
    """One article, whole."""
    lines = [Text(article["title"] or "(no title)", "bold"), Text()]
    lines += [Text(line) for part in article["text"].splitlines() for line in (textwrap.wrap(part, 100) or [""])]
    lines.append(Text())
    for label, value in (
        ("source", f"{article['source']} ({article['origin']})"),
        ("address", article.get("url") or "none"),
        ("published", f"{article.get('published_at') or 'unknown'}"),
        ("fetched", article["fetched_at"]),
        ("language", f"{article.get('language') or 'unknown'} ({article.get('language_confidence')})"),
        ("entities", entities(article)),
        ("topics", topics(article)),
        ("keywords", ", ".join(article.get("keywords", ()))),
        ("summary", " ".join(article.get("summary", ()))),
        ("notes", "; ".join(f"{note['enricher']}: {note['message']}" for note in article.get("notes", ())) or "none"),
        ("made by", ", ".join(f"{name} {version}" for name, version in article["enrichers"].items())),
    ):
        lines.append(_labelled(label, value))
    lines += [_labelled("cut", f"“{' '.join(cut['text'].split())}”: {cut['reason']}") for cut in article["cuts"]]
    return lines


def sample_lines(article: dict[str, Any]) -> list[Text]:
    """An article as it would be indexed, in short."""
    words = f"{article['words']:,} words, {article.get('language') or 'language unknown'}"
    return [
        Text(article["title"] or "(no title)", "bold"),
        _labelled("published", f"{article.get('published_at') or 'unknown'}, {words}"),
        _labelled("summary", " ".join(article.get("summary", ())) or textwrap.shorten(article["text"], 300)),
        _labelled("entities", entities(article)),
        _labelled("topics", topics(article)),
        _labelled("cut", cuts(article)),
    ]


def source_lines(rows: list[dict[str, Any]]) -> list[Text]:
    """How sources fare, in at most 80 columns: how far what they list came, and below in words what is amiss."""
    heading = f"{'source':<24}{'state':<9}{'new':>7}{'stored':>8}{'dead':>6}  {'newest':<13}{'next look':<11}"
    lines = [Text(heading, "dim")]
    for row in rows:
        newest, following = ((row[name] or "")[5:16].replace("T", " ") for name in ("newest", "next_look"))
        counts = f"{row['published']:>7,}{row['stored']:>8,}{row['dead']:>6,}"
        name = textwrap.shorten(row["name"], 23, placeholder="…")
        style = "bold red" if row["state"] in ("failing", "stopped", "blocked") else ""
        lines.append(Text(f"{name:<24}") + Text(f"{row['state']:<9}", style) + f"{counts}  {newest:<13}{following}")
        lines += [_labelled("", said) for said in amiss(row)]
    return lines
