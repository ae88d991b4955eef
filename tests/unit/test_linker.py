"""The linker: which entry of Wikidata a name means."""

from __future__ import annotations

import pytest

from processors.linker import CITY, Context, Table, context, link, normal
from processors.tagger.agree import Cluster, Named
from processors.training.entry import Entry, packed

TABLE = Table(
    packed(
        [
            Entry("P", "Q1", "John Miller", "gb", offices={"Minister for Fisheries"}, rank=2, since=2010, until=2014),
            Entry("P", "Q2", "John Miller", "ca", offices={"Senator"}),
            Entry("P", "Q3", "José Núñez", "mx", {"José Antonio Núñez"}, {"President"}, 3),
            Entry("L", "Q10", "Canada", "ca", rank=3),
            Entry("L", "Q11", "Georgia", "ge", rank=3),
            Entry("L", "Q12", "Georgia", "us"),
            Entry("L", "Q13", "Texas", "us"),
            Entry("L", "Q14", "Ottawa", "ca", offices={CITY}, rank=2),
            Entry("L", "Q15", "Victoria", "ca"),
            Entry("O", "Q20", "Bank for Examples", "", {"BFE"}, {"body"}, 2),
            Entry("O", "Q21", "Pear", "", {"Pear Inc."}, {"company"}, 2, unsure={"pear"}),
            Entry("O", "Q22", "Upper House", "ca", set(), {"agency"}, 2),
            Entry("O", "Q24", "Free Army", "", set(), {"military"}, 2),
            Entry("O", "Q23", "New Bell", "", set(), {"company"}, 2, since=2010),
        ]
    ),
    ["ca\tCanadian|Canadians\tOttawa", "gb\tBritish\tLondon", "mx\tMexican\tMexico City", "ge\tGeorgian\tTbilisi"],
)
CANADA = "Canadian lawmakers in Ottawa heard John Miller ."
FISH = "the fisheries minister , John Miller"
NOWHERE = Context(frozenset(), frozenset())


def named(name: str, kind: str, start: int = 0) -> Cluster:
    """A cluster with one mention of the name."""
    return Cluster(name, kind, [Named(start, start + len(name), tuple(name.split()), kind, 0.9, name.lower())])


def linked(name: str, kind: str, text: str, year: int = 0) -> str:
    """The id that the name has in the text, or nothing."""
    found = link(named(name, kind, text.index(name)), context(text.split(), [], TABLE, text, year), TABLE)
    return found.entry.identifier if found else ""


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


def test_an_article_from_before_an_office_names_someone_else() -> None:
    """A namesake of the 1990s is not the minister of 2010; retired people stay in the news for some years."""
    text = "the British fisheries minister , John Miller"
    years = (1996, 2008, 2012, 2025, 2040)
    assert [linked("John Miller", "person", text, year) for year in years] == ["", "Q1", "Q1", "Q1", ""]
    assert linked("John Miller", "person", f"{text} , in 1996") == ""


def test_a_country_in_the_text_tells_two_places_apart() -> None:
    """Georgia among Georgian words is the country; a state is linked only where its country is named."""
    assert linked("Georgia", "place", "Georgian troops in Georgia") == "Q11"
    assert linked("Victoria", "place", "Canadian rain in Victoria") == "Q15"
    assert linked("Victoria", "place", "rain in Victoria") == ""


def test_a_city_named_with_another_state_is_another_city() -> None:
    """Ottawa is the capital; Ottawa, Ill. and Ottawa, Texas are not."""
    assert linked("Ottawa", "place", "rain in Ottawa , it said") == "Q14"
    assert linked("Ottawa", "place", "rain in Ottawa, Ill., it said") == ""
    assert linked("Ottawa", "place", "rain in Ottawa County, it said") == ""
    assert linked("Ottawa", "place", "rain in Ottawa, Texas, it said") == ""


@pytest.mark.parametrize("text", ["North Canada", "Canada $5"])
def test_a_part_of_another_name_is_no_country(text: str) -> None:
    """North Canada is not Canada, nor is a currency."""
    assert linked("Canada", "place", text) == ""


def test_a_company_called_like_a_word_needs_words_of_its_trade() -> None:
    """Pear is a company where shares and profit are spoken of, or where its form is named."""
    assert linked("Pear", "organisation", "Pear grows well") == ""
    assert linked("Pear", "organisation", "shares of Pear rose on profit") == "Q21"
    assert linked("Pear Inc.", "organisation", "Pear Inc. grows well") == "Q21"
    assert linked("Pear Inc.", "organisation", "Pear Inc. of Canada grows well") == ""
    assert linked("Pear", "person", "shares of Pear rose on profit") == ""
    assert linked("Pear", "organisation", "shares of fruit (Pear) rose on profit") == ""


def test_a_name_that_many_countries_have_needs_the_article_to_be_of_one() -> None:
    """The Upper House is the Canadian one where most is said of Canada."""
    assert linked("Upper House", "organisation", "Canadian bills in the Upper House") == "Q22"
    assert linked("Upper House", "organisation", "British lords , British bills , a Canadian : Upper House") == ""


def test_an_organisation_is_not_linked_before_its_time() -> None:
    """What bore the name earlier was another company."""
    assert [linked("New Bell", "organisation", "New Bell rang", year) for year in (1999, 2012)] == ["", "Q23"]


def test_a_team_taken_for_an_organisation_is_no_country() -> None:
    """Canada as an organisation in an account of a match is its team."""
    assert linked("Canada", "organisation", "the coach of Canada praised the team") == ""


def test_a_branch_of_an_armed_group_is_not_the_group() -> None:
    """The Free Army in the North is another one; the Free Army in a sentence that goes on is itself."""
    assert linked("Free Army", "organisation", "the Free Army in the North fled") == ""
    assert linked("Free Army", "organisation", "the Free Army in retreat fled") == "Q24"
