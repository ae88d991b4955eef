"""What tells copies of an article from other articles: an exact hash, and MinHash bands for near-duplicates."""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rensa import RMinHash

from processors.enrichers import words
from processors.enrichers.draft import Draft, Enricher

if TYPE_CHECKING:
    from collections.abc import Iterator

BANDS: Final = 16
# Two articles share a band with probability 1 - (1 - J^ROWS)^BANDS, where J is the Jaccard similarity of their
# shingles: .99 at J = .8, .5 at .57, 1e-7 at .05.
ROWS: Final = 6
SEED: Final = 20
WORDS_PER_SHINGLE: Final = 3
CHARACTERS_PER_SHINGLE: Final = 6
CHARACTERS_READ: Final = 200_000

_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SPACELESS: Final = re.compile(f"[{words.SPACELESS}]")


def normalised(text: str) -> str:
    """The text by which copies are told: NFKC, case folded, letters and digits only, single spaces."""
    return " ".join(_normal_words(text))


def _normal_words(text: str) -> list[str]:
    if text.isascii():
        return words.tokens(text.lower())
    return words.tokens(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold())


def content_hash(title: str, text: str) -> str:
    """SHA-256, in hexadecimal, of the normalised text; of the title where the text has no letter or digit."""
    return _hash(title, text, normalised(text))


def _hash(title: str, text: str, normal: str) -> str:
    content = normal or normalised(title) or f"{title}\n{text}".strip()
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def near(text: str) -> tuple[str, ...]:
    """The MinHash bands of a text (`07:9f3a61c2d0b4`); none for a text without words.

    Shingles are three words; in scripts without spaces, six characters. Articles that share a band are
    near-duplicates with high probability (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4). The
    first 200,000 characters count.
    """
    return _near(_normal_words(text))


def _near(normal: list[str]) -> tuple[str, ...]:
    shingles = _shingles(normal)
    if not shingles:
        return ()
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=SEED)
    sketch.update(shingles)
    return tuple(_bands(sketch.digest()))


def _shingles(normal: list[str]) -> list[str]:
    text = " ".join(normal)
    if text.isascii() and len(text) <= CHARACTERS_READ:
        return _windows(normal, WORDS_PER_SHINGLE)
    text = text[:CHARACTERS_READ]
    spaceless = len(_SPACELESS.findall(text))
    if spaceless * 2 > len(text):
        return _windows(list(text.replace(" ", "")), CHARACTERS_PER_SHINGLE)
    return _windows((words.characters_apart(text) if spaceless else text).split(), WORDS_PER_SHINGLE)


def _windows(items: list[str], size: int) -> list[str]:
    if len(items) <= size:
        return [" ".join(items)] if items else []
    return list(map(" ".join, zip(*[items[at:] for at in range(size)], strict=False)))


def _bands(digest: list[int]) -> Iterator[str]:
    packed = struct.pack(f">{BANDS * ROWS}I", *digest)
    width = len(packed) // BANDS
    for band in range(BANDS):
        rows = packed[band * width : (band + 1) * width]
        yield f"{band:02x}:{hashlib.blake2b(rows, digest_size=6).hexdigest()}"


def fingerprint(draft: Draft) -> Draft:
    """The draft with its content hash and its bands."""
    normal = _normal_words(draft.text)
    return replace(draft, content_hash=_hash(draft.title, draft.text, " ".join(normal)), near=_near(normal))


FINGERPRINT: Final = Enricher(name="fingerprint", version=1, run=fingerprint, fills=("content_hash", "near"))
