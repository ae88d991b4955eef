"""How a start shows what it does: bars on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.text import Text

Unit = Literal["bytes", "seconds"]
Advance = Callable[[float], None]
LINE_SECONDS = 5.0
UNFINISHED = 0.97  # how far a bar of seconds goes before the task is done


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
        self.note(f"{name} ({_megabytes(total)} MB)" if unit == "bytes" else name)
        yield lambda amount: self._advance(line, amount, unit)
        self.note(f"{name}: done in {time.monotonic() - started:.1f} s")

    def _advance(self, line: _Line, amount: float, unit: Unit) -> None:
        line.done += amount
        now = time.monotonic()
        if unit == "bytes" and now - line.spoke >= LINE_SECONDS:
            line.spoke = now
            self.note(f"{line.name}: {_megabytes(line.done)} of {_megabytes(line.total)} MB")

    def note(self, text: str) -> None:
        """A line at once."""
        with self._lock:
            self._stream.write(f"{text}\n")
            self._stream.flush()


class _Amount(ProgressColumn):
    """Megabytes done, for what is counted in bytes."""

    def render(self, task: Task) -> Text:
        """The cell of one task."""
        if task.fields["unit"] != "bytes":
            return Text("")
        return Text(f"{_megabytes(task.completed)} of {_megabytes(task.total or 0)} MB")


class Terminal:
    """Bars that move."""

    def __init__(self, stream: TextIO | None = None) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), TimeElapsedColumn())
        self._bars = Bars(*columns, console=Console(file=stream or sys.stderr))
        self._lock = threading.Lock()
        self._open = 0

    @contextmanager
    def task(self, name: str, total: float, unit: Unit) -> Iterator[Advance]:
        """A bar of its own; one for seconds waits just short of full until the task is done."""
        with self._shown():
            bar = self._bars.add_task(name, total=total, unit=unit)
            yield lambda amount: self._advance(bar, amount, total if unit == "bytes" else total * UNFINISHED)
            self._bars.update(bar, completed=total)

    def _advance(self, bar: TaskID, amount: float, most: float) -> None:
        with self._lock:
            self._bars.update(bar, completed=min(self._bars.tasks[bar].completed + amount, most))

    @contextmanager
    def _shown(self) -> Iterator[None]:
        with self._lock:
            self._open += 1
            self._bars.start()
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                if not self._open:
                    self._bars.stop()

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)


def _megabytes(amount: float) -> str:
    return f"{amount / 1e6:.0f}"


def for_stream(stream: TextIO | None = None) -> Progress:
    """Bars where the stream (standard error by default) is a terminal, lines elsewhere."""
    stream = stream or sys.stderr
    return Terminal(stream) if stream.isatty() else Lines(stream)
