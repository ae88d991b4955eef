"""What one line of a page is by its form: a notice, a credit, a byline, a share bar, or nothing of these."""

from __future__ import annotations

import re
from typing import NamedTuple

from processors.enrichers.blocks import is_sentence
from processors.enrichers.phrases import kinds

LONGEST_HEADLINE = 160
LONGEST_NOTICE = 400

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


class Form(NamedTuple):
    """The rule by which a line goes wherever it stands, and the one by which it goes before or after the story."""

    anywhere: str | None
    edge: str | None
    is_sentence: bool


def form_of(line: str) -> Form:
    """What a line is by itself; a rule that holds anywhere holds at the edges too."""
    told = is_sentence(line)
    if len(line) > LONGEST_NOTICE:
        return Form(None, None, told)
    said = kinds(line)
    anywhere = _anywhere(line, said, told)
    return Form(anywhere, anywhere or _at_edge(line, said), told)


def _anywhere(line: str, said: frozenset[str], is_told: bool) -> str | None:
    if "lines" in said:
        return "phrase"
    if "links" in said:
        return "link-label"
    if _networks(line) >= 2:
        return "share-bar"
    return "begins" if not is_told and ("starts" in said or "weak" in said) else None


def _at_edge(line: str, said: frozenset[str]) -> str | None:
    if "starts" in said:
        return "begins"
    if "edges" in said:
        return "phrase"
    lower = line.lower()
    if lower.startswith("the ") and _FEED_TAIL.fullmatch(line):
        return "feed-tail"
    if "cookie" in lower and _is_notice(line):
        return "cookies"
    return _short_form(line, lower) if len(line) <= LONGEST_HEADLINE else None


def _is_notice(line: str) -> bool:
    """Whether the site itself asks for consent: an article about cookies reports what others say of them."""
    asks = all(said.search(line) for said in (_COOKIES, _CONSENT, _SITE_SPEAKS))
    return asks and _REPORTED.search(_BUTTON.sub("", line)) is None


def _networks(line: str) -> int:
    """How many networks a line names; 0 where it says anything else."""
    first = _FIRST_WORD.match(line)
    if len(line) > LONGEST_HEADLINE or first is None or first[1].casefold() not in _NETWORKS:
        return 0
    words = [word for word in _SEPARATORS.split(line.casefold()) if word]
    return len(words) if len(words) <= 16 and all(word in _NETWORKS for word in words) else 0


def _short_form(line: str, lower: str) -> str | None:
    if _RIGHTS.search(lower) and _COPYRIGHT.fullmatch(line):
        return "copyright"
    if _is_byline(line):
        return "byline"
    if (">" in line or "›" in line) and _BREADCRUMBS.fullmatch(line):
        return "breadcrumbs"
    return "share-bar" if _networks(line) else None


def _is_byline(line: str) -> bool:
    """Whether a line names the author or the time; each form is tried only where its own marks stand."""
    if _BYLINE.fullmatch(line) or (_AUTHOR_MARK.search(line) and _AUTHOR.fullmatch(line)):
        return True
    return _DIGIT.search(line) is not None and bool(_TIMELINE.fullmatch(line) or _DATE.fullmatch(line))


_RIGHTS = re.compile(r"©|\(c\)|copyright|all rights reserved")
_AUTHOR_MARK = re.compile(r":|记者|記者")
_DIGIT = re.compile(r"\d")
_FIRST_WORD = re.compile(r"[\s|/•·,;+&>»–—-]*([^\W_]+(?:-[^\W_]+)?)")
