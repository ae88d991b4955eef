"""Progress as bars that move, for a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from deploy.progress import Advance, Unit, megabytes

UNFINISHED = 0.97  # how far a bar of seconds goes before the task is done


class _Amount(ProgressColumn):
    """Megabytes done, for what is counted in bytes."""

    def render(self, task: Task) -> Text:
        """The cell of one task."""
        if task.fields["unit"] != "bytes":
            return Text("")
        return Text(f"{megabytes(task.completed)} of {megabytes(task.total or 0)} MB")


class Terminal:
    """Bars that move."""

    def __init__(self, stream: TextIO | None = None) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=Console(file=stream or sys.stderr))
        self._lock = threading.Lock()
        self._open = 0

    @contextmanager
    def task(self, name: str, total: float, unit: Unit) -> Iterator[Advance]:
        """A bar of its own; one for seconds waits just short of full until the task is done."""
        most, done = (total if unit == "bytes" else total * UNFINISHED), 0.0
        with self._shown():
            bar = self._bars.add_task(name, total=total, unit=unit)

            def advance(amount: float) -> None:
                nonlocal done
                with self._lock:
                    done = min(done + amount, most)
                    self._bars.update(bar, completed=done)

            yield advance
            self._bars.update(bar, completed=total)

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
                    for bar in self._bars.task_ids:  # they stay on the screen, and would be shown once more
                        self._bars.remove_task(bar)

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)
