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
_BEGINNINGS = frozenset("New San Los Las Santa El Fort Port Cape Saint St. South North Mount Sri Hong Saudi".split())
# Bodies that are called by an owner's name, so that the possessive is of the name.
_OWNERS = frozenset(
    "Moody Poor Lloyd McDonald Sotheby Christie Macy Kellogg Levi Wendy Domino Sainsbury Lowe Bloomingdale Foster "
    "Barron Jane Barnardo Newell".split()
)
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
    return _titled(_completed(list(_hyphened(named, tokens)), tokens.words), tokens)


def _adjective(span: Span, tokens: Tokens) -> bool:
    if span.last - span.first > 2:
        return False
    return " ".join(tokens.words[span.first : span.last]).lower().replace("’", "'") in adjectives()


def _hyphened(spans: Sequence[Span], tokens: Tokens) -> Iterator[Span]:
    """Joins persons that a hyphen or particle parts, "Abdul-Aziz al-Hakim", and places such as "Port-au-Prince"."""
    held: Span | None = None
    for span in spans:
        if held and _one_name(held, span, tokens):
            held = held._replace(last=span.last, score=(held.score + span.score) / 2)
            continue
        if held:
            yield held
        held = span
    if held:
        yield held


def _one_name(one: Span, other: Span, tokens: Tokens) -> bool:
    between = tokens.words[one.last : other.first]
    if one.kind != other.kind or not 0 < len(between) < 4:
        return False
    attached = all(tokens.ends[n - 1] == tokens.starts[n] for n in range(one.last, other.first + 1))
    if one.kind == "place":
        return attached and len(between) == 3 and between[1].islower() and between[0] == between[2] == "-"
    return one.kind == "person" and _PARTICLES.issuperset(between) and (between[0] != "-" or attached)


def _completed(spans: list[Span], words: Sequence[str]) -> list[Span]:
    """The spans, those longer that cannot end where they do: "New" before "York", "Moody" before "'s"."""
    out: list[Span] = []
    for span in spans:
        if out and span.first < out[-1].last:
            if span.score > out[-1].score and span.last == out[-1].last:
                out[-1] = out[-1]._replace(kind=span.kind)
            continue
        out.append(span._replace(last=span.last + _missing(span, words)))
    return out


def _missing(span: Span, words: Sequence[str]) -> int:
    """How many of the words after the span belong to it."""
    after = words[span.last] if span.last < len(words) else ""
    if span.last - span.first == 1 and words[span.first] in _BEGINNINGS and after.istitle() and after.isalpha():
        return 1
    return int(after in ("'s", "’s") and span.kind == "organisation" and words[span.last - 1] in _OWNERS)


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
