"""Which entry of Wikidata a name means, decided by the name together with what else the article names.

The table (`processors/models/entities.tsv.gz`) holds office-holders, international bodies, countries and their
divisions. A person is linked only where the text speaks for it: their country, their office, or a colleague of theirs.
"""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

from processors.tagger.agree import Cluster

_TITLE = re.compile(r"\b(President|Prime Minister|Chancellor|King) $")
_WHERE = re.compile(r"\b(?:in|from|across|to|of)\s(?:the\s)?$")
_SPORT = frozenset(
    "match goal goals scored coach team league cup tournament football soccer rugby cricket midfielder striker "
    "goalkeeper penalty batsman wicket innings quarterfinal semifinal semifinals final medal referee halftime".split()
)
_PUBLIC = re.compile(
    r"\b(?:president|ministers?|ministry|premier|chancellor|senat|congress|parliament|lawmaker|legislat|governor|mayor|"
    r"mps?\b|secretary|ambassador|spokes|diplomat|govern|cabinet|deputy|politic|party|elect|candidate|campaign|vote|"
    r"democrat|republican|leader|judge|justice|commissioner|envoy|representative|rep\.|sen\.|gov\.)",
    re.IGNORECASE,
)
NEAR = 150  # characters around the first mention
ENOUGH = 3
_COMMON_OFFICE = frozenset(
    "of the and for in to member minister deputy state national general house first second acting vice a an "
    "legislative assembly affairs office parliament united people".split()
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table.

    `kind` is P, O or L (person, body, place), `country` an ISO code in lower case; `rank` 3 is the most eminent.
    """

    kind: str
    identifier: str
    name: str
    country: str
    offices: str
    rank: int


@dataclass(frozen=True, slots=True)
class Link:
    """A decision: the entry and what it stands on."""

    entry: Entry
    evidence: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the article says as a whole: its words in lower case, the countries it speaks of, and its text."""

    words: frozenset[str]
    countries: frozenset[str]
    text: str = ""


@lru_cache(maxsize=16_384)
def normal(name: str) -> str:
    """A name as it is looked up: no accents, points or hyphens, in lower case."""
    plain = (
        name
        if name.isascii()
        else "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    )
    return " ".join(re.sub(r"[^\w\s]", " ", plain.replace(".", "").replace("'", "").replace("’", "")).lower().split())


class Table:
    """The table's entries by name."""

    def __init__(self, lines: Iterable[str], nations: Iterable[str]) -> None:
        self._by_name: dict[tuple[str, str], tuple[str, ...]] = {}
        self._leaders: dict[str, tuple[str, ...]] = {}
        for line in lines:
            kind, _, name, _, others, _, rank = line.split("\t")
            if kind == "P" and rank == "3":
                surname = normal(name).rpartition(" ")[2]
                self._leaders[surname] = (*self._leaders.get(surname, ()), line)
            for key in {normal(one) for one in (name, *others.split("|")) if one}:
                before = self._by_name.get((kind, key), ())
                self._by_name[kind, key] = (*before, line)
        self.nations: dict[str, str] = {}
        for line in nations:
            code, people, capitals = line.rstrip("\n").split("\t")
            self.nations.update((word, code) for word in f"{people}|{capitals}".split("|"))
        self.nations_begin = frozenset(word.split()[0] for word in self.nations)
        self.country_names = {
            key: self._entry(found[0]).country
            for (kind, key), found in self._by_name.items()
            if kind == "L" and found[0].endswith("3")
        }

    def named(self, kind: str, name: str) -> list[Entry]:
        """The entries of a kind (P, O or L) with that name."""
        return [self._entry(line) for line in self._by_name.get((kind, normal(name)), ())]

    def leaders(self, surname: str) -> list[Entry]:
        """The heads of state and government with that surname."""
        return [self._entry(line) for line in self._leaders.get(normal(surname), ())]

    @staticmethod
    def _entry(line: str) -> Entry:
        kind, identifier, name, country, _, offices, rank = line.split("\t")
        return Entry(kind, identifier, name, country, offices, int(rank))


@cache
def default() -> Table:
    """The table that comes with the project, read once, at first use."""
    folder = files("processors") / "models"
    lines = gzip.decompress((folder / "entities.tsv.gz").read_bytes()).decode("utf-8").splitlines()
    return Table(lines, (folder / "nations.tsv").read_text(encoding="utf-8").splitlines())


def context(words: Sequence[str], clusters: Sequence[Cluster], table: Table, text: str = "") -> Context:
    """The article as the linker sees it, from its words in order."""
    countries = {table.country_names.get(normal(cluster.name), "") for cluster in clusters if cluster.kind == "place"}
    for word, after in pairwise([*words, ""]):
        if word in table.nations_begin:
            countries.add(table.nations.get(word, ""))
            countries.add(table.nations.get(f"{word} {after}", ""))
    return Context(frozenset(map(str.lower, words)), frozenset(countries - {""}), text)


def link(cluster: Cluster, here: Context, table: Table) -> Link | None:
    """The entry that the cluster means, where the text leaves no doubt."""
    if cluster.kind == "person":
        return _person(cluster, here, table)
    if cluster.kind == "place":
        return _place(cluster, here, table) or _body(cluster, table)
    if cluster.kind == "organisation":
        return _body(cluster, table) or _country(cluster, table)
    return None


def _person(cluster: Cluster, here: Context, table: Table) -> Link | None:
    if " " not in cluster.name:
        return _leader(cluster, here, table)
    entries = table.named("P", cluster.name)
    if not entries:
        return None
    first = cluster.mentions[0]
    public = bool(_PUBLIC.search(here.text[max(0, first.start - NEAR) : first.end + NEAR]))
    judged = sorted(
        ((*_support(entry, here, public), entry) for entry in entries), key=lambda one: (-one[0], one[2].identifier)
    )
    if judged[0][0] < ENOUGH or (len(judged) > 1 and judged[1][0] >= judged[0][0]):
        return None
    _, reasons, entry = judged[0]
    return Link(entry, "wikidata: " + ", ".join(reasons))


def _leader(cluster: Cluster, here: Context, table: Table) -> Link | None:
    """Who is named by title and surname: the one leader of that surname and office, if the country is in the text."""
    title = _TITLE.search(here.text[max(0, cluster.mentions[0].start - 20) : cluster.mentions[0].start])
    if not title:
        return None
    office = title.group(1)
    fitting = [
        entry
        for entry in table.leaders(cluster.name)
        if entry.country in here.countries and any(held.startswith(office) for held in entry.offices.split("|"))
    ]
    if len(fitting) != 1:
        return None
    return Link(fitting[0], f"wikidata: the {office} of that surname, country {fitting[0].country.upper()} in text")


def _support(entry: Entry, here: Context, public: bool) -> tuple[int, list[str]]:
    """How much in the text speaks for the person, and what. `public`: words of public life stand near the name."""
    reasons = []
    weight = 0
    for office in filter(None, entry.offices.split("|")):
        telling = set(normal(office).split()) - _COMMON_OFFICE
        if telling and telling <= here.words:
            reasons.append(f"office {office} in text")
            weight += 2
            break
    if entry.country and entry.country in here.countries:
        reasons.append(f"country {entry.country.upper()} in text")
        weight += 2
    if entry.rank == 3 or public:
        weight += 1
    return weight, reasons


def _country(cluster: Cluster, table: Table) -> Link | None:
    found = table.named("L", cluster.name)
    if len(found) == 1 and found[0].rank == 3:
        return Link(found[0], "wikidata: country of that name")
    return None


def _team(cluster: Cluster, here: Context) -> bool:
    """Whether the place is rather its team: the article tells of a match, and never says in, from or to the place."""
    before = (here.text[max(0, one.start - 12) : one.start] for one in cluster.mentions)
    return len(here.words & _SPORT) >= 5 and not any(map(_WHERE.search, before))


def _place(cluster: Cluster, here: Context, table: Table) -> Link | None:
    if _team(cluster, here):
        return None
    if country := _country(cluster, table):
        return country
    found = table.named("L", cluster.name)
    parents = [entry for entry in found if entry.country in here.countries and entry.rank < 3]
    if len(found) == 1 and parents:
        return Link(parents[0], f"wikidata: division of {parents[0].country.upper()}, which is in the text")
    return None


def _body(cluster: Cluster, table: Table) -> Link | None:
    for name in dict.fromkeys((cluster.name, *(" ".join(one.words) for one in cluster.mentions))):
        found = table.named("O", name)
        short = len(normal(name)) < 3 and name not in ("EU", "UN")
        if len(found) == 1 and not short and (" " in name or name.isupper() or normal(found[0].name) == normal(name)):
            return Link(found[0], "wikidata: international body of that name")
    return None
