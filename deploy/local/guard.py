"""Starts one server, watches over it, and ends it with its parent, however the parent ends.

Run as a file of its own, with nothing but the standard library, so that it is up in a few milliseconds and small.
The parent holds the writing end of the guard's standard input: its first line is a `Spec`, the next ones are words.
`ready` says that the server answers: from then on the guard starts it anew when it dies. `keep` says to stay when
the parent goes; without it the end of the input, which comes even when the parent is killed, ends the server.

The lock that the guard takes is handed on to the server: as long as any of them lives, no second one can start.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 60.0
LOCK_SECONDS = 40.0
LOCKED_EXIT = 75  # EX_TEMPFAIL of sysexits.h
UNSTARTED_EXIT = 127  # a shell's own for a command that cannot be run
PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run and where to say so.

    Attributes:
        name: the server's name, for the log.
        address: where it answers, for the state file.
        command: program and arguments.
        environment: the whole environment of the server.
        folder: the folder it starts in.
        told: what it reads from its standard input, in base64; empty for no input.
        user: numbers of the user and group to run as, or None to stay the same.
        output: file that its standard output and error are appended to.
        state: file that says what runs, for others to read.
        lock: file that is locked while any of it lives.
        grace: seconds between the request to stop and the kill.
    """

    name: str
    address: str
    command: list[str]
    environment: dict[str, str]
    folder: str
    told: str
    user: tuple[int, int] | None
    output: str
    state: str
    lock: str
    grace: float

    def to_line(self) -> bytes:
        """The spec as the first line of the guard's input."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Spec:
        """The spec that `to_line` wrote."""
        values = json.loads(line)
        values["user"] = tuple(values["user"]) if values["user"] else None
        return cls(**values)


def _linux_call(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _die_with_guard() -> None:
    """In the new process: be asked to stop when the guard is killed (Linux)."""
    _linux_call(PR_SET_PDEATHSIG, signal.SIGTERM)


def _say(text: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    with contextlib.suppress(OSError):  # a full disk must not end the guard
        sys.stderr.write(f"{stamp} {text}\n")
        sys.stderr.flush()


def take_lock(path: str, seconds: float) -> int | None:
    """Lock a file, waiting for another to let go.

    Returns:
        The open file's number, or None when it stayed locked for so many seconds.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                os.close(handle)
                return None
            time.sleep(0.1)
        else:
            return handle


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _reap(known: subprocess.Popen[bytes]) -> None:
    """Collect ended processes, the server's orphans too, so that its group counts as gone."""
    known.poll()
    if known.returncode is None:
        return
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_group(server: subprocess.Popen[bytes], grace: float) -> None:
    """Ask a server and all of its own to stop, and kill what is left after the grace (in seconds)."""
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGTERM and server.poll() is None:
                server.send_signal(number)
            else:
                os.killpg(server.pid, number)
        while time.monotonic() < deadline:
            _reap(server)
            if not _group_lives(server.pid):
                return
            time.sleep(0.02)


@dataclass
class Guard:
    """One server's keeper, from its first start to its last stop."""

    spec: Spec
    handle: int
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    server: subprocess.Popen[bytes] | None = None
    ready: bool = False
    keep: bool = False
    stopping: bool = False
    restarts: int = 0
    waker: int = -1
    pending: bytes = b""

    def run(self) -> int:
        """Keep the server until told to stop.

        Returns:
            The exit code: the server's own when it died before it was ready.
        """
        self._listen()
        pause = FIRST_PAUSE_SECONDS
        while True:
            started = time.monotonic()
            code = self._once()
            if self.stopping:
                return 0
            if not self.ready:
                _say(f"{self.spec.name} ended with {code} before it was ready")
                return code if code > 0 else 1
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - started > STEADY_SECONDS else pause
            self.restarts += 1
            _say(f"{self.spec.name} ended with {code}; starting it again in {pause:.1f} s")
            self._wait(lambda: False, pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            if self.stopping:
                return 0

    def _listen(self) -> None:
        reading, self.waker = os.pipe()
        for end in (reading, self.waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.waker)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(reading, selectors.EVENT_READ, lambda: os.read(reading, 512))
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, self._hear)

    def _asked_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _hear(self) -> None:
        chunk = os.read(sys.stdin.fileno(), 512)
        if not chunk:
            self.selector.unregister(sys.stdin.fileno())
            self.stopping = self.stopping or not self.keep
            return
        *words, self.pending = (self.pending + chunk).split(b"\n")
        self.ready = self.ready or b"ready" in words
        self.keep = self.keep or b"keep" in words
        self._write_state()

    def _once(self) -> int:
        """One life of the server; returns its exit code."""
        try:
            self.server = server = self._start()
        except OSError as error:
            _say(f"cannot run {self.spec.command[0]}: {error}")
            return UNSTARTED_EXIT
        _say(f"{self.spec.name} started as process {server.pid} at {self.spec.address}")
        self._write_state()
        self._wait(lambda: server.poll() is not None, None)
        end_group(server, self.spec.grace)
        return server.poll() or 0

    def _start(self) -> subprocess.Popen[bytes]:
        user, group = self.spec.user or (None, None)
        told = base64.b64decode(self.spec.told)
        with Path(self.spec.output).open("ab") as output:
            server = subprocess.Popen(  # noqa: S603 (the command is our own)
                self.spec.command,
                env=self.spec.environment,
                cwd=self.spec.folder,
                stdin=subprocess.PIPE if told else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=(self.handle,),
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                preexec_fn=_die_with_guard,
            )
        if server.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                server.stdin.write(told)
                server.stdin.flush()
        return server

    def _wait(self, done: Callable[[], bool], seconds: float | None) -> None:
        deadline = None if seconds is None else time.monotonic() + seconds
        while not (self.stopping or done()):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            for key, _ in self.selector.select(left):
                key.data()

    def _write_state(self) -> None:
        state = {
            "address": self.spec.address,
            "guard": os.getpid(),
            "server": self.server.pid if self.server else None,
            "ready": self.ready,
            "kept": self.keep,
            "restarts": self.restarts,
        }
        fresh = Path(f"{self.spec.state}.new")
        with contextlib.suppress(OSError):
            fresh.write_text(json.dumps(state), encoding="utf-8")
            fresh.replace(self.spec.state)


def main() -> int:
    """Read the spec and keep its server."""
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as unbuffered:  # the words come later
        first = unbuffered.readline()
    if not first.endswith(b"\n"):
        return 0
    spec = Spec.from_line(first)
    handle = take_lock(spec.lock, LOCK_SECONDS)
    if handle is None:
        _say(f"{spec.lock} is held by another {spec.name}")
        return LOCKED_EXIT
    _linux_call(PR_SET_CHILD_SUBREAPER, 1)
    try:
        return Guard(spec, handle).run()
    finally:
        Path(spec.state).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
