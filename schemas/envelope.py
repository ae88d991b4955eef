"""The headers of every message: CloudEvents in Kafka's binary mode, so that any tool can tell what it sees.

https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

Headers = list[tuple[str, bytes]]

SCHEMA_VERSION = "ce_schemaversion"
ARTICLE_VERSION = "ce_articleversion"
ATTEMPTS = "ce_attempts"
RAW_PLACE = "ce_rawplace"
RAW_TIME = "ce_rawtime"


def envelope(kind: str, event_id: str, source: str, schema_version: int, **more: str | int) -> Headers:
    """Headers of one message.

    Args:
        kind: what it is, as `article.raw`.
        event_id: unique among the messages of that source.
        source: who it comes from, as CloudEvents' URI reference.
        schema_version: of the model in the body.
        more: further attributes, by the names above without `ce_`.
    """
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": source,
        "ce_type": f"wiredesk.{kind}",
        "ce_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        SCHEMA_VERSION: str(schema_version),
        "content-type": "application/json",
        **{f"ce_{name}": str(value) for name, value in more.items()},
    }
    return [(name, value.encode("utf-8", "replace")) for name, value in attributes.items()]


def attributes(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers as text by name; what is not UTF-8 is shown with replacement characters."""
    return {name: (value or b"").decode("utf-8", "replace") for name, value in headers}


def whole_number(text: str | None) -> int | None:
    """A header's number; none where there is none, or it is no plain number of at most 18 digits."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None
