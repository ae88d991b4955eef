"""One entry of `sources.toml`: where articles come from."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.article import Contract
from schemas.identity import HEARTBEAT_SOURCE, has_user

SourceKind = Literal["files", "feed", "sitemap", "page", "url", "warc"]
TextFrom = Literal["auto", "feed", "page"]

# Those that stand at a path, and those that stand at an address of the web.
AT_A_PATH: Final[frozenset[SourceKind]] = frozenset({"files", "warc"})
AT_AN_ADDRESS: Final[frozenset[SourceKind]] = frozenset({"feed", "sitemap", "page", "url"})


def _without_user(address: str) -> str:
    if has_user(address):
        raise ValueError("a user name or password stands in it, which would show wherever it is named: leave it out")
    return address


Address = Annotated[
    str,
    StringConstraints(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/]\S*$", max_length=4096),
    AfterValidator(_without_user),
]
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _not_our_own(name: str) -> str:
    if name == HEARTBEAT_SOURCE:
        raise ValueError("this name is Wiredesk's own, and no search shows its articles: take another")
    return name


class SourceSpec(Contract):
    """A source by name: its kind, where it is, and what is known of all its articles.

    `kind` says how it is read: `feed` (RSS, Atom, JSON Feed), `sitemap` (also a news sitemap or an index of them),
    `page` (a page that lists articles), `url` (a single article), `files`, and `warc` (web archives).
    `path` is a file or folder for `files` and `warc`; `url` is the address of all others, or of one web archive.
    `every` is how often it is looked at again: a number and `s`, `m`, `h` or `d`; a folder that is looked at again
    is a watched folder.
    `links` chooses the links of a `page`: a CSS selector, or an XPath where it begins with `/` or `./`; they are
    found without it where it is empty.
    `content` says whether an article's text is what the `feed` carries or that of its `page`; `auto` takes the page
    unless the feed's own text is long.
    `title_line` says whether a plain text's first line may be its title.
    `language` is the language declared for articles that do not say theirs (BCP 47).
    `note` is for people.
    """

    schema_version: Literal[1] = 1
    name: Annotated[str, StringConstraints(pattern=r"^[\w][\w .:@/+-]{0,198}$"), AfterValidator(_not_our_own)]
    kind: SourceKind
    path: Annotated[str, Field(min_length=1)] | None = None
    url: Address | None = None
    every: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[smhd]$")] = "15m"
    links: Annotated[str, StringConstraints(max_length=1000)] = ""
    content: TextFrom = "auto"
    paused: bool = False
    title_line: bool = True
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$")] | None = None
    note: Annotated[str, StringConstraints(max_length=1000)] = ""

    @property
    def interval(self) -> timedelta:
        """How long after a look the next is due."""
        return timedelta(seconds=int(self.every[:-1]) * _SECONDS[self.every[-1]])

    @property
    def place(self) -> str:
        """Where it is, for people: its address or path."""
        return self.url or self.path or self.name

    @model_validator(mode="after")
    def _stands_somewhere(self) -> Self:
        if self.kind not in AT_A_PATH and not self.url:
            raise ValueError(f'a {self.kind} stands at an address: give url = "https://…"')
        if self.kind == "warc" and bool(self.path) == bool(self.url):
            raise ValueError('a warc stands at a path or at an address: give path = "…" or url = "https://…"')
        if self.url and self.kind not in {*AT_AN_ADDRESS, "warc"}:
            raise ValueError(f"{self.kind} stand at a path, not at a url")
        if self.path and self.kind not in AT_A_PATH:
            raise ValueError(f"a {self.kind} stands at a url, not at a path")
        if self.links and self.kind != "page":
            raise ValueError(f"links choose among those of a page, and this is a {self.kind}")
        return self
