"""`wiredesk tail`: what passes on the streams, as it passes."""

from __future__ import annotations

import fnmatch
import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from desk import show
from desk.connect import with_kafka
from desk.options import as_json

if TYPE_CHECKING:  # these take longer to import than `--help` may take
    from schemas.settings import Settings
    from schemas.streams import Streams

STAGES = ("raw", "enriched", "stored", "dead")
_QUICK = 5.0
_POLL_MS = 200
_LONGEST_TITLE = 100
_SOURCES = "/wiredesk/sources/"

Told = dict[str, Any]


@click.command()
@click.argument("stages", nargs=-1, metavar="[raw|enriched|stored|dead]...", type=click.Choice(STAGES))
@click.option("--source", default="*", show_default=True, help="Only of sources that look like this, as 'bbc*'.")
@click.option("--limit", type=click.IntRange(1), help="End after so many.")
@click.option("--interval", type=click.FloatRange(0), default=0.0, help="Least seconds between two that are printed.")
@as_json
@click.pass_context
def tail(ctx: click.Context, /, stages: tuple[str, ...], *, source: str, as_json: bool, **bounds: Any) -> None:
    """Print what passes on the streams as it passes, until Ctrl-C: raw, enriched and stored articles, dead letters.

    \b
    Examples:
      wiredesk tail
      wiredesk tail dead --json
      wiredesk tail raw enriched --source 'bbc*' --limit 20 --interval 1
    """
    if source != "*" and "stored" in stages:
        raise click.UsageError("what is stored does not name its source: leave --source out, or do not ask for stored")
    settings = with_kafka(ctx.obj, _QUICK)
    passing = (one for one in _passing(settings, stages or STAGES) if fnmatch.fnmatchcase(one["source"] or "", source))
    for told in thinned(passing, **bounds):
        if as_json:
            show.json_line(told)
        else:
            click.echo(line(told))


def thinned(
    passing: Iterable[Told], limit: int | None, interval: float, clock: Callable[[], float] = time.monotonic
) -> Iterator[Told]:
    """At most one in so many seconds, which says how many were `skipped` before it, and `limit` in all."""
    shown, skipped, due = 0, 0, float("-inf")
    for told in passing:
        if clock() < due:
            skipped += 1
            continue
        yield {**told, "skipped": skipped}
        shown, skipped, due = shown + 1, 0, clock() + interval
        if shown == limit:
            return


def line(told: Told) -> str:
    """One that passed, on one line that cannot steer a terminal."""
    words = f"{told['at'][11:19]} {told['stage']:<9}{told['source'] or '-':<20} {told['words']}"
    more = f"  (and {told['skipped']:,} before it)" if told["skipped"] else ""
    return "".join(c if c.isprintable() else " " for c in words + more)


def told_of(record: Any, names: Streams) -> Iterator[Told]:
    """What a record of one of the streams tells: one for an article or letter, one for each article of a receipt."""
    stage = _stages(names)[record.topic]
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    place = {"stage": stage, "at": at, "partition": record.partition, "offset": record.offset}
    value = _value(record.value)
    if stage == "stored":
        yield from ({**place, **_of_receipt(item)} for item in _list(value.get("items")) if isinstance(item, dict))
        return
    source = _sender(record) or str(value.get("source") or "") or None
    yield {**place, "source": source, **(_of_letter(value) if stage == "dead" else _of_article(value))}


def _sender(record: Any) -> str:
    """The source that the headers of an article name; empty where they name none."""
    sender = dict(record.headers or ()).get("ce_source", b"").decode("utf-8", "replace")
    return sender.removeprefix(_SOURCES) if sender.startswith(_SOURCES) else ""


def _of_article(value: dict[str, Any]) -> Told:
    return {"id": value.get("id"), "words": f"{_title(value)}  {value.get('url') or ''}".rstrip()}


def _of_letter(value: dict[str, Any]) -> Told:
    words = f"{value.get('stage', '')} {value.get('reason') or value.get('action')}: {value.get('detail', '')}"
    return {"id": value.get("article_id"), "words": words}


def _of_receipt(item: dict[str, Any]) -> Told:
    return {"source": None, "id": item.get("id"), "words": f"{item.get('verdict')} {item.get('id')}"}


def _is_beat(told: Told) -> bool:
    from desk.heartbeat import ARTICLE_ID

    return bool(told["id"] == ARTICLE_ID)


def _title(value: dict[str, Any]) -> str:
    title = value.get("title") or ""
    plain = " ".join(map(str, title.values())) if isinstance(title, dict) else str(title)
    return plain[:_LONGEST_TITLE] or "(no title)"


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _value(data: bytes | None) -> dict[str, Any]:
    """The object that a value holds; what is none tells nothing of itself."""
    try:
        found = json.loads(data or b"")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _stages(names: Streams) -> dict[str, str]:
    return {getattr(names, stage).name: stage for stage in STAGES}


def _passing(settings: Settings, stages: Iterable[str]) -> Iterator[Told]:
    """What is written to these streams from now on, heartbeats left out."""
    from kafka import KafkaConsumer

    from schemas.streams import partitions_of, reader_options, streams

    names = streams(settings)
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        partitions = [one for stage in stages for one in partitions_of(consumer, getattr(names, stage).name)]
        consumer.assign(partitions)
        for partition, end in consumer.end_offsets(partitions).items():
            consumer.seek(partition, end)
        while True:
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                for record in records:
                    yield from (one for one in told_of(record, names) if not _is_beat(one))
    finally:
        consumer.close(autocommit=False)
