"""What the bench measures, as plain values: rounds of figures, their spread, and the ratios between contenders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

Round = dict[str, dict[str, float]]
"""One round of a stage: what was measured of each contender, by its name and the measure's, the unit in it."""

FEWEST = 5
# Half the distance between the least and the most, in parts of the median.
WIDEST = 0.25


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over several rounds."""

    median: float
    least: float
    most: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of one value or more."""
        return cls(median(values), min(values), max(values), len(values))

    @property
    def width(self) -> float:
        """Half the distance between the least and the most, in parts of the median; 0 where that is 0."""
        return (self.most - self.least) / 2 / abs(self.median) if self.median else 0.0

    @property
    def doubts(self) -> str:
        """Why the median says little, in words; empty where it can be gone by."""
        few = f"{self.rounds} of {FEWEST} rounds" if self.rounds < FEWEST else ""
        wide = f"spread ±{self.width:.0%}" if self.width > WIDEST else ""
        return ", ".join(filter(None, (few, wide)))


@dataclass(frozen=True, slots=True)
class Ratio:
    """How one contender does beside another in the same round; the higher the better, whatever is measured.

    `ours` and `theirs` name contender and measure. Of what should be small (`is_cost`), theirs is divided by ours.
    """

    name: str
    ours: tuple[str, str]
    theirs: tuple[str, str]
    is_cost: bool = False

    def of(self, found: Round) -> float | None:
        """The ratio in one round; none where one of the two was not measured, or is 0."""
        ours, theirs = (found.get(who, {}).get(what) for who, what in (self.ours, self.theirs))
        if not ours or not theirs:
            return None
        return theirs / ours if self.is_cost else ours / theirs


def spreads(rounds: Iterable[Round]) -> dict[tuple[str, str], Spread]:
    """Each measure of each contender over the rounds in which it was measured, in the order of its first one."""
    values: dict[tuple[str, str], list[float]] = {}
    for one in rounds:
        for contender, measures in one.items():
            for measure, value in measures.items():
                values.setdefault((contender, measure), []).append(value)
    return {name: Spread.of(found) for name, found in values.items()}


def ratios(wanted: Iterable[Ratio], rounds: Sequence[Round]) -> dict[str, Spread]:
    """Each ratio over the rounds in which both of its sides were measured."""
    found = {one.name: [value for each in rounds if (value := one.of(each)) is not None] for one in wanted}
    return {name: Spread.of(values) for name, values in found.items() if values}
