"""One message as both kinds of consumer see it, and one to be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from schemas.article import RawArticle
from schemas.envelope import Headers, attributes, whole_number
from schemas.identity import HEARTBEAT_SOURCE

_HEARTBEAT = f"/wiredesk/sources/{HEARTBEAT_SOURCE}".encode()


@dataclass(frozen=True, slots=True)
class Message:
    """What was read, and where: `timestamp` is in milliseconds since 1970."""

    stream: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @classmethod
    def of(cls, record: Any) -> Message:
        """The message of a record as kafka-python and aiokafka give it."""
        place = record.topic, record.partition, record.offset, record.timestamp
        return cls(*place, record.key, record.value, tuple(record.headers))

    @property
    def attributes(self) -> dict[str, str]:
        """The headers as text by name."""
        return attributes(self.headers)

    @property
    def is_heartbeat(self) -> bool:
        """Whether it carries the article that Wiredesk publishes to itself."""
        return ("ce_source", _HEARTBEAT) in self.headers


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be sent, and on which stream."""

    stream: str
    key: bytes
    value: bytes
    headers: Headers


def raw_version(said: str | None, body: bytes | None) -> int | None:
    """The version of a raw message's article, by its header, else by its body; none where neither says it.

    Args:
        said: what the header `ce_articleversion` holds; none where there is no such header.
        body: the message's value; it is parsed only where the header is missing.
    """
    if said is not None:
        return whole_number(said)
    try:
        return RawArticle.model_validate_json(body or b"").version
    except ValidationError:
        return None


Sending = Callable[[], list[Outgoing]]
