"""The names of the IPTC Media Topics and their codes, each way, with the codes above and below."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache

from processors.enrichers.topics import TABLE

_CODE = re.compile(r"(?:medtop:)?(\d{8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MediaTopic:
    """A Media Topic: its code (`medtop:########`), its English name, and the codes above it, the top level first."""

    code: str
    name: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Tree:
    topics: dict[str, MediaTopic]
    retired: dict[str, str]
    unique: dict[str, str]
    below: dict[str, tuple[str, ...]]


@cache
def _tree() -> _Tree:
    with gzip.open(TABLE, "rt", encoding="utf-8") as file:
        stored = json.load(file)
    topics = {code: MediaTopic(code, name, tuple(parents)) for code, name, parents in stored["concepts"]}
    counts = Counter(topic.name.casefold() for topic in topics.values())
    unique = {topic.name.casefold(): code for code, topic in topics.items() if counts[topic.name.casefold()] == 1}
    below: dict[str, list[str]] = defaultdict(list)
    for code, topic in topics.items():
        below[topic.parents[-1] if topic.parents else ""].append(code)
    return _Tree(topics, stored["retired"], unique, {code: tuple(sorted(codes)) for code, codes in below.items()})


def written_code(text: str) -> str | None:
    """The code that a text writes, with or without `medtop:`; none where it writes no code."""
    found = _CODE.fullmatch(text)
    return f"medtop:{found[1]}" if found else None


def topic(code: str) -> MediaTopic | None:
    """The Media Topic of a code, that of its successor where it is retired; none where there is no such code."""
    tree = _tree()
    return tree.topics.get(tree.retired.get(code, code))


def code_of(name: str) -> str | None:
    """The code of the one Media Topic with this name, in whatever case; none where none has it, or several."""
    return _tree().unique.get(" ".join(name.casefold().split()))


def name_of(code: str) -> str:
    """The name of a code; the code itself where it is not known."""
    found = topic(code)
    return found.name if found else code


def parents_of(code: str) -> tuple[str, ...]:
    """The codes above one, the top level first."""
    found = topic(code)
    return found.parents if found else ()


def children_of(code: str | None = None) -> tuple[str, ...]:
    """The codes right below one; the top level without."""
    return _tree().below.get(code or "", ())


def names() -> tuple[str, ...]:
    """The names that stand for one Media Topic each, in small letters, by alphabet."""
    return tuple(sorted(_tree().unique))
