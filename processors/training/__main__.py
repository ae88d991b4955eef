"""`python -m processors.training DATA`: trains the tagger, makes the linker's table, and prints the scores."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from processors.tagger.features import Lexicon
from processors.training import knowledge, lexicon, measure, splits, student
from processors.training.variations import Variations

VARIATIONS = 3
MODELS = Path(__file__).parents[1] / "models"
# The sums of two threads are not the same bits in every run.
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def main() -> int:
    """Reads the arguments, trains, writes the files, prints the scores."""
    parser = argparse.ArgumentParser(prog="python -m processors.training", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with the corpora, tables and vectors")
    parser.add_argument("--out", type=Path, default=MODELS, help="where the weights and the table go")
    parser.add_argument("--passes", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if not (given.data / "ner").is_dir():
        print(
            f"{given.data} holds no folder 'ner': name the data folder, as in make model DATA=../shared/data",
            file=sys.stderr,
        )
        return 2
    os.environ.setdefault("XLA_FLAGS", ONE_THREAD)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("jax").setLevel(logging.ERROR)
    train(given.data, given.out, given.passes, given.seed)
    for line in measure.lines(given.data, given.out / "tagger.npz"):
        print(line)
    return 0


def train(data: Path, out: Path, count: int, seed: int) -> None:
    """Writes `tagger.npz` and `entities.tsv.gz` to `out`."""
    knowledge.written(data, out / "entities.tsv.gz")
    tables = lexicon.arrays(data)
    documents = splits.labelled(data)
    variations = Variations(data, seed)
    examples = [variations.of(documents, turn) for turn in range(VARIATIONS)]
    parameters = student.trained(examples, Lexicon(tables), count, seed)
    student.write(out / "tagger.npz", student.packed(parameters, tables))


if __name__ == "__main__":
    sys.exit(main())
