"""Writes dead letters: pure functions from a message and a reason to what goes to `articles.dead`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from processors.message import Message, Outgoing
from schemas.dead import DeadLetter, Reason, Stage, encoded, letter_id
from schemas.envelope import ATTEMPTS, envelope, whole_number

_ID = re.compile(rb"[0-9a-f]{32}")
_LONGEST_DETAIL = 2000
# The original is kept whole up to here; a larger one stays on its stream, and the letter says where.
_LARGEST_ORIGINAL = 16 * 2**20


class PermanentError(Exception):
    """No retry can cure this message; `reason` is the dead letter's."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


def letter(message: Message, stage: Stage, reason: Reason, detail: str, by: str) -> DeadLetter:
    """The dead letter for a message that `by` gave up on."""
    key = message.key or b""
    article_id = key.decode("ascii") if _ID.fullmatch(key) else None
    whole = message.value is None or len(message.value) <= _LARGEST_ORIGINAL
    return DeadLetter(
        id=letter_id(message.stream, message.partition, message.offset),
        article_id=article_id,
        source=_source(message),
        stage=stage,
        reason=reason,
        detail=(detail if whole else f"{detail} (the original is too large to keep here)")[:_LONGEST_DETAIL],
        attempts=(whole_number(message.attributes.get(ATTEMPTS)) or 0) + 1,
        at=datetime.now(UTC),
        by=by,
        stream=message.stream,
        partition=message.partition,
        offset=message.offset,
        key=encoded(message.key),
        value=encoded(message.value) if whole else None,
        headers=message.attributes,
    )


def _source(message: Message) -> str | None:
    return message.attributes.get("ce_source", "").removeprefix("/wiredesk/sources/") or None


def posted(dead: DeadLetter, stream: str) -> Outgoing:
    """The letter as a message: keyed by its article, or by its own id where no article is named."""
    return Outgoing(
        stream=stream,
        key=(dead.article_id or dead.id).encode("utf-8"),
        value=dead.model_dump_json().encode("utf-8"),
        headers=envelope("article.dead", dead.id, f"/wiredesk/{dead.stage}", dead.schema_version, reason=dead.reason),
    )
