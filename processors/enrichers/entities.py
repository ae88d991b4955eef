"""Who, what and where the article names: tagged, brought into agreement over the whole text, and linked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from processors import linker
from processors.enrichers.draft import Draft, Enricher
from processors.tagger.agree import Cluster, agreed
from processors.tagger.network import MOST_WORDS
from processors.tagger.tokens import Tokens, tokenize
from processors.tiers.tier import WIREDESK, Tier
from schemas.article import Entity, EntityType, Mention

LONGEST = 100_000
MOST_ENTITIES = 1000
MOST_MENTIONS = 500
_KINDS: dict[str, EntityType] = {"person": "person", "organisation": "organisation", "place": "place", "event": "event"}
_LANGUAGES = {"en": "English"}
_LINKED: dict[str, EntityType] = {"P": "person", "O": "organisation", "L": "place"}


def entities(draft: Draft, tier: Tier = WIREDESK) -> Draft:
    """Fills `entities`, in the order of their first mention; of each, the first `MOST_MENTIONS` mentions.

    A text in a language that the tier does not read, or longer than can be read in bounded time, gets a note.
    """
    if not draft.text.strip():
        return draft
    if not tier.reads(draft.language):
        known = " and ".join(_LANGUAGES.get(code, code) for code in sorted(tier.languages or ()))
        return draft.noted("entities", f"names are found in {known} text only; this is in {draft.language!r}")
    text = draft.text[:LONGEST]
    tokens = tokenize(text)
    cut = len(tokens.words) > MOST_WORDS or len(draft.text) > LONGEST
    if cut:
        tokens = Tokens(tokens.words[:MOST_WORDS], tokens.starts[:MOST_WORDS], tokens.ends[:MOST_WORDS])
    found = found_in(text, tokens, tier, draft.published_at.year if draft.published_at else 0)
    draft = replace(draft, entities=tuple(found[:MOST_ENTITIES]))
    if cut or len(found) > MOST_ENTITIES:
        return draft.noted(
            "entities", f"read up to character {tokens.ends[-1]}; at most {MOST_ENTITIES} entities are kept"
        )
    return draft


def found_in(text: str, tokens: Tokens, tier: Tier = WIREDESK, year: int = 0) -> list[Entity]:
    """The entities of a text in a language that the tier reads; `year` is when it was published (0: not known)."""
    tokens, spans = tier.tag(text, tokens)
    clusters = agreed(spans, tokens, text)
    table = linker.default()
    here = linker.context(tokens.words, clusters, table, text, year)
    merged: dict[str, Entity] = {}
    for cluster in clusters:
        entity = _entity(cluster, linker.link(cluster, here, table), text)
        before = merged.get(entity.id)
        merged[entity.id] = _both(before, entity) if before else entity
    return list(merged.values())


def local_id(kind: str, name: str) -> str:
    """The id of what has none elsewhere: its type and its name, normalised."""
    return f"{kind}:{linker.normal(name).replace(' ', '-') or name}"


def _entity(cluster: Cluster, link: linker.Link | None, text: str) -> Entity:
    mentions = tuple(
        Mention(start=one.start, end=one.end, text=text[one.start : one.end])
        for one in cluster.mentions[:MOST_MENTIONS]
    )
    evidence = dict.fromkeys(one.evidence for one in cluster.mentions)
    name = link.entry.name if link else cluster.name
    return Entity(
        id=link.entry.identifier if link else local_id(cluster.kind, name),
        name=name,
        type=_LINKED[link.entry.kind] if link else _KINDS[cluster.kind],
        score=round(min(cluster.score, 1.0), 3),
        mentions=mentions,
        evidence=tuple(_few([*evidence, *([link.evidence] if link else [])])),
    )


def _both(one: Entity, other: Entity) -> Entity:
    """Two names of the same thing as one entity."""
    mentions = tuple(sorted((*one.mentions, *other.mentions), key=lambda mention: mention.start))[:MOST_MENTIONS]
    evidence = tuple(_few(dict.fromkeys((*one.evidence, *other.evidence))))
    return one.model_copy(update={"mentions": mentions, "evidence": evidence, "score": max(one.score, other.score)})


def _few(evidence: Iterable[str], most: int = 8) -> list[str]:
    return list(evidence)[:most]


ENTITIES = Enricher(name="entities", version=3, run=entities, fills=("entities", "notes"))


def found_by(tier: Tier) -> Enricher:
    """The enricher with another tagger in it."""
    return replace(ENTITIES, run=partial(entities, tier=tier))
