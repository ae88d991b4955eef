"""An article in its own sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichers.summary import LONGEST, MOST, SUMMARY, key_sentences
from tests.drafts import SEED_PATHS, draft, seed_draft

LEAD = "The two countries signed a treaty on fishing in the northern sea on Monday."
NEXT = "The fishing treaty sets limits for both countries in the northern sea until 2030."
ASIDE = "Elsewhere a brass band played a waltz under the lime trees of the park."
LAST = "Under the treaty the limits on fishing fall by a tenth every second year."
STORY = " ".join([LEAD, ASIDE, NEXT, "A dog barked somewhere behind the old brick warehouse at noon.", LAST])


@pytest.mark.parametrize("path", SEED_PATHS, ids=lambda path: path.name)
def test_the_seed_articles_have_three_sentences_with_the_lead(path: Path) -> None:
    """Each given article is summed up in three sentences, the first of which opens it."""
    found = SUMMARY.run(seed_draft(path)).summary
    assert len(found) == MOST
    assert found[0].startswith(("Russia says talks", "The United States faces"))


def test_the_sentences_on_the_matter_are_taken() -> None:
    """What shares its words with the rest of the story is taken, asides are left."""
    assert key_sentences(STORY, "en") == (LEAD, NEXT, LAST)


def test_a_repeated_sentence_is_taken_once() -> None:
    """A sentence that says again what a chosen one said is left out."""
    assert key_sentences(f"{LEAD} {LEAD} {LEAD} {NEXT} {LAST} {ASIDE}", "en").count(LEAD) == 1


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), (" \n", 0), (LEAD, 1), (f"{LEAD} {NEXT}", 1), (f"{LEAD} {ASIDE} {NEXT}", 2)]
)
def test_short_texts_have_short_summaries(text: str, count: int) -> None:
    """A summary is at most about half of the sentences, and empty for an empty text."""
    assert len(key_sentences(text, "en")) == count


def test_fragments_and_endless_sentences_are_left_out() -> None:
    """Crumbs such as bylines, and sentences beyond all length, are not taken while there are others."""
    endless = "and so on " * (LONGEST // 10) + "it went."
    assert set(key_sentences(f"By Ann Lee. {STORY} {endless}", "en")) <= {LEAD, NEXT, LAST, ASIDE}


def test_text_without_full_stops_has_no_summary() -> None:
    """A text that is one endless line is not given back as its own summary."""
    assert key_sentences("word " * 10_000, "en") == ()


@pytest.mark.parametrize("mark", [".", "a", "😀", ". ", "A.", "\n."])
def test_text_of_one_mark_has_no_more_than_crumbs(mark: str) -> None:
    """A million characters of one mark or letter give no sentence longer than a sentence may be."""
    assert all(len(sentence) <= LONGEST for sentence in key_sentences(mark * (1_000_000 // len(mark)), "en"))


@given(st.text(max_size=800), st.sampled_from(["en", "ja", None]))
def test_a_summary_is_made_of_the_text(text: str, language: str | None) -> None:
    """Sentences are verbatim, in the order of the text, at most three, and the same for the same draft."""
    found = SUMMARY.run(draft("", text, language)).summary
    assert len(found) <= MOST
    at = 0
    for sentence in found:
        at = text.index(sentence, at) + len(sentence)
    assert found == SUMMARY.run(draft("", text, language)).summary
    assert bool(found) == bool(text.strip())
