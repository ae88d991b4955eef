"""How good a ranking is: nDCG, precision, reciprocal rank, and how sure the difference of two rankings is."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from statistics import fmean

#: From this grade on an article is about what was asked for: it counts for precision and reciprocal rank.
ABOUT = 2


def gain(grade: int) -> int:
    """What an article of a grade from 0 to 3 is worth (Burges et al., 2005)."""
    return int(2**grade) - 1


def ndcg(found: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """Normalized discounted cumulative gain of the first `depth` (Järvelin and Kekäläinen, 2002), from 0 to 1.

    What is not judged is worth nothing; what is found again is worth nothing the second time. 0 where nothing is.
    """
    ideal = _discounted(sorted(map(gain, grades.values()), reverse=True)[:depth])
    gains = [gain(grades.get(one, 0)) if found.index(one) == at else 0 for at, one in enumerate(found[:depth])]
    return _discounted(gains) / ideal if ideal else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(one / math.log2(at + 2) for at, one in enumerate(gains))


def precision(found: Sequence[str], grades: Mapping[str, int], depth: int = 5) -> float:
    """Which share of the first `depth` is about what was asked for; fewer that are found count as wrong ones."""
    return sum(grades.get(one, 0) >= ABOUT for one in dict.fromkeys(found[:depth])) / depth


def reciprocal_rank(found: Sequence[str], grades: Mapping[str, int]) -> float:
    """One divided by the place of the first that is about what was asked for; 0 where there is none."""
    places = (at for at, one in enumerate(found, 1) if grades.get(one, 0) >= ABOUT)
    return 1 / next(places, math.inf)


def interval(differences: Sequence[float], rounds: int = 10_000) -> tuple[float, float]:
    """Between which bounds the mean of paired differences lies in 95 of 100 samples drawn anew from them."""
    chance = random.Random(1)
    means = sorted(fmean(chance.choices(differences, k=len(differences))) for _ in range(rounds))
    return means[round(rounds * 0.025)], means[round(rounds * 0.975) - 1]
