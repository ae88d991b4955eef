"""The one folder of downloads, shared by every data folder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.artifacts import Bundle
from deploy.local.download import Repository, central, check_room
from deploy.local.owner import make_folder
from deploy.local.turns import turn
from deploy.progress import Progress
from schemas.settings import Settings

AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Cache:
    """Where downloads lie, and where they come from.

    Attributes:
        folder: the cache folder.
        address: of the Maven repository; empty for Maven Central.
    """

    folder: Path
    address: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Cache:
        """The cache that the settings name."""
        return cls(settings.cache_dir.absolute(), settings.maven_repository.rstrip("/"))

    @staticmethod
    def complete(folder: Path, wanted: Bundle) -> bool:
        """Whether a folder holds every file of a bundle, each of its right size."""
        files = ((folder / artifact.filename, artifact.size) for artifact in wanted.files)
        return all(file.is_file() and file.stat().st_size == size for file, size in files)

    @contextmanager
    def locked(self, name: str, progress: Progress) -> Iterator[None]:
        """Keep others from changing one thing of the cache; waits while another does.

        Raises:
            ServersError: the cache may not be written to.
        """
        make_folder(self.folder)
        waiting = f"Another start is fetching {name}: waiting for it"
        with turn(self.folder / f"{name}.lock", progress, waiting, "name another folder in WIREDESK_CACHE_DIR"):
            yield

    def fetch(self, title: str, wanted: Bundle, folder: Path, progress: Progress) -> list[Path]:
        """Download what is missing of a bundle.

        Args:
            title: what it is, for people.
            wanted: the files.
            folder: where they go.
            progress: shows it.

        Returns:
            The files, in the bundle's order.

        Raises:
            ServersError: they cannot be had.
        """
        check_room(make_folder(folder), wanted.wanted, "WIREDESK_CACHE_DIR")
        repository = Repository(self.address or central())
        with progress.task(f"Fetching {title}", wanted.wanted, "bytes") as advance, ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda artifact: repository.fetch(artifact, folder, advance), wanted.files))
