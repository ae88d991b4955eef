"""Starts a server under its guard, waits until it answers, and stops it."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import ServersError
from deploy.local import guard
from deploy.local.launch import Launch
from deploy.local.place import Place
from deploy.progress import Progress

GRACE_SECONDS = 30.0
LOOK_SECONDS = 0.1
TELLING = re.compile(r"ERROR|FATAL|Exception|Error:|Caused by|error:|refus|denied|in use")
TELLING_LINES = 6
TAIL_BYTES = 16384
LINE_LENGTH = 300
LOGS = ("guard.log", "console.log", "server.log")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server that was started here, and the guard that keeps it."""

    launch: Launch
    guard: subprocess.Popen[bytes]
    log_ends: dict[str, int]

    def keep(self) -> None:
        """Let the server live on when this process ends."""
        self.say(b"keep\n")
        self._hang_up()

    def stop(self) -> None:
        """Stop the server; returns when nothing of it is left."""
        self._hang_up()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.guard.wait(GRACE_SECONDS + 10)
            return
        self.guard.kill()
        self.guard.wait()

    def say(self, word: bytes) -> None:
        """Tell the guard a line; one that is gone hears nothing."""
        with contextlib.suppress(BrokenPipeError):
            assert self.guard.stdin is not None  # noqa: S101 (it was opened as a pipe)
            self.guard.stdin.write(word)
            self.guard.stdin.flush()

    def _hang_up(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            assert self.guard.stdin is not None  # noqa: S101
            self.guard.stdin.close()

    def wait_ready(self, progress: Progress, seconds: float) -> None:
        """Wait until the server answers.

        Args:
            progress: shows how long it usually takes.
            seconds: the longest wait.

        Raises:
            ServersError: it died, or did not answer in time; with what its log says.
        """
        launch = self.launch
        started = looked = time.monotonic()
        with progress.task(f"Starting {launch.title}", launch.usual_seconds, "seconds") as advance:
            while not launch.answers():
                self._still_starting(time.monotonic() - started, seconds)
                time.sleep(LOOK_SECONDS)
                advance(time.monotonic() - looked)
                looked = time.monotonic()
        self.say(b"ready\n")

    def _still_starting(self, waited: float, seconds: float) -> None:
        launch = self.launch
        code = self.guard.poll()
        if code is not None:
            raise ServersError(self._why(f"{launch.title} ended with {code} while it started"))
        if waited > seconds:
            raise ServersError(
                self._why(
                    f"{launch.title} did not answer at {launch.address} in {seconds:g} s (a longer wait can be set in "
                    "WIREDESK_START_SECONDS)"
                )
            )

    def _why(self, what: str) -> str:
        lines = telling_lines(self.launch.place.logs, self.log_ends)
        return f"{what}. Its log is {self.launch.place.logs}/server.log" + "".join(f"\n  {line}" for line in lines)


def log_ends(logs: Path) -> dict[str, int]:
    """How long each log of a server is by now, in bytes."""
    return {name: (logs / name).stat().st_size if (logs / name).exists() else 0 for name in LOGS}


def telling_lines(logs: Path, since: dict[str, int]) -> list[str]:
    """What a server's logs say of why it failed.

    Args:
        logs: the folder.
        since: how long each log was before, as `log_ends` told.

    Returns:
        The last lines that speak of an error, or just the last ones.
    """
    lines = [line for name in LOGS for line in _tail(logs / name, since.get(name, 0))]
    telling = [line for line in lines if TELLING.search(line)]
    return (telling or lines)[-TELLING_LINES:]


def _tail(file: Path, since: int) -> list[str]:
    try:
        with file.open("rb") as log:
            size = file.stat().st_size
            log.seek(max(since if since <= size else 0, size - TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip()[:LINE_LENGTH] for line in text.splitlines() if line.strip()]


def start(launch: Launch) -> Guarded:
    """Start a server under a guard that ends it with this process, unless it is told to keep it.

    Raises:
        ServersError: the guard cannot be started.
    """
    place = launch.place
    spec = guard.Spec(
        name=launch.title,
        address=launch.address,
        command=launch.command,
        environment=launch.environment,
        folder=launch.folder,
        told=base64.b64encode(launch.told).decode(),
        user=(launch.owner.user, launch.owner.group) if launch.owner else None,
        output=str(place.logs / "console.log"),
        state=str(place.state_file),
        lock=str(place.lock_file),
        grace=GRACE_SECONDS,
    )
    ends = log_ends(place.logs)
    with (place.logs / "guard.log").open("ab") as log:
        keeper = subprocess.Popen(  # noqa: S603 (the program is Python itself)
            [sys.executable, "-I", "-S", guard.__file__],  # without the server's name: who ends the server spares it
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    started = Guarded(launch, keeper, ends)
    started.say(spec.to_line())
    return started


def stop_at(place: Place) -> bool:
    """Stop the server that runs at a place, whoever started it.

    Returns:
        Whether there was one.

    Raises:
        ServersError: it belongs to another user, or does not stop.
    """
    if not place.locked():
        return False
    _ask_to_stop(place)
    deadline = time.monotonic() + GRACE_SECONDS + 10
    while place.locked():
        if time.monotonic() > deadline:
            raise ServersError(f"{place.server} at {place.root} does not stop; its processes hold {place.lock_file}")
        time.sleep(LOOK_SECONDS)
    return True


def _ask_to_stop(place: Place) -> None:
    state = place.state()
    if state is None:
        return
    guarded = place.guarded()
    try:
        if guarded is not None:
            os.kill(guarded.guard, signal.SIGTERM)
        elif state.server is not None:
            os.killpg(state.server, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError:
        raise ServersError(
            f"the {place.server} at {place.root} was started by another user: stop it as that user, "
            "or name a folder of your own in WIREDESK_DATA_DIR"
        ) from None
