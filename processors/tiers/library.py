"""What a tier needs from outside, a package and a model's files, and what to say where it is not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Importer = Callable[[str], Any]


class TierError(Exception):
    """A tier cannot be had; the message says why, and the way out."""


def imported(package: str, importer: Importer = import_module) -> Any:
    """A package that Wiredesk works without, kept from looking for anything in the network.

    Raises:
        TierError: it is not installed, or cannot be imported.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        return importer(package)
    except ModuleNotFoundError as error:
        missing = error.name or package
        raise TierError(f"the package {missing} is not installed beside Wiredesk: pip install {missing}") from None
    except (ImportError, OSError) as error:
        raise TierError(f"the package {package} cannot be imported: {brief(error)}: install it anew") from None


def folder(named: str, must_hold: str) -> Path:
    """The folder of a model.

    Raises:
        TierError: it is none, or does not hold the file that a model of this kind has.
    """
    path = Path(named).expanduser()
    if not path.is_dir():
        raise TierError(f"there is no folder {named}: name the folder that a model was saved to; none is downloaded")
    if not (path / must_hold).is_file():
        raise TierError(f"the folder {named} has no {must_hold}: name one that a model of this kind was saved to")
    return path


def useful(labels: dict[str, str], has: list[str]) -> dict[str, str]:
    """The labels that stand for a type, as they are.

    Raises:
        TierError: there is none among those that the model has.
    """
    if not labels:
        few = ", ".join(has[:8]) or "none"
        raise TierError(f"it tells no persons, organisations, places or events (its labels: {few}): name another one")
    return labels


def brief(error: BaseException) -> str:
    """An error of a library in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
