"""How a start shows what it does: bars on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TextIO

Unit = Literal["bytes", "seconds"]
Advance = Callable[[float], None]
LINE_SECONDS = 5.0


class Progress(Protocol):
    """Named tasks, from any thread, and notes between them."""

    def task(self, name: str, total: float, unit: Unit) -> AbstractContextManager[Advance]:
        """One task under way while the block runs.

        Args:
            name: what is done, in a few words.
            total: how much there is to do; for seconds, how long it usually takes.
            unit: what `total` and every advance count.

        Returns:
            A context that gives the function to say that so much more is done.
        """
        ...

    def note(self, text: str) -> None:
        """One line that stays."""
        ...


class Silent:
    """Shows nothing."""

    @contextmanager
    def task(self, name: str, total: float, unit: Unit) -> Iterator[Advance]:  # noqa: ARG002 (the protocol's)
        """A task that nobody sees."""
        yield lambda _amount: None

    def note(self, text: str) -> None:
        """A note that nobody sees."""


@dataclass
class _Line:
    name: str
    total: float
    done: float = 0.0
    spoke: float = field(default_factory=time.monotonic)


class Lines:
    """A line when a task begins, every few seconds of a download, and when it ends."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._lock = threading.Lock()

    @contextmanager
    def task(self, name: str, total: float, unit: Unit) -> Iterator[Advance]:
        """A task told in lines."""
        started = time.monotonic()
        line = _Line(name, total)
        self.note(f"{name} ({megabytes(total)} MB)" if unit == "bytes" else name)
        yield lambda amount: self._advance(line, amount, unit)
        self.note(f"{name}: done in {time.monotonic() - started:.1f} s")

    def _advance(self, line: _Line, amount: float, unit: Unit) -> None:
        line.done += amount
        now = time.monotonic()
        if unit == "bytes" and now - line.spoke >= LINE_SECONDS:
            line.spoke = now
            self.note(f"{line.name}: {megabytes(line.done)} of {megabytes(line.total)} MB")

    def note(self, text: str) -> None:
        """A line at once."""
        with self._lock:
            self._stream.write(f"{text}\n")
            self._stream.flush()


def megabytes(amount: float) -> str:
    """So many bytes in whole megabytes, without the unit."""
    return f"{amount / 1e6:.0f}"


def for_stream(stream: TextIO | None = None) -> Progress:
    """Bars where the stream (standard error by default) is a terminal, lines elsewhere."""
    stream = stream or sys.stderr
    if not stream.isatty():
        return Lines(stream)
    from deploy.bars import Terminal  # slow to import, and of use to a terminal alone

    return Terminal(stream)
