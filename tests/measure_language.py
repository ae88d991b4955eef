"""How well languages are told: `python -m tests.measure_language`.

Scores the sentences of `tests/data/language`, ten or more in each of 34 languages, cut to 60 characters, and pieces
of 200 characters put together from them; what is without a language must get none. Nothing is declared.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from processors.enrichers.draft import Draft
from processors.enrichers.language import LANGUAGE
from schemas.article import RawArticle
from tests.unit.test_language import SENTENCES

FOLDER = Path(__file__).parent / "data" / "language"
LENGTHS = (60, 200)


def sentences() -> dict[str, list[str]]:
    """The sentences by language."""
    found = {code: [sentence] for code, sentence in SENTENCES.items()}
    code = ""
    for line in _lines("news.txt"):
        if line.startswith("["):
            code = line.strip("[]")
        else:
            found[code].append(line)
    return found


def without_language() -> list[str]:
    """The texts that are in no language."""
    return _lines("none.txt")


def _lines(name: str) -> list[str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("# ")]


def pieces(length: int) -> Iterator[tuple[str, str]]:
    """Each language's code with texts of `length` characters at most: each begins with another of its sentences."""
    for code, listed in sentences().items():
        for at in range(len(listed)):
            yield code, ". ".join(listed[at:] + listed[:at])[:length] if length > LENGTHS[0] else listed[at][:length]


def told(text: str) -> str | None:
    """The language that the enricher gives a text."""
    raw = RawArticle(id="0" * 32, source="s", origin="", content=text, fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    return LANGUAGE.run(Draft(raw=raw, text=text)).language


def mistaken(length: int) -> list[tuple[str, str | None, str]]:
    """The texts whose language is not the one found: the right one, the one found, and the text."""
    return [(code, found, text) for code, text in pieces(length) if (found := told(text)) != code]


def measured() -> dict[str, float]:
    """How much is told right: at 60 and at 200 characters, the worst language at 60, and texts without language.

    All are shares of texts, 0 to 1; `languages`, `texts` and `without` tell how many there are.
    """
    wrong = {length: mistaken(length) for length in LENGTHS}
    sizes = {code: len(listed) for code, listed in sentences().items()}
    missed = Counter(code for code, _, _ in wrong[60])
    without = without_language()
    return {
        "languages": len(sizes),
        "texts": sum(sizes.values()),
        "without": len(without),
        **{f"accuracy_{length}": 1 - len(wrong[length]) / sum(sizes.values()) for length in LENGTHS},
        "worst_language_60": min(1 - missed[code] / size for code, size in sizes.items()),
        "none_right": sum(told(text) is None for text in without) / len(without),
    }


if __name__ == "__main__":
    for name, value in measured().items():
        sys.stdout.write(f"{name:18} {value:.3f}\n")
    for length in LENGTHS:
        for code, found, text in mistaken(length):
            sys.stdout.write(f"{length}: {code} taken for {found}: {text}\n")
    for text in without_language():
        if found := told(text):
            sys.stdout.write(f"none taken for {found}: {text}\n")
