"""What the sink makes of a message before it goes to the index: a document, or the reason why it can be none."""

from __future__ import annotations

import re

from processors.bulk import document_problem
from processors.letters import PermanentError
from processors.message import Message
from processors.store import Entry, entry
from schemas.article import EnrichedArticle
from schemas.envelope import ARTICLE_VERSION, SCHEMA_VERSION, whole_number

_ID = re.compile(rb"[0-9a-f]{32}")
_KNOWN = str(EnrichedArticle.model_fields["schema_version"].default)


def admitted(message: Message) -> Entry:
    """The entry for a message from `articles.enriched`, taken by its key and headers; the body is not parsed.

    Raises:
        PermanentError: key, headers or value cannot make a document.
    """
    article_id = article_of(message)
    if article_id is None:
        raise PermanentError("bad_envelope", "the key is no article id")
    said = message.attributes
    if said.get(SCHEMA_VERSION) != _KNOWN:
        raise PermanentError("unknown_version", f"schema version {said.get(SCHEMA_VERSION, 'missing')!r}")
    version = whole_number(said.get(ARTICLE_VERSION))
    if version is None:
        raise PermanentError("bad_envelope", f"{ARTICLE_VERSION} is no version: {said.get(ARTICLE_VERSION)!r}")
    if problem := document_problem(message.value):
        raise PermanentError("not_json", problem)
    return entry(message, article_id, version)


def article_of(message: Message) -> str | None:
    """The article that the key names; none where it names none."""
    return message.key.decode("ascii") if message.key is not None and _ID.fullmatch(message.key) else None


def version_of(message: Message) -> int | None:
    """The version that the headers name; none where they name none."""
    return whole_number(message.attributes.get(ARTICLE_VERSION))
