"""Articles for tests of delivery, made from a seed number: different from each other, and the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

_PEOPLE = ("Vladimir Putin", "Angela Merkel", "António Guterres", "Jacinda Ardern", "Narendra Modi", "Emmanuel Macron")
_PLACES = ("Geneva", "Nairobi", "Brasília", "Jakarta", "Ottawa", "Warsaw", "Canberra", "Lagos")
_BODIES = ("United Nations", "NATO", "European Union", "World Bank", "African Union", "Red Cross")
_ACTS = ("met officials from", "criticised the plan of", "signed an agreement with", "promised aid to", "spoke about")
_MATTERS = (
    "arms control",
    "grain exports",
    "interest rates",
    "flood relief",
    "vaccines",
    "a border dispute",
    "football",
)
FETCHED_AT = datetime(2025, 11, 1, 12, tzinfo=UTC)


def records(count: int, seed: int = 1, sentences: int = 12) -> Iterator[dict[str, Any]]:
    """So many JSON records of articles, each with an address of its own and its number in its text."""
    chance = random.Random(seed)
    for number in range(count):
        yield {
            "url": f"https://news.example/{seed}/{number}",
            "title": f"{chance.choice(_PEOPLE)} in {chance.choice(_PLACES)}",
            "text": f"This is story number {seed}x{number}. " + " ".join(_sentence(chance) for _ in range(sentences)),
            "source": f"source-{number % 7}",
            "fetched_at": FETCHED_AT.isoformat(),
        }


def _sentence(chance: random.Random) -> str:
    return (
        f"{chance.choice(_PEOPLE)} {chance.choice(_ACTS)} the {chance.choice(_BODIES)} in {chance.choice(_PLACES)} "
        f"over {chance.choice(_MATTERS)}, {chance.randint(2, 900)} days after the last talks ended."
    )
