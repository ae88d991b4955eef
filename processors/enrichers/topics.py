"""What an article is about: IPTC Media Topics, found by the terms that speak for them."""

from __future__ import annotations

import gzip
import json
import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from processors.enrichers import words
from processors.enrichers.draft import Draft, Enricher
from schemas.article import Topic

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE: Final = Path(__file__).parent.parent / "models" / "topics.json.gz"
LANGUAGES: Final = frozenset({"en"})
CHARACTERS_READ: Final = 20_000
# How much more a term counts in the title, and near the start.
TITLE_WEIGHT: Final = 2.0
LEAD_WEIGHT: Final = 1.5
LEAD_CHARACTERS: Final = 500
# The least evidence for a top-level topic, in weights of terms, and beside the strongest one.
LEAST_EVIDENCE: Final = 2.0
LEAST_SHARE: Final = 0.4
# The least evidence for a concept below it, and beside the strongest one there.
LEAST_BELOW: Final = 2.0
LEAST_SHARE_BELOW: Final = 0.35
MOST_TOPS: Final = 4
MOST_BELOW: Final = 3
MOST_TERMS: Final = 10
SATURATION: Final = 6.0


@dataclass(frozen=True, slots=True)
class Concept:
    """A Media Topic: its code, its English name, and the codes above it, the top level first."""

    code: str
    name: str
    parents: tuple[str, ...]

    @property
    def top(self) -> str:
        """The code of its top level."""
        return self.parents[0] if self.parents else self.code


@dataclass(frozen=True, slots=True)
class Table:
    """The concepts by code, the retired codes, and the terms with a matcher that finds them."""

    concepts: dict[str, Concept]
    retired: dict[str, str]
    terms: list[tuple[str, list[tuple[Concept, float]]]]
    matcher: AhoCorasick


@dataclass(slots=True)
class Evidence:
    """What speaks for one concept: the weight of its terms, and the terms with theirs."""

    weight: float
    terms: dict[str, float]


@cache
def table() -> Table:
    """The derived table, read once."""
    stored = json.loads(gzip.decompress(TABLE.read_bytes()))
    listed = [Concept(code, name, tuple(parents)) for code, name, parents in stored["concepts"]]
    terms = [(term, [(listed[at], weight) for at, weight in weights]) for term, weights in stored["terms"]]
    matcher = AhoCorasick(
        [f" {term.replace(' ', '  ')} " for term, _ in terms],
        matchkind=MatchKind.LeftmostLongest,
        implementation=Implementation.ContiguousNFA,
    )
    return Table({concept.code: concept for concept in listed}, stored["retired"], terms, matcher)


def current_code(code: str) -> str:
    """The code to use for one that IPTC has retired; any other as it is."""
    return table().retired.get(code, code)


def find_topics(title: str, text: str, language: str | None = "en") -> tuple[Topic, ...]:
    """The topics of an article, best first; none in a language without terms, none without evidence.

    Args:
        title: its terms weigh more.
        text: the first 20,000 characters are read, the start weighs more.
        language: an ISO 639-1 code, perhaps with a region.
    """
    if (language or "").lower()[:2] not in LANGUAGES:
        return ()
    found = _evidence(title[:CHARACTERS_READ], text[:CHARACTERS_READ])
    tops = {code: sum(terms.values()) for code, terms in _terms_by_top(found).items()}
    topics = [topic for top in _chosen(tops) for topic in _below(top, tops, found)]
    return tuple(sorted(topics, key=lambda topic: (-topic.score, topic.id)))


def _padded(text: str) -> str:
    """The words in lower case, each between spaces of its own, as the patterns have them."""
    return f" {'  '.join(words.tokens(text.lower()))} "


def _evidence(title: str, text: str) -> dict[Concept, Evidence]:
    found: dict[Concept, Evidence] = {}
    terms = table().terms
    for at, seen in _seen(title, text).items():
        term, weights = terms[at]
        for concept, weight in weights:
            evidence = found.setdefault(concept, Evidence(0.0, {}))
            strength = weight * (1.0 + math.log(seen)) if seen > 1 else weight * seen
            evidence.weight += strength
            evidence.terms[term] = strength
    return found


def _terms_by_top(found: dict[Concept, Evidence]) -> dict[str, dict[str, float]]:
    """The terms that speak for each top level or anything below it, each counted once."""
    tops: dict[str, dict[str, float]] = defaultdict(dict)
    for concept, evidence in found.items():
        terms = tops[concept.top]
        for term, weight in evidence.terms.items():
            terms[term] = max(weight, terms.get(term, 0.0))
    return tops


def _seen(title: str, text: str) -> dict[int, float]:
    """How often each term stands in title and text, by its place; more where it stands in front."""
    seen: dict[int, float] = defaultdict(float)
    matcher = table().matcher
    for at, _, _ in matcher.find_matches_as_indexes(_padded(title)):
        seen[at] += TITLE_WEIGHT
    for at, start, _ in matcher.find_matches_as_indexes(_padded(text)):
        seen[at] += LEAD_WEIGHT if start < LEAD_CHARACTERS else 1.0
    return seen


def _chosen(tops: dict[str, float]) -> list[str]:
    best = max(tops.values(), default=0.0)
    least = max(LEAST_EVIDENCE, best * LEAST_SHARE)
    ranked = sorted(tops, key=lambda code: (-tops[code], code))
    return [code for code in ranked if tops[code] >= least][:MOST_TOPS]


def _below(top: str, tops: dict[str, float], found: dict[Concept, Evidence]) -> Iterable[Topic]:
    """The topic's concepts with evidence of their own; the topic itself where there are none."""
    weight = tops[top]
    confidence = (1.0 - math.exp(-weight / SATURATION)) * math.sqrt(weight / max(tops.values()))
    under = {concept: evidence for concept, evidence in found.items() if concept.top == top and concept.parents}
    best = max((evidence.weight for evidence in under.values()), default=0.0)
    least = max(LEAST_BELOW, best * LEAST_SHARE_BELOW)
    ranked = sorted(under, key=lambda concept: (-under[concept].weight, concept.code))
    strong = [concept for concept in ranked if under[concept].weight >= least][:MOST_BELOW]
    if not strong:
        merged = {
            term: weight
            for concept, evidence in found.items()
            if concept.top == top
            for term, weight in evidence.terms.items()
        }
        yield _topic(table().concepts[top], confidence, merged)
    for concept in strong:
        yield _topic(concept, confidence * math.sqrt(under[concept].weight / best), under[concept].terms)


def _topic(concept: Concept, score: float, terms: dict[str, float]) -> Topic:
    listed = sorted(terms, key=lambda term: (-terms[term], term))[:MOST_TERMS]
    return Topic(
        id=concept.code, name=concept.name, score=round(score, 3), parents=concept.parents, terms=tuple(listed)
    )


def topics(draft: Draft) -> Draft:
    """The draft with its topics."""
    return replace(draft, topics=find_topics(draft.title, draft.text, draft.language))


TOPICS: Final = Enricher(name="topics", version=1, run=topics, fills=("topics",))
