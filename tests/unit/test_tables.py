"""The tables that models are made from hold their form."""

from __future__ import annotations

import re
from collections import Counter

from processors.training.tables import KINDS, brands, leaders, organisations, places

ROWS = organisations()


def test_names_and_ids_stand_once() -> None:
    """No organisation has two rows, no Wikidata id two names."""
    names = Counter(row.name for row in ROWS)
    identifiers = Counter(row.identifier for row in ROWS if row.identifier)
    assert not [one for one, count in (names + identifiers).items() if count > 1]


def test_rows_are_sorted_by_kind_and_name() -> None:
    """A row has its one place, so that additions show as single lines."""
    assert sorted(ROWS, key=lambda row: (KINDS.index(row.kind), row.name.lower(), row.name)) == ROWS
    assert {row.kind for row in ROWS} == set(KINDS)


def test_fields_have_their_form() -> None:
    """Names are trimmed words, ids are Wikidata's, countries two letters; an other name is not the name again."""
    wrong = [
        row
        for row in ROWS
        if not all(re.fullmatch(r"\S+(?: \S+)*", name) and "|" not in name for name in (row.name, *row.others))
        or len({row.name, *row.others}) != 1 + len(row.others)
        or not re.fullmatch(r"(?:Q[1-9]\d*)?", row.identifier)
        or not re.fullmatch(r"(?:[a-z]{2})?", row.country)
    ]
    assert wrong == []


def test_every_kind_is_there_for_old_and_new_news() -> None:
    """Names of the 1990s and of today are found under their kinds."""
    kinds = {row.name: row.kind for row in ROWS}
    expected = {"WorldCom": "company", "Barings": "bank", "Itar-Tass": "news", "Nvidia": "company", "UNITA": "military"}
    assert {name: kinds.get(name) for name in expected} == expected


def test_what_the_linker_takes_over_has_ids_of_its_own() -> None:
    """Every row that the linker takes over has one id, and no id is two things'."""
    identifiers = [row.identifier for row in (*brands(), *ROWS) if row.identifier]
    identifiers += [row.identifier for row in places()] + [row.identifier for row in leaders()]
    assert len(identifiers) == len(set(identifiers))
    assert all(re.fullmatch(r"Q[1-9]\d*", one) for one in identifiers)
    assert {row.rank for row in places()} == {1, 2}
    assert all(1950 <= row.since < row.until for row in leaders())
