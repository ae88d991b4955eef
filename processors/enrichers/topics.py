"""What an article is about: IPTC Media Topics, found by the terms that speak for them."""

from __future__ import annotations

import gzip
import json
import math
from array import array
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from processors.enrichers import words
from processors.enrichers.draft import Draft, Enricher
from schemas.article import Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TABLE: Final = Path(__file__).parent.parent / "models" / "topics.json.gz"
LANGUAGES: Final = frozenset({"en"})
CHARACTERS_READ: Final = 20_000
# How much more a term counts in the title and near the start, and how much less far below.
TITLE_WEIGHT: Final = 2.0
LEAD_WEIGHT: Final = 3.0
LEAD_CHARACTERS: Final = 500
DEEP_WEIGHT: Final = 0.6
DEEP_CHARACTERS: Final = 1500
# The least evidence for a top-level topic, in weights of terms, and beside the strongest one.
LEAST_EVIDENCE: Final = 1.0
LEAST_SHARE: Final = 0.5
# The least evidence for a concept below it, twice that in a text of LONG characters, and beside the strongest there.
LEAST_BELOW: Final = 1.5
LEAST_SHARE_BELOW: Final = 0.35
LONG: Final = 8000
# How much of the evidence for a second-level concept and all below it counts for each of them.
BRANCH_SHARE: Final = 0.5
# The least score of a topic beside the best one's.
LEAST_BESIDE: Final = 0.6
MOST_TOPS: Final = 3
MOST_BELOW: Final = 3
MOST_TOPICS: Final = 6
MOST_TERMS: Final = 10
# What the table puts after a word that is looked for with capitals only.
MARK: Final = "^"
SATURATION: Final = 6.0
STOPS: Final = (". ", "; ", ": ", "! ", "? ")
# Stands where a stop was: a word of no term.
STOP: Final = " 0stop0 "


# Compared as objects: there is one for each code, and their hashes are asked for often.
@dataclass(frozen=True, slots=True, eq=False)
class Concept:
    """A Media Topic: its code, its English name, and the codes above it, the top level first."""

    code: str
    name: str
    parents: tuple[str, ...]
    #: The code of its top level.
    top: str = field(init=False)
    #: The code of the second-level concept that it is or lies under; of the top level for that itself.
    branch: str = field(init=False)

    def __post_init__(self) -> None:
        line = (*self.parents, self.code)
        object.__setattr__(self, "top", line[0])
        object.__setattr__(self, "branch", line[:2][-1])


@dataclass(frozen=True, slots=True)
class Table:
    """The concepts by code, and the terms with a matcher that finds them.

    The term at `at` speaks for the concepts `listed[owners[n]]` with `weights[n]`, for n from `first[at]` to
    `first[at + 1]`; `same` gives for a term the one spelt alike before it. `gains` tells how much the evidence for each
    top level counts beside that for others.
    """

    concepts: dict[str, Concept]
    marks: dict[str, str]
    gains: dict[str, float]
    listed: list[Concept]
    terms: list[str]
    same: dict[int, int]
    # Flat, not objects in objects: what lies together in memory is read and loaded faster.
    first: array[int]
    owners: array[int]
    weights: array[float]
    matcher: AhoCorasick


# The terms that speak for a concept, by place, each with its weight.
Terms = dict[int, float]


@cache
def table() -> Table:
    """The derived table, read once."""
    stored = json.loads(gzip.decompress(TABLE.read_bytes()))
    listed = [Concept(code, name, tuple(parents)) for code, name, parents in stored["concepts"]]
    terms = [term.replace(MARK, "") for term, _ in stored["terms"]]
    earliest: dict[str, int] = {}
    spoken = [pair for _, pairs in stored["terms"] for pair in pairs]
    return Table(
        concepts={concept.code: concept for concept in listed},
        marks=stored["marks"],
        gains=stored["gains"],
        listed=listed,
        terms=terms,
        same={at: known for at, term in enumerate(terms) if (known := earliest.setdefault(term, at)) != at},
        first=array("I", accumulate((len(pairs) for _, pairs in stored["terms"]), initial=0)),
        owners=array("H", [at for at, _ in spoken]),
        weights=array("d", [weight for _, weight in spoken]),
        matcher=AhoCorasick(
            [f" {term.replace(' ', '  ')} " for term, _ in stored["terms"]],
            matchkind=MatchKind.LeftmostLongest,
            implementation=Implementation.ContiguousNFA,
        ),
    )


def find_topics(title: str, text: str, language: str | None = "en") -> tuple[Topic, ...]:
    """The topics of an article, best first; none in a language without terms, none without evidence.

    Args:
        title: its terms weigh more.
        text: the first 20,000 characters are read, the start weighs more.
        language: an ISO 639-1 code, perhaps with a region.
    """
    if (language or "").lower().partition("-")[0] not in LANGUAGES:
        return ()
    title, text = title[:CHARACTERS_READ], text[:CHARACTERS_READ]
    found = _evidence(title, text)
    tops = _tops(found)
    topics = [topic for top in _chosen(tops) for topic in _below(top, tops, found, len(text))]
    ranked = sorted(topics, key=lambda topic: (-topic.score, topic.id))[:MOST_TOPICS]
    return tuple(topic for topic in ranked if topic.score >= ranked[0].score * LEAST_BESIDE)


def _padded(text: str) -> str:
    """The words in lower case, each between spaces of its own, marked where capitals tell: as patterns have them.

    Stops stay, so that no phrase is found across them.
    """
    marks = table().marks
    text = text.replace("U.S.", "US ").replace("U.N.", "UN ").replace("\n", STOP)
    for stop in STOPS:
        text = text.replace(stop, STOP)
    found = words.tokens(text)
    return f" {'  '.join(map(marks.get, found, found))} ".lower()


def _evidence(title: str, text: str) -> dict[Concept, Terms]:
    """The terms found for each concept; a term said often weighs more, but ever less so."""
    found: dict[Concept, Terms] = defaultdict(dict)
    known = table()
    # Looked up once, not for each of the hundreds of terms.
    first, owners, weights, listed = known.first, known.owners, known.weights, known.listed
    for at, seen in _seen(title, text).items():
        often = 1.0 + math.log(seen)
        term = known.same.get(at, at)
        for each in range(first[at], first[at + 1]):
            evidence = found[listed[owners[each]]]
            weight = weights[each] * often
            if weight > evidence.get(term, 0.0):
                evidence[term] = weight
    return found


def _raise(evidence: Terms, term: int, weight: float) -> None:
    if weight > evidence.get(term, 0.0):
        evidence[term] = weight


def _tops(found: dict[Concept, Terms]) -> dict[str, float]:
    """The evidence for each top level and all below it, every term counted once, times the top level's gain."""
    under: dict[str, list[Terms]] = defaultdict(list)
    for concept, terms in found.items():
        under[concept.top].append(terms)
    gains = table().gains
    return {
        top: gains[top] * sum((_merged(each) if len(each) > 1 else each[0]).values()) for top, each in under.items()
    }


def _seen(title: str, text: str) -> dict[int, float]:
    """How often each term stands in title and text, by its place; more where it stands in front."""
    seen: dict[int, float] = defaultdict(float)
    matcher = table().matcher
    for at, _, _ in matcher.find_matches_as_indexes(_padded(title)):
        seen[at] += TITLE_WEIGHT
    for at, start, _ in matcher.find_matches_as_indexes(_padded(text)):
        seen[at] += LEAD_WEIGHT if start < LEAD_CHARACTERS else 1.0 if start < DEEP_CHARACTERS else DEEP_WEIGHT
    return seen


def _chosen(tops: dict[str, float]) -> list[str]:
    """The top levels with enough evidence beside the best."""
    ranked = sorted(tops, key=lambda top: (-tops[top], top))
    return [top for top in ranked[:MOST_TOPS] if tops[top] >= max(LEAST_EVIDENCE, tops[ranked[0]] * LEAST_SHARE)]


def _below(top: str, tops: dict[str, float], found: dict[Concept, Terms], length: int) -> Iterator[Topic]:
    """The topic's concepts with evidence of their own; where there are none the topic itself, if it is the best."""
    confidence = (1.0 - math.exp(-tops[top] / SATURATION)) * math.sqrt(tops[top] / max(tops.values()))
    under = {concept: terms for concept, terms in found.items() if concept.top == top}
    ranked = _ranked({concept: sum(terms.values()) for concept, terms in under.items() if concept.parents}, length)
    if not ranked and tops[top] == max(tops.values()):
        yield _topic(table().concepts[top], confidence, _merged(under.values()))
    for concept, share in ranked:
        yield _topic(concept, confidence * math.sqrt(share), under[concept])


def _ranked(weights: dict[Concept, float], length: int) -> list[tuple[Concept, float]]:
    """The concepts with enough evidence for a text of this length, best first, each with its share of the best.

    To each counts a part of the evidence for its whole branch, so that a lone stray term falls behind.
    """
    branches: dict[str, float] = defaultdict(float)
    for concept, weight in weights.items():
        branches[concept.branch] += weight
    least = LEAST_BELOW * (1.0 + min(length / LONG, 1.0))
    weighed = {
        concept: weight + BRANCH_SHARE * branches[concept.branch]
        for concept, weight in weights.items()
        if weight >= least
    }
    best = max(weighed.values(), default=0.0)
    order = sorted(weighed, key=lambda concept: (-weighed[concept], concept.code))[:MOST_BELOW]
    return [(concept, weighed[concept] / best) for concept in order if weighed[concept] >= best * LEAST_SHARE_BELOW]


def _merged(evidence: Iterable[Terms]) -> Terms:
    merged: Terms = {}
    for terms in evidence:
        for term, weight in terms.items():
            _raise(merged, term, weight)
    return merged


def _topic(concept: Concept, score: float, terms: Terms) -> Topic:
    names = table().terms
    listed = sorted((-weight, names[at]) for at, weight in terms.items())[:MOST_TERMS]
    return Topic(
        id=concept.code,
        name=concept.name,
        score=round(score, 3),
        parents=concept.parents,
        terms=tuple(name for _, name in listed),
    )


def topics(draft: Draft) -> Draft:
    """The draft with its topics."""
    return replace(draft, topics=find_topics(draft.title, draft.text, draft.language))


TOPICS: Final = Enricher(name="topics", version=3, run=topics, fills=("topics",))
