"""How the tables of the topics enricher are built and measured."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from processors.enrichers.topics import TABLE, find_topics, table
from processors.training import topics_measure
from processors.training.topics import SEEDS, build, main, patterns, plural, read_seeds, replacements
from processors.training.topics_words import learn

if TYPE_CHECKING:
    from pathlib import Path

NAN = float("nan")


def concept(name: str, *levels: str, retired: bool = False, item: object = NAN) -> dict[str, object]:
    """One record as the export has it."""
    codes = [*levels, *[NAN] * (6 - len(levels))]
    return {
        "Name (en-GB)": name,
        "RetiredDate": "2020-01-01T00:00:00+00:00" if retired else NAN,
        "Wikidata mapping": item,
        **{f"Level{at}/NewsCode": code for at, code in enumerate(codes, start=1)},
    }


def test_the_stored_table_has_the_seeds() -> None:
    """Every hand-written term stands in the table with its weight: whoever edits the seeds builds the table anew."""
    packed = json.loads(gzip.decompress(TABLE.read_bytes()))
    codes = [code for code, _, _ in packed["concepts"]]
    stored = {term: {codes[at]: weight for at, weight in weights} for term, weights in packed["terms"]}
    seeds = patterns(read_seeds(SEEDS.read_text(encoding="utf-8"), packed["retired"]))
    assert len(seeds) > 10_000
    assert not [term for term, weights in seeds.items() if not weights.items() <= stored.get(term, {}).items()]


def test_every_seed_line_names_its_concept() -> None:
    """The name beside each code is the one IPTC gives it: a mistyped code would be seen."""
    for line in SEEDS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.partition(":")[0].partition(" ")
            assert table().concepts[f"medtop:{code}"].name == name


@pytest.mark.parametrize(
    ("term", "expected"),
    [("arms race", "arms races"), ("treaty", "treaties"), ("essay", "essays"), ("box", "boxes"), ("talks", "talks")],
)
def test_plurals(term: str, expected: str) -> None:
    """The last word of a term gets its regular plural, unless it has one."""
    assert plural(term) == expected


def test_weights_and_plurals_of_seeds() -> None:
    """Marks before a term give its weight, a stop after it forbids the plural, a retired code is replaced."""
    terms = read_seeds(
        "# note\n00000001 x: !treaty, ~deal., ?far\n00000002 old: treaty", {"medtop:00000002": "medtop:3"}
    )
    assert terms["treaties"] == {"medtop:00000001": 2.0, "medtop:3": 1.0}
    assert terms["deal"]["medtop:00000001"] < terms["treaty"]["medtop:3"]
    assert "deals" not in terms


def test_a_term_with_capitals_is_looked_for_with_capitals_only() -> None:
    """`Bonds` the player is found in `Bonds` alone, bonds that pay are found in both spellings."""
    found = patterns({"Bonds": {"sport": 1.0}, "bonds": {"money": 2.0}})
    assert found == {"bonds^": {"sport": 1.0, "money": 2.0}, "bonds": {"money": 2.0}}


def test_retired_concepts_are_replaced() -> None:
    """By the concept of the same name or Wikidata item, else by the nearest one above."""
    concepts = {
        "a": concept("trade", "a"),
        "b": concept("tariff", "a", "b", item="Q1"),
        "c": concept("tariff", "a", "c", retired=True),
        "d": concept("duty", "a", "d", retired=True, item="Q1"),
        "e": concept("quota", "a", "b", "e", retired=True),
    }
    assert replacements(concepts) == {"c": "b", "d": "b", "e": "b"}


def test_learning_separates_what_lies_apart() -> None:
    """The regression puts an example into the class whose examples lie beside it."""
    examples = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], dtype=np.float32)
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    weights = learn(examples, targets)
    scores = np.array([[0.8, 0.3, 1.0], [0.3, 0.8, 1.0]], dtype=np.float32) @ weights
    assert scores.argmax(axis=1).tolist() == [0, 1]


def test_missing_data_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the export the build says what it looked for and where; without a folder it says how it is called."""
    with pytest.raises(FileNotFoundError, match="name the folder that holds iptc/"):
        build(tmp_path)
    assert (main([str(tmp_path)]), main([])) == (1, 2)
    assert "usage: python -m processors.training.topics DATA" in capsys.readouterr().err


def test_measuring_prints_shares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures of a file are printed in one line, and with --wrong the passages that went wrong."""
    right = {"title": "Cup final", "text": "The striker scored.", "top": ["medtop:15000000"], "second": []}
    wrong = {**right, "title": "Wrongly labelled cup final", "top": ["medtop:12000000"]}
    file = tmp_path / "few.jsonl"
    file.write_text(f"{json.dumps(right)}\n{json.dumps(wrong)}\n", encoding="utf-8")
    assert topics_measure.main(["--wrong", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "few: 2 passages  top 0.500" in printed
    assert "Wrongly labelled" in printed
    with pytest.raises(SystemExit):
        topics_measure.main([])


def test_a_judgement_counts_what_is_right() -> None:
    """The first topic's top level, any second level, and nothing found are counted apart."""
    passage = {"top": ["medtop:15000000"], "second": ["medtop:20000822"]}
    judged = topics_measure.judge(
        passage, find_topics("", "The wicket fell to the spinner on day two of the Test match.")
    )
    assert (judged["top"], judged["second"], judged["none"]) == (1, 1, 0)
    assert topics_measure.judge(passage, ())["none"] == 1
