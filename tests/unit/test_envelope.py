"""Every message says what it is in its headers, readable with any tool."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import attributes, envelope
from tests.fakes import quick


def test_the_envelope_is_a_cloud_event() -> None:
    """The headers hold what CloudEvents requires, the schema version, and the content type without a prefix."""
    said = attributes(envelope("article.raw", "a-1", "/wiredesk/sources/herald", 1, articleversion=5))
    assert said["ce_specversion"] == "1.0"
    assert (said["ce_id"], said["ce_source"]) == ("a-1", "/wiredesk/sources/herald")
    assert said["ce_type"] == "wiredesk.article.raw"
    assert (said["ce_schemaversion"], said["ce_articleversion"]) == ("1", "5")
    assert said["content-type"] == "application/json"


def test_the_envelope_says_when_it_was_made() -> None:
    """The time is of now, in UTC, with its zone."""
    before = datetime.now(UTC).replace(microsecond=0)
    moment = datetime.fromisoformat(attributes(envelope("x", "1", "/", 1))["ce_time"])
    assert before <= moment <= datetime.now(UTC)


@quick
@given(st.text(), st.text(st.characters()), st.text(max_size=20))
def test_any_text_can_stand_in_an_envelope(event_id: str, source: str, reason: str) -> None:
    """Whatever a source is named, its headers can be written, and all but half surrogates come back."""
    said = attributes(envelope("x", event_id, source, 1, reason=reason))
    assert said["ce_source"] == source.encode("utf-8", "replace").decode()
    assert (said["ce_id"], said["ce_reason"]) == (event_id, reason)


@quick
@given(st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=8)), max_size=6))
def test_any_headers_are_read_as_text(headers: list[tuple[str, bytes | None]]) -> None:
    """Headers of any bytes, or none, are text under their names; of two with one name the later stands."""
    said = attributes(headers)
    assert set(said) == {name for name, _ in headers}
    for name, value in dict(headers).items():
        assert said[name] == (value or b"").decode("utf-8", "replace")
