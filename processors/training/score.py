"""Exact-span precision, recall and F1, by type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

Found = tuple[int, int, str]
MAIN = ("PER", "ORG", "LOC")


@dataclass(slots=True)
class Tally:
    """Counts of spans right, proposed and wanted, by type."""

    right: Counter[str] = field(default_factory=Counter)
    proposed: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)

    def count(self, gold: set[Found], ours: set[Found]) -> None:
        """Adds one document's spans."""
        for counter, spans in ((self.right, gold & ours), (self.proposed, ours), (self.wanted, gold)):
            counter.update(kind for _, _, kind in spans)

    def sums(self, kinds: Iterable[str] = MAIN) -> tuple[int, int, int]:
        """Right, proposed and wanted over the types."""
        chosen = tuple(kinds)
        right, proposed, wanted = (
            sum(one[kind] for kind in chosen) for one in (self.right, self.proposed, self.wanted)
        )
        return right, proposed, wanted

    def f1(self, *kinds: str) -> float:
        """F1 over the types together (micro); over people, organisations and places if none is named."""
        right, proposed, wanted = self.sums(kinds or MAIN)
        return 2 * right / (proposed + wanted) if proposed + wanted else 0.0

    def line(self) -> str:
        """The main types together, with precision and recall, then each type alone."""
        right, proposed, wanted = self.sums()
        parts = [f"F1 {self.f1():.3f}", f"P {right / max(proposed, 1):.3f}", f"R {right / max(wanted, 1):.3f}"]
        return " ".join(parts + [f"{kind} {self.f1(kind):.3f}" for kind in (*MAIN, "EVT") if self.wanted[kind]])
