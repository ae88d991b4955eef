"""Topics, language, furniture and dates on texts that were labelled by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from processors.enrichers.dates import DATES
from processors.enrichers.draft import Draft
from processors.enrichers.topics import find_topics
from processors.training.topics_measure import judge, read_passages
from processors.training.topics_real import teasers
from schemas.article import RawArticle
from tests import measure_furniture, measure_language
from tests.eval.figure import Figure

DATA = Path(__file__).parents[1] / "data"
LONG = 100
NO_TEXTS = "the texts are not free: name their folder with --texts"
_WRITTEN = {"year": 4, "month": 7, "day": 10, "hour": 13, "minute": 16, "second": 19}


def topics(texts: Path | None) -> Iterator[Figure]:
    """Whether the first topic's top level is right, and whether a right second level is among the topics.

    Measured on the held-out halves: of invented passages, and of real articles whose texts stand in the folder `texts`.
    """
    folder = DATA / "topics"
    invented = read_passages(folder / "held-out.jsonl") + _held(read_passages(folder / "teasers.jsonl"))
    yield from _topics("invented, two sentences", invented, 0.80)
    if texts is None:
        yield Figure("topics", "real articles", "top level right", None, wanted=0.92, remark=NO_TEXTS)
        return
    real = _held(read_passages(folder / "real.jsonl", texts))
    long = [one for one in real if len(one["text"].split()) >= LONG]
    yield from _topics(f"real articles of over {LONG} words", long, 0.92)
    pairs = teasers(real) + _held(read_passages(folder / "real-pairs.jsonl", texts))
    yield from _topics("real, two sentences", pairs, 0.80)


def _held(passages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in passages if one["half"] == "held"]


def _topics(name: str, passages: list[dict[str, Any]], wanted: float) -> Iterator[Figure]:
    counts: Counter[str] = Counter()
    for passage in passages:
        counts.update(judge(passage, find_topics(passage["title"], passage["text"])))
    total = max(counts["passages"], 1)
    yield Figure("topics", name, "top level right, of 17", counts["top"] / total, total)
    yield Figure("topics", name, "top level right, of 4 classes", counts["desk"] / total, total, wanted=wanted)
    yield Figure("topics", name, "a second level right", counts["second"] / total, total, wanted=0.667)
    yield Figure("topics", name, "without a topic", counts["none"] / total, total)


def furniture(data: Path) -> Iterator[Figure]:
    """By word, on the half of the labelled passages that no rule was made by; and what clean texts lose."""
    found = measure_furniture.score(measure_furniture.passages("held"))
    name = "labelled lines, held out"
    yield Figure("furniture", name, "F1 by word", found.f1, found.texts, wanted=0.95)
    yield Figure("furniture", name, "precision", found.precision, found.texts)
    yield Figure("furniture", name, "recall", found.recall, found.texts)
    yield _damaged(name, found, 0.02)
    clean = measure_furniture.score(measure_furniture.clean_texts(data / "text" / "masc_tagged.zip"))
    yield _damaged("MASC, clean texts of 19 genres", clean, 0.01)


def _damaged(name: str, found: measure_furniture.Score, most: float) -> Figure:
    return Figure(
        "furniture", name, "lose over 5 % of their story", found.damaged, found.texts, wanted=most, at_least=False
    )


def language() -> Iterator[Figure]:
    """Accuracy over the news languages, on short and longer pieces, and of texts that are in none."""
    found = measure_language.measured()
    name, count = f"labelled, {found['languages']} languages", int(found["texts"])
    yield Figure("language", name, "accuracy at 60 characters", found["accuracy_60"], count, wanted=0.97)
    yield Figure("language", name, "accuracy at 200 characters", found["accuracy_200"], count)
    yield Figure("language", name, "the worst language at 60", found["worst_language_60"], count)
    yield Figure("language", "texts in none", "given none", found["none_right"], int(found["without"]), wanted=1.0)


def dates() -> Iterator[Figure]:
    """Hard cases: the right date, none where none can be known, and how many wrong dates were given."""
    cases = [json.loads(line) for line in (DATA / "dates.jsonl").read_text(encoding="utf-8").splitlines()]
    found = [(case["is"], given(case)) for case in cases]
    right = sum(is_right(ours, wanted) for wanted, ours in found)
    wrong = sum(ours is not None and not is_right(ours, wanted) for wanted, ours in found)
    yield Figure("dates", "hard cases", "right, or rightly none", right / len(found), len(found), wanted=55 / 59)
    yield Figure("dates", "hard cases", "wrong date given", wrong / len(found), len(found), wanted=0, at_least=False)


def is_right(ours: str | None, wanted: str | None) -> bool:
    """Whether a date is the wanted one, or its day."""
    return ours == wanted or (ours is not None and wanted is not None and len(ours) >= 10 and wanted.startswith(ours))


def given(case: dict[str, Any]) -> str | None:
    """The date that is found for a case, written as far as it is known."""
    text = case.get("text", "The minister said that the talks would go on.\n")
    raw = RawArticle(
        id="0" * 32,
        source="wire",
        origin="",
        url=case.get("url"),
        content=text,
        published=case.get("published"),
        language=case.get("language"),
        fetched_at=datetime.fromisoformat(case.get("fetched", "2024-06-15T12:00:00+00:00")).astimezone(UTC),
    )
    draft = DATES.run(Draft(raw=raw, extracted=text, text=text, language=case.get("language")))
    if draft.published_at is None:
        return None
    return draft.published_at.isoformat()[: _WRITTEN[draft.published_precision or "day"]]
