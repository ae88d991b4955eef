"""Exports the JSON Schema of every published model to `schemas/versions/`: `python -m schemas.export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schemas.article import EnrichedArticle, RawArticle
from schemas.dead import DeadLetter, Resolution
from schemas.source import SourceSpec
from schemas.status import StageStatus

PUBLISHED: tuple[type[BaseModel], ...] = (
    RawArticle,
    EnrichedArticle,
    DeadLetter,
    Resolution,
    SourceSpec,
    StageStatus,
)
VERSIONS = Path(__file__).parent / "versions"


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema (2020-12) that a message of this model keeps to."""
    return model.model_json_schema(mode="validation")


def file_name(model: type[BaseModel]) -> str:
    """Model and version, as `RawArticle.v1.json`."""
    version = model.model_fields["schema_version"].default
    return f"{model.__name__}.v{version}.json"


def export(folder: Path = VERSIONS) -> list[Path]:
    """Writes one file for each published model, and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for model in PUBLISHED:
        path = folder / file_name(model)
        path.write_text(json.dumps(json_schema(model), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in export():
        print(written)
