"""Agreement over a whole document: which names mean the same one, and of what type it is.

The same string has one type. A surname after the full name, an acronym of a name spelt out, and a name that goes on
unmarked elsewhere in the text join it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

from processors.tagger.rules import Span, adjectives
from processors.tagger.tokens import Tokens

_SMALL = frozenset("of the and for de la le du del von van der den bin al el di da on in to & -".split())
_COMPANY = frozenset(
    "inc. inc corp. corp corporation co. co ltd. ltd llc plc ag sa se nv group holdings company".split()
)
_SUFFIXES = frozenset("jr. sr. jr sr ii iii iv".split())


class Named(NamedTuple):
    """A name in the text: characters `start` to `end`, its words, type and probability, and how it was found.

    `key` is the name as it is compared: in lower case, without points.
    """

    start: int
    end: int
    words: tuple[str, ...]
    kind: str
    score: float
    key: str
    evidence: str = "tagger"


@lru_cache(maxsize=8192)
def compared(words: tuple[str, ...]) -> str:
    """Words as names are compared: in lower case, without points, with one kind of apostrophe."""
    return " ".join(words).lower().replace(".", "").replace("’", "'")


@dataclass(slots=True)
class Cluster:
    """The mentions that mean one thing, under the name that says most."""

    name: str
    kind: str
    mentions: list[Named] = field(default_factory=list)

    @property
    def score(self) -> float:
        """How sure: the mean of the mentions' probabilities."""
        return sum(mention.score for mention in self.mentions) / len(self.mentions)


def agreed(spans: Sequence[Span], tokens: Tokens, text: str) -> list[Cluster]:
    """The spans, and what follows from them, as clusters in order of first mention."""
    named = _by_full_name(_one_type([_named(span, tokens, text) for span in spans]))
    named = _repeated(named, spans, tokens, text)
    return _joined(named)


def _named(span: Span, tokens: Tokens, text: str, evidence: str = "tagger") -> Named:
    start, end = tokens.starts[span.first], tokens.ends[span.last - 1]
    words = tuple(text[start:end].split())
    return Named(start, end, words, span.kind, span.score, compared(words), evidence)


def _one_type(named: list[Named]) -> list[Named]:
    """The same string gets the type that its mentions speak for most."""
    votes: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in named:
        votes[one.key][one.kind] += one.score
    chosen = {key: max(sorted(kinds), key=lambda kind: kinds[kind]) for key, kinds in votes.items()}
    return [one if one.kind == chosen[one.key] else one._replace(kind=chosen[one.key]) for one in named]


SURE, UNSURE = 0.8, 0.9


def _by_full_name(named: list[Named]) -> list[Named]:
    """An unsure single word gets the type of the sure full name that it is the surname or the acronym of."""
    full = {short: one.kind for one in named if one.score >= SURE and len(one.words) > 1 for short in _ends_of(one)}
    return [
        one._replace(kind=full[one.words[0]])
        if len(one.words) == 1 and one.score < UNSURE and one.words[0] in full
        else one
        for one in named
    ]


def _ends_of(one: Named) -> Iterable[str]:
    if one.kind == "person":
        return one.words[-1:]
    return [letters for letters in initials(one.words) if len(letters) > 2]


def _repeated(named: list[Named], spans: Sequence[Span], tokens: Tokens, text: str) -> list[Named]:
    """Adds the places where a name stands again, word for word, that the tagger passed over."""
    known: dict[str, dict[tuple[str, ...], Named]] = {}
    taken: set[int] = set()
    for span, one in zip(spans, named, strict=True):
        taken.update(range(span.first, span.last))
        if one.score >= SURE and (len(one.words) > 1 or len(one.key) > 3):
            for words in _again(tuple(tokens.words[span.first : span.last]), one.kind):
                known.setdefault(words[0], {}).setdefault(words, one)
    added = []
    again = compress(range(len(tokens.words)), map(known.__contains__, tokens.words))
    for number in [number for number in again if number not in taken]:
        for words, one in sorted(known[tokens.words[number]].items(), key=lambda item: -len(item[0])):
            here = range(number, number + len(words))
            if tuple(tokens.words[number : number + len(words)]) == words and taken.isdisjoint(here):
                span = Span(number, number + len(words), one.kind, one.score * 0.95)
                added.append(_named(span, tokens, text, f"same name as at {one.start}"))
                taken.update(here)
                break
    return sorted(named + added) if added else named


def _again(words: tuple[str, ...], kind: str) -> list[tuple[str, ...]]:
    """As what a name may stand again: whole, of a company without its form, of a person the surname."""
    if kind == "person" and len(words) > 1 and len(words[-1]) > 3 and words[-1].lower() not in adjectives():
        return [words, words[-1:]]
    if kind == "organisation" and len(words) > 1 and words[-1].lower() in _COMPANY and len(words[0]) > 3:
        return [words, words[:-1]]
    return [words]


def _joined(named: list[Named]) -> list[Cluster]:
    clusters: dict[tuple[str, str], Cluster] = {}
    surnames: dict[str, Cluster] = {}
    acronyms: dict[str, Cluster] = {}
    for one in named:
        cluster = clusters.get((one.kind, one.key))
        if cluster is None:
            cluster, one = _related(one, surnames, acronyms) or (Cluster(" ".join(one.words), one.kind), one)
            if not cluster.mentions:
                clusters[one.kind, one.key] = cluster
        elif cluster.mentions[0].key != one.key:
            one = one._replace(evidence=_first_evidence(cluster, one))
        cluster.mentions.append(one)
        _learn(one, cluster, surnames, acronyms)
    return _late_names(list(clusters.values()))


def _first_evidence(cluster: Cluster, one: Named) -> str:
    return next((mention.evidence for mention in cluster.mentions if mention.key == one.key), one.evidence)


def _related(one: Named, surnames: dict[str, Cluster], acronyms: dict[str, Cluster]) -> tuple[Cluster, Named] | None:
    """The cluster that the name belongs to by what came before, and the name with the reason."""
    if one.kind == "person" and len(one.words) <= 2:
        cluster = surnames.get(one.key)
        if cluster:
            return cluster, one._replace(
                evidence=f"surname of {cluster.name} (first named at {cluster.mentions[0].start})"
            )
    letters = one.key.upper().replace(" ", "")
    cluster = acronyms.get(letters) if len(one.words) == 1 and one.words[0].isupper() else None
    if cluster and cluster.kind == one.kind:
        return cluster, one._replace(evidence=f"acronym of {cluster.name} (first named at {cluster.mentions[0].start})")
    return None


def _learn(one: Named, cluster: Cluster, surnames: dict[str, Cluster], acronyms: dict[str, Cluster]) -> None:
    if one.kind == "person" and len(one.words) > 1:
        words = [word for word in one.words if word.lower() not in _SUFFIXES]
        for size in (1, 2):
            if len(words) > size:
                surnames[compared(tuple(words[-size:]))] = cluster
    if one.kind in ("organisation", "place", "event") and len(one.words) > 1:
        for letters in initials(one.words):
            acronyms.setdefault(letters, cluster)


@lru_cache(maxsize=8192)
def initials(words: tuple[str, ...]) -> frozenset[str]:
    """The acronyms that the words may have: of all of them, and without the small ones."""
    parts = [part for word in words for part in word.replace("/", "-").split("-") if part]
    every = "".join(part[0] for part in parts).upper()
    large = "".join(part[0] for part in parts if part.lower() not in _SMALL).upper()
    return frozenset(letters for letters in (every, large) if len(letters) > 1)


def _late_names(clusters: list[Cluster]) -> list[Cluster]:
    """What is named in full only elsewhere joins the full name: a surname, an acronym, a body without its nation."""
    full = _full_names(clusters)
    target_of = {id(cluster): target for cluster in clusters if (target := _expansion(cluster, full))}
    kept: list[Cluster] = []
    for cluster in clusters:
        target = target_of.get(id(cluster))
        if target is None or id(target) in target_of:
            kept.append(cluster)
            continue
        reason = f"{_relation(cluster)} {target.name} (named in full at {target.mentions[0].start})"
        target.mentions += [one._replace(evidence=reason) for one in cluster.mentions]
    for cluster in kept:
        cluster.mentions.sort()
    return sorted(kept, key=lambda cluster: cluster.mentions[0].start)


def _relation(short: Cluster) -> str:
    if short.kind == "person":
        return "surname of"
    name = short.mentions[0].words
    return "acronym of" if len(name) == 1 and name[0].isupper() else "short for"


def _full_names(clusters: list[Cluster]) -> dict[tuple[str, str], Cluster | None]:
    """Clusters by what could stand for them; none where it could stand for two."""
    full: dict[tuple[str, str], Cluster | None] = {}
    for cluster in clusters:
        shorts = {(one.kind, short) for one in cluster.mentions if len(one.words) > 1 for short in _shorts(one)}
        for short in shorts:
            full[short] = None if full.get(short, cluster) is not cluster else cluster
    return full


def _shorts(one: Named) -> set[str]:
    """What could stand for a name: a person's surname, an acronym, a body's name without its nation's adjective."""
    if one.kind == "person":
        return {compared(one.words[-1:])}
    shorts = {letters.lower() for letters in initials(one.words)}
    if one.kind == "organisation" and len(one.words) > 2 and one.words[0].lower() in adjectives():
        shorts.add(compared(one.words[1:]))
    if one.kind == "organisation" and one.words[-1].lower() in _COMPANY:
        shorts.add(compared(one.words[:-1]))
    return shorts


def _expansion(cluster: Cluster, full: dict[tuple[str, str], Cluster | None]) -> Cluster | None:
    first = cluster.mentions[0]
    single = len(first.words) == 1
    if any(one.key != first.key for one in cluster.mentions) or (cluster.kind == "person" and not single):
        return None
    target = full.get((cluster.kind, first.key))
    if target is None or target is cluster:
        return None
    letters = single and first.key in {short.lower() for short in initials(target.mentions[0].words)}
    return None if letters and cluster.kind != "person" and not first.words[0].isupper() else target
