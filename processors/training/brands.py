"""Companies with their Wikidata ids (`tables/brands.tsv`), derived from the npm package name-suggestion-index.

`python -m processors.training.knowledge` writes the table. Kept are the organisations of `organisations.tsv`
that the package knows, with the names that table gives them, and the package's own brands of several countries whose
names mean nothing else: no word of running text, no place, no one's name, no second brand.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from processors.linker import normal
from processors.training.meanings import Meanings
from processors.training.tables import Organisation, organisations

# Where in the package an organisation of a kind may stand.
_WHERE = {
    "company": ("brands/", "operators/"),
    "bank": ("brands/amenity/bank", "brands/amenity/atm", "brands/office/", "operators/amenity/atm"),
    "university": ("operators/amenity/university", "operators/amenity/college"),
    "agency": ("operators/amenity/police", "operators/office/", "operators/boundary", "operators/man_made"),
    "charity": ("brands/shop/charity", "operators/", "brands/amenity", "brands/club"),
}
_ROLES = ("brand", "operator")
_SEVERAL = 3
# Rows of the first table whose only namesake in the package is something else.
_OTHERS = frozenset(
    "3i|Atos|Banco Popular|BCE|Berkshire Hathaway|BYD|Casino|Coles|Commission on Elections|Conrail|Continental|DJI|"
    "Equity Bank|First National Bank|Gap|Gedeon Richter|Gillette|Goodyear|Hilton|Humana|Iliad|INA|Jaguar Land Rover|"
    "Kongsberg|Kraft|Lego|Leonardo|LG|Linde|Lotus|MAN|Manpower|Marriott|MGM|Ministry of Defence|Mitsubishi|Mitsui|"
    "National Assembly|OCBC|Otto|Petrom|Prudential|PTT|Rogers|Rolls-Royce|SoftBank|Sprint|Suez|TNT|"
    "Toronto-Dominion Bank|Volvo|VTB|Woolworths|Yamaha|Zoom|Bank of Montreal".split("|")
)


@dataclass(slots=True)
class Brand:
    """An entry of the package: how it is called, under what it stands, and where it is found."""

    label: str = ""
    names: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)


def listed(package: Path) -> dict[str, Brand]:
    """The brands and operators of an unpacked package, by Wikidata id; raises OSError if it is no such package."""
    groups = json.loads((package / "dist/json/nsi.min.json").read_text(encoding="utf-8"))["nsi"]
    labels = json.loads((package / "dist/wikidata/wikidata.min.json").read_text(encoding="utf-8"))["wikidata"]
    found: dict[str, Brand] = defaultdict(Brand)
    for group, content in groups.items():
        for item in content["items"]:
            for role in _ROLES:
                identifier = item["tags"].get(f"{role}:wikidata", "")
                if re.fullmatch(r"Q\d+", identifier):
                    _add(found[identifier], group, item, role)
    for identifier, brand in found.items():
        brand.label = labels.get(identifier, {}).get("label", "")
        brand.names |= {brand.label} - {""}
    return found


def _add(brand: Brand, group: str, item: dict[str, dict[str, str]], role: str) -> None:
    tags = item["tags"]
    brand.names |= {tags[key] for key in (role, f"{role}:en", f"{role}:short", "name:en") if tags.get(key)}
    brand.groups.add(group)
    brand.places |= set(map(str, item["locationSet"].get("include", ())))


def by_name(brands: dict[str, Brand]) -> dict[str, set[str]]:
    """The ids that share a name, as names are looked up."""
    found: dict[str, set[str]] = defaultdict(set)
    for identifier, brand in brands.items():
        for name in brand.names:
            found[normal(name)].add(identifier)
    return found


def known(row: Organisation, brands: dict[str, Brand], named: dict[str, set[str]]) -> str:
    """The id of an organisation in the package, or nothing where that is not sure."""
    for name in (row.name, *(other for other in row.others if " " in other)):
        places = _WHERE.get(row.kind, ())
        found = [one for one in named.get(normal(name), ()) if any(g.startswith(places) for g in brands[one].groups)]
        same = [one for one in found if normal(brands[one].label) == normal(name)]
        if len(same) == 1 or len(found) == 1:
            return (same or found)[0]
    return ""


def derived(package: Path, meanings: Meanings) -> Iterator[Organisation]:
    """The table's rows: organisations of ours with an id, then the package's brands of several countries."""
    brands = listed(package)
    named = by_name(brands)
    rows = organisations()
    taken = {row.identifier for row in rows if row.identifier}
    for row in rows:
        identifier = row.identifier or known(row, brands, named)
        if not row.identifier and identifier and identifier not in taken and row.name not in _OTHERS:
            taken.add(identifier)
            yield row._replace(identifier=identifier)
    ours = {normal(name) for row in rows for name in (row.name, *row.others)}
    for identifier, brand in brands.items():
        own = [group for group in brand.groups if group.startswith("brands/")]
        if identifier not in taken and own and (len(brand.places) >= _SEVERAL or "001" in brand.places):
            names = sorted(
                (one for one in brand.names if _only(one, named, ours, meanings)),
                key=lambda one: (one != brand.label, one),
            )
            if names:
                yield Organisation(names[0], _kind(own), tuple(names[1:]), identifier, "")


def _kind(groups: Iterable[str]) -> str:
    return "bank" if any(group.startswith(_WHERE["bank"][:2]) for group in groups) else "company"


def _only(name: str, named: dict[str, set[str]], taken: set[str], meanings: Meanings) -> bool:
    """Whether the name means one brand and nothing else."""
    key = normal(name)
    return len(named[key]) == 1 and key not in taken and len(key) > 3 and name.isascii() and not meanings.plain(key)
