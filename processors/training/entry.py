"""The lines of the linker's table, and its file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from processors.linker import LEADER, UNSURE, normal

FIRST, LAST = 0, 9999
EMINENT = 3


@dataclass(slots=True)
class Entry:
    """A person (P), organisation (O) or place (L).

    `offices` are a person's, or the kinds of an organisation. `since` and `until` are the years in office, `unsure` the
    names (as looked up) that mean this one only where the text speaks for it.
    """

    kind: str
    identifier: str
    name: str
    country: str = ""
    others: set[str] = field(default_factory=set)
    offices: set[str] = field(default_factory=set)
    rank: int = 1
    since: int = FIRST
    until: int = LAST
    unsure: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)

    def keys(self) -> set[str]:
        """The names as they are looked up: kind first, less those dropped."""
        names = {normal(one) for one in (self.name, *self.others)} - self.dropped - {""}
        keys = {f"{self.kind}{key}{UNSURE if key in self.unsure else ''}" for key in names}
        if self.kind == "P" and self.rank == EMINENT:
            keys.add(LEADER + normal(self.name).rpartition(" ")[2])
        return keys

    def line(self) -> str:
        """The entry as one line of tab-separated fields."""
        offices = "|".join(sorted(self.offices))
        years = (str(self.since or ""), "" if self.until == LAST else str(self.until))
        return "\t".join((self.kind, self.identifier, self.name, self.country, offices, str(self.rank), *years))


def packed(entries: Iterable[Entry]) -> str:
    """The table's file: the entries, the names as they are looked up, and for each its entries' numbers."""
    lines = []
    numbers: dict[str, list[str]] = {}
    for number, entry in enumerate(entries):
        lines.append(entry.line())
        for key in sorted(entry.keys()):
            numbers.setdefault(key, []).append(str(number))
    blocks = (lines, sorted(numbers), (" ".join(numbers[key]) for key in sorted(numbers)))
    return "\n\n".join("\n".join(block) for block in blocks)
