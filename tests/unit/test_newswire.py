"""The stories labelled by hand: how labels meet their text."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from processors.training.newswire import Label, documents, labels, read

LABELS = Path(__file__).parents[1] / "data" / "newswire" / "lee.jsonl"


def test_labels_become_spans_of_their_story() -> None:
    """A label is a typed span; where usage differs the stretch is masked."""
    found = documents(
        ["Nothing.", "Ann met God."], labels(['{"story":2,"start":0,"end":3,"type":"PER","surface":"Ann"}'])
    )
    assert [one.sentences[0].spans for one in found] == [(), ((0, 3, "PER"),)]
    open_label = documents(["Ann met God."], [Label(1, 8, 11, "?", "God")])[0].sentences[0]
    assert (open_label.spans, open_label.masked) == ((), ((8, 11),))


@pytest.mark.parametrize("label", [Label(1, 0, 3, "PER", "Bob"), Label(2, 0, 3, "PER", "Ann")])
def test_another_text_is_refused(label: Label) -> None:
    """Labels never apply to a text that reads otherwise."""
    with pytest.raises(ValueError, match="does not read"):
        documents(["Ann met God."], [label])


def test_another_file_is_refused(tmp_path: Path) -> None:
    """The file must be the one labelled, byte by byte."""
    path = tmp_path / "lee.cor"
    path.write_text("Ann met God.\n")
    with pytest.raises(ValueError, match="gensim"):
        read(path, LABELS)


def test_the_labels_hold_their_form() -> None:
    """Labels are in order, do not overlap, have a type each, and are as long as what they name."""
    found = labels(LABELS.read_text(encoding="utf-8").splitlines())
    assert found == sorted(found)
    assert {one.type for one in found} == {"PER", "ORG", "LOC", "?"}
    assert all(one.end - one.start == len(one.surface) for one in found)
    assert all(one.end <= after.start for one, after in itertools.pairwise(found) if one.story == after.story)
