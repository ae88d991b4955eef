"""What models call the types of names that Wiredesk knows."""

from __future__ import annotations

from collections.abc import Iterable

# OntoNotes, CoNLL 2003 and WikiNER, and what spaCy's pipelines for Korean, Norwegian, Polish and Swedish say. What is
# no name of someone, some body, a place or an event has no line: NORP, MISC, DATE, PRODUCT …
_CALLED = {
    "person": "PERSON PER PERSNAME PRS PS",
    "organisation": "ORG ORGANIZATION ORGANISATION ORGNAME GPE_ORG OG CORPORATION",
    "place": "GPE LOC LOCATION FAC FACILITY PLACENAME GEOGNAME GPE_LOC LC",
    "event": "EVENT EVT EVN EVE EV",
}
_KINDS = {label: kind for kind, labels in _CALLED.items() for label in labels.split()}
_PREFIXES = frozenset("BIELSUMW")


def kind_of(label: str) -> str | None:
    """The type that a model's label stands for, with or without the mark of its place in a name (`B-PER`)."""
    if label[1:2] in ("-", "_") and label[:1] in _PREFIXES and len(label) > 2:
        label = label[2:]
    return _KINDS.get(label.upper())


def known(labels: Iterable[str]) -> dict[str, str]:
    """The labels that stand for a type, each with it."""
    return {label: kind for label in labels if (kind := kind_of(label))}
