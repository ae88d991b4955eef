"""What the sink tells of each bulk on `articles.stored`: which articles it brought to their end, when and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.article import ArticleId, Contract, UtcMoment


class ReceiptItem(Contract):
    """One message of `articles.enriched` that came to its end, by its partition and offset there.

    `id` and `version` are none where its key or headers did not name them, as a dead one's may not. `stale` means
    that a newer version stood in the index already.
    """

    id: ArticleId | None
    version: int | None
    verdict: Literal["stored", "stale", "dead"]
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]


class Receipt(Contract):
    """One bulk: Elasticsearch had answered for all its items `at`, `took_ms` after the sink had begun with it.

    Receipts tell what happened, and nothing waits for them to be read. The same message may stand in more than one:
    a sink that was killed before it could commit reads it again.
    """

    schema_version: Literal[1] = 1
    at: UtcMoment
    took_ms: Annotated[float, Field(ge=0)]
    by: str
    items: tuple[ReceiptItem, ...]
