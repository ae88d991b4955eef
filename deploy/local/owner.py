"""Whom the servers run as, and that this user can reach what they need.

Elasticsearch refuses to run as root, so for root both servers run as `nobody`, who owns their folders.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import ServersError


@dataclass(frozen=True, slots=True)
class Owner:
    """A user by numbers and name."""

    user: int
    group: int
    name: str


def servers_owner() -> Owner | None:
    """Whom the servers run as: None for the user who asks, `nobody` where root asks.

    Raises:
        ServersError: root asks, and there is no user `nobody`.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise ServersError(
            "the servers do not run as root, and there is no user `nobody` to run them: run Wiredesk as another user"
        ) from None
    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name)


def may(owner: Owner, status: os.stat_result, need: int) -> bool:
    """Whether a user has a right (4 read, 2 write, 1 enter or run) to what has this status."""
    if status.st_uid == owner.user:
        return bool(status.st_mode >> 6 & need)
    if status.st_gid == owner.group:
        return bool(status.st_mode >> 3 & need)
    return bool(status.st_mode & need)


def closed_folder(owner: Owner, path: Path) -> Path | None:
    """The outermost folder on the way to `path` that a user may not enter, or None."""
    steps = [*reversed(path.resolve().parents), path.resolve()]
    folders = (step for step in steps if step.is_dir())
    return next((folder for folder in folders if not may(owner, folder.stat(), 1)), None)


def check_reach(owner: Owner | None, places: Iterable[tuple[str, Path]]) -> None:
    """See that the servers' user can enter every place.

    Args:
        owner: whom the servers run as.
        places: the setting that names each place, and the place.

    Raises:
        ServersError: a folder on the way is closed to that user.
    """
    if owner is None:
        return
    for setting, path in places:
        closed = closed_folder(owner, path)
        if closed is not None:
            raise ServersError(
                f"{path}: as root, Wiredesk runs the servers as the user {owner.name}, who may not enter {closed} "
                f"(mode {stat.S_IMODE(closed.stat().st_mode):04o}): name another folder in {setting}, "
                f"or open that one with `chmod o+x {closed}`"
            )


def make_folder(path: Path, owner: Owner | None = None, mode: int = 0o755) -> Path:
    """Make a folder with its parents, whatever the umask, and give it to its user.

    Raises:
        ServersError: it cannot be made.
    """
    made = [step for step in (path, *path.parents) if not step.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        for step in made:
            step.chmod(0o755)
        if path in made:
            path.chmod(mode)
        if owner is not None:
            os.chown(path, owner.user, owner.group)
    except OSError as error:
        raise ServersError(f"cannot make the folder {path}: {error.strerror}") from None
    return path


def write_file(path: Path, text: str, owner: Owner | None = None) -> None:
    """Write a server's file anew, whole or not at all, readable for it."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o644)
    if owner is not None:
        os.chown(fresh, owner.user, owner.group)
    fresh.replace(path)
