"""An enricher that comes to harm in the middle of the articles that say so in their `metadata`.

Each harm is done once for each article: the next process, which reads it again, makes it. With the path of a file there
is always a next one, each noted in it: forked from a process that has everything loaded, hundreds are affordable.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import processors.app
import processors.enrich
import processors.memory
from processors.worker import run_enricher
from schemas.article import EnrichedArticle, RawArticle
from schemas.settings import load
from tests.faults.oracle import lightly

LOADED = (processors.app, processors.enrich, processors.memory)  # before the fork


class HarmError(BaseException):
    """What no `except Exception` holds."""


def _raise() -> None:
    raise HarmError


def _cancel() -> None:
    raise asyncio.CancelledError


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.3)


HARMS: dict[str, Callable[[], None]] = {
    "SIGTERM": _terminate,
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "raise": _raise,
    "cancel": _cancel,
    "slow": lambda: time.sleep(float(os.environ["WIREDESK_TEST_SLOW"])),
    "stuck": lambda: time.sleep(3600),
}


def made(folder: Path, raw: RawArticle) -> EnrichedArticle:
    """The article, unless it is to come to harm here and did not yet."""
    harm, mark = raw.metadata.get("harm"), folder / raw.id
    if harm and not mark.exists():
        mark.touch()
        HARMS[harm]()
    return lightly(raw)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main() -> None:
    """Works as `wiredesk enricher` does, and ends with the test that started it."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    settings = load()
    folder = settings.data_dir / "harmed"
    folder.mkdir(parents=True, exist_ok=True)

    def make(raw: RawArticle, **_: Any) -> EnrichedArticle:
        return made(folder, raw)

    run_enricher(settings, make)


def again(starts: Path) -> None:
    """Has one enricher after the other at work until SIGTERM or the end of who started it, and notes each start."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    parent = os.getppid()
    while not stopping.is_set() and os.getppid() == parent:
        with starts.open("ab") as noted:
            noted.write(b".")
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            main()
            os._exit(0)
        _keep(child, stopping)


def _keep(child: int, stopping: threading.Event) -> None:
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if stopping.wait(0.02):
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
            return


if __name__ == "__main__":
    again(Path(sys.argv[1])) if sys.argv[1:] else main()
