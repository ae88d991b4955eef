"""The register reads the stream of dead letters once, keeps little of each, and fetches originals when asked."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaConnectionError, KafkaTimeoutError

from processors.letters import letter
from processors.register import OpenLetter, Register
from schemas.dead import DeadLetter, Resolution
from schemas.streams import NoSuchStreamError
from tests.fake_stream import FakeStream
from tests.fakes import quick, raw_article, raw_message, unit_settings

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def dead(offset: int, text: str = "Text.", **changes: Any) -> DeadLetter:
    """A letter of the message at that offset, the older the smaller the offset."""
    found = letter(raw_message(raw_article(text), offset=offset), "enrich", "failed", "detail", "host-1")
    return found.model_copy(update={"at": NOW + timedelta(seconds=offset), **changes})


def written(*letters: DeadLetter, partitions: int = 2) -> FakeStream:
    """A stream with these letters, by turns in its partitions."""
    stream = FakeStream(partitions=partitions)
    for place, one in enumerate(letters):
        stream.write(one.model_dump_json().encode(), place % partitions)
    return stream


def dropped(one: DeadLetter) -> bytes:
    """The record that closes a letter."""
    return Resolution(letter=one.id, action="dropped", at=NOW, by="me").model_dump_json().encode()


def register(stream: FakeStream) -> Register:
    """A register of that stream."""
    return Register(unit_settings(), stream.connect)


def offsets(letters: list[OpenLetter]) -> list[int]:
    """Which messages' letters these are."""
    return [one.offset for one in letters]


def test_the_second_look_reads_nothing_again() -> None:
    """What was read once is known: a second look takes no record, and a later one only what came meanwhile."""
    stream = written(dead(3), dead(1), dead(2))
    here = register(stream)
    assert offsets(here.open()) == [1, 2, 3]
    assert stream.taken == 3
    assert offsets(here.open()) == [1, 2, 3]
    assert stream.taken == 3
    stream.write(dead(0).model_dump_json().encode(), 1)
    assert offsets(here.open()) == [0, 1, 2, 3]
    assert (stream.taken, len(stream.readers)) == (4, 1)


def test_who_closes_a_letter_sees_it_closed_at_once() -> None:
    """A resolution that was acknowledged counts in the very next look."""
    stream = written(dead(1), dead(2))
    here = register(stream)
    here.open()
    stream.write(dropped(dead(1)), 0)
    assert offsets(here.open()) == [2]


def test_what_is_kept_of_a_letter_does_not_grow_with_its_article() -> None:
    """Neither key, value nor headers are kept, and all else is, with where the letter stands and how long it is."""
    whole = dead(7, "Text. " * 1000)
    (found,) = register(written(dead(1, value=None), whole, partitions=1)).open()[1:]
    left = {"key", "value", "headers"}
    assert found.model_dump(exclude={*left, "place", "size"}) == whole.model_dump(exclude=left)
    assert (found.key, found.value, found.headers) == (None, None, {})
    assert (found.place, found.size) == ((0, 1), len(whole.value or ""))


def test_a_letter_without_an_original_is_known_as_such() -> None:
    """Of a tombstone's letter it is known that there is nothing to send again."""
    assert [one.size for one in register(written(dead(1, value=None))).open()] == [None]


def test_an_original_is_fetched_from_where_it_stands() -> None:
    """All of a letter is read at its place alone, however many stand around it."""
    letters = [dead(number, f"Text {number}.") for number in range(40)]
    stream = written(*letters)
    here = register(stream)
    chosen = here.open()[17]
    before = stream.taken
    assert list(here.whole([chosen])) == [letters[17]]
    assert stream.taken == before + 1


@quick
@given(st.lists(st.integers(0, 29), unique=True), st.integers(1, 3))
def test_letters_come_whole_in_the_order_asked_for(wanted: list[int], partitions: int) -> None:
    """Whichever letters are asked for in whatever order, they come whole and in that order, and looking goes on."""
    letters = [dead(number, f"Text {number}.") for number in range(30)]
    stream = written(*letters, partitions=partitions)
    here = register(stream)
    known = here.open()
    assert list(here.whole(known[number] for number in wanted)) == [letters[number] for number in wanted]
    stream.write(dead(30).model_dump_json().encode())
    assert offsets(here.open()) == list(range(31))


def test_large_originals_come_some_megabytes_at_a_time() -> None:
    """What is fetched is bounded by its size: the second of two large letters is read only when it is asked for."""
    stream = written(dead(1, value="A" * 6_000_000), dead(2, value="A" * 6_000_000), partitions=1)
    here = register(stream)
    coming = here.whole(here.open())
    before = stream.taken
    assert next(coming).offset == 1
    assert stream.taken == before + 1
    assert [one.offset for one in coming] == [2]


def test_a_stream_that_was_made_anew_is_read_anew() -> None:
    """Where the stream ends before what was read, nothing that was known counts any more."""
    stream = written(dead(1), dead(2), dead(3))
    here = register(stream)
    here.open()
    stream.values = [[dead(9).model_dump_json().encode()], []]
    assert offsets(here.open()) == [9]


def test_a_letter_that_is_not_where_it_stood_is_left_out() -> None:
    """Where another record stands in its place, as in a stream made anew, none is given, and all is read anew."""
    stream = written(dead(1), dead(2), partitions=1)
    here = register(stream)
    known = here.open()
    stream.values = [[dead(number).model_dump_json().encode() for number in (5, 6)]]
    assert list(here.whole(known)) == []
    assert offsets(here.open()) == [5, 6]


def test_a_stream_whose_start_was_cut_off_is_read_from_its_start() -> None:
    """What Kafka holds no more is passed over, also where nothing is left."""
    stream = written(dead(1), dead(2), dead(3), partitions=1)
    stream.starts = [2]
    assert offsets(register(stream).open()) == [3]
    stream.starts = [3]
    assert register(stream).open() == []


def test_a_kafka_that_goes_away_is_read_on_when_it_is_back() -> None:
    """While it is away every look says so; afterwards a new connection reads only what is new."""
    stream = written(dead(1), dead(2))
    here = register(stream)
    known = here.open()
    stream.down = True
    for _ in range(2):
        with pytest.raises(KafkaConnectionError):
            here.open()
    with pytest.raises(KafkaConnectionError):
        list(here.whole(known))
    stream.down = False
    assert offsets(here.open()) == [1, 2]
    assert stream.taken == 2
    assert [one.closed for one in stream.readers] == [True, False]


def test_records_that_do_not_come_are_an_error() -> None:
    """A Kafka that names records and does not give them is not waited for without end."""
    stream = written(dead(1))
    stream.silent = True
    with pytest.raises(KafkaTimeoutError, match="do not come"):
        register(stream).open()


def test_a_stream_that_is_not_there_is_said() -> None:
    """Before the streams were made, the error names the command that makes them."""
    with pytest.raises(NoSuchStreamError, match="wiredesk setup"):
        register(FakeStream("other")).open()


def test_a_register_that_is_closed_connects_again_when_it_is_asked() -> None:
    """Closing ends the connection, and forgets nothing."""
    stream = written(dead(1))
    here = register(stream)
    here.close()
    here.open()
    here.close()
    assert stream.readers[0].closed
    assert offsets(here.open()) == [1]
    assert stream.taken == 1


def test_many_threads_read_the_stream_once() -> None:
    """However many ask at a time, each record is taken once, and each who asks gets all letters."""
    stream = written(*map(dead, range(50)))
    here = register(stream)
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(offsets(here.open()))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [list(range(50))] * 8
    assert stream.taken == 50
