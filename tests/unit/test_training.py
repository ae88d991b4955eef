"""Training: how corpora are read, and that nothing measured on is learned from."""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.training import splits
from processors.training.corpora import sentence, trim
from processors.training.score import Tally

DATA = Path(__file__).parents[3] / "shared" / "data"


def test_labels_become_spans_of_running_text() -> None:
    """Titles, articles and possessives are no part of a name; words are put back together."""
    one = sentence(
        [
            ("President", "B-per"),
            ("Hu", "I-per"),
            ("Jintao", "I-per"),
            ("left", "O"),
            ("the", "B-org"),
            ("U.N.", "I-org"),
            ("'s", "I-org"),
            (".", "O"),
        ]
    )
    assert one.text == "President Hu Jintao left the U.N.'s."
    assert [(one.text[start:end], kind) for start, end, kind in one.spans] == [("Hu Jintao", "PER"), ("U.N.", "ORG")]


def test_a_label_without_a_type_of_ours_is_no_name() -> None:
    """A music genre is nothing here, a journal is left open."""
    one = sentence([("Rock", "B-musicgenre"), ("in", "O"), ("Nature", "B-academicjournal")])
    assert one.spans == ()
    assert [one.text[start:end] for start, end in one.masked] == ["Nature"]


def test_nothing_is_left_of_a_bare_possessive() -> None:
    """A span that is only a possessive vanishes."""
    assert trim("'s", 0, 2, "ORG") is None


def test_f1_counts_exact_spans() -> None:
    """One right of two proposed and three wanted."""
    tally = Tally()
    tally.count({(0, 1, "PER"), (2, 3, "LOC"), (5, 9, "ORG")}, {(0, 1, "PER"), (5, 8, "ORG")})
    assert tally.f1() == pytest.approx(0.4)
    assert tally.f1("PER") == 1


@pytest.mark.skipif(not (DATA / "ner").is_dir(), reason="the corpora are not at hand")
def test_no_sentence_is_learned_from_and_measured_on() -> None:
    """No held-out sentence stands in the training sets, in whatever corpus."""
    measured = {
        splits.fingerprint(one)
        for part in splits.held_out(DATA).values()
        for document in part
        for one in document.sentences
    }
    learned = {splits.fingerprint(one) for document in splits.labelled(DATA) for one in document.sentences}
    assert len(measured) > 3000
    assert not {mark for mark in measured & learned if len(mark) > 20}
