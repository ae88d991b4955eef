"""What holds of names whatever the network says: adjectives of nation are none, who has a "Mr." is a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from processors.tagger.tokens import Tokens


class Span(NamedTuple):
    """Words `first` to `last` (one past the end) as a name of `kind`, with the tagger's probability."""

    first: int
    last: int
    kind: str
    score: float


HONORIFICS = frozenset("Mr Mr. Mrs Mrs. Ms Ms. Miss Mister".split())
TITLED = 0.7
_PARTICLES = frozenset("- al el ul bin ibn bint de la du del della der von van den da dos".split())
_NO_NAMES = frozenset(
    "european asian african arab arabs western eastern muslim muslims islamic islamist jewish christian catholic "
    "sunni sunnis shiite shiites shi'ite shi'ites shia kurdish kurds chechen kashmiri hispanic latino "
    "monday tuesday wednesday thursday friday saturday sunday january february march july september october november "
    "december president i mr mrs ms".split()
)


@cache
def adjectives() -> frozenset[str]:
    """Words for nations' people and things, and others with a capital that name nothing; in lower case."""
    lines = (files("processors") / "models" / "nations.tsv").read_text(encoding="utf-8").splitlines()
    people = {word.lower() for line in lines for word in line.split("\t")[1].split("|")}
    return frozenset(people | _NO_NAMES)


def applied(spans: Iterable[Span], tokens: Tokens) -> list[Span]:
    """The spans after all rules, in order, none over another."""
    named = [span for span in spans if not _adjective(span, tokens)]
    return _titled(list(_hyphened(named, tokens)), tokens)


def _adjective(span: Span, tokens: Tokens) -> bool:
    words = " ".join(tokens.words[span.first : span.last]).lower().replace("’", "'")
    return span.last - span.first <= 2 and words in adjectives()


def _hyphened(spans: Sequence[Span], tokens: Tokens) -> Iterator[Span]:
    """Two persons with a bare hyphen or a particle between them are one: "Abdul-Aziz al-Hakim"."""
    held: Span | None = None
    for span in spans:
        if held and _one_person(held, span, tokens):
            held = held._replace(last=span.last, score=(held.score + span.score) / 2)
            continue
        if held:
            yield held
        held = span
    if held:
        yield held


def _one_person(one: Span, other: Span, tokens: Tokens) -> bool:
    between = tokens.words[one.last : other.first]
    if not one.kind == other.kind == "person" or not 0 < len(between) < 4:
        return False
    attached = all(tokens.ends[n - 1] == tokens.starts[n] for n in range(one.last, other.first + 1))
    particles = _PARTICLES.issuperset(between)
    return particles and (between[0] != "-" or attached)


def _titled(spans: list[Span], tokens: Tokens) -> list[Span]:
    """Who follows a "Mr." is a person, whether the network saw a name there or another kind of one."""
    words = tokens.words
    if HONORIFICS.isdisjoint(words):
        return spans
    after = [n + 1 for n, word in enumerate(words[:-1]) if word in HONORIFICS and words[n + 1][0].isupper()]
    begins = {span.first: span for span in spans}
    covered = {number for span in spans for number in range(span.first, span.last)}
    for first in after:
        if first in begins:
            begins[first] = begins[first]._replace(kind="person")
        elif first not in covered:
            last = first + 1
            while last < len(words) and last not in covered and words[last].istitle() and words[last].isalpha():
                last += 1
            begins[first] = Span(first, last, "person", TITLED)
            covered.update(range(first, last))
    return [begins[first] for first in sorted(begins)]
