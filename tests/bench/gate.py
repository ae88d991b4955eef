"""Holds the bench's ratios against those that are kept in the repository: none may become much worse unseen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.figures import FEWEST, Spread

KEPT = Path(__file__).parent / "ratios.json"
TOLERANCE = 0.25
# Of fewer rounds the median is no more than a guess.
_JUDGED = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a ratio does beside the kept one: `now` is none where it was not measured, `kept` where there is none."""

    name: str
    now: Spread | None
    kept: float | None

    @property
    def change(self) -> float:
        """By what part of the kept one it is better, or worse; 0 where there is nothing to compare."""
        return self.now.median / self.kept - 1 if self.now and self.kept else 0.0

    @property
    def is_worse(self) -> bool:
        """Whether the median fell by more than is tolerated."""
        return self.change < -TOLERANCE and self.now is not None and self.now.rounds >= _JUDGED

    @property
    def words(self) -> str:
        """The verdict for people, with what makes it doubtful."""
        if self.now is None:
            return "not measured"
        doubts = f"not judged: {self.now.doubts}" if self.now.rounds < _JUDGED else self.now.doubts
        return "; ".join(filter(None, (self._change_in_words(), doubts)))

    def _change_in_words(self) -> str:
        if self.kept is None:
            return "new"
        if abs(self.change) < 0.005:
            return "as kept"
        word = "better" if self.change > 0 else "WORSE" if self.is_worse else "worse"
        return f"{abs(self.change):.0%} {word}"


def judged(found: Mapping[str, Spread], kept: Mapping[str, float], stages: set[str]) -> list[Verdict]:
    """A verdict for every ratio that was measured, and for the kept ones of these stages that were not."""
    missing = [name for name in kept if name not in found and name.split(":")[0] in stages]
    return [Verdict(name, found.get(name), kept.get(name)) for name in (*found, *missing)]


def read(path: Path, size: str) -> dict[str, float]:
    """The kept ratios of runs of this size, by name; none where none are kept.

    Raises:
        ValueError: the file is not what `write` makes.
    """
    return {name: float(one["median"]) for name, one in _sizes(path).get(size, {}).get("ratios", {}).items()}


def cores(path: Path, size: str) -> int | None:
    """On how many cores the kept ratios of this size were measured."""
    found: int | None = _sizes(path).get(size, {}).get("cores")
    return found


def write(path: Path, size: str, found: Mapping[str, Spread], cores: int) -> None:
    """Keeps these ratios for runs of this size; others of the file stay."""
    sizes = _sizes(path)
    before = sizes.get(size, {}).get("ratios", {})
    now = {name: {"median": round(one.median, 4), "rounds": one.rounds} for name, one in found.items()}
    sizes[size] = {"cores": cores, "ratios": dict(sorted({**before, **now}.items()))}
    path.write_text(json.dumps(sizes, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def doubtful(found: Mapping[str, Spread]) -> list[str]:
    """The ratios that should be measured again before they are kept, each with why."""
    return [f"{name} ({one.doubts})" for name, one in found.items() if one.rounds < FEWEST or one.doubts]


def _sizes(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}; `--keep` writes it anew once it is gone") from None
    if not isinstance(found, dict):
        raise ValueError(  # noqa: TRY004 (it is what the file holds that is wrong)
            f"{path}: not an object of sizes; `--keep` writes it anew once it is gone"
        )
    return found
