"""Drafts for the tests of enrichers, and the two given articles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import schemas
from processors.enrichers.draft import Draft
from schemas.article import RawArticle

# Beside the packages that are tested, in a checkout and in an installed wheel alike.
SEEDS = Path(schemas.__file__).parents[1] / "seeds"
SEED_PATHS = sorted((SEEDS / "articles").glob("*.txt"))


def draft(title: str, text: str, language: str | None = "en") -> Draft:
    """A draft whose text is clean and whose language is known."""
    raw = RawArticle(id="0" * 32, source="s", origin="o", fetched_at=datetime(2026, 1, 1, tzinfo=UTC), content=text)
    return Draft(raw=raw, title=title, text=text, language=language)


def seed_draft(path: Path) -> Draft:
    """One of the given articles, its first line as the title."""
    title, _, text = path.read_text(encoding="utf-8").partition("\n")
    return draft(title, text)
