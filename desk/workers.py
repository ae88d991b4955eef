"""The pipeline's own processes under `wiredesk run`: each with a guard that restarts it, and ends it with us."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import deploy.local.guard
from deploy.local.guard import Spec
from schemas.settings import Settings, environment

_GUARD = Path(deploy.local.guard.__file__)
_GRACE = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the guard says: the process that works now, and how often one was started anew."""

    process: int | None
    restarts: int


class Worker:
    """One process of ours: `wiredesk enricher`, `wiredesk sink`, `wiredesk feed run` or `wiredesk web`.

    Args:
        name: its name among the workers, as `enricher-1`.
        command: the subcommand of `wiredesk`.
        settings: with the servers' addresses in them.
    """

    def __init__(self, name: str, command: str, settings: Settings) -> None:
        self.name, self._command, self._settings = name, command, settings
        self._folder = settings.data_dir / "workers"
        self.log = settings.data_dir / "logs" / f"{name}.log"
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the guard, which starts the process and keeps it going."""
        for folder in (self._folder, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log.with_suffix(".guard.log").open("ab") as said:
            self._guard = subprocess.Popen(  # noqa: S603 (the command is our own)
                [sys.executable, "-I", str(_GUARD)], stdin=subprocess.PIPE, stderr=said, start_new_session=True
            )
        assert self._guard.stdin is not None  # noqa: S101 (it was asked for two lines above)
        self._guard.stdin.write(self._spec().to_line() + b"ready\n")
        self._guard.stdin.flush()

    def _spec(self) -> Spec:
        return Spec(
            name=self.name,
            address="",
            command=[sys.executable, "-m", "desk.cli", *self._command.split()],
            environment={**os.environ, **environment(self._settings)},
            folder=str(Path.cwd()),
            told="",
            user=None,
            output=str(self.log),
            state=str(self._state),
            lock=str(self._folder / f"{self.name}.lock"),
            grace=_GRACE,
        )

    @property
    def _state(self) -> Path:
        return self._folder / f"{self.name}.json"

    def seen(self) -> Seen:
        """What the guard said last."""
        with contextlib.suppress(OSError, ValueError):
            state = json.loads(self._state.read_text(encoding="utf-8"))
            return Seen(state["server"], state["restarts"])
        return Seen(None, 0)

    def lives(self) -> bool:
        """Whether its guard is there."""
        return self._guard is not None and self._guard.poll() is None

    def stop(self) -> None:
        """Asks it to stop, and returns when it has."""
        if self._guard is None:
            return
        if self._guard.stdin:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        try:
            self._guard.wait(_GRACE + 8)
        except subprocess.TimeoutExpired:
            self._guard.kill()


def workers(settings: Settings) -> list[Worker]:
    """The workers that the settings ask for, in the order in which they stop.

    Each tells its metrics at a port of its own: the settings' one is the collector's, the next the sink's, those after
    it the enrichers'. There is one enricher at least.
    """
    enrichers = [
        Worker(f"enricher-{number}", "enricher", _telling(settings, 1 + number))
        for number in range(1, max(1, settings.enrichers) + 1)
    ]
    return [*enrichers, Worker("sink", "sink", _telling(settings, 1))]


def _telling(settings: Settings, number: int) -> Settings:
    """The settings of the worker whose metrics stand so many ports after the first; none where there is no first."""
    port = settings.metrics_port + number
    return settings.model_copy(update={"metrics_port": port if settings.metrics_port and port < 2**16 else 0})


def collector(settings: Settings) -> Worker:
    """The worker that looks at the sources of the web and at watched folders."""
    return Worker("feed", "feed run", settings)


def web_desk(settings: Settings) -> Worker:
    """The worker that serves the desk's pages and API at the settings' address."""
    return Worker("desk", "web", settings)
