"""Every raw message ends as one enriched article or one dead letter; nothing raises."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.enrich import NoTextError, enrich
from processors.enrichers.draft import Draft, Enricher
from processors.letters import PermanentError
from processors.message import Message, Outgoing
from processors.outcome import enriched, outcome, parsed
from schemas.article import EnrichedArticle
from schemas.dead import DEAD_RECORD, DeadLetter
from schemas.envelope import attributes, envelope
from schemas.streams import streams
from tests.fakes import FETCHED_AT, TEXT, raw_article, raw_message, unit_settings

NAMES = streams(unit_settings())


def altered(**changes: Any) -> bytes:
    """The JSON of a good raw article with fields changed; what is changed to `...` is left out."""
    fields = {**raw_article().model_dump(mode="json"), **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def buried(message: Message) -> DeadLetter:
    """The letter that a message ends in."""
    out = outcome(message, NAMES, "host-1")
    assert out.stream == "articles.dead"
    found = DEAD_RECORD.validate_json(out.value)
    assert isinstance(found, DeadLetter)
    return found


def stored(out: Outgoing) -> EnrichedArticle:
    """The enriched article of a message that was sent on."""
    assert out.stream == "articles.enriched"
    return EnrichedArticle.model_validate_json(out.value)


POISON = [
    pytest.param(None, "not_json", "tombstone", id="a tombstone"),
    pytest.param(b"", "not_json", "", id="nothing"),
    pytest.param(b"hello", "not_json", "", id="no JSON"),
    pytest.param(b'{"id": "a"', "not_json", "", id="cut short"),
    pytest.param(altered().replace(b"Geneva", b"Gen\xe8ve"), "not_json", "", id="not UTF-8"),
    pytest.param(altered().replace(b"Geneva", b"\\ud800"), "not_json", "hex escape", id="half a surrogate pair"),
    pytest.param(b"[" * 100_000, "not_json", "", id="nested too deep"),
    pytest.param(b"[1]", "invalid", "body", id="no object"),
    pytest.param(b"null", "invalid", "body", id="null"),
    pytest.param(b"{}", "invalid", "id: Field required", id="empty object"),
    pytest.param(altered(surprise=1), "invalid", "surprise: Extra inputs", id="an unknown field"),
    pytest.param(altered(content=5), "invalid", "content: Input should be a valid string", id="a wrong type"),
    pytest.param(altered(id="A" * 32), "invalid", "id: String should match", id="no id"),
    pytest.param(altered(fetched_at="2026-01-01T00:00:00"), "invalid", "fetched_at", id="a time without a zone"),
    pytest.param(altered(fetched_at="0001-01-01T00:00:00+14:00"), "invalid", "fetched_at", id="before the year 1"),
    pytest.param(altered(content_type="text/rtf"), "invalid", "content_type", id="an unknown content type"),
    pytest.param(altered(schema_version=2), "unknown_version", "schema_version", id="a later version"),
    pytest.param(altered(schema_version=2, surprise=1), "unknown_version", "", id="a later version with its fields"),
    pytest.param(altered(schema_version="1"), "unknown_version", "", id="a version as text"),
    pytest.param(altered(schema_version=...), "unknown_version", "does not say", id="no version"),
    pytest.param(altered(content="  \n"), "no_text", "no text", id="no text"),
    pytest.param(altered(content="<div></div>", content_type="text/html"), "no_text", "no text", id="an empty page"),
]


@pytest.mark.parametrize(("value", "reason", "detail"), POISON)
def test_each_poison_ends_in_a_letter_with_its_reason_and_its_bytes(
    value: bytes | None, reason: str, detail: str
) -> None:
    """What no retry can cure is buried under the right reason, in words, with its original bytes."""
    found = buried(raw_message(value=value))
    assert found.reason == reason
    assert detail in found.detail
    assert found.original_value == value
    assert (found.stage, found.by, found.offset) == ("enrich", "host-1", 41)


@pytest.mark.parametrize("key", [None, b"", b"0" * 32, b"\xff\xfe"])
def test_a_message_under_another_key_is_buried(key: bytes | None) -> None:
    """A message whose key is not its article's id could pass another article by: it is a bad envelope."""
    found = buried(raw_message(key=key))
    assert (found.reason, found.original_key) == ("bad_envelope", key)


@settings(max_examples=40, deadline=None)
@given(st.none() | st.binary(max_size=60), st.none() | st.binary(max_size=60), st.integers(0, 2**40))
def test_arbitrary_bytes_are_buried_and_nothing_raises(key: bytes | None, value: bytes | None, offset: int) -> None:
    """Whatever bytes stand on the stream, the outcome is a letter that holds them."""
    found = buried(Message("articles.raw", 0, offset, 1, key, value))
    assert (found.original_key, found.original_value) == (key, value)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 600), st.integers(0, 255))
def test_a_message_with_one_byte_changed_never_raises(position: int, byte: int) -> None:
    """A message that was damaged on the way is enriched or buried, and nothing else."""
    value = bytearray(altered())
    value[position % len(value)] = byte
    out = outcome(raw_message(value=bytes(value)), NAMES, "host-1")
    assert out.stream in ("articles.enriched", "articles.dead")


def test_a_good_message_becomes_the_document() -> None:
    """The enriched article goes on under the same key, and is of the contract."""
    message = raw_message()
    out = outcome(message, NAMES, "host-1")
    article = stored(out)
    assert out.key == message.key
    assert (article.id, article.version, article.source) == (raw_article().id, raw_article().version, "herald")
    assert b"\n" not in out.value


def test_the_envelope_says_which_raw_message_it_was_made_of() -> None:
    """Headers name version, place and time of the raw message, so that the way of every article can be followed."""
    said = attributes(outcome(raw_message(), NAMES, "host-1").headers)
    assert said["ce_type"] == "wiredesk.article.enriched"
    assert said["ce_articleversion"] == str(raw_article().version)
    assert (said["ce_rawplace"], said["ce_rawtime"]) == ("2:41", "1772368215250")
    assert "ce_attempts" not in said


def test_attempts_are_handed_on() -> None:
    """An article that was retried says so on the next stream, too: the sink's letter counts on from there."""
    headers = (*envelope("article.raw", "e", "/wiredesk/sources/herald", 1), ("ce_attempts", b"2"))
    assert attributes(outcome(raw_message(headers=headers), NAMES, "h").headers)["ce_attempts"] == "2"


def test_the_same_message_gives_the_same_bytes() -> None:
    """Replaying a message gives the same document, byte for byte."""
    assert outcome(raw_message(), NAMES, "a").value == outcome(raw_message(offset=99), NAMES, "b").value


def test_an_article_larger_than_the_stream_is_buried() -> None:
    """An enriched article that no message can hold is refused before it is sent."""
    article = enrich(raw_article(), (FILL,)).model_copy(update={"text": {"en": "x" * 34 * 2**20}})
    with pytest.raises(PermanentError) as refused:
        enriched(raw_message(), article, NAMES)
    assert refused.value.reason == "too_large"


def test_a_parsed_message_is_its_article() -> None:
    """What was published is what is enriched."""
    assert parsed(raw_message()) == raw_article()


def _fill(draft: Draft) -> Draft:
    return replace(draft, text=draft.raw.content, extracted=draft.raw.content, title="Talks")


def _broken(_: Draft) -> Draft:
    raise KeyError("no such word")


def _cut_all(draft: Draft) -> Draft:
    return replace(draft, text=" \n ")


FILL = Enricher("fill", 3, _fill, ("text", "extracted", "title"))
BROKEN = Enricher("broken", 7, _broken, ("topics",))
CUT_ALL = Enricher("cut", 1, _cut_all, ("text",))


def test_an_enricher_that_fails_costs_its_field_with_a_note() -> None:
    """The article keeps everything else, a note names the enricher and its error, and its version stands."""
    article = enrich(raw_article(), (FILL, BROKEN))
    assert article.text == {"other": TEXT}
    assert article.topics == ()
    assert [(note.enricher, note.message) for note in article.notes] == [("broken", "failed: KeyError: 'no such word'")]
    assert article.enrichers == {"fill": 3, "broken": 7}


def test_an_enricher_that_fails_with_an_endless_message_is_noted_briefly() -> None:
    """The note of a failure is bounded, whatever the error says."""

    def verbose(_: Draft) -> Draft:
        raise ValueError("x" * 10_000)

    article = enrich(raw_article(), (FILL, Enricher("verbose", 1, verbose, ())))
    assert len(article.notes[0].message) <= 500


def test_no_text_is_no_article() -> None:
    """Where nothing is left to read there is nothing to index."""
    for enrichers in ((), (FILL, CUT_ALL), (BROKEN,)):
        with pytest.raises(NoTextError):
            enrich(raw_article(), enrichers)


def test_without_a_known_date_it_is_the_time_of_fetching() -> None:
    """Every article has a date to sort by: when it was published, else when it was fetched."""
    assert enrich(raw_article(), (FILL,)).date == FETCHED_AT
    dated = Enricher("dates", 1, lambda draft: replace(draft, published_at=FETCHED_AT.replace(year=2020)), ())
    assert enrich(raw_article(), (FILL, dated)).date.year == 2020


@pytest.mark.parametrize(("language", "key"), [("en", "en"), ("nb", "no"), ("PT-BR", "pt-br"), ("xx", "other")])
def test_text_and_title_stand_under_their_language(language: str, key: str) -> None:
    """Title and text have one key, the language that Elasticsearch has an analyzer for."""
    told = Enricher("language", 1, lambda draft: replace(draft, language=language), ())
    article = enrich(raw_article(), (FILL, told))
    assert (article.title, article.text) == ({key: "Talks"}, {key: TEXT})
    assert article.language == language
