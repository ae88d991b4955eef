"""A mapping that holds so many entries at most, those that were put last."""

from __future__ import annotations

from typing import TypeVar

_One = TypeVar("_One")


def keep(kept: dict[str, _One], key: str, one: _One, most: int) -> None:
    """Puts an entry last, and lets the oldest beyond `most` go."""
    kept.pop(key, None)
    kept[key] = one
    while len(kept) > most:
        del kept[next(iter(kept))]
