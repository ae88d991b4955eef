"""Tables written or derived beforehand, from which the tagger's word lists and the linker's table are made."""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

KINDS = (
    "company bank news agency party military club league university union charity exchange"  # in the file's order
).split()


class Organisation(NamedTuple):
    """A row of `organisations.tsv`: an organisation as news names it.

    `identifier` is of Wikidata, or empty; `country` an ISO code in lower case where a text must speak of that country
    before the name means this one.
    """

    name: str
    kind: str
    others: tuple[str, ...]
    identifier: str
    country: str


def organisations() -> list[Organisation]:
    """The rows of `organisations.tsv`, written by hand."""
    rows = (line.split("\t") for line in _lines("organisations.tsv"))
    return [
        Organisation(name, kind, tuple(others.split("|")) if others else (), identifier, country)
        for name, kind, others, identifier, country in rows
    ]


def _lines(name: str) -> list[str]:
    return (files(__name__) / name).read_text(encoding="utf-8").splitlines()
