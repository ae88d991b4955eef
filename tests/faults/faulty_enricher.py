"""An enricher that comes to harm in the middle of the articles that say so in their `metadata`.

Each harm is done once for each article: the next process, which reads it again, makes it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from processors.worker import run_enricher
from schemas.article import EnrichedArticle, RawArticle
from schemas.settings import load
from tests.faults.oracle import lightly


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


if __name__ == "__main__":
    main()
