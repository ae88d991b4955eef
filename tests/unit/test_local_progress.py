"""Progress is told in lines where nobody watches a terminal, and in bars where somebody does."""

from __future__ import annotations

import io
import threading

import pytest

from deploy.bars import Terminal
from deploy.progress import Lines, Progress, Silent, for_stream


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_lines_tell_beginning_and_end() -> None:
    """A task is told when it begins, with its size where it has one, and when it is done."""
    stream = io.StringIO()
    with Lines(stream).task("Fetching it", 12_000_000, "bytes") as advance:
        advance(12_000_000)
    first, last = stream.getvalue().splitlines()
    assert first == "Fetching it (12 MB)"
    assert last.startswith("Fetching it: done in ")


def test_a_task_that_fails_is_not_told_as_done() -> None:
    """Where an error ends a task, no line says that it is done."""
    stream = io.StringIO()
    with pytest.raises(RuntimeError), Lines(stream).task("Starting it", 5, "seconds"):
        raise RuntimeError
    assert stream.getvalue() == "Starting it\n"


def test_bars_are_for_terminals() -> None:
    """A terminal gets bars, anything else lines."""
    assert isinstance(for_stream(FakeTerminal()), Terminal)
    assert isinstance(for_stream(io.StringIO()), Lines)


def test_bars_show_what_is_done() -> None:
    """A bar names its task and how much is done, and notes stand beside it as they are."""
    stream = FakeTerminal()
    bars = Terminal(stream)
    with bars.task("Fetching it", 12_000_000, "bytes") as advance:
        advance(6_000_000)
        bars.note("a [note] with brackets")
    shown = stream.getvalue()
    assert "Fetching it" in shown
    assert "0 of 12 MB" in shown
    assert "12 of 12 MB" in shown
    assert "a [note] with brackets" in shown


def test_bars_that_are_done_are_shown_once() -> None:
    """A later task does not show those before it again."""
    stream = FakeTerminal()
    bars = Terminal(stream)
    with bars.task("Fetching it", 1, "bytes"):
        pass
    before = len(stream.getvalue())
    with bars.task("Starting it", 1, "seconds") as advance:
        advance(1)
    assert "Fetching" not in stream.getvalue()[before:]


@pytest.mark.parametrize("progress", [Silent(), Lines(io.StringIO()), Terminal(FakeTerminal())])
def test_tasks_may_overlap(progress: Progress) -> None:
    """Two threads can show a task each at the same time, one ending before the other."""
    ended = threading.Event()

    def other() -> None:
        with progress.task("Starting one", 1, "seconds") as advance:
            advance(5)
        ended.set()

    with progress.task("Starting another", 1, "seconds") as advance:
        thread = threading.Thread(target=other)
        thread.start()
        assert ended.wait(10)
        advance(1)
        thread.join()
