"""`python -m tests.eval DATA`: how good and how fast the enrichers are, as one table and as JSON.

`python -m tests.eval --markdown` prints what the last whole run wrote, as the README has it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

# One thread, as a worker has: set before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from rich.console import Console

from tests.eval import entities, relevance, speed, text
from tests.eval.figure import Figure, markdown, read, show, write

RESULTS = Path(__file__).parent / "results.json"


def parts(data: Path, texts: Path | None, spacy: str) -> dict[str, Callable[[], Iterable[Figure]]]:
    """Every part of the evaluation by its name."""
    return {
        "entities": lambda: entities.entities(data, texts),
        "linking": lambda: entities.linking(data),
        "topics": lambda: text.topics(texts),
        "furniture": lambda: text.furniture(data),
        "language": text.language,
        "dates": text.dates,
        "relevance": lambda: relevance.relevance(data, texts),
        "speed": lambda: speed.speed(data, spacy),
    }


def main() -> int:
    """Measures, prints and writes; 2 when the data folder is none."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval", description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", help="the folder with the corpora")
    parser.add_argument("--markdown", action="store_true", help="print the README's table of the last whole run")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON goes")
    parser.add_argument("--only", action="append", default=[], help="only this part; may be given again")
    parser.add_argument("--texts", type=Path, help="folder of the texts that are not free; tests/data/topics/README.md")
    parser.add_argument("--spacy", default="", help="an installed spaCy pipeline to measure beside ours")
    given = parser.parse_args()
    if given.markdown:
        print(markdown(read(given.out)))
        return 0
    if given.data is None or not (given.data / "ner").is_dir():
        print(f"{given.data} holds no folder 'ner': name it, as in make eval DATA=../shared/data", file=sys.stderr)
        return 2
    known = parts(given.data, given.texts, given.spacy)
    if unknown := [name for name in given.only if name not in known]:
        print(f"there is no part {unknown[0]!r}; the parts are {', '.join(known)}", file=sys.stderr)
        return 2
    figures = [one for name, measured in known.items() if name in given.only or not given.only for one in measured()]
    show(figures, Console(width=None if sys.stdout.isatty() else 140))
    if given.only or (given.out == RESULTS and not (given.texts and given.spacy)):
        print(f"not written to {given.out.name}: that holds all parts, which take --texts and --spacy", file=sys.stderr)
    else:
        write(figures, given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
