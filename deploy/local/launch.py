"""What it takes to start one server, whichever it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import ServersError
from deploy.local.owner import Owner
from deploy.local.place import Place

ASCII = 128
KEPT_VARIABLES = ("PATH", "TZ")
LOCALE = "C.UTF-8"  # Java reads the names of files and folders as the locale has them


@dataclass(frozen=True, slots=True)
class Launch:
    """One server, ready to be started.

    Attributes:
        title: its name for people.
        place: where its files lie.
        owner: the user it runs as, where that is another one.
        address: where it will answer.
        command: program and arguments.
        environment: its whole environment.
        folder: the folder it starts in.
        told: bytes to give it on its standard input, which then stays open; empty for none at all.
        answers: asks whether it answers by now.
        usual_seconds: how long a start usually takes.
    """

    title: str
    place: Place
    owner: Owner | None
    address: str
    command: list[str]
    environment: dict[str, str]
    folder: str
    told: bytes
    answers: Callable[[], bool]
    usual_seconds: float


def environment(place: Place, **more: str) -> dict[str, str]:
    """A server's environment: little of ours, and none of the secrets that may stand there."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, "LC_ALL": LOCALE, "HOME": str(place.root), **more}


def escaped(path: Path) -> str:
    """A path as Java reads it from a properties file, which is not UTF-8."""
    units = str(path).replace("\\", "\\\\").encode("utf-16-be")
    numbers = [int.from_bytes(units[index : index + 2], "big") for index in range(0, len(units), 2)]
    return "".join(chr(number) if number < ASCII else f"\\u{number:04x}" for number in numbers)


def check_heap(setting: str, heap: str) -> str:
    """A heap's size as Java takes it.

    Raises:
        ServersError: it is not one.
    """
    if not re.fullmatch(r"[1-9]\d*[kmgKMG]", heap):
        raise ServersError(f"{setting}: {heap!r} is not a size such as 512m or 2g")
    return heap


def check_home(setting: str, home: Path, needed: str) -> Path:
    """The folder of an installed server.

    Raises:
        ServersError: it does not hold what such a folder holds.
    """
    if not (home / needed).exists():
        raise ServersError(f"{setting} names {home}, which has no {needed}")
    return home.resolve()
