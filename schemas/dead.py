"""What no retry can cure: the dead letter, and what was done about it.

Both stand on `articles.dead`, which only grows: a letter is open until a resolution names it.
"""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.article import Contract, UtcMoment

Stage = Literal["enrich", "sink"]
Reason = Literal[
    "not_json",  # the bytes are no JSON object
    "invalid",  # JSON, but not of the contract
    "unknown_version",  # a schema version this software does not know
    "no_text",  # nothing is left to read
    "bad_envelope",  # key or headers do not name the article and its version
    "refused",  # Elasticsearch refused the document for good
    "too_large",  # no stream or index takes it
    "failed",  # an error of our own
    "undeliverable",  # the result could not be sent on
]


class DeadLetter(Contract):
    """One message that ended here: who gave up on it, when, at which stage and why, with its original bytes.

    `id` is `stream-partition-offset` of where it was read; `key` and `value` are base64; `attempts` counts how
    often it has ended here.
    """

    kind: Literal["dead_letter"] = "dead_letter"
    schema_version: Literal[1] = 1
    id: str
    article_id: str | None
    source: str | None = None
    stage: Stage
    reason: Reason
    detail: str
    attempts: Annotated[int, Field(ge=1)] = 1
    at: UtcMoment
    by: str
    stream: str
    partition: int
    offset: int
    key: str | None
    value: str | None
    headers: dict[str, str] = Field(default_factory=dict)

    @property
    def original_key(self) -> bytes | None:
        """The message's key as it was read."""
        return None if self.key is None else base64.b64decode(self.key)

    @property
    def original_value(self) -> bytes | None:
        """The message's bytes as they were read; none for a tombstone."""
        return None if self.value is None else base64.b64decode(self.value)


class Resolution(Contract):
    """What a person did about a dead letter: `retried` sent its bytes back to its stream, `dropped` closed it."""

    kind: Literal["resolution"] = "resolution"
    schema_version: Literal[1] = 1
    letter: str
    action: Literal["retried", "dropped"]
    at: UtcMoment
    by: str


DeadRecord = Annotated[DeadLetter | Resolution, Field(discriminator="kind")]
DEAD_RECORD: TypeAdapter[DeadLetter | Resolution] = TypeAdapter(DeadRecord)


def letter_id(stream: str, partition: int, offset: int) -> str:
    """The id of the dead letter for the message at that place: one place, one letter, however often it is written."""
    return f"{stream}-{partition}-{offset}"


def encoded(data: bytes | None) -> str | None:
    """Bytes as base64 text, for a letter's `key` and `value`."""
    return None if data is None else base64.b64encode(data).decode("ascii")
