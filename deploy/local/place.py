"""Where one server's files lie under the data folder, and what runs there now."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import ServersError
from deploy.local.artifacts import Server
from deploy.local.owner import Owner, make_folder

GUARD = b"/deploy/local/guard.py"


@dataclass(frozen=True, slots=True)
class State:
    """What a guard says of its server.

    Attributes:
        address: where the server answers.
        guard: the guard's process.
        server: the server's process, which leads its group; None between two lives.
        ready: whether it has answered.
        kept: whether it stays when the one who started it goes.
        restarts: how often it died and was started anew.
    """

    address: str
    guard: int
    server: int | None
    ready: bool
    kept: bool
    restarts: int


@dataclass(frozen=True, slots=True)
class Place:
    """One server's corner of the data folder."""

    data_dir: Path
    server: Server

    @property
    def root(self) -> Path:
        """Everything of this server but its logs."""
        return self.data_dir / "servers" / self.server

    @property
    def config(self) -> Path:
        """Its configuration, written anew at every start."""
        return self.root / "config"

    @property
    def data(self) -> Path:
        """What it stores."""
        return self.root / "data"

    @property
    def temporary(self) -> Path:
        """What may go between two starts."""
        return self.root / "tmp"

    @property
    def port_file(self) -> Path:
        """The port it had last."""
        return self.root / "port"

    @property
    def snapshots(self) -> Path:
        """Where Elasticsearch may put snapshots."""
        return self.root / "snapshots"

    @property
    def logs(self) -> Path:
        """Its log (`server.log`), what it prints (`console.log`), and its guard's (`guard.log`)."""
        return self.data_dir / "logs" / self.server

    @property
    def state_file(self) -> Path:
        """What its guard says of it."""
        return self.data_dir / "servers" / f"{self.server}.json"

    @property
    def lock_file(self) -> Path:
        """Locked while the guard or the server lives."""
        return self.data_dir / "servers" / f"{self.server}.lock"

    def make(self, owner: Owner | None) -> None:
        """Make its folders, the server's user owning them, and empty the one for what may go.

        Raises:
            ServersError: they cannot be made, or what is stored here belongs to another user.
        """
        make_folder(self.data_dir / "servers")
        self._check_user(owner)
        shutil.rmtree(self.temporary, ignore_errors=True)
        for folder in (self.root, self.config, self.data, self.temporary, self.snapshots):
            make_folder(folder, owner, 0o750)
        make_folder(self.logs, owner)

    def _check_user(self, owner: Owner | None) -> None:
        expected = owner.user if owner else os.geteuid()
        if self.data.exists() and (found := self.data.stat().st_uid) != expected:
            raise ServersError(
                f"what {self.data} holds was stored as another user ({_name(found)}, and the server would run as "
                f"{_name(expected)}): run Wiredesk as it was run then, or name another folder in WIREDESK_DATA_DIR"
            )

    def locked(self) -> bool:
        """Whether the guard or the server lives.

        Raises:
            ServersError: only another user may know.
        """
        try:
            handle = os.open(self.lock_file, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except PermissionError:
            raise ServersError(
                f"{self.lock_file} belongs to another user: run Wiredesk as that user, or name another folder in "
                "WIREDESK_DATA_DIR"
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    def state(self) -> State | None:
        """What the guard said last, if anything of it still lives."""
        try:
            state = State(**json.loads(self.state_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return state if self.locked() else None

    def guarded(self) -> State | None:
        """What the guard says, if the guard itself still lives."""
        state = self.state()
        return state if state is not None and is_guard(state.guard) else None


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def is_guard(process: int) -> bool:
    """Whether a process lives and, where the system tells, is a guard and not another that has its number now."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return not Path("/proc/self").exists()
    return any(argument.endswith(GUARD) for argument in arguments)
