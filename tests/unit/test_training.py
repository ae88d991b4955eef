"""Training: how corpora are read, and that nothing measured on is learned from."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from processors.training import corpora, splits
from processors.training.corpora import Document, Sentence, sentence, trim
from processors.training.examples import UNKNOWN, dateline, example
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


def test_nothing_is_left_of_a_bare_possessive_or_title() -> None:
    """A span that is only a possessive, or only a title, vanishes."""
    assert trim("'s", 0, 2, "ORG") is None
    assert trim("Prime Minister", 0, 14, "PER") is None


GUM = """#Text=Ms. Doe met Kofi Annan in the Ghana House .
1-1\t0-3\tMs.\tperson[1]\tnew[1]\tn\t_\t_\t_\t_
1-2\t4-7\tDoe\tperson[1]\tnew[1]\tn\t_\t_\t_\t_
1-3\t8-11\tmet\t_\t_\t_\t_\t_\t_\t_
1-4\t12-16\tKofi\tperson[2]\tnew[2]\tn\tKofi_Annan[2]\t_\t_\t_
1-5\t17-22\tAnnan\tperson[2]\tnew[2]\tn\tKofi_Annan[2]\t_\t_\t_
1-6\t23-25\tin\t_\t_\t_\t_\t_\t_\t_
1-7\t26-29\tthe\tplace[3]\tnew[3]\tn\tGhana_House[3]\t_\t_\t_
1-8\t30-35\tGhana\tplace[3]|place[4]\tnew[3]\tn\tGhana_House[3]|Ghana[4]\t_\t_\t_
1-9\t36-41\tHouse\tplace[3]\tnew[3]\tn\tGhana_House[3]\t_\t_\t_
1-10\t42-43\t.\t_\t_\t_\t_\t_\t_\t_
"""


def test_a_mention_with_a_page_is_a_name_and_other_capitals_are_open(tmp_path: Path) -> None:
    """Of GUM's nested mentions the outermost counts; every page is kept for the linker's score."""
    (tmp_path / "ner/gum/tsv").mkdir(parents=True)
    (tmp_path / "ner/gum/tsv/GUM_news_test.tsv").write_text(GUM, encoding="utf-8")
    (one,) = corpora.gum(tmp_path)["GUM_news_test"].sentences
    assert [(one.text[start:end], kind) for start, end, kind in one.spans] == [
        ("Kofi Annan", "PER"),
        ("Ghana House", "LOC"),
    ]
    assert [one.text[start:end] for start, end in one.masked] == ["Ms.", "Doe"]
    assert {page for _, _, page in one.pages} == {"Kofi_Annan", "Ghana_House", "Ghana"}


def test_a_dateline_is_labelled_where_it_says() -> None:
    """What is put before a story for training names its place, and its agency if there is one."""
    for seed in range(20):
        line = dateline("Geneva", random.Random(seed))
        named = [(line.text[start:end], kind) for start, end, kind in line.spans]
        assert named[0] in (("GENEVA", "LOC"), ("Geneva", "LOC"))
        assert all(kind == "ORG" for _, kind in named[1:])


def test_tags_follow_spans_and_open_words_are_unknown() -> None:
    """The first word of a span begins it, masked words have no tag."""
    document = Document("test", (Sentence("Kofi Annan met Doe .", ((0, 10, "PER"),), ((15, 18),)),))
    assert example(document).tags.tolist() == [1, 2, 0, UNKNOWN, 0]


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
