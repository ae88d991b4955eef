"""Sentences and words, their offsets, and function words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichers.words import characters_apart, name_joints, sentences, stopwords, tokens, words


def split(text: str) -> list[str]:
    """The sentences themselves."""
    return [text[start:end] for start, end in sentences(text)]


def test_full_stops_end_sentences() -> None:
    """A sentence ends at its full stop, question mark or exclamation mark, closing quotes included."""
    assert split('He left. Why? "Stop!" She ran.') == ["He left.", "Why?", '"Stop!"', "She ran."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Mr. Smith met Gen. Jones on Jan. 5 in St. Louis.",
        "The U.S. Navy and George W. Bush agreed.",
        "Acme Inc. Chairman J. K. Rowe resigned at 5 p.m. Friday.",
        "Prices rose 4.5 percent to $3.20 a share.",
        "Yahoo! said that it would not sell.",
        "Am 3. Oktober feiern sie.",
    ],
)
def test_a_point_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    """Abbreviations, initials, decimals and ordinals do not end a sentence."""
    assert split(sentence) == [sentence]


def test_an_abbreviation_ends_a_sentence_before_a_function_word() -> None:
    """What may end a sentence does so where the next word looks like the start of one."""
    assert split("It opened in the U.S. The rest waited.") == ["It opened in the U.S.", "The rest waited."]


def test_lines_are_sentences_unless_they_go_on() -> None:
    """A line break ends a sentence, but not before a line that goes on in lower case."""
    assert split("A headline\nThe text goes\non here.") == ["A headline", "The text goes\non here."]


@pytest.mark.parametrize(
    ("text", "count"),
    [("今天下雨。明天晴。", 2), ("यह पहला है। यह दूसरा है।", 2), ("هل هذا صحيح؟ نعم.", 2), ("", 0), ("  \n ", 0)],
)
def test_sentences_of_other_scripts(text: str, count: int) -> None:
    """CJK, Devanagari and Arabic marks end sentences; text of nothing but space has none."""
    assert len(sentences(text)) == count


def test_a_limit_stops_early() -> None:
    """No more sentences are found than asked for."""
    assert len(sentences("One. Two. Three.", limit=2)) == 2


@given(st.text(max_size=300))
def test_sentences_hold_all_that_is_not_space(text: str) -> None:
    """Sentences stand in order, do not overlap, have no outer space, and lose no character that is not space."""
    spans = sentences(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    assert "".join("".join(split(text)).split()) == "".join(text.split())


@given(st.text(max_size=300))
def test_words_and_tokens_agree(text: str) -> None:
    """The offsets of words give the tokens, and none has white space in it."""
    assert [text[start:end] for start, end in words(text)] == tokens(text)
    assert not any(token.split() != [token] for token in tokens(text))


def test_marks_belong_to_their_word() -> None:
    """A word of an Indic script, or a vowelled Arabic one, is one word; an underscore is none."""
    assert tokens("हिन्दी भाषा") == ["हिन्दी", "भाषा"]
    assert tokens("كِتَاب") == ["كِتَاب"]
    assert tokens("___ a_b") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it's AT&T, e-mail: a_b", ["it", "s", "AT", "T", "e", "mail", "a", "b"]),
        ("“déjà” – ‘vu’…«été»", ["déjà", "vu", "été"]),
        ("Санкт-Петербург, «Мир»", ["Санкт", "Петербург", "Мир"]),
        ("½ m² 😀 ok\ud800", ["½", "m²", "ok"]),
    ],
)
def test_marks_of_any_script_part_words(text: str, expected: list[str]) -> None:
    """Marks within ASCII and beyond part words; letters, digits and their like stay, whatever stands beside them."""
    assert tokens(text) == expected


def test_characters_of_scripts_without_spaces_come_apart() -> None:
    """Every Han character becomes a word of its own, Latin words stay whole."""
    assert characters_apart("北京 NATO").split() == ["北", "京", "NATO"]


def test_stopwords_by_language() -> None:
    """A region is ignored, news adds words of reporting, and a language without a list has none."""
    assert "the" in stopwords("en-GB")
    assert "said" in stopwords("en")
    assert "monday" in stopwords("en", news=True) - stopwords("en")
    assert stopwords("xx") == stopwords(None) == frozenset()
    assert "of" in name_joints()
