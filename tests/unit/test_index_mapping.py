"""The index is made from the contract: every field is mapped, strictly, text by its language."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from schemas.article import EnrichedArticle, Entity, Note, Topic
from schemas.index import ANALYZERS, OTHER_LANGUAGE, _properties, index_body, mapping, text_key
from tests.fakes import quick, unit_settings

# Lucene refuses a term of more bytes.
LONGEST_TERM = 32_766


def test_every_field_of_the_contract_is_mapped() -> None:
    """The mapping has the fields of the enriched article, neither more nor fewer, and so have its parts."""
    found = mapping()["properties"]
    assert set(found) == set(EnrichedArticle.model_fields)
    parts: dict[str, type[BaseModel]] = {"entities": Entity, "topics": Topic, "notes": Note}
    for name, model in parts.items():
        assert set(found[name]["properties"]) == set(model.model_fields)


def test_a_field_that_is_not_known_is_refused_at_every_depth() -> None:
    """The mapping is strict at the top, in each part, and in the languages of title and text."""
    found = mapping()
    assert found["dynamic"] == "strict"
    for name in ("entities", "topics", "notes", "title", "text"):
        assert found["properties"][name]["dynamic"] == "strict"


def test_text_is_analysed_by_its_language() -> None:
    """Title and text have one field for each language of Elasticsearch and one for the rest, with offsets."""
    for name in ("title", "text"):
        found = mapping()["properties"][name]["properties"]
        assert set(found) == {*ANALYZERS, OTHER_LANGUAGE}
        analyzers = [found[code]["analyzer"] for code in ("ru", "en", "other")]
        assert analyzers == ["russian", "english", "standard"]
        assert all(one["index_options"] == "offsets" for one in found.values())


def test_names_are_searched_by_their_words_and_counted_whole() -> None:
    """Names of entities, topics, sources and authors are keywords, with their words beside them."""
    found = mapping()["properties"]
    parts = [found[name]["properties"]["name"] for name in ("entities", "topics")]
    fields = ("source", "authors", "people", "organisations", "places", "events")
    for field in (*parts, *(found[name] for name in fields)):
        assert field["type"] == "keyword"
        assert field["fields"]["words"]["analyzer"] == "wiredesk_name"


def test_what_is_only_shown_is_stored_and_not_indexed() -> None:
    """Mentions, cuts and versions take no room in the index."""
    found = mapping()["properties"]
    stored = (found["cuts"], found["enrichers"], found["entities"]["properties"]["mentions"])
    assert all(one == {"type": "object", "enabled": False} for one in stored)


def test_no_keyword_can_refuse_a_document_for_its_length() -> None:
    """Every keyword that is indexed passes over what could be too long a term, at four bytes to a character."""

    def keywords(properties: dict[str, Any]) -> list[dict[str, Any]]:
        inner = [one for field in properties.values() for one in keywords(field.get("properties", {}))]
        return inner + [field for field in properties.values() if field.get("type") == "keyword"]

    for field in keywords(mapping()["properties"]):
        is_term = field.get("index", True) or field.get("doc_values", True)
        assert not is_term or field["ignore_above"] * 4 <= LONGEST_TERM


def test_the_index_follows_the_settings() -> None:
    """Shards, replicas and refresh come from the settings, and the body is plain JSON."""
    body = index_body(unit_settings(index_shards=3, index_replicas=2, index_refresh="5s"))
    told = body["settings"]
    assert (told["number_of_shards"], told["number_of_replicas"], told["refresh_interval"]) == (3, 2, "5s")
    assert body["mappings"] == mapping()
    assert json.loads(json.dumps(body)) == body


def test_a_field_without_its_mapping_is_a_mistake_that_is_named() -> None:
    """A model whose field does not say how it is indexed is refused by name."""

    class Forgetful(BaseModel):
        name: Annotated[str, "no mapping"]

    with pytest.raises(TypeError, match=r"Forgetful\.name does not say how it is indexed"):
        _properties(Forgetful)


KEYS = {
    "en": "en",
    "EN": "en",
    "pt-BR": "pt-br",
    "pt": "pt",
    "nb": "no",
    "nn": "no",
    "ku": "ckb",
    "zh": "zh",
    "xx": "other",
    "": "other",
    None: "other",
}


@pytest.mark.parametrize(("language", "key"), KEYS.items())
def test_a_language_has_its_key(language: str | None, key: str) -> None:
    """A language that Elasticsearch analyses is its own key, close ones share one, and all others are `other`."""
    assert text_key(language) == key


@quick
@given(st.none() | st.text(max_size=10))
def test_any_language_has_a_key_that_is_mapped(language: str | None) -> None:
    """Whatever a language is called, its text has a field in the mapping."""
    assert text_key(language) in {*ANALYZERS, OTHER_LANGUAGE}
