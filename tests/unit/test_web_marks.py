"""Where marks and cuts stand in an article's text."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desk.web.marks import Span, blocks, entity_spans, lines_before, longest, topic_spans
from processors.enrichers.draft import Draft
from processors.enrichers.furniture import furniture
from tests.fakes import quick, raw_article
from tests.webdesk import TEXT, article

spans = st.builds(
    lambda start, length, key: Span(start, start + length, "person", key, key),
    st.integers(-3, 60),
    st.integers(-2, 25),
    st.sampled_from("abc"),
)
texts = st.text(st.sampled_from("ab é\n"), max_size=60)


def overlaps(one: Span, other: Span) -> bool:
    """Whether two spans share a character."""
    return one.start < other.end and other.start < one.end


@quick
@given(texts, st.lists(spans, max_size=30))
def test_what_is_drawn_is_stored_and_the_longest_wins(text: str, given_spans: list[Span]) -> None:
    """Drawn spans are stored ones, lie apart, within the text; and whatever is left out met one at least as long."""
    drawn = longest(given_spans, len(text))
    assert set(drawn) <= set(given_spans)
    assert all(one.end <= other.start for one, other in itertools.pairwise(drawn))
    for span in given_spans:
        if span not in drawn and 0 <= span.start < span.end <= len(text):
            assert any(overlaps(span, one) and one.end - one.start >= span.end - span.start for one in drawn)


@quick
@given(texts, st.lists(spans, max_size=20))
def test_nothing_of_the_text_is_lost_or_changed(text: str, given_spans: list[Span]) -> None:
    """The lines drawn are the text's lines, letter by letter, and each mark holds what stands at its offsets."""
    drawn = blocks(text, given_spans, ())
    shown = ["".join(piece.text for piece in block.pieces) for block in drawn]
    assert shown == [line for line in text.split("\n") if line.strip()]
    for block in drawn:
        for piece in block.pieces:
            assert piece.text
            assert piece.span is None or piece.text in text[piece.span.start : piece.span.end]


lines = st.lists(st.text(st.sampled_from("abcdefgh ,."), min_size=6, max_size=40).filter(str.strip), max_size=12)


@quick
@given(lines, st.lists(st.sampled_from(["Share on Facebook", "Read more:", "Advertisement"]), max_size=4), st.data())
def test_cuts_stand_where_they_stood(story: list[str], notices: list[str], data: st.DataObject) -> None:
    """Cut lines are drawn between the same lines of the story as in the text before the cutting."""
    story = [f"{number} {line.strip()}" for number, line in enumerate(story, 1)]
    places = sorted(data.draw(st.lists(st.integers(0, len(story)), min_size=len(notices), max_size=len(notices))))
    rows = [(number, line, False) for number, line in enumerate(story)]
    rows += [(place - 0.5, line, True) for place, line in zip(places, notices, strict=True)]
    rows.sort(key=lambda row: row[0])
    gap = data.draw(st.sampled_from(["\n", "\n\n"]))
    before = gap.join(line for _, line, _ in rows)
    cuts, at = [], 0
    for _, line, is_cut in rows:
        start = before.index(line, at)
        at = start + len(line)
        if is_cut:
            cuts.append({"start": start, "end": at, "text": line})
    kept, at = "", 0
    for cut in cuts:
        kept, at = kept + before[at : cut["start"]], cut["end"]
    kept += before[at:]
    while "\n\n\n" in kept:
        kept = kept.replace("\n\n\n", "\n\n")
    assert lines_before(kept.strip(), cuts) == places


def test_the_enrichers_cuts_find_their_places() -> None:
    """What the furniture enricher really cut stands at the line where it was."""
    story = "The minister spoke in Geneva on Monday, and promised to come back soon."
    extracted = f"Share on Facebook\n\n{story}\n\nAdvertisement\n\n{story[::-1]} It ended.\n\nShare on Twitter"
    draft = furniture(Draft(raw=raw_article(extracted), extracted=extracted, text=extracted))
    assert draft.cuts[0].text == "Share on Facebook"
    found = lines_before(draft.text, [cut.model_dump() for cut in draft.cuts])
    before = [extracted[: cut.start].count("\n\n") - number for number, cut in enumerate(draft.cuts)]
    assert found == before


def test_entities_and_topic_terms_become_spans() -> None:
    """Entities stand at their mentions, terms of topics wherever the text has them as whole words, in any case."""
    found = article(text=f"{TEXT} Talks. Talkative.")
    assert [(span.kind, TEXT[span.start : span.end]) for span in entity_spans(found)] == [
        ("person", "Maria Zakharova"),
        ("place", "Geneva"),
    ]
    terms = [found["text"][span.start : span.end] for span in topic_spans(found)]
    assert terms == ["arms control", "talks", "talks", "Talks"]


def test_an_article_without_topics_has_no_terms() -> None:
    """Nothing is marked where nothing speaks for a topic."""
    nothing: dict[str, Any] = article(topics=())
    assert list(topic_spans(nothing)) == []
