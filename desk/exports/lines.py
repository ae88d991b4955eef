"""JSON Lines: one article a line, as it is indexed, with plain title and text. Query, time and count stand nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from desk.exports.about import About


def write(about: About, articles: Iterable[dict[str, Any]]) -> Iterator[str]:  # noqa: ARG001 (as every format)
    """One line for each article."""
    for article in articles:
        yield json.dumps(article, ensure_ascii=False, separators=(",", ":")) + "\n"
