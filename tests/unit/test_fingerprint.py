"""Hashes that tell copies, and bands that tell near-duplicates."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from processors.enrichers.fingerprint import BANDS, FINGERPRINT, content_hash, near, normalised
from tests.drafts import draft

WORDS = [f"w{number}" for number in range(5000)]


def article(seed: int, length: int = 300) -> list[str]:
    """Random words, the same for the same seed."""
    return random.Random(seed).choices(WORDS, k=length)


def shingles(words: list[str]) -> set[tuple[str, ...]]:
    """All sequences of three words."""
    return set(zip(words, words[1:], words[2:], strict=False))


def edited(words: list[str], seed: int, similarity: float) -> list[str]:
    """The words with single ones replaced until the shingles' Jaccard similarity has fallen to `similarity`."""
    chance, changed = random.Random(seed), list(words)
    while True:
        ours, theirs = shingles(words), shingles(changed)
        if len(ours & theirs) / len(ours | theirs) <= similarity:
            return changed
        changed[chance.randrange(len(changed))] = f"new{chance.random()}"


def share_a_band(one: list[str], other: list[str]) -> bool:
    """Whether two articles count as near-duplicates."""
    return bool(set(near(" ".join(one))) & set(near(" ".join(other))))


def test_near_duplicates_share_a_band() -> None:
    """Of articles with a Jaccard similarity of .8, at least 95 in 100 share a band."""
    shared = sum(share_a_band(article(seed), edited(article(seed), seed, 0.8)) for seed in range(300))
    assert shared >= 0.95 * 300


def test_unrelated_articles_share_no_band() -> None:
    """Of pairs of unrelated articles fewer than one in a thousand share a band."""
    bands = [set(near(" ".join(article(seed)))) for seed in range(120)]
    pairs = [(one, other) for at, one in enumerate(bands) for other in bands[:at]]
    assert sum(bool(one & other) for one, other in pairs) < len(pairs) / 1000


def test_copies_share_all_bands_and_the_hash() -> None:
    """Case, punctuation, spacing and compatibility forms make no difference."""
    one, other = "The ﬁrst day: “peace” at last.", "the FIRST day -- peace, at  last"
    assert content_hash("", one) == content_hash("", other)
    assert near(one) == near(other)
    assert len(near(one)) == BANDS


def test_other_words_have_another_hash() -> None:
    """One changed word or digit changes the hash."""
    assert len({content_hash("", text) for text in ("won 2-1", "won 2-2", "lost 2-1")}) == 3


def test_without_text_the_title_is_hashed() -> None:
    """An empty text takes the title's hash and has no bands; where neither has a letter their marks are hashed."""
    done = FINGERPRINT.run(draft("Peace at last", " \n"))
    assert done.content_hash == content_hash("", "peace at last")
    assert done.near == ()
    assert content_hash("", "🎉") != content_hash("", "🚀")


def test_scripts_without_spaces_have_near_duplicates_too() -> None:
    """A Chinese text with one character changed shares a band with the original, and none with another text."""
    text = "".join(random.Random(1).choices([chr(0x4E00 + at) for at in range(2000)], k=400))
    other = "".join(random.Random(2).choices([chr(0x4E00 + at) for at in range(2000)], k=400))
    changed = text[:200] + "新" + text[201:]
    assert set(near(text)) & set(near(changed))
    assert not set(near(text)) & set(near(other))


def test_invisible_characters_do_not_count() -> None:
    """Soft hyphens and zero-width spaces, which copies gain and lose, are left out."""
    assert normalised("Ver\u00adhand\u200blung") == "verhandlung"


def test_bands_of_an_endless_text_are_those_of_its_start() -> None:
    """What stands behind the first 200,000 characters changes the hash, but not the bands."""
    start, tail = "day " * 50_000, "night " * 100_000
    assert near(start + tail) == near(start)
    assert content_hash("", start + tail) != content_hash("", start)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_has_a_fingerprint(title: str, text: str) -> None:
    """The hash is 64 hexadecimal digits, bands are all or none, and the same draft gives the same ones."""
    done = FINGERPRINT.run(draft(title, text))
    assert int(done.content_hash, 16) >= 0
    assert len(done.content_hash) == 64
    assert len(done.near) in (0, BANDS)
    assert done == FINGERPRINT.run(draft(title, text))


def test_bands_are_stable() -> None:
    """The bands of a known text never change: they are compared with those of articles stored long ago."""
    bands = near("Talks on strategic stability cannot move forward, Moscow says.")
    assert bands[:2] == ("00:11c0b638c954", "01:154c18e13091")
