"""What differs between two indices: how many articles each holds, and which fields changed in a sample of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch

from desk.places import chunks
from desk.rebuilding.walk import documents, still, walk

_SAMPLE = 1000
_READ_AT_ONCE = 50
_SHOWN = 3
_LONGEST_VALUE = 160


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one article in both indices, shortened."""

    article_id: str
    field: str
    before: str
    after: str


@dataclass(slots=True)
class Comparison:
    """Two indices side by side.

    Attributes:
        before: articles in the one, `after` in the other.
        sampled: articles that were compared field by field; ids are hashes, so the first of them are a fair sample.
        changed: of those, how many differ in anything.
        fields: in how many of those each field differs.
        samples: the first changes of each field.
    """

    before: int
    after: int
    sampled: int = 0
    changed: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    samples: list[Change] = field(default_factory=list)

    def take(self, article_id: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Compares one article."""
        self.sampled += 1
        names = differences(before, after)
        self.changed += bool(names)
        for name in names:
            self.fields[name] = self.fields.get(name, 0) + 1
            if self.fields[name] <= _SHOWN:
                told = _short(before.get(name)), _short(after.get(name))
                self.samples.append(Change(article_id, name, *told))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields whose values differ; a field that is not there has the value none."""
    return [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def compare(
    elasticsearch: Elasticsearch, before: str, after: str, counts: tuple[int, int], most: int = _SAMPLE
) -> Comparison:
    """Compares two indices.

    Args:
        elasticsearch: who is asked.
        before: the one.
        after: the other.
        counts: how many articles each holds.
        most: how many articles are compared field by field.
    """
    found = Comparison(*counts)
    with still(elasticsearch, before) as picture:
        sample = list(next(walk(elasticsearch, picture, page=most), {}))
    for ids in chunks(sample, _READ_AT_ONCE):
        old, new = documents(elasticsearch, before, ids), documents(elasticsearch, after, ids)
        for one in ids:
            if one in old and one in new:
                found.take(one, old[one][1], new[one][1])
    return found
