"""How the facts of the flow look on a terminal, at 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Facts = dict[str, Any]

_WIDTH = 80
_MOST_SOURCES = 5
_MOST_ROWS = 5
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def monitor_lines(facts: Facts) -> Group:
    """All facts: what is wrong, the stages, the streams, and what else tells how it goes."""
    return Group(*_head(facts), Text(), stages(facts), Text(), streams(facts), Text(), *_lines(facts))


def _head(facts: Facts) -> Iterator[RenderableType]:
    """The verdict, then each further finding; a server's old facts are dated."""
    mark, style = ("✗", "bold red") if facts["wrong"] else ("✓", "bold green")
    yield Text(f"{mark} {facts['verdict']}", style)
    for finding in facts["wrong"][1:]:
        yield Text(f"✗ {finding['words']}", "red")
    for name, server in facts["servers"].items():
        if not server["ok"] and server["age_seconds"] is not None:
            yield Text(f"  what {name} tells is {_ago(server['age_seconds'])} old", "dim")


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table


def stages(facts: Facts) -> Table:
    """What waits for each stage, how long, what comes and goes, and who runs it."""
    table = _table("stage", "waits", "oldest", "in/min", "out/min", "runs", "retries", "dead", "s 50/95/99")
    for name, stage in facts["stages"].items():
        latency = "/".join(
            f"{stage['latency_ms'][share]:.0f}" for share in ("p50", "p95", "p99") if stage["latency_ms"]
        )
        table.add_row(
            Text(name, "bold"),
            Text(f"{stage['lag']:,}", "yellow" if stage["lag"] else ""),
            _ago(stage["lag_seconds"]) if stage["lag"] else "",
            f"{stage['arrived_per_minute']:,}",
            "" if stage["per_minute"] is None else f"{stage['per_minute']:,}",
            Text(f"{stage['instances']:,}", "" if stage["instances"] else "red"),
            f"{stage['retries']:,}",
            f"{stage['dead']:,}",
            latency,
        )
    return table


def streams(facts: Facts) -> Table:
    """Each stream's messages and rate."""
    table = _table("stream", "messages", "a minute")
    for name, stream in facts["streams"].items():
        table.add_row(name, f"{stream['messages']:,}", f"{stream['per_minute']:,}")
    return table


def _lines(facts: Facts) -> Iterator[Text]:
    yield _line("index", index_words(facts["index"]))
    if facts["freshness"]:
        shares = "  ".join(f"{share} {seconds:.1f} s" for share, seconds in facts["freshness"].items())
        yield _line("searchable", f"{shares} after being published")
    if facts["heartbeat"]:
        yield _line("heartbeat", heartbeat_words(facts["heartbeat"]))
    yield _line("dead", dead_words(facts["dead"]))
    if facts["sources"]:
        busiest = sorted(facts["sources"].items(), key=lambda one: -one[1]["articles"])[:_MOST_SOURCES]
        yield _line("sources", ", ".join(f"{name} {one['per_minute']:g}/min" for name, one in busiest))
    for label, rows in (("newest", newest(facts)), ("changes", changes(facts))):
        for number, row in enumerate(rows):
            yield _line("" if number else label, row)


def _line(label: str, words: str) -> Text:
    line = Text(f"{label:<12}", "dim") + Text(words)
    line.truncate(_WIDTH, overflow="ellipsis")
    return line


def index_words(index: Facts) -> str:
    """The index in words."""
    if index["documents"] is None:
        return f"{index['alias']}: unknown"
    age = index["newest_age_seconds"]
    newest = "nothing yet" if age is None else f"the newest fetched {_ago(age)} ago"
    return f"{index['alias']}: {index['documents']:,} articles, {newest}"


def heartbeat_words(beat: Facts) -> str:
    """The heartbeat in words."""
    if beat["searchable_ms"] is None:
        return f"none came through, for {_ago(beat['age_seconds'])}"
    return f"searchable after {beat['searchable_ms']:,.0f} ms, {_ago(beat['age_seconds'])} ago"


def dead_words(dead: Facts) -> str:
    """The dead letters in words."""
    if dead["open"] is None:
        return "unknown"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in dead["by_reason"].items())
    new = f", {dead['new']:,} of the last 10 minutes" if dead["new"] else ""
    return f"{dead['open']:,} open{f' ({reasons})' if reasons else ''}{new}"


def newest(facts: Facts) -> list[str]:
    """The newest articles: time, source, title."""
    return [
        f"{one['fetched_at'][11:19]} {one['source']}: {one['title'] or '(no title)'}"
        for one in facts["newest"][:_MOST_ROWS]
    ]


def changes(facts: Facts) -> list[str]:
    """What the processes did last."""
    return [
        f"{one['at'][11:19]} {one['stage']} {one['instance']} {one['what']}" for one in facts["changes"][:_MOST_ROWS]
    ]


def _short(seconds: float) -> str:
    """Seconds in as few figures as tell something."""
    return f"{seconds:.2f}" if seconds < 1 else f"{seconds:.1f}" if seconds < _MINUTE else f"{seconds:,.0f}"


def _ago(seconds: float | None) -> str:
    """A length of time, in the unit that fits."""
    if seconds is None:
        return "?"
    for unit, size in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} s"
