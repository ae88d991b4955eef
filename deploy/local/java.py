"""Finds a JDK that both servers run on, or fetches one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import ServersError
from deploy.local.owner import Owner, closed_folder
from deploy.progress import Progress
from schemas.settings import Settings

OLDEST = 21
FETCHED = 25
NEEDED_MODULES = ("jdk.incubator.vector", "jdk.jlink")
FETCH_SECONDS = 900.0
FETCH_USUALLY_SECONDS = 60.0
USUAL_FOLDERS = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java*",
    "/opt/jdk*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
)


@dataclass(frozen=True, slots=True)
class Jdk:
    """A folder that may hold a JDK, and what is wrong with it.

    Attributes:
        home: the folder.
        version: its Java version, such as 21; 0 where none can be told.
        fault: why the servers cannot run on it, or an empty text.
    """

    home: Path
    version: int
    fault: str


def _release(home: Path) -> dict[str, str]:
    """The lines of the `release` file that every JDK has."""
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+)="?(.*?)"?$', text, re.MULTILINE))


def inspect(home: Path, owner: Owner | None = None) -> Jdk:
    """What a folder holds, read from its `release` file.

    Args:
        home: the folder.
        owner: the user that the servers run as, where it is another one.
    """
    release = _release(home)
    found = re.match(r"(?:1\.)?(\d+)", release.get("JAVA_VERSION", ""))
    version = int(found[1]) if found else 0
    if not os.access(home / "bin" / "java", os.X_OK):
        return Jdk(home, version, "has no bin/java")
    if version < OLDEST:
        return Jdk(home, version, f"is Java {version}" if version else "does not tell its version")
    modules = release.get("MODULES", "").split()
    missing = [name for name in NEEDED_MODULES if name not in modules]
    if missing:
        return Jdk(home, version, f"is cut down: no module {' and no '.join(missing)}")
    if owner is not None and (closed := closed_folder(owner, home)):
        return Jdk(home, version, f"cannot be reached by the user {owner.name}, who may not enter {closed}")
    return Jdk(home, version, "")


def _glob(pattern: str) -> Iterator[Path]:
    path = Path(pattern).expanduser()
    anchor = Path(path.anchor)
    return anchor.glob(str(path.relative_to(anchor)))


def places(environment: Mapping[str, str], patterns: Iterable[str] = USUAL_FOLDERS) -> list[Path]:
    """Folders to look for a JDK in: `JAVA_HOME`, that of the `java` on the path, then the usual ones, newest first."""
    named = [Path(environment["JAVA_HOME"])] if environment.get("JAVA_HOME") else []
    program = shutil.which("java", path=environment.get("PATH", ""))
    if program:
        named.append(Path(program).resolve().parent.parent)
    usual = {home.resolve() for pattern in patterns for home in _glob(pattern) if (home / "release").is_file()}
    newest_first = sorted(usual, key=lambda home: (inspect(home).version, str(home)), reverse=True)
    return [*named, *(home for home in newest_first if home not in named)]


def homes(settings: Settings) -> list[Path]:
    """Folders to look for a JDK in, those that were fetched before last."""
    return places(os.environ, (*USUAL_FOLDERS, f"{settings.cache_dir / 'jdk'}/v0/jdks/*/*"))


def find(homes: Iterable[Path], owner: Owner | None = None) -> tuple[Path | None, list[Jdk]]:
    """The first folder whose JDK fits, and those that were passed over before it."""
    passed: list[Jdk] = []
    for home in homes:
        jdk = inspect(home, owner)
        if not jdk.fault:
            return home, passed
        passed.append(jdk)
    return None, passed


def fetch(folder: Path, timeout: float) -> Path:
    """Have cjdk, which knows where JDKs are to be had, fetch one into a folder.

    Raises:
        OSError: it cannot; its reason is the message.
        subprocess.TimeoutExpired: it took longer than so many seconds.
    """
    options = ["--jdk", f"temurin:{FETCHED}", "--cache-dir", str(folder), "--no-progress"]
    done = subprocess.run(  # noqa: S603 (the program is Python itself)
        [sys.executable, "-m", "cjdk", *options, "java-home"],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        umask=0o022,
    )
    if done.returncode:
        reason = done.stderr.strip().rpartition("Caused by ")[2] or f"cjdk ended with {done.returncode}"
        raise OSError(reason.splitlines()[-1].rstrip(")"))
    return Path(done.stdout.strip().splitlines()[-1])


def none_in_words(passed: list[Jdk], reason: Exception) -> str:
    """What to say when no JDK was found and none could be fetched."""
    found = "; ".join(f"{jdk.home} {jdk.fault}" for jdk in passed) or "there is none in the usual folders"
    return (
        f"no full JDK {OLDEST} or newer: {found}; and none can be fetched: {reason}. Install one (Debian, Ubuntu: "
        f"`apt install openjdk-{OLDEST}-jdk`; macOS: `brew install openjdk@{OLDEST}`), or name the folder of one in "
        "WIREDESK_JAVA_HOME"
    )


def java_home(settings: Settings, owner: Owner | None, progress: Progress) -> Path:
    """The JDK to run the servers on: the one the settings name, one that is installed, or one fetched by cjdk.

    Args:
        settings: `java_home` and `cache_dir` count.
        owner: the user that the servers run as, where it is another one.
        progress: shows the download.

    Raises:
        ServersError: none fits and none can be fetched.
    """
    if settings.java_home is not None:
        jdk = inspect(settings.java_home, owner)
        if jdk.fault:
            raise ServersError(
                f"WIREDESK_JAVA_HOME names {jdk.home}, which {jdk.fault}: the servers need a full JDK {OLDEST} or newer"
            )
        return jdk.home
    home, passed = find(homes(settings), owner)
    if home is not None:
        return home
    try:
        with progress.task(f"Fetching a JDK {FETCHED}", FETCH_USUALLY_SECONDS, "seconds"):
            return fetch(settings.cache_dir / "jdk", FETCH_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise ServersError(none_in_words(passed, error)) from None
