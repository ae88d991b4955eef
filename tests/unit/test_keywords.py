"""The phrases that an article says most."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichers.keywords import CHARACTERS_READ, KEYWORDS, MOST, key_phrases
from tests.drafts import SEED_PATHS, draft, seed_draft

# Makes a text long without a word in it that recurs.
LONG = " " + " ".join(f"Then word{'abcdefghij'[at // 10]}{'klmnopqrst'[at % 10]} came." for at in range(40))


@pytest.mark.parametrize("path", SEED_PATHS, ids=lambda path: path.name)
def test_the_seed_articles_are_about_arms_control(path: Path) -> None:
    """Both given articles have `arms control` among their phrases, and no fragment of it."""
    found = KEYWORDS.run(seed_draft(path)).keywords
    assert "arms control" in found
    assert not {"arms", "control"} & set(found)


def test_a_name_is_never_cut() -> None:
    """A name counts whole: neither its first word nor its last is a phrase of its own."""
    text = "Today Maria Zakharova spoke. Later Zakharova left, and Zakharova smiled at Maria Zakharova." + LONG
    found = key_phrases("", text, "en")
    assert "Maria Zakharova" in found
    assert not {"Zakharova", "Maria"} & set(found)


@pytest.mark.parametrize("name", ["Bank of England", "Boeing 737", "New Zealand", "Korean People’s Army", "U.S. Navy"])
def test_names_keep_their_small_words_and_numbers(name: str) -> None:
    """What is said of a name of several words counts for all of it."""
    assert name in key_phrases("", f"They saw the {name} today. We know the {name} well." + LONG, "en")


def test_words_that_end_like_verbs_come_last() -> None:
    """Of two words said as often, the one that ends like a verb or an adverb comes later."""
    found = key_phrases("", "It was rescued by the frigate. The frigate rescued it." + LONG, "en")
    assert found.index("frigate") < found.index("rescued")


def test_case_is_kept_as_mostly_written() -> None:
    """A word that only the headline capitalises is in lower case; a name keeps its capital."""
    text = "The pension reform is late. A pension reform in France was late, as in France before." + LONG
    found = key_phrases("Pension Reform Stalls", text, "en")
    assert "pension reform" in found
    assert "France" in found


def test_the_title_weighs_more() -> None:
    """Of two phrases said as often, the one in the title comes first."""
    text = "We saw glass towers and stone bridges. The glass towers and the stone bridges stand." + LONG
    assert key_phrases("Stone bridges", text, "en")[0] == "stone bridges"
    assert key_phrases("Glass towers", text, "en")[0] == "glass towers"


def test_no_phrase_says_what_another_does() -> None:
    """Plurals and parts of a chosen phrase are left out."""
    text = "A trade talk began. Trade talks go on. The trade talks matter, as trade talks do." + LONG
    found = [phrase.lower() for phrase in key_phrases("", text, "en")]
    assert "trade talks" in found
    assert not {"trade talk", "talks", "trade"} & set(found)


def test_acronyms_are_no_function_words() -> None:
    """`US` and `IT` in capitals are phrases though `us` and `it` are none."""
    found = key_phrases("", "They asked the US to act. The US did act, and it did so for us." + LONG, "en")
    assert "US" in found


def test_a_short_text_has_phrases_said_once() -> None:
    """In a text of a few lines nothing need be said twice."""
    assert "Carlyle Group" in key_phrases("", "It is understood that the Carlyle Group bought a mill.", "en")


def test_a_language_without_a_list_has_no_short_words() -> None:
    """Where no function words are known, words of up to three letters stand in no phrase."""
    text = "Ja og det er en fiskeriavtale som og det er en fiskeriavtale her og der. " * 12
    found = key_phrases("", text, "nb")
    assert "fiskeriavtale" in found
    assert not {"og", "det", "er"} & set(found)


def test_chinese_phrases() -> None:
    """A script without spaces gives the longest character sequences that recur."""
    found = key_phrases("", "军备控制谈判开始了。双方的军备控制谈判没有结果，军备控制谈判将继续。" * 2, "zh")
    assert "军备控制谈判" in found
    assert not {"军备", "备控", "控制"} & set(found)


def test_japanese_phrases() -> None:
    """A Katakana word is whole, a Han sequence counts where it recurs, Hiragana parts them."""
    text = "政策金利を据え置いた。政策金利は変わらない。インフレーションが続く。インフレーションは強い。"
    assert set(key_phrases("", text, "ja")) == {"政策金利", "インフレーション"}


def test_what_a_short_text_says_once_is_short() -> None:
    """Of words said but once no more than two make a phrase, unless they are a name."""
    found = key_phrases("", "An extremely slow steady coastal erosion worries the Royal Dutch Hiking Club.", "en")
    assert "Royal Dutch Hiking Club" in found
    assert all(phrase.count(" ") < 2 for phrase in found if phrase.islower())


def test_only_the_start_of_a_long_text_is_read() -> None:
    """What stands behind the first 20,000 characters changes nothing, be it ten thousand names or one endless word."""
    start = ("The trade talks in Oslo went on. " * 700)[:CHARACTERS_READ]
    found = key_phrases("", start, "en")
    assert found
    for tail in (" ".join(f"Name{at}" for at in range(10_000)), "x" * 1_000_000, "." * 1_000_000):
        assert key_phrases("", start + tail, "en") == found


@given(st.text(max_size=300), st.text(max_size=600), st.sampled_from(["en", "zh", "ar", None]))
def test_any_text_has_at_most_ten_phrases(title: str, text: str, language: str | None) -> None:
    """Phrases are few, distinct, not empty, hold a letter, and the same draft gives the same ones."""
    found = KEYWORDS.run(draft(title, text, language)).keywords
    assert len(found) == len(set(found)) <= MOST
    assert all(any(map(str.isalpha, phrase)) for phrase in found)
    assert found == KEYWORDS.run(draft(title, text, language)).keywords


@given(st.lists(st.sampled_from(["Peace", "talks", "the", "Oslo", "of", "2024", ".", "-", "🎉"]), max_size=80))
def test_phrases_stand_in_the_text(pieces: list[str]) -> None:
    """Every phrase of an English text without a title stands in it, apart from white space."""
    text = " ".join(pieces)
    assert all(phrase in text for phrase in key_phrases("", text, "en"))
