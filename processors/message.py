"""One message as both kinds of consumer see it, and one to be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.envelope import Headers, attributes
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


Sending = Callable[[], list[Outgoing]]
