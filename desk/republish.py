"""Publishes raw messages again as they were: key, bytes and headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from desk.places import Log, chunks
from desk.suspects import Suspect
from schemas.settings import Settings
from schemas.streams import producing, streams

_UNDER_WAY = 500
_SECONDS = 60
# Reading over so many messages is quicker than seeking behind them.
_GAP = 200


def republish(settings: Settings, log: Log, wanted: Iterable[Suspect]) -> int:
    """Sends these messages of the raw stream again, and returns how many of them the stream still held.

    Args:
        settings: servers and names.
        log: reads the messages.
        wanted: by partition and rising offset.

    Raises:
        KafkaError: one was not acknowledged; those before it were.
    """
    stream = streams(settings).raw.name
    done = 0
    with producing(settings) as producer:
        for some in chunks(_records(log, stream, wanted), _UNDER_WAY):
            sent = [producer.send(stream, key=one.key, value=one.value, headers=list(one.headers)) for one in some]
            for future in sent:
                future.get(_SECONDS)
            done += len(some)
    return done


def _records(log: Log, stream: str, wanted: Iterable[Suspect]) -> Iterator[Any]:
    for partition, offsets in runs((one.partition, one.offset) for one in wanted):
        start, end = log.bounds(stream, partition)
        low, high = max(start, min(offsets)), min(end, max(offsets) + 1)
        if low < high:
            yield from (record for record in log.span(stream, partition, low, high) if record.offset in offsets)


def runs(spots: Iterable[tuple[int, int]]) -> Iterator[tuple[int, set[int]]]:
    """Offsets of one partition that stand near each other, taken together; in the order that they come in."""
    at, offsets, last = -1, set[int](), 0
    for partition, offset in spots:
        if offsets and (partition != at or offset - last > _GAP or len(offsets) >= _UNDER_WAY):
            yield at, offsets
            offsets = set()
        at, last = partition, offset
        offsets.add(offset)
    if offsets:
        yield at, offsets
