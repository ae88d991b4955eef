"""Which entry of Wikidata a name means, decided by the name together with what else the article says.

A person is linked only where the text speaks for it (their country, their office) and where the article's year allows
it; a place only where no namesake may be meant; an organisation whose name is also a word, a place or someone's name
only among words of its trade. A wrong link is worse than none.
"""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import compress

from processors.tagger.agree import Cluster

UNSURE = "?"  # ends a name that means its entry only where the text speaks for it
CITY = "city"
LEADER = "^"  # begins the surname of a head of state or government
_TITLE = re.compile(r"(?<!Vice )\b(President|Prime Minister|Chancellor|King) $")
_WHERE = re.compile(r"\b(?:in|near|across|outside|around)\s(?:the\s)?$", re.IGNORECASE)
_PART = re.compile(r"\b(?:north|south|east|west|latin|central|new)\s$", re.IGNORECASE)
_LONGER = re.compile(r"\sof\s(?:the\s)?[A-Z]")
_BRANCH = re.compile(r"\s(?:of|in)\s(?:Iraq|the\s[A-Z])")
_AROUND = re.compile(r"\s(?:[Pp]rovince|[Ss]tate|[Rr]egion|[Cc]ounty|[Dd]istrict|[Gg]overnorate|[Oo]blast)\b")
_SPELT = re.compile(r"\b[a-z]+\s?\($")
_MORE = re.compile(r"\s?[$€£]|\s[Aa]ir(?:lines?|ways)\b")
# What must not stand before it is asked last, so that only its digits are looked for.
_YEAR = re.compile(r"(?:19[5-9]|20[0-4])(?<!\w...)\d\b")
_AFTER = re.compile(r",\s+((?:[A-Z][\w.]*)(?:\s[A-Z][\w.]*)?)")
# Words of accounts of matches; those that stand in other news as often are left out.
_SPORT = frozenset(
    "goalkeeper midfielder striker football soccer rugby cricket tennis golf baseball basketball hockey netball coach "
    "match matches cup league tournament championship championships squad penalty goal goals scored halftime referee "
    "quarterfinal semifinal semifinals quarterback touchdown playoff playoffs inning innings pitcher rebounds batsman "
    "batsmen bowler bowlers bowling paceman spinner wicket wickets tailender batting unseeded seeded doubles captain "
    "team teams player players yacht grand prix scorer equaliser unbeaten".split()
)
_PUBLIC = re.compile(
    r"\b(?:president|ministers?|ministry|premier|chancellor|senat|congress|parliament|lawmaker|legislat|governor|mayor|"
    r"mps?\b|secretary|ambassador|spokes|diplomat|govern|cabinet|deputy|politic|party|elect|candidate|campaign|vote|"
    r"democrat|republican|leader|judge|justice|commissioner|envoy|representative|rep\.|sen\.|gov\.)",
    re.IGNORECASE,
)
NEAR = 150  # characters around the first mention
ENOUGH = 3
TELLING = 2  # words of its trade that an unsure name of an organisation needs in the article
BEFORE, AFTER = 5, 15  # years around the time in office in which news speaks of a person
_COMMON_OFFICE = frozenset(
    "of the and for in to member minister deputy state national general house first second acting vice a an "
    "legislative assembly affairs office parliament united people".split()
)
_TRADE = (
    "shares company companies stock profit profits sales shareholders analyst analysts executive ceo maker market "
    "markets investors earnings business consumers customers airline carrier retailer chain stores firm merger "
    "takeover software cars vehicles oil factory plant dividend quarter revenue industry corporate brand"
)
_TELLING = {
    "company": frozenset(_TRADE.split()),
    "bank": frozenset(f"{_TRADE} bank banks banking bankers loans lender credit financial economist".split()),
    "body": frozenset("countries nations international member members treaty summit agency officials health".split()),
    "news": frozenset("said told newspaper reported reports television interview editor journalist news".split()),
    "agency": frozenset("agents investigation intelligence officials government federal court agency economy".split()),
    "party": frozenset("party election elections coalition parliament voters leader vote opposition".split()),
    "military": frozenset("militants rebels troops fighters soldiers army attack attacks guerrillas forces".split()),
    "club": _SPORT,
    "league": _SPORT | frozenset("season players championship games olympic".split()),
    "university": frozenset("university professor students study researchers research campus scientists".split()),
    "charity": frozenset("rights humanitarian aid charity activists campaigners group relief environment".split()),
    "exchange": frozenset("shares stock index points market trading traders investors".split()),
}
# Postal and press abbreviations after a city: it is the one in that state or province.
_STATES = {
    **dict.fromkeys(
        "Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Mass Mich Minn Miss Mo Mont Neb Nev NH NJ NM NY "
        "NC ND Okla Ore Pa RI SC SD Tenn Tex Vt Va Wash WVa Wis Wyo".split(),
        "us",
    ),
    **dict.fromkeys("Ont Que Alta BC Sask Man NB NS".split(), "ca"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table.

    `kind` is P, O or L (person, body, place), `country` an ISO code in lower case; `rank` 3 is the most eminent.
    `offices` are an organisation's kinds, too, and tell cities; `since` and `until` a person's years in office (0 and
    9999: unknown).
    """

    kind: str
    identifier: str
    name: str
    country: str
    offices: str
    rank: int
    since: int = 0
    until: int = 9999


@dataclass(frozen=True, slots=True)
class Link:
    """A decision: the entry and what it stands on."""

    entry: Entry
    evidence: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the article says as a whole: its words in lower case, the countries it speaks of, its text and year.

    `main` is the country it names most; `year` is 0 where nothing tells it; `sport` counts its words of matches.
    """

    words: frozenset[str]
    countries: frozenset[str]
    text: str = ""
    main: str = ""
    year: int = 0
    sport: int = 0


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

    def __init__(self, text: str, nations: Iterable[str]) -> None:
        """Reads the file's three blocks: entries, names as they are looked up, and the entries' numbers by name.

        The index comes ready-made because reading must be quick: 37,000 entries in some hundredths of a second.
        """
        entries, names, numbers = text.split("\n\n")
        self._lines = entries.split("\n")
        self._numbers = dict(zip(names.split("\n"), numbers.split("\n"), strict=True))
        self.nations: dict[str, str] = {}
        for line in nations:
            code, people, capitals = line.rstrip("\n").split("\t")
            self.nations.update((word, code) for word in f"{people}|{capitals}".split("|"))
        self.nations_begin = frozenset(word.split()[0] for word in self.nations)

    def named(self, kind: str, name: str) -> list[Entry]:
        """The entries of a kind (P, O or L) with that name, whatever the text says."""
        return self._entries(kind, normal(name)) + self.unsure(kind, name)

    def sure(self, kind: str, name: str) -> list[Entry]:
        """The entries whose name means hardly anything else."""
        return self._entries(kind, normal(name))

    def unsure(self, kind: str, name: str) -> list[Entry]:
        """The entries whose name means other things, too."""
        return self._entries(kind, normal(name) + UNSURE)

    def leaders(self, surname: str) -> list[Entry]:
        """The heads of state and government with that surname."""
        return self._entries(LEADER, normal(surname))

    def country(self, name: str) -> str:
        """The code of the only country of that name, or of the only city that is known without its country."""
        found = self._entries("L", normal(name))
        return found[0].country if len(found) == 1 and found[0].rank > 1 else ""

    def _entries(self, kind: str, key: str) -> list[Entry]:
        return [self._entry(self._lines[int(number)]) for number in self._numbers.get(kind + key, "").split()]

    @staticmethod
    def _entry(line: str) -> Entry:
        kind, identifier, name, country, offices, rank, since, until = line.split("\t")
        return Entry(kind, identifier, name, country, offices, int(rank), int(since or 0), int(until or 9999))


@cache
def default() -> Table:
    """The table that comes with the project, read once, at first use."""
    folder = files("processors") / "models"
    text = gzip.decompress((folder / "entities.tsv.gz").read_bytes()).decode("utf-8")
    return Table(text, (folder / "nations.tsv").read_text(encoding="utf-8").splitlines())


def context(words: Sequence[str], clusters: Sequence[Cluster], table: Table, text: str = "", year: int = 0) -> Context:
    """The article as the linker sees it, from its words in order; without its `year`, the latest one it names."""
    named: Counter[str] = Counter()
    for cluster in clusters:
        if cluster.kind == "place":
            named[table.country(cluster.name)] += len(cluster.mentions)
    for at in compress(range(len(words)), map(table.nations_begin.__contains__, words)):
        named[table.nations.get(words[at], "") or table.nations.get(" ".join(words[at : at + 2]), "")] += 1
    del named[""]
    main = max(sorted(named), key=lambda one: named[one], default="")
    latest = year or max(map(int, _YEAR.findall(text)), default=0)
    lower = frozenset(map(str.lower, set(words)))
    return Context(lower, frozenset(named), text, main, latest, len(lower & _SPORT))


def link(cluster: Cluster, here: Context, table: Table) -> Link | None:
    """The entry that the cluster means, where the text leaves no doubt."""
    if cluster.kind == "person":
        return _person(cluster, here, table)
    if cluster.kind == "place":
        return _place(cluster, here, table) or _body(cluster, here, table)
    if cluster.kind == "organisation":
        return _body(cluster, here, table) or _country(cluster, here, table)
    return None


def _person(cluster: Cluster, here: Context, table: Table) -> Link | None:
    if " " not in cluster.name:
        return _leader(cluster, here, table)
    entries = [entry for entry in table.named("P", cluster.name) if _in_time(entry, here)]
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


def _in_time(entry: Entry, here: Context) -> bool:
    """Whether an article of that year may speak of who held office then."""
    return not here.year or entry.since - BEFORE <= here.year <= entry.until + AFTER


def _leader(cluster: Cluster, here: Context, table: Table) -> Link | None:
    """Who is named by title and surname: the one leader of that surname and office, if the country is in the text."""
    title = _TITLE.search(here.text[max(0, cluster.mentions[0].start - 20) : cluster.mentions[0].start])
    if not title:
        return None
    office = title.group(1)
    fitting = [
        entry
        for entry in table.leaders(cluster.name)
        if _in_time(entry, here)
        and entry.country in here.countries
        and any(held.startswith(office) for held in entry.offices.split("|"))
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


def _country(cluster: Cluster, here: Context, table: Table) -> Link | None:
    """The country that was taken for an organisation, unless it may be its team."""
    found = table.sure("L", cluster.name)
    if len(found) == 1 and found[0].rank == 3 and here.sport < 2:
        return Link(found[0], "wikidata: country of that name")
    return None


def _team(cluster: Cluster, here: Context) -> bool:
    """Whether the place is rather its team: the article tells of matches, and seldom of being in the place."""
    if here.sport < 3:
        return False
    return 2 * sum(_there(one.start, one.end, here.text) for one in cluster.mentions) < len(cluster.mentions)


def _there(start: int, end: int, text: str) -> bool:
    """Whether something is said to be in the place; not in its innings."""
    return bool(_WHERE.search(text[max(0, start - 12) : start])) and text[end : end + 2] not in ("'s", "’s")


def _place(cluster: Cluster, here: Context, table: Table) -> Link | None:
    found = table.sure("L", cluster.name)
    if not found or _team(cluster, here):
        return None
    if len(found) > 1:
        found = [entry for entry in found if entry.country in here.countries]
    if len(found) != 1 or _elsewhere(cluster, found[0], here, table):
        return None
    entry = found[0]
    if entry.rank == 3:
        return Link(entry, "wikidata: country of that name")
    if entry.rank == 2:
        return Link(entry, "wikidata: city known by that name")
    if entry.country in here.countries:
        return Link(entry, f"wikidata: place in {entry.country.upper()}, which is in the text")
    return None


def _elsewhere(cluster: Cluster, entry: Entry, here: Context, table: Table) -> bool:
    """Whether the name is part of another (Latin America, Emirates airlines) or in another state: Paris, Texas."""
    first = cluster.mentions[0]
    if _PART.search(here.text, max(0, first.start - 9), first.start) or _MORE.match(here.text, first.end):
        return True
    if entry.offices == CITY and _AROUND.match(here.text, first.end):
        return True
    for one in cluster.mentions if entry.rank < 3 else ():
        after = _AFTER.match(here.text, one.end)
        countries = {found.country for found in table.sure("L", after.group(1))} if after else set()
        state = _STATES.get(after.group(1).replace(".", "")) if after else None
        if entry.country and ((state or entry.country) != entry.country or not countries <= {entry.country, ""}):
            return True
    return False


def _body(cluster: Cluster, here: Context, table: Table) -> Link | None:
    for name in dict.fromkeys((cluster.name, *(" ".join(one.words) for one in cluster.mentions))):
        found = table.sure("O", name)
        if len(found) == 1 and _written(name, found[0]) and _meant(found[0], cluster, here):
            return Link(found[0], "wikidata: organisation of that name")
        found = table.unsure("O", name) if cluster.kind == "organisation" and not _spelt_out(cluster, here) else []
        if len(found) == 1 and (reason := _trade(name, found[0], here)) and _meant(found[0], cluster, here):
            return Link(found[0], f"wikidata: organisation of that name, {reason} in text")
    return None


def _spelt_out(cluster: Cluster, here: Context) -> bool:
    """Whether the name is but short for words in lower case: genetically modified (GM)."""
    first = cluster.mentions[0]
    return bool(_SPELT.search(here.text, max(0, first.start - 24), first.start))


def _written(name: str, entry: Entry) -> bool:
    """Whether the name stands as such a body's does: more than one word, in capitals, or just as in the table."""
    short = len(normal(name)) < 3 and normal(name) not in ("eu", "un")
    return not short and (
        " " in name or name.isupper() or "body" not in entry.offices or normal(entry.name) == normal(name)
    )


def _meant(entry: Entry, cluster: Cluster, here: Context) -> bool:
    """Whether an article of that year and country may mean it, and the name does not go on: Al-Qaida in Iraq."""
    longer = _BRANCH if entry.offices == "military" else _LONGER
    if any(longer.match(here.text, one.end) for one in cluster.mentions):
        return False
    return (not entry.country or entry.country == here.main) and _in_time(entry, here)


def _trade(name: str, entry: Entry, here: Context) -> str:
    """The words in the article that are of the organisation's trade, if there are enough."""
    if len(normal(name)) <= 3 and not name.isupper():
        return ""
    found = sorted(here.words & _TELLING.get(entry.offices, frozenset()))
    return " and ".join(found[:TELLING]) if len(found) >= TELLING else ""
