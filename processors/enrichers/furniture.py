"""Page furniture out of the text: whole lines only, each with the rule and the reason.

A cut must never take a sentence of the story: a line goes only by a set phrase, by its form, or because it follows a
line that announces other articles, and what reads as a paragraph stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from processors.enrichers.draft import Draft, Enricher
from processors.enrichers.phrases import (
    begins_as_furniture,
    introduces_links,
    is_set_line,
    is_set_line_at_edge,
    may_begin_furniture,
)
from schemas.article import Cut

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
}
_LONGEST_HEADLINE = 160
_LONGEST_NOTICE = 400
_SHORTEST_REPEATED = 60
_HEADLINES_AFTER = {"single": 1, "many": 12}
_BLANK_LINES = re.compile(r"\n{3,}")

_NETWORKS = frozenset(
    "facebook twitter x whatsapp telegram linkedin pinterest reddit email e-mail mail print share tweet instagram "
    "youtube tiktok threads bluesky mastodon viber vk ok line weibo wechat messenger flipboard pocket copy link "
    "share: twitter: facebook: google news rss sms more on via и".split()
)
_SEPARATORS = re.compile(r"[\s|/•·,;+&>»–—-]+")
_COPYRIGHT = re.compile(
    r"(?:copyright\s)?(?:©|\(c\)|copyright)\s?(?:by\s)?(?:[12]\d{3}\b|(?-i:[A-ZÀ-ÞĀ-ŽА-Я])[^.,]{0,60}$).*"
    r"|[^.]{0,120}\ball rights reserved\W{0,3}",
    re.IGNORECASE,
)
_FEED_TAIL = re.compile(
    r"the (?:post|article|story) .{1,250} (?:appeared first|first appeared|was first published) (?:on|in) .{1,60}",
    re.IGNORECASE,
)
_COOKIES = re.compile(r"\bcookies?\b", re.IGNORECASE)
_CONSENT = re.compile(
    r"\b(accept|consent|agree|policy|preferences|experience|einwillig|zustimm|accepte[rz]?|aceptar?|accett|toestemming)",
    re.IGNORECASE,
)
_SITE_SPEAKS = re.compile(
    r"\b(?:we|our|us|you|this (?:web)?site|wir|diese|nous|vous|ce site|utilizamos|usamos|este siti?[oe]|questo sito|"
    r"utilizziamo|wij|deze|ta strona|мы|этот сайт)\b",
    re.IGNORECASE,
)
_BUTTON = re.compile(r"[“\"„«][^“”\"„«»]{1,25}[”\"“»]")
_REPORTED = re.compile(r"[\"“”„«»]|\b(?:said|says|told|wrote|ruled|court|judges?)\b", re.IGNORECASE)
_PERSON = r"[A-ZÀ-ÞĀ-ŽА-Я][\w.’'-]+(?:\s+(?:[A-Z]\.|d[aei]|van|von|bin|al|[A-ZÀ-ÞĀ-ŽА-Я][\w.’'-]+)){1,4}"
_BYLINE = re.compile(
    rf"(?:By|Von|Par|Por|Di|Door|Written by|Reported by|Words by)\s+{_PERSON}"
    rf"(?:(?:,| and| und| et| y| e| en)\s+{_PERSON}){{0,4}}(?:,[^.!?]{{0,60}})?"
)
_AUTHOR = re.compile(
    r"(?:Author|Autor|Autorin|Auteur|Autore|Автор|Text|Texte|Tekst|Текст)\s?:\s\S.{1,60}(?<![.!?])|(?:本报)?(?:记者|記者)\s?[\u4e00-\u9fff]{2,4}"
)
_TIMELINE = re.compile(
    r"\d{1,3}\s*(?:min(?:ute)?s?|мин|分)\.?\s*(?:read|lesen|lezen|чтения)?|\d{1,2}:\d\d(?:\s*[AP]M)?(?:\s+[A-Z]{2,4})?",
    re.IGNORECASE,
)
_TIME_LABEL = (
    r"(?:(?:published|posted|updated|stand|veröffentlicht|aktualisiert|publié(?: le)?|mis à jour(?: le)?|publicado|"
    r"actualizado|atualizado(?: em)?|pubblicato(?: il)?|aggiornato(?: il)?|aktualizacja|giriş|güncelleme|опубликовано|"
    r"обновлено|опубліковано|оновлено)\s?:?\s|[^\W\d_]{3,12},\s)?"
)
_DAY = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d\d-\d\d|\d{1,2}\.?\s(?:de\s)?[^\W\d_]{3,12}\.?\s(?:de\s)?\d{4}|"
    r"[^\W\d_]{3,12}\.?\s\d{1,2},\s\d{4}|\d{4}年\d{1,2}月\d{1,2}日)"
)
_HOUR = r"(?:,?\s(?:at\s|à\s|um\s|[-–|]\s)?\d{1,2}[:.hH]\d\d(?:\s?[AaPp]\.?[Mm]\.?)?(?:\s(?:Uhr|[A-Z]{2,4}))?)?"
_DATE = re.compile(_TIME_LABEL + _DAY + _HOUR, re.IGNORECASE)
_BREADCRUMBS = re.compile(r"[^>›»<@]{1,40}(?:\s[>›]\s[^>›»<@]{1,40}){1,6}")
_WIDE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
_SENTENCE_END = re.compile(r"[.!…。！।۔։።။។][\"'”’»」』）)\]]*$")
_SENTENCE_INSIDE = re.compile(r"\w{3}[.!?]\s")
_PARAGRAPH = 160


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the extracted text that is not empty, with where it stands."""

    start: int
    end: int
    text: str


def lines_of(text: str) -> list[Line]:
    """The lines that are not empty, without white space at their ends."""
    found = []
    for match in re.finditer(r"[^\n]+", text):
        said = match.group().strip()
        if said:
            start = match.start() + len(match.group()) - len(match.group().lstrip())
            found.append(Line(start, start + len(said), said))
    return found


def furniture(draft: Draft) -> Draft:
    """Cuts what is page furniture, and leaves the clean text.

    Nothing is cut when nothing would be left: then the page was all there is to read.
    """
    lines = lines_of(draft.extracted)
    ruled = dict(_ruled(lines))
    if not ruled or all(number in ruled or _rule(line.text, is_edge=True) for number, line in enumerate(lines)):
        return draft
    cuts = tuple(
        Cut(start=line.start, end=line.end, text=line.text, rule=rule, reason=_REASONS[rule])
        for line, rule in ((lines[number], rule) for number, rule in sorted(ruled.items()))
    )
    return replace(draft, cuts=cuts, text=_without(draft.extracted, cuts))


def _without(text: str, cuts: tuple[Cut, ...]) -> str:
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(text[at : cut.start])
        at = cut.end
    pieces.append(text[at:])
    return _BLANK_LINES.sub("\n\n", "".join(pieces)).strip()


def _ruled(lines: list[Line]) -> Iterator[tuple[int, str]]:
    """The lines that go, by number, with the rule that takes each."""
    story = _story(lines)
    seen: set[str] = set()
    for number, line in enumerate(lines):
        rule = _rule(line.text, is_edge=number < story[0] or number > story[1])
        if rule is None and len(line.text) >= _SHORTEST_REPEATED and line.text in seen:
            rule = "repeated"
        seen.add(line.text)
        if rule:
            yield number, rule
        if rule == "link-label":
            yield from _headlines(lines, number, story[1])


def _story(lines: list[Line]) -> tuple[int, int]:
    """Numbers of the first and the last line that read as paragraphs, or as sentences where no line is so long."""
    for shortest in (_PARAGRAPH // 3, _PARAGRAPH // 8):
        told = [number for number, line in enumerate(lines) if _is_paragraph(line.text, shortest)]
        if told:
            return told[0], told[-1]
    return 0, len(lines)


def _is_paragraph(text: str, shortest: int) -> bool:
    size = len(text) + 2 * len(_WIDE.findall(text))
    return size >= (shortest if _is_sentence(text) else _PARAGRAPH) and _rule(text, is_edge=True) is None


def _is_sentence(text: str) -> bool:
    return _SENTENCE_END.search(text[-20:]) is not None


def _rule(text: str, *, is_edge: bool) -> str | None:
    """The rule by which a line goes wherever it stands, or at the edges of the page; none for a line that stays."""
    if is_set_line(text):
        return "phrase"
    if introduces_links(text):
        return "link-label"
    if _is_share_bar(text):
        return "share-bar"
    if _begins(text, is_edge=is_edge):
        return "begins"
    return _edge_rule(text) if is_edge else None


def _begins(text: str, *, is_edge: bool) -> bool:
    if begins_as_furniture(text):
        return is_edge or not _is_sentence(text)
    return may_begin_furniture(text) and not _is_sentence(text)


def _edge_rule(text: str) -> str | None:
    if len(text) > _LONGEST_NOTICE:
        return None
    if is_set_line_at_edge(text):
        return "phrase"
    if _FEED_TAIL.fullmatch(text):
        return "feed-tail"
    if _is_notice(text):
        return "cookies"
    return next((rule for rule, form in _SHORT_FORMS if len(text) <= _LONGEST_HEADLINE and form(text)), None)


def _is_notice(text: str) -> bool:
    """Whether the site itself asks for consent: an article about cookies reports what others say of them."""
    asks = all(said.search(text) for said in (_COOKIES, _CONSENT, _SITE_SPEAKS))
    return asks and _REPORTED.search(_BUTTON.sub("", text)) is None


def _is_share_bar(text: str, least: int = 2) -> bool:
    if len(text) > _LONGEST_HEADLINE:
        return False
    words = [word for word in _SEPARATORS.split(text.casefold()) if word]
    return least <= len(words) <= 16 and all(word in _NETWORKS for word in words)


_SHORT_FORMS = (
    ("copyright", _COPYRIGHT.fullmatch),
    ("byline", _BYLINE.fullmatch),
    ("byline", _AUTHOR.fullmatch),
    ("byline", _TIMELINE.fullmatch),
    ("byline", _DATE.fullmatch),
    ("breadcrumbs", _BREADCRUMBS.fullmatch),
    ("share-bar", partial(_is_share_bar, least=1)),
)


def _headlines(lines: list[Line], label: int, story_end: int) -> Iterator[tuple[int, str]]:
    """Headlines after a line that announces them: one for `next article`, several below the story."""
    is_single = "article" in lines[label].text.casefold() and not lines[label].text.casefold().rstrip(": ").endswith(
        "s"
    )
    most = _HEADLINES_AFTER["single" if is_single or label < story_end else "many"]
    for number in range(label + 1, min(len(lines), label + 1 + most)):
        if not _is_headline(lines[number].text):
            return
        if _rule(lines[number].text, is_edge=True) is None:
            yield number, "other-headline"


def _is_headline(text: str) -> bool:
    is_told = _is_sentence(text) or _SENTENCE_INSIDE.search(text[:_LONGEST_HEADLINE])
    return len(text) <= _LONGEST_HEADLINE and not is_told and not introduces_links(text)


FURNITURE = Enricher(name="furniture", version=1, run=furniture, fills=("text", "cuts"))
