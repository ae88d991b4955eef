"""The entities enricher: who, what and where an article names."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from processors.enrichers.draft import Draft
from processors.enrichers.entities import ENTITIES, MOST_ENTITIES, MOST_MENTIONS, entities, local_id
from schemas.article import Entity, RawArticle

SEEDS = Path(schemas.__file__).parents[1] / "seeds" / "articles"
RAW = RawArticle(id="0" * 32, source="test", origin="", content="", fetched_at=datetime(2024, 3, 1, tzinfo=UTC))


def read(text: str, language: str | None = "en") -> Draft:
    """A draft of that text after the enricher."""
    return entities(Draft(raw=RAW, text=text, language=language))


def by_name(text: str) -> dict[str, Entity]:
    """The entities of an English text by their names."""
    return {one.name: one for one in read(text).entities}


def seed(start: str) -> str:
    """The seed article whose file name starts so."""
    return next(SEEDS.glob(f"{start}_*.txt")).read_text(encoding="utf-8")


def texts_of(entity: Entity) -> set[str]:
    """What stands in the text for the entity."""
    return {mention.text for mention in entity.mentions}


def test_a_person_named_in_full_and_then_by_surname_is_one_entity() -> None:
    """Putin after Vladimir Putin is the same person, linked by the country the article speaks of."""
    putin = by_name(seed("002"))["Vladimir Putin"]
    assert (putin.id, putin.type) == ("Q7747", "person")
    assert texts_of(putin) >= {"Vladimir Putin", "Putin"}
    assert any("surname of Vladimir Putin" in line for line in putin.evidence)
    assert any(line.startswith("wikidata:") for line in putin.evidence)


def test_the_first_seed_article_names_its_speaker_the_alliance_and_the_countries() -> None:
    """The names a reader would list are found with their types."""
    found = by_name(seed("000"))
    kinds = {name: found[name].type for name in ("Maria Zakharova", "Russia", "United States") if name in found}
    assert kinds == {"Maria Zakharova": "person", "Russia": "place", "United States": "place"}
    assert any(one.type == "organisation" and "NATO" in texts_of(one) for one in found.values())
    assert len(found["Maria Zakharova"].mentions) == 3


def test_a_country_is_linked_under_any_of_its_names() -> None:
    """U.S. and the United States are one place."""
    found = by_name("The United States and Russia met on Monday. U.S. officials said the U.S. would return to Geneva.")
    assert found["United States"].id == "Q30"
    assert texts_of(found["United States"]) >= {"United States", "U.S."}


def test_what_no_table_knows_gets_an_id_of_its_own() -> None:
    """The local id is the type and the name without accents, case and points."""
    assert local_id("person", "María J. Zakharova-Díaz") == "person:maria-j-zakharova-diaz"


def test_another_language_is_left_alone_and_says_so() -> None:
    """No names are guessed in a language that the tagger did not learn; the article has a note."""
    draft = read("Bundeskanzler Olaf Scholz traf am Montag in Berlin Präsident Emmanuel Macron.", "de")
    assert draft.entities == ()
    assert "English" in draft.notes[0].message


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "Russia",
        "...!?—“”()[]",
        "\u202eСтатья على العربية 中文 English Paris \u200f\u200b",
        "😀🇷🇺 Putin 👨‍👩‍👧 visited 🇺🇸 Washington 😀",
        "<p>President <b>Joe Biden</b> met &amp; spoke</p><script>var Paris = 1</script>",
        "A" * 100_000,
        "\x00\ud800 Paris \uffff",
        "’s 's ’ ' of the and",
    ],
)
def test_any_text_is_borne(text: str) -> None:
    """Odd input gives entities or none, never an exception, and offsets that fit."""
    for entity in read(text).entities:
        for mention in entity.mentions:
            assert text[mention.start : mention.end] == mention.text


def test_a_very_long_text_is_read_up_to_a_limit() -> None:
    """Five megabytes are read as far as time allows, with a note."""
    draft = read("President Vladimir Putin spoke in Moscow on Monday. " * 100_000)
    assert max(len(one.mentions) for one in draft.entities) == MOST_MENTIONS
    assert {one.name for one in draft.entities} >= {"Vladimir Putin"}
    assert "read up to character" in draft.notes[-1].message


def test_ten_thousand_names_are_bounded() -> None:
    """No article carries more entities than can be shown."""
    text = " ".join(
        f"John Smith{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}son met the mayor."
        for i in range(10_000)
    )
    assert len(read(text).entities) <= MOST_ENTITIES


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=400)
    | st.lists(
        st.sampled_from(
            ["Paris", "Mr. Putin", "U.N.", "’s", "of", "NATO", "—", "é", "Élise", "\n", "the", "“", "1996-08-22"]
        ),
        max_size=60,
    ).map(" ".join)
)
def test_every_mention_stands_where_it_says(text: str) -> None:
    """Offsets fit, ids are unique, scores are between 0 and 1, and the same text gives the same again."""
    draft = read(text)
    assert read(text).entities == draft.entities
    assert len({one.id for one in draft.entities}) == len(draft.entities)
    for entity in draft.entities:
        assert entity.mentions
        assert 0 <= entity.score <= 1
        assert list(entity.mentions) == sorted(entity.mentions, key=lambda one: one.start)
        for mention in entity.mentions:
            assert text[mention.start : mention.end] == mention.text


def test_it_fills_entities_and_notes_alone() -> None:
    """The enricher declares what it changes."""
    assert (ENTITIES.name, set(ENTITIES.fills)) == ("entities", {"entities", "notes"})


def test_who_held_office_later_is_not_meant() -> None:
    """The same text means the president of this century only if it is published in a year that fits."""
    text = "Russian President Vladimir Putin met the Russian cabinet in Moscow."
    found = {
        year: [
            one.id
            for one in entities(
                Draft(raw=RAW, text=text, language="en", published_at=datetime(year, 3, 1, tzinfo=UTC))
            ).entities
            if one.name == "Vladimir Putin"
        ]
        for year in (1985, 2015)
    }
    assert found == {1985: ["person:vladimir-putin"], 2015: ["Q7747"]}
