"""The linker: which entry of Wikidata a name means."""

from __future__ import annotations

from processors.linker import Context, Table, context, link, normal
from processors.tagger.agree import Cluster, Named

LINES = [
    "P\tQ1\tJohn Miller\tgb\t\tMinister for Fisheries\t2",
    "P\tQ2\tJohn Miller\tca\t\tSenator\t1",
    "P\tQ3\tJosé Núñez\tmx\tJosé Antonio Núñez\tPresident\t3",
    "L\tQ10\tCanada\tca\t\t\t3",
    "L\tQ11\tGeorgia\tge\t\t\t3",
    "L\tQ12\tGeorgia\tus\t\t\t1",
    "O\tQ20\tBank for Examples\t\tBFE\t\t2",
]
TABLE = Table(LINES, ["ca\tCanadian|Canadians\tOttawa", "gb\tBritish\tLondon", "mx\tMexican\tMexico City"])
CANADA = "Canadian lawmakers in Ottawa heard John Miller ."
FISH = "the fisheries minister , John Miller"
NOWHERE = Context(frozenset(), frozenset())


def named(name: str, kind: str) -> Cluster:
    """A cluster with one mention of the name."""
    return Cluster(name, kind, [Named(0, len(name), tuple(name.split()), kind, 0.9, name.lower())])


def test_a_name_alone_links_no_person() -> None:
    """Without country or office in the text a person stays unlinked."""
    assert link(named("John Miller", "person"), NOWHERE, TABLE) is None
    assert link(named("José Núñez", "person"), NOWHERE, TABLE) is None


def test_the_country_decides_between_namesakes() -> None:
    """Of two people of the same name the one whose country is named is meant."""
    here = context(CANADA.split(), [], TABLE, CANADA)
    found = link(named("John Miller", "person"), here, TABLE)
    assert found is not None
    assert (found.entry.identifier, found.evidence) == ("Q2", "wikidata: country CA in text")


def test_a_private_person_in_the_right_country_is_no_politician() -> None:
    """A namesake without a word of public life near the name stays unlinked."""
    text = "In Ottawa the Canadian sculptor John Miller opened a show ."
    assert link(named("John Miller", "person"), context(text.split(), [], TABLE, text), TABLE) is None


def test_the_office_decides_too() -> None:
    """An office's telling word in the text speaks for its holder."""
    found = link(named("John Miller", "person"), context(FISH.split(), [], TABLE, FISH), TABLE)
    assert found is not None
    assert found.entry.identifier == "Q1"


def test_namesakes_that_the_text_supports_alike_stay_unlinked() -> None:
    """In doubt there is no link."""
    assert (
        link(
            named("John Miller", "person"), Context(frozenset(), frozenset({"ca", "gb"}), "Senator John Miller"), TABLE
        )
        is None
    )


def test_accents_and_middle_names_do_not_matter() -> None:
    """The press's spelling finds the entry."""
    here = Context(frozenset(), frozenset({"mx"}))
    assert all(link(named(name, "person"), here, TABLE) for name in ("Jose Nunez", "José Antonio Núñez"))


def test_a_leader_is_known_by_title_and_surname() -> None:
    """President Núñez is linked in an article on Mexico; without the title, or elsewhere, he is not."""
    text = "Mexican envoys of President Nunez"
    cluster = Cluster("Nunez", "person", [Named(28, 33, ("Nunez",), "person", 0.9, "nunez")])
    found = link(cluster, context(text.split(), [], TABLE, text), TABLE)
    assert found is not None
    assert found.entry.identifier == "Q3"
    assert link(cluster, Context(frozenset(), frozenset(), text), TABLE) is None
    assert link(named("Nunez", "person"), context(text.split(), [], TABLE, text), TABLE) is None


def test_a_place_of_two_meanings_is_left_open() -> None:
    """Georgia is a country and a state; Canada is one thing."""
    assert link(named("Georgia", "place"), NOWHERE, TABLE) is None
    found = link(named("Canada", "place"), NOWHERE, TABLE)
    assert found is not None
    assert found.entry.identifier == "Q10"


def test_in_an_account_of_a_match_a_country_is_its_team() -> None:
    """Canada scoring a goal is not the country, playing in Canada is."""
    text = "Canada scored : the coach of the football team praised the match ."
    assert link(named("Canada", "place"), context(text.split(), [], TABLE, text), TABLE) is None
    text = text.replace("Canada scored", "in Canada they scored")
    cluster = Cluster("Canada", "place", [Named(3, 9, ("Canada",), "place", 0.9, "canada")])
    assert link(cluster, context(text.split(), [], TABLE, text), TABLE)


def test_a_type_that_does_not_fit_is_not_linked() -> None:
    """A person called Canada is not the country."""
    assert link(named("Canada", "person"), NOWHERE, TABLE) is None


def test_a_table_corrects_the_type_of_bodies_and_countries() -> None:
    """A body taken for a place is a body, a country taken for an organisation a place."""
    found = [link(named("BFE", "place"), NOWHERE, TABLE), link(named("Canada", "organisation"), NOWHERE, TABLE)]
    assert [one.entry.kind for one in found if one] == ["O", "L"]


def test_names_are_compared_without_accents_points_and_case() -> None:
    """Both sides of a comparison are normalised alike."""
    assert normal("J.-C. Núñez’s") == "j c nunezs"
    assert normal("U.S.") == "us"
