"""Tables written or derived beforehand, from which the tagger's word lists and the linker's table are made."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
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
    return _organisations("organisations.tsv")


def _organisations(table: str) -> list[Organisation]:
    rows = (line.split("\t") for line in _lines(table))
    return [
        Organisation(name, kind, tuple(others.split("|")) if others else (), identifier, country)
        for name, kind, others, identifier, country in rows
    ]


def _lines(name: str) -> list[str]:
    return (files(__name__) / name).read_text(encoding="utf-8").splitlines()


def brands() -> list[Organisation]:
    """The rows of `brands.tsv`, derived by `processors.training.brands`."""
    return _organisations("brands.tsv")


def write(table: str, rows: Iterable[Organisation]) -> None:
    """Writes a table of organisations, here beside this module."""
    lines = ("\t".join((row.name, row.kind, "|".join(row.others), row.identifier, row.country)) for row in rows)
    (Path(__file__).parent / table).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


class Place(NamedTuple):
    """A row of `places.tsv`: a city, or a region of one country or of several (then without `country`).

    Of rank 2 is what news names without its country, of rank 1 what has namesakes.
    """

    name: str
    country: str
    others: tuple[str, ...]
    identifier: str
    rank: int


def places() -> list[Place]:
    """The rows of `places.tsv`, written by hand."""
    rows = (line.split("\t") for line in _lines("places.tsv"))
    return [
        Place(name, country, tuple(others.split("|")) if others else (), identifier, int(rank))
        for name, country, others, identifier, rank in rows
    ]


class Leader(NamedTuple):
    """A row of `people.tsv`: a leader of the time before the open lists begin, with the years of eminence."""

    name: str
    country: str
    others: tuple[str, ...]
    identifier: str
    office: str
    since: int
    until: int


def leaders() -> list[Leader]:
    """The rows of `people.tsv`, written by hand."""
    rows = (line.split("\t") for line in _lines("people.tsv"))
    return [
        Leader(name, country, tuple(others.split("|")) if others else (), identifier, office, int(since), int(until))
        for name, country, others, identifier, office, since, until in rows
    ]
