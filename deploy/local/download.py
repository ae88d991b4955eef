"""Downloads files of a Maven repository: resumed where one broke off, checked, and put in place whole."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deploy.errors import ServersError
from deploy.local.artifacts import Artifact, Piece
from deploy.progress import Advance

CHUNK = 1 << 18
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)
STALL_SECONDS = 90.0
SPARE_BYTES = 64 * 2**20
BROKEN = (OSError, http.client.HTTPException, EOFError)


class _WrongSumError(Exception):
    """The bytes that came are not the ones of the list."""


def central() -> str:
    """The address of Maven Central, as jgo, its client, has it."""
    from jgo.maven import MavenContext

    return str(MavenContext().remote_repos["central"])


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk that a folder lies on."""
    return shutil.disk_usage(folder).free


def check_room(folder: Path, needed: int, setting: str, free: Callable[[Path], int] = free_bytes) -> None:
    """See that a disk has room.

    Args:
        folder: where it will be written; it exists.
        needed: how many bytes.
        setting: the setting that names the folder.
        free: tells the bytes that are free.

    Raises:
        ServersError: it has not.
    """
    available = free(folder)
    if available < needed + SPARE_BYTES:
        raise ServersError(
            f"the disk of {folder} has {available / 1e6:.0f} MB free and {(needed + SPARE_BYTES) / 1e6:.0f} MB are "
            f"needed: free some, or name a folder on another disk in {setting}"
        )


@dataclass(frozen=True, slots=True)
class Repository:
    """A Maven repository and how patient to be with it.

    Attributes:
        base: its address, without a slash at the end.
        pauses: seconds between one try and the next; one try more than there are pauses.
    """

    base: str
    pauses: tuple[float, ...] = PAUSES_SECONDS

    def fetch(self, artifact: Artifact, folder: Path, advance: Advance) -> Path:
        """Download the needed pieces of one artifact into a folder, unless they are there.

        A file in the making has `.part` at its end and is as long as what has come, so the next try goes on there.
        What lies between the pieces stays a hole, which takes no room on the disk.

        Args:
            artifact: what to fetch.
            folder: where to put it.
            advance: told of every byte that is there.

        Returns:
            The file.

        Raises:
            ServersError: it cannot be had; what came so far is kept for the next time.
        """
        target = folder / artifact.filename
        if target.is_file() and target.stat().st_size == artifact.size:
            advance(artifact.wanted)
            return target
        part = target.with_name(f"{target.name}.part")
        with _plain_errors(artifact, self.base, folder):
            part.touch()
            for piece in artifact.pieces:
                self._piece(artifact, piece, part, advance)
            os.truncate(part, artifact.size)
            part.chmod(0o644)
            part.replace(target)
        return target

    def _piece(self, artifact: Artifact, piece: Piece, part: Path, advance: Advance) -> None:
        told = 0
        for pause in (*self.pauses, None):
            try:
                with part.open("r+b") as file:
                    start = _resume_at(file, piece)
                    advance(start - piece.first - told)
                    told = start - piece.first
                    for count in self._stream(artifact, piece, start, file):
                        advance(count)
                        told += count
                _check(part, piece)
            except (*BROKEN, _WrongSumError) as error:
                if pause is None or _hopeless(error):
                    raise
                time.sleep(pause)
            else:
                return

    def _stream(self, artifact: Artifact, piece: Piece, start: int, file: BinaryIO) -> Iterator[int]:
        """Append what is missing of a piece; yields the count of bytes of every chunk."""
        if start >= piece.end:
            return
        request = urllib.request.Request(  # noqa: S310 (the address is the repository's)
            f"{self.base}/{artifact.path}",
            headers={"Range": f"bytes={start}-{piece.end - 1}", "User-Agent": "wiredesk"},
        )
        with urllib.request.urlopen(request, timeout=STALL_SECONDS) as answer:  # noqa: S310
            if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
                _skip(answer, start)  # a repository that knows no ranges sends the file from its beginning
            file.seek(start)
            missing = piece.end - start
            while missing:
                chunk = answer.read(min(CHUNK, missing))
                if not chunk:
                    raise EOFError(f"the connection ended {missing} bytes too early")
                file.write(chunk)
                missing -= len(chunk)
                yield len(chunk)


def _resume_at(file: BinaryIO, piece: Piece) -> int:
    """Where the next byte of a piece goes: the file is as long as what has come."""
    return min(max(file.seek(0, 2), piece.first), piece.end)


def _skip(answer: http.client.HTTPResponse, count: int) -> None:
    while count:
        chunk = answer.read(min(CHUNK, count))
        if not chunk:
            raise EOFError("the file is shorter than the list says")
        count -= len(chunk)


def _check(part: Path, piece: Piece) -> None:
    """See that a piece has its sum; where not, cut it off so that it comes anew."""
    digest = hashlib.sha256()
    with part.open("r+b") as file:
        file.seek(piece.first)
        missing = piece.size
        while chunk := file.read(min(CHUNK, missing)):
            digest.update(chunk)
            missing -= len(chunk)
        if digest.hexdigest() != piece.sha256:
            file.truncate(piece.first)
            raise _WrongSumError(f"its sha256 sum is {digest.hexdigest()}, and {piece.sha256} is asked for")


def _hopeless(error: BaseException) -> bool:
    """Whether trying again cannot help: the repository says no, or the disk does."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR and error.code not in {408, 416, 429}
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}


def _in_words(error: BaseException, artifact: Artifact, base: str, folder: Path) -> str:
    number = getattr(error, "errno", None)
    if isinstance(error, _WrongSumError):
        return (
            f"{artifact.filename} from {base} is not what it should be: {error}. Try again; where that does not help, "
            "something on the way changes it: name another repository in WIREDESK_MAVEN_REPOSITORY"
        )
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return (
            f"the disk of {folder} is full: free some room, or name another folder in WIREDESK_CACHE_DIR; "
            "what came so far is kept"
        )
    if number in {errno.EACCES, errno.EROFS}:
        return f"cannot write in {folder}: {os.strerror(number)}; name another folder in WIREDESK_CACHE_DIR"
    why = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
    reason = str(why) or type(error).__name__
    return (
        f"cannot download {artifact.coordinates} from {base}: {reason}. Check the network (a proxy is named in "
        "HTTPS_PROXY), or name a mirror in WIREDESK_MAVEN_REPOSITORY; what came so far is kept"
    )


@contextmanager
def _plain_errors(artifact: Artifact, base: str, folder: Path) -> Iterator[None]:
    try:
        yield
    except (*BROKEN, _WrongSumError) as error:
        raise ServersError(_in_words(error, artifact, base, folder)) from None
