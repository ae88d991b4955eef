"""How the linker's table is made: which names of an organisation count, and how the file is read."""

from __future__ import annotations

from processors.linker import Table
from processors.training.brands import Brand, by_name, known
from processors.training.entry import Entry, packed
from processors.training.meanings import Meanings
from processors.training.tables import Organisation

MEANINGS = Meanings(frozenset({"best", "apples"}), frozenset({"victoria falls"}), frozenset({"miller"}))


def test_names_of_words_places_and_people_are_plain() -> None:
    """A name is plain if it is a place, or all its parts are words or people's names, with or without an s."""
    plain = ("best", "best miller", "victoria falls", "millers")
    assert [key for key in (*plain, "zeppo", "best zeppo") if MEANINGS.plain(key)] == list(plain)


def test_a_packed_table_reads_back() -> None:
    """Every name finds its entries; dropped names find none, unsure ones only as such, leaders by surname."""
    entries = [
        Entry("P", "Q1", "Ann Ford", "ca", {"A. Ford"}, {"President"}, 3, 2001, 2005),
        Entry("O", "Q2", "Ford", "", {"Ford Motor", "Motors"}, {"company"}, 2, unsure={"ford"}, dropped={"motors"}),
        Entry("O", "Q3", "Ford Motor", "us"),
    ]
    table = Table(packed(entries), [])
    assert [one.identifier for one in table.sure("O", "Ford Motor")] == ["Q2", "Q3"]
    assert (table.sure("O", "Ford"), [one.identifier for one in table.unsure("O", "Ford")]) == ([], ["Q2"])
    assert table.named("O", "Motors") == []
    leader = table.leaders("Ford")[0]
    assert (leader.identifier, leader.offices, leader.since, leader.until) == ("Q1", "President", 2001, 2005)


def test_an_organisation_is_found_only_under_groups_of_its_kind() -> None:
    """A party called like a pharmacy gets no id; of two namesakes the one labelled so is taken, else none."""
    brands = {
        "Q1": Brand("Unity", {"Unity"}, {"brands/amenity/pharmacy"}),
        "Q2": Brand("Acme Bank", {"Acme Bank"}, {"brands/amenity/bank"}),
        "Q3": Brand("Acme Taiwan", {"Acme Bank"}, {"brands/amenity/bank"}),
        "Q4": Brand("Zed North", {"Zed"}, {"brands/amenity/bank"}),
        "Q5": Brand("Zed South", {"Zed"}, {"brands/amenity/bank"}),
    }
    rows = [("Unity", "party"), ("Acme Bank", "bank"), ("Zed", "bank"), ("Unity", "company")]
    found = [known(Organisation(name, kind, (), "", ""), brands, by_name(brands)) for name, kind in rows]
    assert found == ["", "Q2", "", "Q1"]
