"""`python -m processors.training.blocks PAGES.jsonl ...`: learns which lines of a whole page are its story.

Each line of a file is a page as in `tests/data/furniture`: `{"lines": [["s", "…"], ["f", "…"], …]}`, `s` for story and
`f` for furniture, line by line as the page shows them. Besides each page, its story alone and its story with a few of
the lines around it are learned from, so that clean articles and half-cleaned ones are known too.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from processors.enrichers.blocks import MOST_LINES, describe
from processors.enrichers.lineforms import form_of

Array = npt.NDArray[np.float64]
Labelled = list[tuple[str, str]]

OUTPUT = Path(__file__).parents[1] / "models" / "blocks.json"
_RIDGE = 2.0
_STEPS = 25
_CONSTANT = "one"
_PART_WEIGHT = 0.5
_MOST_WORDS = 60


def pages(paths: Iterable[Path]) -> list[Labelled]:
    """The labelled pages of these files."""
    texts = (line for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    return [[(label, line) for label, line in json.loads(text)["lines"]] for text in texts]


def views(page: Labelled, choose: random.Random) -> Iterator[tuple[Labelled, float]]:
    """The page, two cuttings of it around its story, and the story alone; each with how much it counts."""
    yield page, 1.0
    told = [number for number, (label, _) in enumerate(page) if label == "s"]
    if not told:
        return
    for _ in range(2):
        above, below = choose.choice((0, 1, 2, 5, 10)), choose.choice((0, 1, 3, 6, 12))
        yield page[max(0, told[0] - above) : told[-1] + 1 + below], _PART_WEIGHT
    yield [page[number] for number in told], _PART_WEIGHT


def learn(found: Iterable[Labelled], seed: int = 1) -> dict[str, float]:
    """The weight of each feature, by logistic regression in which a line counts by its words."""
    choose = random.Random(seed)
    rows, labels, counts = [], [], []
    names: tuple[str, ...] = ()
    for lines, weight in (view for page in found for view in views(page, choose)):
        if not 0 < len(lines) <= MOST_LINES:
            continue
        forms = [form_of(text) for _, text in lines]
        names, features, words = describe(
            [text for _, text in lines],
            [form.edge is not None for form in forms],
            [form.anywhere == "link-label" for form in forms],
        )
        rows.append(features)
        labels.append(np.array([label == "s" for label, _ in lines], float))
        counts.append((np.minimum(_MOST_WORDS, words) + 2) / 100 * weight)
    weights = _fit(np.concatenate(rows), np.concatenate(labels), np.concatenate(counts), names.index(_CONSTANT))
    return {name: float(f"{weight:.4g}") for name, weight in zip(names, weights, strict=True)}


def _fit(features: Array, labels: Array, counts: Array, constant: int) -> Array:
    """Newton's method on the ridge-penalised likelihood, features scaled to unit variance."""
    means, spreads = features.mean(axis=0), features.std(axis=0)
    spreads[spreads < 1e-5] = 1.0
    means[constant] = 0.0
    scaled = (features - means) / spreads
    ridge = np.full(features.shape[1], _RIDGE)
    ridge[constant] = 1e-9
    weights = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        odds = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        slope = scaled.T @ ((odds - labels) * counts) + ridge * weights
        bend = (scaled * (odds * (1 - odds) * counts + 1e-6)[:, None]).T @ scaled + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-3:
            break
    learned = weights / spreads
    learned[constant] -= float(means @ learned)
    return np.asarray(learned)


def main(paths: list[str]) -> None:
    """Learns from the files that are named and writes the weights."""
    found = pages(map(Path, paths))
    OUTPUT.write_text(json.dumps(learn(found), indent=0) + "\n", encoding="utf-8")
    print(f"{OUTPUT.name}: learned from {len(found)} pages")


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    main(sys.argv[1:])
