"""The list of what is downloaded, read from `artifacts.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

LIST_FILE = Path(__file__).with_name("artifacts.toml")
Server = Literal["kafka", "elasticsearch"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of bytes of a file: where it begins, how many they are, and their sha256 sum in hex."""

    first: int
    size: int
    sha256: str

    @property
    def end(self) -> int:
        """Where the first byte after it stands."""
        return self.first + self.size


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a Maven repository, and the pieces of it that are needed, in their order.

    Attributes:
        coordinates: `group:artifact:packaging:version`.
        size: of the whole file, in bytes.
        pieces: what is fetched and checked.
    """

    coordinates: str
    size: int
    pieces: tuple[Piece, ...]

    @property
    def wanted(self) -> int:
        """How many bytes are fetched."""
        return sum(piece.size for piece in self.pieces)

    @property
    def filename(self) -> str:
        """Its name in the repository."""
        _, artifact, packaging, version = self.coordinates.split(":")
        return f"{artifact}-{version}.{packaging}"

    @property
    def path(self) -> str:
        """Where a repository keeps it, below its base address."""
        group, artifact, _, version = self.coordinates.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.filename}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """One version of a server, and the files it is made of."""

    version: str
    files: tuple[Artifact, ...]

    @property
    def wanted(self) -> int:
        """How many bytes are fetched."""
        return sum(artifact.wanted for artifact in self.files)


def _artifact(entry: dict[str, Any]) -> Artifact:
    pieces = tuple(Piece(**piece) for piece in entry["pieces"])
    return Artifact(entry["coordinates"], entry["size"], pieces)


def bundle(server: Server, list_file: Path = LIST_FILE) -> Bundle:
    """What one server is made of, as the list has it."""
    entry = tomllib.loads(list_file.read_text(encoding="utf-8"))[server]
    return Bundle(entry["version"], tuple(_artifact(one) for one in entry["files"]))
