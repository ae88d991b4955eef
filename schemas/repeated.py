"""Lines that repeat across one source's own articles, learned as they come: what stands on `sources.repeated`.

One record a line, keyed by source and line: two workers that learn at once never overwrite each other.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.article import Contract

LineId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class RepeatedLine(Contract):
    """One line of page furniture that a source puts around its articles.

    `line` is the fingerprint of the line's text, `text` its first 200 characters for people to read. It stood in
    `seen` of the `articles` that were looked at when it was learned.
    """

    schema_version: Literal[1] = 1
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    line: LineId
    text: Annotated[str, StringConstraints(max_length=200)]
    seen: Annotated[int, Field(ge=1)]
    articles: Annotated[int, Field(ge=1)]

    @property
    def key(self) -> bytes:
        """The record's key on the stream."""
        return f"{self.source}\x00{self.line}".encode()
