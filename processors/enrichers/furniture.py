"""Page furniture out of the text: whole lines only, each with the rule and the reason.

A cut must never take a sentence of the story: a line goes by a set phrase, by its form, because it follows a line
that announces other articles, because it stands outside the block that the story is, or because the source puts it
around its articles; what reads as a paragraph of the story stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from processors.enrichers.blocks import MOST_LINES, story_block
from processors.enrichers.draft import Draft, Enricher
from processors.enrichers.lineforms import LONGEST_HEADLINE, Form, form_of
from processors.enrichers.repeated import line_id
from schemas.article import Cut
from schemas.repeated import RepeatedLine

_REASONS = {
    "phrase": "a set phrase that pages put around articles",
    "link-label": "announces other articles",
    "other-headline": "the headline of another article, after a line that announces it",
    "begins": "begins as notices, credits and calls to subscribe begin",
    "share-bar": "names of networks and nothing else",
    "feed-tail": "says where a feed's article stood first",
    "copyright": "a copyright line",
    "cookies": "a notice about cookies",
    "byline": "names the author or the time, and is no text",
    "breadcrumbs": "the way to the page through the site's sections",
    "repeated": "the same paragraph stands before",
    "above-story": "outside the story: among the menus and headlines above its first paragraph",
    "below-story": "outside the story: among the comments, headlines and notices below its last paragraph",
    "beside-story": "outside the story: no sentence, in a list that breaks it",
}
_SHORTEST_REPEATED = 60
_STANDFIRST_LINES = 3
_HEADLINES_AFTER = {"single": 1, "many": 12}
_BLANK_LINES = re.compile(r"\n{3,}")
_WIDE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
_SENTENCE_INSIDE = re.compile(r"\w{3}[.!?]\s")
_PARAGRAPH = 160
# A text with fewer lines that are no sentences is an article, and no page.
_FEWEST_SHORT_LINES = 4
_LEAST_SHORT_SHARE = 0.1
_LONGEST_SHORT = 80
# A text of more lines is a table or a list; its lines are not judged.
_MOST_JUDGED = 40_000


class Line(NamedTuple):
    """One line of the extracted text that is not empty, with where it stands and what it is by itself."""

    start: int
    text: str
    form: Form


def lines_of(text: str) -> list[Line]:
    """The lines that are not empty, without white space at their ends."""
    found, at = [], 0
    forms: dict[str, Form] = {}
    for whole in text.split("\n"):
        said = whole.strip()
        if said:
            form = forms.get(said) or forms.setdefault(said, form_of(said))
            found.append(Line(at + whole.index(said[0]), said, form))
        at += len(whole) + 1
    return found


def furniture(draft: Draft) -> Draft:
    """Cuts what is page furniture, and leaves the clean text.

    Nothing is cut when nothing would be left: then the page was all there is to read.
    """
    if draft.extracted.count("\n") > _MOST_JUDGED:
        return draft.noted("furniture", f"more than {_MOST_JUDGED:,} lines are no article: none was looked at")
    lines = lines_of(draft.extracted)
    ruled = _ruled(lines, draft.repeated)
    if not ruled or all(number in ruled or line.form.edge for number, line in enumerate(lines)):
        return draft
    cuts = tuple(_cut(lines[number], rule, draft.repeated) for number, rule in sorted(ruled.items()))
    return replace(draft, cuts=cuts, text=_without(draft.extracted, cuts))


def _cut(line: Line, rule: str, repeated: Mapping[str, RepeatedLine]) -> Cut:
    reason = _REASONS.get(rule) or _learned_reason(repeated[line_id(line.text)])
    return Cut(start=line.start, end=line.start + len(line.text), text=line.text, rule=rule, reason=reason)


def _learned_reason(known: RepeatedLine) -> str:
    return f"stood in {known.seen} of {known.articles} articles of its source"


def _without(text: str, cuts: tuple[Cut, ...]) -> str:
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(text[at : cut.start])
        at = cut.end
    pieces.append(text[at:])
    return _BLANK_LINES.sub("\n\n", "".join(pieces)).strip()


def _ruled(lines: list[Line], repeated: Mapping[str, RepeatedLine]) -> dict[int, str]:
    """The lines that go, by number, with the rule that takes each; where several do, the one that says most."""
    block = _block_rules(lines)
    known = _known(lines, repeated)
    return block | _learned_rules(lines, known, block) | dict(_line_rules(lines, _story(lines, known | block.keys())))


def _block_rules(lines: list[Line]) -> dict[int, str]:
    """What stands outside the story of a whole page."""
    if len(lines) > MOST_LINES or not _is_page(lines):
        return {}
    forms = [line.form for line in lines]
    block = story_block(
        [line.text for line in lines],
        [form.edge is not None for form in forms],
        [form.anywhere == "link-label" for form in forms],
    )
    if block is None:
        return {}
    above, below = range(block.first), range(block.last + 1, len(lines))
    return (
        dict.fromkeys(above, "above-story")
        | dict.fromkeys(below, "below-story")
        | dict.fromkeys((number for number in block.beside if not lines[number].form.is_sentence), "beside-story")
    )


def _is_page(lines: list[Line]) -> bool:
    short = sum(len(line.text) < _LONGEST_SHORT and not line.form.is_sentence for line in lines)
    return short >= max(_FEWEST_SHORT_LINES, _LEAST_SHORT_SHARE * len(lines))


def _known(lines: list[Line], repeated: Mapping[str, RepeatedLine]) -> set[int]:
    if not repeated:
        return set()
    return {number for number, line in enumerate(lines) if line_id(line.text) in repeated}


def _learned_rules(lines: list[Line], known: set[int], gone: Mapping[int, str]) -> dict[int, str]:
    """What the source puts around its articles; a sentence between paragraphs stays, for a story may repeat one."""
    if not known:
        return {}
    first, last = _story(lines, known | gone.keys())
    return {
        number: "repeated-in-source"
        for number in known
        if not first < number < last or not lines[number].form.is_sentence
    }


def _line_rules(lines: list[Line], story: tuple[int, int]) -> Iterator[tuple[int, str]]:
    seen: dict[str, int] = {}
    for number, line in enumerate(lines):
        rule = line.form.anywhere if story[0] <= number <= story[1] else line.form.edge
        before = seen.get(line.text)
        if rule is None and before is not None and _is_said_twice(line.text, before, number):
            rule = "repeated"
        seen.setdefault(line.text, number)
        if rule:
            yield number, rule
        if rule == "link-label":
            yield from _headlines(lines, number, story[1])


def _is_said_twice(text: str, before: int, number: int) -> bool:
    """Whether a paragraph is an earlier one set again: a standfirst or a caption. Speeches and lessons repeat too."""
    return len(text) >= _SHORTEST_REPEATED and (before < _STANDFIRST_LINES or number - before <= 2)


def _story(lines: list[Line], left_out: set[int]) -> tuple[int, int]:
    """Numbers of the first and the last line that read as paragraphs, or as sentences where no line is so long."""
    for shortest in (_PARAGRAPH // 3, _PARAGRAPH // 8):
        told = [number for number, line in enumerate(lines) if number not in left_out and _is_paragraph(line, shortest)]
        if told:
            return told[0], told[-1]
    return 0, len(lines)


def _is_paragraph(line: Line, shortest: int) -> bool:
    if line.form.edge:
        return False
    least = shortest if line.form.is_sentence else _PARAGRAPH
    size = len(line.text)
    return size >= least or (not line.text.isascii() and size + 2 * len(_WIDE.findall(line.text)) >= least)


def _headlines(lines: list[Line], label: int, story_end: int) -> Iterator[tuple[int, str]]:
    """Headlines after a line that announces them: one for `next article`, several below the story."""
    said = lines[label].text.casefold()
    is_single = "article" in said and not said.rstrip(": ").endswith("s")
    most = _HEADLINES_AFTER["single" if is_single or label < story_end else "many"]
    for number in range(label + 1, min(len(lines), label + 1 + most)):
        if not _is_headline(lines[number]):
            return
        if lines[number].form.edge is None:
            yield number, "other-headline"


def _is_headline(line: Line) -> bool:
    is_told = line.form.is_sentence or _SENTENCE_INSIDE.search(line.text[:LONGEST_HEADLINE])
    return len(line.text) <= LONGEST_HEADLINE and not is_told and line.form.anywhere != "link-label"


FURNITURE = Enricher(name="furniture", version=2, run=furniture, fills=("text", "cuts", "notes"))
