"""One entry of `sources.toml`: where articles come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.article import Contract

SourceKind = Literal["files"]


class SourceSpec(Contract):
    """A source by name: its kind, where it is, and what is known of all its articles.

    `path` is a file or folder for `files`. `title_line` says whether a plain text's first line may be its title.
    `language` is the language declared for articles that do not say theirs (BCP 47).
    """

    schema_version: Literal[1] = 1
    name: Annotated[str, StringConstraints(pattern=r"^[\w][\w .:@/+-]{0,198}$")]
    kind: SourceKind
    path: Annotated[str, Field(min_length=1)] | None = None
    paused: bool = False
    title_line: bool = True
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$")] | None = None
