"""What is known of an index that is being made: kept in its own mapping, so that whoever comes next can go on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["today", "as_is", "back", "restore"]
Phase = Literal["enrich", "follow", "carry", "compare", "ready", "settle", "done"]

# An article's id is hexadecimal: this is after all of them.
ALL_CARRIED = "g"


class Renewal(BaseModel):
    """One index on its way to stand behind the alias.

    It is kept in the mapping's `_meta` of the index it tells of: it can never be there without its index, nor outlive
    it, and a process that is killed leaves it for the next one, wherever that runs.

    Attributes:
        kind: where its articles come from.
        target: the index that is being made.
        origin: the index that stood behind the alias when it began; none where there was none.
        raw: of each partition of the raw stream, the next offset to enrich and the one where to end.
        enriched: of each partition of the enriched stream, the next offset to follow from.
        carried: the articles of `origin` up to this id were brought over.
        phase: what is being done.
        by: the process that does it, `at` when it last told.
        remade: raw messages that were enriched.
        refused: raw messages that today's enrichers, or the new index, refuse.
        copied: articles that were brought over as they were.
    """

    model_config = ConfigDict(extra="ignore")

    kind: Kind
    target: str
    origin: str | None
    begun: datetime = Field(default_factory=lambda: datetime.now(UTC))
    raw: dict[int, tuple[int, int]] = Field(default_factory=dict)
    enriched: dict[int, int] = Field(default_factory=dict)
    carried: str = ""
    phase: Phase = "enrich"
    by: str = ""
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    remade: int = 0
    refused: int = 0
    copied: int = 0

    @property
    def to_enrich(self) -> int:
        """How many raw messages are left to enrich."""
        return sum(max(0, end - start) for start, end in self.raw.values())
