"""Exports the JSON Schema of every published model to `schemas/versions/`: `python -m schemas.export`.

A change by which what was written under a published version could no longer be read is refused: it is a new version.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schemas.article import EnrichedArticle, RawArticle
from schemas.compatibility import breaking_changes
from schemas.dead import DeadLetter, Resolution
from schemas.health import SourceHealth
from schemas.receipt import Receipt
from schemas.repeated import RepeatedLine
from schemas.settings import Settings
from schemas.source import SourceSpec
from schemas.status import Account, Heartbeat, StageStatus

PUBLISHED: tuple[type[BaseModel], ...] = (
    RawArticle,
    EnrichedArticle,
    DeadLetter,
    Resolution,
    Receipt,
    SourceSpec,
    SourceHealth,
    RepeatedLine,
    StageStatus,
    Heartbeat,
    Account,
    Settings,
)
VERSIONS = Path(__file__).parent / "versions"


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema (2020-12) that a message of this model keeps to."""
    return model.model_json_schema(mode="validation")


def file_name(model: type[BaseModel]) -> str:
    """Model and version, as `RawArticle.v1.json`."""
    field = model.model_fields.get("schema_version")
    version = field.default if field else 1
    return f"{model.__name__}.v{version}.json"


class IncompatibleChangeError(ValueError):
    """A published version would change so that a reader or what was written breaks; the message says where."""


def export(folder: Path = VERSIONS) -> list[Path]:
    """Writes one file for each published model, and returns their paths.

    Raises:
        IncompatibleChangeError: a model broke its published version; no file of it is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_export(model, folder / file_name(model)) for model in PUBLISHED]


def _export(model: type[BaseModel], path: Path) -> Path:
    now = json_schema(model)
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else now
    if broken := breaking_changes(before, now):
        raise IncompatibleChangeError(
            f"{path.name}: {'; '.join(broken)}: raise schema_version, or take the change back"
        )
    path.write_text(json.dumps(now, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    try:
        for written in export():
            print(written)
    except IncompatibleChangeError as refused:
        sys.exit(str(refused))
