"""Changes to the file of sources. Comments and order stay; the file is whole at every moment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from producers.sources import SourcesError, load
from schemas.source import SourceSpec

_HEADING = "# Where articles come from: one [[source]] table each. Paths count from this file's folder.\n"


def add(path: Path, specs: list[SourceSpec]) -> None:
    """Writes entries for sources at the file's end; a missing file is made.

    Raises:
        SourcesError: a name is taken, or the file cannot be used as it is.
    """
    taken = {spec.name for spec in load(path)} if path.exists() else set()
    if twice := next((spec.name for spec in specs if spec.name in taken), None):
        raise SourcesError(f"{path}: there is a source {twice!r} already: choose another name")

    def changed(document: Any) -> None:
        entries = _entries(document)
        for spec in specs:
            entries.append(_table(spec))
        document["source"] = entries

    _change(path, changed)


def pause(path: Path, name: str, *, paused: bool) -> None:
    """Pauses a source or lets it go on.

    Raises:
        SourcesError: there is none of this name, or the file cannot be used.
    """

    def changed(document: Any) -> None:
        entry = _entry(document, path, name)
        if paused:
            entry["paused"] = True
        else:
            entry.pop("paused", None)

    _change(path, changed)


def move(path: Path, name: str, url: str) -> None:
    """Gives a source another address.

    Raises:
        SourcesError: there is none of this name, the address is none, or the file cannot be used.
    """

    def changed(document: Any) -> None:
        _entry(document, path, name)["url"] = url

    _change(path, changed)


def remove(path: Path, name: str) -> None:
    """Takes a source's entry out. What it published stays.

    Raises:
        SourcesError: there is none of this name, or the file cannot be used.
    """

    def changed(document: Any) -> None:
        entry = _entry(document, path, name)
        entries = _entries(document)
        del entries[[one is entry for one in entries].index(True)]

    _change(path, changed)


def _change(path: Path, changed: Callable[[Any], None]) -> None:
    """Puts the changed file in the old one's place in one step; an entry that could not be read again is refused."""
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else _HEADING)
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise SourcesError(f"{path}: cannot be changed: {error}") from None
    changed(document)
    try:
        _replace(path, tomlkit.dumps(document))
    except OSError as error:
        raise SourcesError(f"{path}: cannot be written: {error.strerror}") from None


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the old one, so that relative paths in it mean the same while it is tried.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".sources-", suffix=".toml")
    os.close(descriptor)
    new = Path(name)
    try:
        new.write_text(text, encoding="utf-8")
        load(new)
        new.chmod(path.stat().st_mode if path.exists() else 0o644)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _entries(document: Any) -> Any:
    return document.get("source", tomlkit.aot())


def _entry(document: Any, path: Path, name: str) -> Any:
    for entry in _entries(document):
        if entry.get("name") == name:
            return entry
    raise SourcesError(f"{path}: there is no source {name!r}: `wiredesk feed list` names those there are")


def _table(spec: SourceSpec) -> Any:
    table = tomlkit.table()
    for field, value in spec.model_dump(exclude_defaults=True).items():
        table.add(field, value)
    table.add(tomlkit.nl())
    return table
