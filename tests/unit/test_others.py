"""What other processes write down is taken in, and what this one wrote itself is not."""

from __future__ import annotations

import asyncio

import pytest

from producers.others import MINE, Others
from schemas.streams import NoSuchStreamError
from tests.fake_stream import FakeStream
from tests.fakes import unit_settings

THEIRS = [("writer", b"another process")]


def connected(stream: FakeStream) -> Others:
    """What others write on a stream in memory."""
    return Others(stream.connect(unit_settings()), [stream.name])


async def until_taken(stream: FakeStream, count: int) -> None:
    """Waits until so many records were given to the reader."""
    for _ in range(3000):
        await asyncio.sleep(0.01)
        if stream.taken >= count:
            return


def test_what_others_write_from_now_on_is_taken_and_nothing_else() -> None:
    """What stood there before is known already, and what this process wrote needs no reading."""
    stream, found = FakeStream("sources.seen"), list[bytes]()
    stream.write(b"before", 1)
    others = connected(stream)

    async def run() -> None:
        async with others.taken({stream.name: lambda record: found.append(record.value)}):
            stream.write(b"mine", 0, MINE)
            stream.write(b"theirs", 1, THEIRS)
            stream.write(b"of an older Wiredesk", 0)
            await until_taken(stream, 3)

    asyncio.run(asyncio.wait_for(run(), 30))
    assert sorted(found) == [b"of an older Wiredesk", b"theirs"]
    assert stream.readers[0].closed


def test_a_kafka_that_is_away_is_waited_for() -> None:
    """What came while Kafka was away is taken once it is back."""
    stream, found = FakeStream("sources.seen"), list[bytes]()
    others = connected(stream)

    async def run() -> None:
        async with others.taken({stream.name: lambda record: found.append(record.value)}):
            stream.down = True
            await asyncio.sleep(0.05)
            stream.write(b"theirs", 0, THEIRS)
            stream.down = False
            await until_taken(stream, 1)

    asyncio.run(asyncio.wait_for(run(), 30))
    assert found == [b"theirs"]


def test_a_stream_that_was_not_made_is_named() -> None:
    """Without the stream nothing begins, and who starts it learns the command that makes it."""
    with pytest.raises(NoSuchStreamError, match="wiredesk setup"):
        Others(FakeStream("another").connect(unit_settings()), ["sources.seen"])
