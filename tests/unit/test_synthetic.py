"""Training text that is made or changed: stories of the wire, other names in the same places."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from processors.training import names
from processors.training.corpora import Document, Sentence
from processors.training.names import Maker, Names, acronym
from processors.training.renamed import Renamer
from processors.training.synthetic import Writer, patterns, tightened

LISTS = {
    "org": ["Acme"], "loc": ["Oslo"], "form": ["Inc"], "cteam": ["Leeds", "Derby"], "weekday": ["Monday"],
    "stem": ["Nor"], "ending": ["tek"], "trade": ["Steel"], "party": ["Greens"], "cause": ["Free"],
    "faction": ["Front"],
}  # fmt: skip
NAMES = Names(LISTS, ["Ann"], ["Roe"])


def named(one: Sentence) -> list[tuple[str, str]]:
    """What is named in a sentence, with its type."""
    return [(one.text[start:end], kind) for start, end, kind in one.spans]


def lines(pattern: str, seed: int = 0) -> list[Sentence]:
    """The sentences of one pattern."""
    return list(Writer(NAMES, random.Random(seed)).line(pattern))


@pytest.mark.parametrize("seed", range(10))
def test_a_club_named_by_its_city_alone_is_an_organisation(seed: int) -> None:
    """Names fall into their places with their types, whether blanks stand before the stops or not."""
    (one,) = lines("{cteam} {n} {cteam} {n} , {per} ( {loc} ) said .", seed)
    assert [kind for _, kind in named(one)] == ["ORG", "ORG", "PER", "LOC"]
    assert named(one)[2:] == [("Ann Roe", "PER"), ("Oslo", "LOC")]


def test_a_marked_name_comes_again() -> None:
    """The surname is that of the person, whatever else is drawn between."""
    (one,) = lines("{cteam:a} beat {cteam} {cteam} {cteam} , said {sur:p} of {cteam:a} , {per:p}")
    found = [text for text, _ in named(one)]
    assert found[0] == found[5]
    assert found[4] == found[6].split()[-1]


def test_a_headline_stands_in_capitals() -> None:
    """Its spans still hold the names."""
    (one,) = lines("^{per} WINS IN {loc} on monday")
    assert one.text == "ANN ROE WINS IN OSLO ON MONDAY"
    assert named(one) == [("ANN ROE", "PER"), ("OSLO", "LOC")]


def test_a_repeated_line_comes_several_times() -> None:
    """A table has more than one row."""
    assert 2 <= len(lines("*6 {cteam} {n}")) <= 6


def test_running_text_has_no_blank_before_a_stop() -> None:
    """Spans move with the text; a blank inside a name stays."""
    assert tightened(Sentence("( Oslo ) , St . Paul .", ((2, 6, "LOC"), (11, 20, "LOC")))) == Sentence(
        "(Oslo), St . Paul.", ((1, 5, "LOC"), (8, 17, "LOC"))
    )


def test_every_pattern_names_kinds_that_exist() -> None:
    """No story asks for a name that nobody can make."""
    maker = Maker(Names({kind: ["Xy Z"] for kind in _listed()}, ["Ann"], ["Roe"]), random.Random(0))
    kinds = {part.split("}")[0].split(":")[0] for story in patterns() for line in story for part in line.split("{")[1:]}
    assert len(kinds) > 40
    assert all(maker.new(kind) for kind in kinds - {"sho", "sur"})


def _listed() -> set[str]:
    text = (Path(names.__file__).parent / "tables" / "names.tsv").read_text(encoding="utf-8")
    return {line.split("\t")[0] for line in text.splitlines()} | {"loc", "cty", "nat", "group", "univ", "union", "org"}


def test_an_acronym_takes_the_capitals() -> None:
    """Small words do not count, and one word is its own."""
    assert (acronym("Front of the Free"), acronym("Hamas")) == ("FF", "Hamas")


def test_other_names_stand_in_the_same_places() -> None:
    """A person's surname alone follows the full name, and what is masked moves with the text."""
    text = "Bob Mayfield met Open Words . Mayfield left ."
    document = Document("gum", (Sentence(text, ((0, 12, "PER"), (30, 38, "PER")), ((17, 27),)),))
    turns = [Renamer(NAMES).renamed(document, random.Random(seed)).sentences[0] for seed in range(40)]
    changed = [one for one in turns if one.text != text]
    assert {one.text for one in changed} == {"Ann Roe met Open Words . Roe left ."}
    assert named(changed[0]) == [("Ann Roe", "PER"), ("Roe", "PER")]
    assert [changed[0].text[start:end] for start, end in changed[0].masked] == ["Open Words"]
    assert len(changed) < len(turns)
