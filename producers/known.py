"""Records of what was published before, by article id: in a file, so that memory stays flat however many there are."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
import weakref
from itertools import islice
from pathlib import Path
from typing import Protocol

import structlog

from schemas.settings import Settings

log = structlog.get_logger(__name__)

# A file that nobody can open again needs to survive nothing; only a write that breaks off is undone, in memory.
_MADE = """
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA secure_delete = OFF;
PRAGMA cache_size = -2048;
CREATE TABLE IF NOT EXISTS records (id BLOB PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
"""
_FIND = "SELECT record FROM records WHERE id = ?"
_KEEP = "INSERT INTO records VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record"
_DROP = "DELETE FROM records WHERE id = ?"
# What a full disk left in memory goes there step by step: who asks meanwhile waits for one step at most.
_BATCHES_AT_ONCE = 10
_UNREAD = "what was published before cannot be read, and is published again"
_UNWRITTEN = "what was published stays in memory, which grows"
_WAYS_OUT = {
    _UNREAD: "start anew: it is read from Kafka again",
    _UNWRITTEN: "make room in the folder that WIREDESK_DATA_DIR names: it is tried again",
}


class Records(Protocol):
    """What is used of a mapping of article ids to records."""

    def get(self, key: bytes, /) -> bytes | None:
        """The record of an id; none where there is none."""

    def __setitem__(self, key: bytes, record: bytes, /) -> None: ...

    def pop(self, key: bytes, default: None, /) -> bytes | None:
        """Removes the record of an id, and returns it."""


class OnDisk:
    """Records in SQLite, for several threads; the file is closed when nobody holds this any more.

    `batch` records at a time go into the file. What it does not take, as on a full disk, stays in memory and is tried
    again with every further batch; what cannot be read counts as never published. Both are logged, once.
    """

    def __init__(self, database: sqlite3.Connection, batch: int = 1000) -> None:
        database.executescript(_MADE)
        self._database, self._batch = database, batch
        self._unwritten: dict[bytes, bytes | None] = {}
        self._since = 0
        self._told = set[str]()
        self._lock = threading.Lock()
        weakref.finalize(self, database.close)

    def get(self, key: bytes, /) -> bytes | None:
        """The record of an id; none where there is none, or it cannot be read."""
        with self._lock:
            return self._unwritten[key] if key in self._unwritten else self._written(key)

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def __setitem__(self, key: bytes, record: bytes, /) -> None:
        self._put(key, record)

    def pop(self, key: bytes, default: None = None, /) -> bytes | None:
        """Removes the record of an id, and returns it; `default` where there is none."""
        record = self.get(key)
        self._put(key, None)
        return default if record is None else record

    def _put(self, key: bytes, record: bytes | None) -> None:
        with self._lock:
            self._unwritten[key] = record
            self._since += 1
            if self._since >= self._batch:
                self._since = 0
                self._write()

    def _written(self, key: bytes) -> bytes | None:
        try:
            found = self._database.execute(_FIND, (key,)).fetchone()
        except sqlite3.Error as error:
            self._tell(_UNREAD, error)
            return None
        return found[0] if found else None

    def _write(self) -> None:
        for _ in range(_BATCHES_AT_ONCE):
            some = sorted(islice(self._unwritten.items(), self._batch))
            try:
                with self._database:
                    self._database.executemany(_KEEP, [one for one in some if one[1] is not None])
                    self._database.executemany(_DROP, [(key,) for key, record in some if record is None])
            except sqlite3.Error as error:
                self._tell(_UNWRITTEN, error)
                return
            for key, _ in some:
                del self._unwritten[key]
            self._told.discard(_UNWRITTEN)
            if not self._unwritten:
                return

    def _tell(self, what: str, error: sqlite3.Error) -> None:
        if what not in self._told:
            self._told.add(what)
            log.warning(what, reason=str(error), way_out=_WAYS_OUT[what])


def on_disk(settings: Settings) -> OnDisk:
    """No records yet, in a file in the data folder; where none can be made, in the system's folder for such files."""
    return opened(settings.data_dir, None)


def opened(*folders: Path | None) -> OnDisk:
    """No records yet, in a file in the first of the folders that takes one, else in memory; None is the system's."""
    for folder in folders:
        with contextlib.suppress(OSError, sqlite3.Error):
            return _in_file(folder)
    log.warning(
        _UNWRITTEN,
        reason=f"no file can be made in {folders[0] or 'a temporary folder'}",
        way_out="name a folder that can be written to with WIREDESK_DATA_DIR",
    )
    return OnDisk(sqlite3.connect(":memory:", check_same_thread=False))


def _in_file(folder: Path | None) -> OnDisk:
    """Records in a file without a name: it is gone with its process, however that ends.

    Raises:
        OSError: no file can be made there.
        sqlite3.Error: it cannot be written to.
    """
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".published-", dir=folder)
    os.close(descriptor)
    try:
        return OnDisk(sqlite3.connect(name, check_same_thread=False))
    finally:
        Path(name).unlink()
