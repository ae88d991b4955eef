"""What was published before lies on disk: nothing of it grows in memory, and no fault of the disk costs an article."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from producers import seen
from producers.known import OnDisk, on_disk, opened
from producers.publish import Publisher, feed
from schemas.article import RawArticle
from tests.fakes import FakeProducer, quick, raw_article, timed_out, unit_settings

RAW, SEEN = "articles.raw", "sources.seen"


def database(where: str | Path = ":memory:") -> sqlite3.Connection:
    """One that threads may share."""
    return sqlite3.connect(where, check_same_thread=False)


def articles(count: int, start: int = 0) -> list[RawArticle]:
    """Articles that differ."""
    return [raw_article(f"Article number {number}.") for number in range(start, start + count)]


def key(article: RawArticle) -> bytes:
    """Its key on the streams."""
    return article.id.encode()


def fed(items: Iterable[RawArticle], known: OnDisk, producer: FakeProducer | None = None) -> tuple[int, int, int]:
    """How many were published, unchanged and failed."""
    report = feed(items, Publisher(producer or FakeProducer(), unit_settings(), known))
    return report.published, report.unchanged, len(report.failed)


def full(batch: int = 1, room: int = 0) -> tuple[OnDisk, sqlite3.Connection]:
    """One whose disk has room for so many more pages of 4 KiB."""
    under = database()
    known = OnDisk(under, batch)
    (pages,) = under.execute("PRAGMA page_count").fetchone()
    under.execute(f"PRAGMA max_page_count = {pages + room}")
    return known, under


keys = st.sampled_from([b"a", b"b", b"c", b"d"])
steps = st.tuples(st.sampled_from(["set", "pop", "get", "in"]), keys, st.binary(max_size=3))


@quick
@given(st.lists(steps, max_size=60), st.integers(1, 5))
def test_it_does_what_a_dict_does(todo: list[tuple[str, bytes, bytes]], batch: int) -> None:
    """Whatever is set, removed and asked for, and however much goes to the file at a time, a dict says the same."""
    known, model = OnDisk(database(), batch), dict[bytes, bytes]()
    for what, name, value in todo:
        if what == "set":
            known[name] = model[name] = value
        elif what == "pop":
            assert known.pop(name, None) == model.pop(name, None)
        elif what == "get":
            assert known.get(name) == model.get(name)
        else:
            assert (name in known) == (name in model)
    assert {name: known.get(name) for name in (b"a", b"b", b"c", b"d")} == {
        name: model.get(name) for name in (b"a", b"b", b"c", b"d")
    }


@quick
@given(st.lists(st.tuples(keys, st.none() | st.binary(max_size=3)), max_size=40), st.integers(1, 5))
def test_the_last_record_of_a_stream_counts(records: list[tuple[bytes, bytes | None]], batch: int) -> None:
    """Of each article id the last record is kept, and one without a value takes away what stood there."""
    known = OnDisk(database(), batch)
    for name, value in records:
        seen.keep(known, name, value)
    assert {name: known.get(name) for name, _ in records} == dict(records)


def test_many_records_lie_in_the_file_and_not_in_memory() -> None:
    """Of many records less than a batch is held by the object itself; the file has all others."""
    under = database()
    known = OnDisk(under, batch=100)
    for number in range(5050):
        known[b"%032d" % number] = b'{"herald":["fingerprint",""]}'
    (stored,) = under.execute("SELECT count(*) FROM records").fetchone()
    assert (stored, len(known._unwritten)) == (5000, 50)
    assert all(b"%032d" % number in known for number in range(5050))


def test_its_cache_is_bounded(tmp_path: Path) -> None:
    """No more than some 2 MiB of the file are held in memory."""
    under = database(tmp_path / "records")
    known = OnDisk(under)
    assert known.get(b"a") is None
    assert under.execute("PRAGMA cache_size").fetchone() == (-2048,)


@pytest.mark.skipif(sys.platform != "linux", reason="only there a process sees its own open files as files")
def test_the_file_has_no_name_and_goes_with_its_holder(tmp_path: Path) -> None:
    """It lies in the data folder, made where there is none, under no name, and its room is free when it is let go."""
    folder = tmp_path / "made" / "for it"

    def held() -> list[str]:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return [name for link in links if (name := str(link.readlink())).startswith(str(folder))]

    known = on_disk(unit_settings(data_dir=folder))
    known[b"a"] = b"1"
    assert known.get(b"a") == b"1"
    assert len(held()) == 1
    assert list(folder.iterdir()) == []
    del known
    assert held() == []


@pytest.mark.skipif(sys.platform != "linux", reason="processes end otherwise elsewhere")
def test_a_kill_leaves_nothing_behind(tmp_path: Path) -> None:
    """A process that is killed while it holds much of it leaves no file."""
    code = (
        "import os, signal, sys; from pathlib import Path; from producers.known import opened\n"
        "known = opened(Path(sys.argv[1]))\n"
        "for number in range(5000): known[b'%032d' % number] = b'x' * 50\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_without_a_data_folder_the_systems_own_is_taken(tmp_path: Path) -> None:
    """Where the data folder cannot be made, it works all the same, and says nothing."""
    (tmp_path / "file").touch()
    with capture_logs() as told:
        known = on_disk(unit_settings(data_dir=tmp_path / "file" / "below"))
    known[b"a"] = b"1"
    assert (known.get(b"a"), told) == (b"1", [])


def test_without_any_folder_it_is_kept_in_memory_and_said(tmp_path: Path) -> None:
    """Where no file can be made, it works all the same, and the log says where that was and what to do."""
    (tmp_path / "file").touch()
    with capture_logs() as told:
        known = opened(tmp_path / "file" / "below")
    known[b"a"] = b"1"
    assert known.get(b"a") == b"1"
    (line,) = told
    assert str(tmp_path / "file" / "below") in line["reason"]
    assert "WIREDESK_DATA_DIR" in line["way_out"]


def test_it_takes_records_from_several_threads() -> None:
    """What threads set and ask for at once is all there, and each finds its own."""
    known, start = OnDisk(database(), batch=7), threading.Barrier(4)

    def work(number: int) -> list[bytes | None]:
        start.wait()
        found = []
        for step in range(200):
            known[b"%d-%d" % (number, step)] = b"%d" % step
            found.append(known.get(b"%d-%d" % (number, step // 2)))
        return found

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert found == [[b"%d" % (step // 2) for step in range(200)]] * 4


def test_what_was_published_before_is_left_alone() -> None:
    """Articles that are known in the file are unchanged; those that changed are published again."""
    known = OnDisk(database(), batch=3)
    assert fed(articles(20), known) == (20, 0, 0)
    assert fed([*articles(20), raw_article("Article number 3.", title="Corrected")], known) == (1, 20, 0)


def test_what_was_not_delivered_is_known_as_it_was() -> None:
    """A failed delivery brings back what was known of an article; one that was new is new again."""
    known, url = OnDisk(database(), batch=2), "https://herald.example/1"
    first, changed, new = raw_article(url=url), raw_article(url=url, title="Corrected"), raw_article("It is new.")
    assert fed([first], known) == (1, 0, 0)
    before = known.get(key(first))
    refusing = FakeProducer(refuse=lambda sent: timed_out() if sent.stream == RAW else None)
    assert fed([changed, new], known, refusing) == (0, 0, 2)
    assert (known.get(key(first)), known.get(key(new))) == (before, None)
    assert fed([first, changed, new], known) == (2, 1, 0)


def test_a_full_disk_costs_no_article_and_is_said_once() -> None:
    """On a full disk every article is published once, as ever; the log says it in one line, with the way out."""
    known, under = full(batch=10)
    producer = FakeProducer()
    with capture_logs() as told:
        assert fed(articles(500), known, producer) == (500, 0, 0)
        assert fed(articles(500), known, producer) == (0, 500, 0)
    assert len(producer.to(SEEN)) == 500
    assert under.execute("SELECT count(*) FROM records").fetchone()[0] < 500
    (line,) = told
    assert (line["log_level"], line["event"]) == ("warning", "what was published stays in memory, which grows")
    assert "full" in line["reason"]
    assert "WIREDESK_DATA_DIR" in line["way_out"]


def test_with_room_again_all_goes_to_the_file() -> None:
    """What a full disk left in memory goes to the file as soon as there is room; the next one is said again."""
    known, under = full(batch=10)
    with capture_logs() as told:
        fed(articles(500), known)
        under.execute("PRAGMA max_page_count = 100000")
        fed(articles(100, start=500), known)
        assert known._unwritten == {}
        assert under.execute("SELECT count(*) FROM records").fetchone() == (600,)
        (pages,) = under.execute("PRAGMA page_count").fetchone()
        under.execute(f"PRAGMA max_page_count = {pages}")
        fed(articles(500, start=600), known)
    assert len(told) == 2
    assert fed(articles(1100), known) == (0, 1100, 0)


@quick
@given(st.lists(st.tuples(keys, st.none() | st.binary(max_size=3000)), max_size=60), st.integers(0, 6))
def test_whatever_room_there_is_the_newest_record_is_told(records: list[tuple[bytes, bytes | None]], room: int) -> None:
    """However little fits, and whichever write breaks off, each id has the last that was said of it."""
    known, _ = full(batch=3, room=room)
    for name, value in records:
        seen.keep(known, name, value)
    assert {name: known.get(name) for name, _ in records} == dict(records)


def test_a_broken_file_costs_no_article(tmp_path: Path) -> None:
    """Where the file is spoilt, what it held is published again, the log says so once, and nothing else happens."""
    path = tmp_path / "records"
    under, producer = database(path), FakeProducer()
    known = OnDisk(under, batch=10)
    assert fed(articles(1000), known) == (1000, 0, 0)
    path.write_bytes(b"\xff" * path.stat().st_size)
    under.execute("PRAGMA shrink_memory")
    with capture_logs() as told:
        assert fed(articles(1000), known, producer) == (1000, 0, 0)
    events = [line["event"] for line in told]
    assert len(events) == len(set(events))
    assert events[0] == "what was published before cannot be read, and is published again"
    assert "start anew" in told[0]["way_out"]
    assert fed(articles(1000), known) == (0, 1000, 0)
