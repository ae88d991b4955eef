"""The sink takes a message by its key and headers, or says why it can be no document."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.intake import admitted
from processors.letters import PermanentError
from processors.message import Message
from schemas.envelope import envelope, whole_number
from tests.fakes import enriched_message, quick


def headers(**changes: str | None) -> tuple[tuple[str, bytes], ...]:
    """The headers of an enriched article; one that is changed to none is left out."""
    given_ = dict(envelope("article.enriched", "e", "/x", 1, articleversion=5))
    changed = {f"ce_{name}": value.encode() if value is not None else None for name, value in changes.items()}
    return tuple((name, value) for name, value in {**given_, **changed}.items() if value is not None)


def test_a_good_message_becomes_its_document() -> None:
    """Id and version come from key and headers, and the value goes into the request byte for byte."""
    message = enriched_message(7, version=1_772_368_215_250)
    lines = admitted(message).lines.split(b"\n")
    assert f'"_id":"{7:032x}","version":1772368215250'.encode() in lines[0]
    assert lines[1] == message.value


BAD: list[Any] = [
    pytest.param({"key": None}, "bad_envelope", "key", id="no key"),
    pytest.param({"key": b"7"}, "bad_envelope", "key", id="a key that is no id"),
    pytest.param({"key": b"A" * 32}, "bad_envelope", "key", id="upper case"),
    pytest.param({"key": b"a" * 32 + b"\n"}, "bad_envelope", "key", id="a line break behind the id"),
    pytest.param({"headers": ()}, "unknown_version", "missing", id="no headers"),
    pytest.param({"headers": headers(schemaversion="2")}, "unknown_version", "'2'", id="a later schema"),
    pytest.param({"headers": headers(articleversion=None)}, "bad_envelope", "ce_articleversion", id="no version"),
    pytest.param({"headers": headers(articleversion="-1")}, "bad_envelope", "-1", id="a negative version"),
    pytest.param({"headers": headers(articleversion="1.5")}, "bad_envelope", "1.5", id="a broken version"),
    pytest.param({"headers": headers(articleversion="9" * 19)}, "bad_envelope", "999", id="too great a version"),
    pytest.param({"headers": headers(articleversion="٣")}, "bad_envelope", "٣", id="another script's digit"),
    pytest.param({"value": None}, "not_json", "no value", id="a tombstone"),
    pytest.param({"value": b"hello"}, "not_json", "no JSON object", id="no object"),
    pytest.param({"value": b'{"a":\n1}'}, "not_json", "line break", id="a line break"),
]


@pytest.mark.parametrize(("changes", "reason", "detail"), BAD)
def test_what_can_be_no_document_is_refused_with_its_reason(changes: dict[str, Any], reason: str, detail: str) -> None:
    """Each fault of key, headers or value has its reason, and the words name what is at fault."""
    with pytest.raises(PermanentError) as refused:
        admitted(enriched_message(1, **changes))
    assert refused.value.reason == reason
    assert detail in refused.value.detail


@quick
@given(
    st.none() | st.binary(max_size=40),
    st.none() | st.binary(max_size=40),
    st.lists(st.tuples(st.sampled_from(["ce_schemaversion", "ce_articleversion", "x"]), st.none() | st.binary())),
)
def test_any_message_is_admitted_or_refused_for_good(
    key: bytes | None, value: bytes | None, said: list[tuple[str, bytes | None]]
) -> None:
    """Whatever a message holds, it is a document on two lines or a permanent refusal, and nothing else."""
    with contextlib.suppress(PermanentError):
        lines = admitted(Message("articles.enriched", 0, 0, 0, key, value, tuple(said))).lines
        assert lines.count(b"\n") == 2


@quick
@given(st.none() | st.text(max_size=25))
def test_a_whole_number_is_plain_digits_or_none(text: str | None) -> None:
    """A header's number is read only from plain digits, and is never negative nor too great for Elasticsearch."""
    number = whole_number(text)
    assert number is None or (0 <= number < 2**63 and str(number) == (text or "").lstrip("0").zfill(1))
