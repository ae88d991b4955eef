"""What one worker learns of a source is known to all, and comes into every later article as a value."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from processors.enrich import enrich
from processors.memory import Memory
from schemas.article import EnrichedArticle, RawArticle
from schemas.repeated import RepeatedLine
from tests.fakes import raw_article

STREAM = "sources.repeated"
SLOGAN = "The Herald tells it first"
LINE = RepeatedLine(source="herald", line="0" * 16, text=SLOGAN, seen=6, articles=9)


def story(number: int, source: str = "herald") -> RawArticle:
    """An article of its own under the line that its source puts below all."""
    subjects = (
        "harvest",
        "railway",
        "museum",
        "election",
        "river",
        "budget",
        "hospital",
        "orchestra",
        "airport",
        "school",
    )
    subject = subjects[number % len(subjects)]
    told = (
        f"The {subject} of town number {number} was the talk of everybody on Monday, as the mayor {number} said. " * 2
    )
    return raw_article(
        f"News of the {subject} {number}\n\n{told}\n\n{told[::-1].capitalize()}\n\n{SLOGAN}\n", source=source
    )


def fed(memory: Memory, count: int) -> list[EnrichedArticle]:
    """So many articles of the source, enriched one after another."""
    make = memory.with_learned(enrich)
    return [make(story(number)) for number in range(count)]


def test_a_line_under_every_article_is_learned_and_then_cut() -> None:
    """Later articles lose it, with a cut that says so, and say how many lines were known; other sources keep theirs."""
    memory = Memory(STREAM)
    articles = fed(memory, 10)
    assert SLOGAN in articles[0].text["en"]
    assert articles[0].learned == 0
    assert SLOGAN not in articles[-1].text["en"]
    assert articles[-1].learned == 1
    assert [cut.text for cut in articles[-1].cuts] == [SLOGAN]
    other = memory.with_learned(enrich)(story(11, "other"))
    assert SLOGAN in other.text["en"]


def test_what_is_learned_goes_to_all_workers_once() -> None:
    """Each learned line is one message under source and line; a worker that takes it cuts as the first one does."""
    first, second = Memory(STREAM), Memory(STREAM)
    fed(first, 10)
    (sent,) = first.learned()
    assert first.learned() == []
    assert (sent.stream, sent.key.split(b"\x00")[0]) == (STREAM, b"herald")
    second.take(sent.key, sent.value)
    assert second.of("herald") == first.of("herald")
    article = second.with_learned(enrich)(story(12))
    assert SLOGAN not in article.text["en"]


def test_a_line_is_forgotten_by_a_record_without_a_value() -> None:
    """A tombstone takes one line of one source back, and nothing else."""
    memory = Memory(STREAM)
    other = LINE.model_copy(update={"line": "1" * 16})
    for one in (LINE, other):
        memory.take(one.key, one.model_dump_json().encode())
    memory.take(LINE.key, None)
    assert set(memory.of("herald")) == {other.line}


@pytest.mark.parametrize("value", [b"", b"{", b"{}", b"null", b"\xff", b'{"schema_version": 2}'])
def test_a_record_that_cannot_be_read_is_passed_over(value: bytes) -> None:
    """What others wrote wrongly costs nothing."""
    memory = Memory(STREAM)
    memory.take(b"key", value)
    memory.take(None, None)
    assert memory.of("herald") == {}


def test_what_an_article_was_given_does_not_change_under_it() -> None:
    """A line that arrives while an article is made counts for the next one."""
    memory = Memory(STREAM)
    given: list[Mapping[str, RepeatedLine]] = []

    def make(raw: RawArticle, *, repeated: Mapping[str, RepeatedLine]) -> EnrichedArticle:
        memory.take(LINE.key, LINE.model_dump_json().encode())
        given.append(repeated)
        return enrich(raw, repeated=repeated)

    learned = [memory.with_learned(make)(story(number)).learned for number in (1, 2)]
    assert learned == [0, 1]
    assert [len(one) for one in given] == [0, 1]
