"""What results can be narrowed by: counted, named, and with the query that each choice leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk.search import facets, topics
from desk.search.found import Facet, FacetValue
from desk.search.language import parse

POLITICS, DIPLOMACY = "medtop:11000000", "medtop:20000639"


def answer(counts: Mapping[str, Mapping[str, int]], others: int = 0) -> dict[str, Any]:
    """Elasticsearch's aggregations with these counts."""
    names = [name.removeprefix("facet.") for name in facets.asked(parse(""))]
    return {
        f"facet.{name}": {
            "sum_other_doc_count": others,
            "buckets": [{"key": key, "doc_count": count} for key, count in counts.get(name, {}).items()],
        }
        for name in names
    }


def read(text: str, **counts: Mapping[str, int]) -> dict[str, Facet]:
    """The facets of a query whose hits count so."""
    return {facet.field: facet for facet in facets.read(parse(text), answer(counts))}


def labels(facet: Facet) -> list[tuple[str, int]]:
    """What a person reads of a facet."""
    return [(value.label, value.count) for value in facet.values]


def test_each_value_leads_to_the_query_with_it() -> None:
    """A value that is not chosen carries the query with it added, read exactly."""
    (value,) = read("grain", person={"Ann Lee": 3})["person"].values
    assert value == FacetValue("Ann Lee", "Ann Lee", 3, 'grain person:="Ann Lee"')


def test_a_chosen_value_leads_back_and_stays_listed() -> None:
    """A value that is chosen carries the query without it, and is there though nothing is found with it."""
    (value,) = read('grain person:="Ann Lee"')["person"].values
    assert (value.text, value.is_chosen, value.count) == ("grain", True, 0)


def test_an_articles_other_sources_count_as_its_sources() -> None:
    """A source counts the articles that it gave first and those that it gave, too."""
    assert labels(read("", source={"herald": 3, "post": 1}, also={"post": 4})["source"]) == [("post", 5), ("herald", 3)]


def test_languages_are_named_and_the_rest_is_counted() -> None:
    """People read the language's name; articles under values that are not listed are counted together."""
    found = {facet.field: facet for facet in facets.read(parse(""), answer({"lang": {"en": 2, "xx": 1}}, others=9))}
    assert labels(found["lang"]) == [("English", 2), ("xx", 1)]
    assert found["lang"].others == 9


def test_topics_open_below_the_chosen_one() -> None:
    """The top level is listed, and below a chosen topic what is right below it, each with its depth."""
    below = topics.children_of(POLITICS)
    assert set(below) <= set(facets.asked(parse(f"topic:{POLITICS}"))["facet.topic"]["terms"]["include"])
    assert not set(below) & set(facets.asked(parse(""))["facet.topic"]["terms"]["include"])
    values = read(f"topic:{POLITICS}", topic={POLITICS: 9, below[0]: 4, "medtop:15000000": 1})["topic"].values
    assert [(value.value, value.depth, value.is_chosen) for value in values] == [
        (POLITICS, 0, True),
        (below[0], 1, False),
        ("medtop:15000000", 0, False),
    ]


def test_a_topic_deep_in_the_tree_stands_below_its_parents() -> None:
    """A chosen topic of a lower level is shown on its branch."""
    path = [*topics.parents_of(DIPLOMACY), DIPLOMACY]
    values = read("topic:diplomacy", topic=dict.fromkeys(path, 2))["topic"].values
    assert [value.value for value in values] == path
    assert [value.depth for value in values] == list(range(len(path)))


def test_only_what_narrows_the_whole_query_counts_as_chosen() -> None:
    """A value in a list is chosen; one that is excluded, or one side of an OR, is not."""
    assert facets.chosen(parse("grain source:herald,post -source:times"), "source") == ("herald", "post")
    assert facets.chosen(parse("(source:herald OR wheat) grain"), "source") == ()


def test_a_field_without_values_has_no_facet() -> None:
    """What cannot narrow is not shown."""
    assert set(read("", lang={"en": 1})) == {"lang"}
