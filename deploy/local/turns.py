"""One process at a time: a lock file that others wait for."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.errors import ServersError
from deploy.progress import Progress


@contextmanager
def turn(file: Path, progress: Progress, waiting: str, way_out: str) -> Iterator[None]:
    """Holds the lock on a file while the block runs, waiting for whoever holds it.

    Args:
        file: made where it is not there; its folder exists.
        progress: is told `waiting` when another process has the lock.
        waiting: what is waited for.
        way_out: what to do where the folder may not be written to.

    Raises:
        ServersError: the file cannot be made.
    """
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ServersError(f"cannot write in {file.parent}: {error.strerror}; {way_out}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.note(waiting)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
