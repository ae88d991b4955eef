"""The story of a whole page is found by its lines and by what stands around them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.enrichers import blocks
from processors.enrichers.blocks import describe, is_sentence, judge, story_block
from processors.training.blocks import learn, pages

TOLD = "The council approved the new harbour plan on Monday after four hours of debate in the town hall."


def test_every_feature_has_a_weight() -> None:
    """The stored weights are of exactly the features that are counted, each named once."""
    names, features, words = describe([TOLD, "Home"], [False, True], [False, False])
    stored = json.loads((Path(blocks.__file__).parents[1] / "models" / "blocks.json").read_text(encoding="utf-8"))
    assert len(set(names)) == len(names)
    assert set(stored) == set(names)
    assert features.shape == (2, len(names))
    assert words.tolist() == [len(TOLD.split()), 1]


def test_sentences_among_sentences_are_story() -> None:
    """A paragraph among paragraphs reads more as story than a menu's word among such words."""
    lines = [
        "Home",
        "News",
        "Sport",
        "Shop",
        "Games",
        *[f"{TOLD} So said {name}." for name in "abcdef"],
        "Jobs",
        "Video",
    ]
    odds = judge(lines, [False] * len(lines), [False] * len(lines)).odds
    assert min(odds[5:11]) > max(odds[:5])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=60).map(lambda text: text.strip() or "x"), min_size=1, max_size=40))
def test_any_lines_can_be_judged(lines: list[str]) -> None:
    """Whatever the lines are, what is found lies within them and the lines beside the story lie within it."""
    found = story_block(lines, [False] * len(lines), [False] * len(lines))
    if found is not None:
        assert 0 <= found.first <= found.last < len(lines)
        assert all(found.first <= number <= found.last for number in found.beside)


@pytest.mark.parametrize("line", ["Yes.", "“Yes!”", "Ja?", "是的。", "हाँ।", "(No.)", "نعم؟", "Well…"])
def test_sentences_end_as_sentences_do(line: str) -> None:
    """Full stops of many scripts end sentences, in quotation marks and brackets too."""
    assert is_sentence(line)


@pytest.mark.parametrize("line", ["Yes", "Home", "“Yes”", "10:30", "", "…so"])
def test_what_has_no_stop_is_no_sentence(line: str) -> None:
    """A line without a stop at its end is no sentence."""
    assert not is_sentence(line)


def test_weights_are_learned_from_labelled_pages(tmp_path: Path) -> None:
    """From pages whose menus are short and whose stories are sentences, that is what is learned, the same each time."""
    page = [["f", "Home"], ["f", "Sport"], *[["s", f"{TOLD} So said {name}."] for name in "abc"], ["f", "Jobs"]]
    file = tmp_path / "pages.jsonl"
    file.write_text("\n".join(json.dumps({"lines": page}) for _ in range(12)), encoding="utf-8")
    weights = learn(pages([file]))
    assert weights == learn(pages([file]))
    assert weights["told"] > 0 > weights["few"]
