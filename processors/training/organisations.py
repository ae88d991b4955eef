"""The linker's organisations, from the tables `organisations.tsv` and `brands.tsv`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from processors.linker import normal
from processors.training.entry import FIRST, Entry
from processors.training.meanings import Meanings
from processors.training.tables import Organisation, brands, organisations

# Since when what is now called so is the one with that id; before, another was.
_SINCE = {"Q35476": 2010, "Q193199": 2003, "Q487907": 2003}
# Acronyms that mean hardly anything else.
_WELL_KNOWN = frozenset("fbi cia bbc cnn ibm nba nfl nhl mlb bmw imf".split())
_LETTERS = 3  # an acronym this short has many meanings


def entries(meanings: Meanings) -> Iterator[Entry]:
    """Every organisation with a Wikidata id.

    A name that two rows share is no one's, unless it is the first name of one alone. An acronym of three letters is
    unsure, and so is a single word if it means something else too or is not one of our own table.
    """
    ours = organisations()
    derived = brands()
    own = {row.name for row in ours}
    first = Counter(normal(row.name) for row in ours)
    shared = Counter(key for row in ours for key in {normal(name) for name in (row.name, *row.others)})
    for row in _identified(ours, derived):
        keys = {normal(name) for name in (row.name, *row.others)}
        dropped = {key for key in keys if shared[key] > 1 and not (key == normal(row.name) and first[key] == 1)}
        short = {key for key in keys if len(key) <= _LETTERS} - _WELL_KNOWN
        plain = {key for key in keys if " " not in key and (row.name not in own or meanings.plain(key))}
        entry = Entry("O", row.identifier, row.name, row.country, set(row.others), {row.kind}, 2)
        entry.since, entry.unsure, entry.dropped = _SINCE.get(row.identifier, FIRST), short | plain, dropped
        yield entry


def _identified(ours: list[Organisation], derived: list[Organisation]) -> Iterator[Organisation]:
    yield from (row for row in ours if row.identifier)
    yield from derived
