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
    return list(_titled(_hyphened(named, tokens), tokens))


def _adjective(span: Span, tokens: Tokens) -> bool:
    words = " ".join(tokens.words[span.first : span.last]).lower().replace("’", "'")
    return span.last - span.first <= 2 and words in adjectives()


def _hyphened(spans: Sequence[Span], tokens: Tokens) -> Iterator[Span]:
    """Two persons with a bare hyphen between them are one: "Abdul-Aziz al-Hakim"."""
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
    persons = one.kind == other.kind == "person" and other.first == one.last + 1
    return (
        persons
        and tokens.words[one.last] == "-"
        and tokens.ends[one.last - 1] + 1 == tokens.ends[one.last] == tokens.starts[other.first]
    )


def _titled(spans: Iterable[Span], tokens: Tokens) -> Iterator[Span]:
    """Who follows a "Mr." is a person, whether the network saw a name there or another kind of one."""
    words = tokens.words
    after = {
        number + 1 for number, word in enumerate(words[:-1]) if word in HONORIFICS and words[number + 1][0].isupper()
    }
    done = 0
    for span in [*spans, Span(len(words), len(words), "", 0)]:
        for first in sorted(number for number in after if done <= number < span.first) if after else ():
            last = first + 1
            while last < min(span.first, len(words)) and words[last][0].isupper() and words[last].isalpha():
                last += 1
            yield Span(first, last, "person", TITLED)
        if span.kind:
            yield span._replace(kind="person") if span.first in after else span
        done = span.last
