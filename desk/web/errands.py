"""Work that takes longer than a page may: done beside it, few at a time, each once for a source."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from desk.failure import Failure

Kind = Literal["look", "check", "robots"]

AT_ONCE = 2
MOST_WAITING = 50
MOST_KEPT = 500


@dataclass(slots=True)
class Errand:
    """One piece of work: since when, and what came of it; `failed` says in words why nothing did."""

    kind: Kind
    name: str
    began: datetime
    ended: datetime | None = None
    result: Any = None
    failed: str = ""
    done: threading.Event = field(default_factory=threading.Event)


class Errands:
    """The work that is under way, and what came of the last.

    Args:
        now: the time.
        at_once: how many are done at the same time.
    """

    def __init__(self, now: Callable[[], datetime], at_once: int = AT_ONCE) -> None:
        self._now = now
        self._turns = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[Kind, str], Errand] = OrderedDict()

    def last(self, kind: Kind, name: str) -> Errand | None:
        """The work of this kind for a source that is under way, or was done last."""
        with self._lock:
            return self._held.get((kind, name))

    def start(self, kind: Kind, name: str, work: Callable[[], Any]) -> Errand:
        """Begins work for a source; where the same is under way, that is it.

        Raises:
            Failure: too much is waiting already.
        """
        with self._lock:
            there = self._held.get((kind, name))
            if there and not there.done.is_set():
                return there
            if sum(not one.done.is_set() for one in self._held.values()) >= MOST_WAITING:
                raise Failure("Too much is under way already", "wait until some of it is done")
            errand = self._held[kind, name] = Errand(kind, name, self._now())
            self._held.move_to_end((kind, name))
            self._forget()
        threading.Thread(target=self._run, args=(errand, work), name=f"{kind} {name}", daemon=True).start()
        return errand

    def _forget(self) -> None:
        done = [key for key, one in self._held.items() if one.done.is_set()]
        for key in done[: max(0, len(self._held) - MOST_KEPT)]:
            del self._held[key]

    def _run(self, errand: Errand, work: Callable[[], Any]) -> None:
        with self._turns:
            try:
                errand.result = work()
            except TimeoutError:
                errand.failed = "it took too long, and was given up"
            except Exception as error:  # noqa: BLE001 (whatever went wrong, the page says so)
                errand.failed = str(error) or type(error).__name__
            finally:
                errand.ended = self._now()
                errand.done.set()
