"""How facts look on a terminal."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import click
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from desk.search.find import Found, Hit
from desk.search.request import MATCH_END, MATCH_START

_MOST_ENTITIES = 8
# So many looks in a row that were led to the same other address say that it is the address now.
_MOVED = 3


def console(*, stderr: bool = False) -> Console:
    """The terminal: no colour where it is none, or where `NO_COLOR` is set."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def json_line(value: Any) -> None:
    """One JSON value on one line of standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def _marked(text: str) -> Text:
    """A highlight: what matched stands out."""
    shown = Text()
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
    lines = [Text(f"{number:>2}. ") + Text(article["title"] or "(no title)", "bold"), _labelled("source", said)]
    if article.get("url"):
        lines.append(_labelled("address", article["url"]))
    lines += [
        _labelled("entities", entities(article)),
        _labelled("topics", topics(article)),
        _labelled("cut", cuts(article)),
    ]
    lines += [_labelled("found", _one_line(_marked(text))) for text in hit.highlights if MATCH_START in text]
    if hit.shares:
        lines.append(_labelled("shares", ", ".join(hit.shares)))
    lines.append(_labelled("id", article["id"]))
    return lines


def results(found: Found, out: Console) -> None:
    """All that a search found."""
    for number, hit in enumerate(found.hits, 1):
        for line in hit_lines(hit, number):
            out.print(line)
    if found.related:
        out.print(Text("Of the same story, without all of these words:", "dim"))
    for number, hit in enumerate(found.related, len(found.hits) + 1):
        for line in hit_lines(hit, number):
            out.print(line)


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
        lines += [_labelled("", said) for said in _amiss(row)]
    return lines


def _amiss(row: dict[str, Any]) -> list[str]:
    """What a person should know of a source."""
    unusual = {"burst": "far more than usual today", "drop": "far less than usual yesterday"}
    refused = ", ".join(f"{count:,} {reason}" for reason, count in row["refused"].items())
    said = [
        f"{row['stage']}: {row['error']}" if row["error"] else "",
        unusual.get(row["volume"] or "", ""),
        f"it moved: use {row['moved_to']}" if row["moved"] >= _MOVED else "",
        f"refused: {refused}" if refused else "",
        f"{row['undated']:,} of {row['discovered']:,} without a date" if 2 * row["undated"] > row["discovered"] else "",
    ]
    return [one for one in said if one]


def monitor_lines(facts: dict[str, Any]) -> Group:
    """The facts of `desk.monitor` as tables of at most 80 columns."""
    streams = _table("stream", "messages", "a minute")
    for name, stream in facts["streams"].items():
        streams.add_row(name, f"{stream['messages']:,}", f"{stream['per_minute']:,}")
    stages = _table("stage", "lag", "running", "done", "stale", "retries", "dead", "ms p50/p95/p99")
    for name, stage in facts["stages"].items():
        latency = "/".join(
            f"{stage['latency_ms'][share]:.0f}" for share in ("p50", "p95", "p99") if stage["latency_ms"]
        )
        counts = [stage[key] for key in ("lag", "instances", "done", "stale", "retries", "dead")]
        stages.add_row(name, *(f"{count:,}" for count in counts), latency)
    return Group(Text(facts["verdict"], "bold"), streams, stages, _caption(facts))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True, style="" if number else "bold")
    return table


def _caption(facts: dict[str, Any]) -> str:
    index, dead = facts["index"], facts["dead"]
    reasons = ", ".join(f"{reason} {count}" for reason, count in dead["by_reason"].items())
    age = index["newest_age_seconds"]
    newest = "nothing yet" if age is None else f"the newest fetched {age:,.0f} s ago"
    return (
        f"index {index['alias']}: {index['documents']:,} articles, {newest}; "
        f"dead letters open: {dead['open']:,}{f' ({reasons})' if reasons else ''}"
    )
