"""The dates that an article itself carries: in its address, and in the first lines of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from processors.enrichers.dateforms import Moment, Order, readings
from processors.enrichers.monthnames import fold, with_month_numbers

LINES_READ: Final = 5
CHARACTERS_READ: Final = 2_000
LONGEST_LINE: Final = 120

_PATH_DATE: Final = re.compile(
    r"/((?:19|20)\d\d)[/-](\d{1,2}|[a-z]{3,9})(?:[/-](\d{1,2}))?(?=[/-]|\.\w+$|$)", re.IGNORECASE
)
_PATH_COMPACT: Final = re.compile(r"/((?:19|20)\d\d)(\d\d)(\d\d)(?=[/_.-]|$)")
_SLUG_END: Final = re.compile(r"-((?:19|20)\d\d)-(\d\d)-(\d\d)(?:/|\.\w+)?$")

_PARTS_OF_A_LINE: Final = re.compile(r"\s*[|\u2022\u00b7]\s*|\s+[\u2013\u2014-]\s+")
_LEADING_WORDS: Final = re.compile(
    r"(?:(?:first )?published|posted|date|issued|released|publié|veröffentlicht|publicado|pubblicato|опубликовано"
    r"|дата|发布时间|公開日|yayın tarihi)(?: on| le| am| el| il| em)?\s*:?\s+",
    re.IGNORECASE,
)
_NOT_PUBLISHED: Final = re.compile(
    r"updated|modified|corrected|expires|mise? à jour|actuali[sz]|aktualisiert|aggiornat|atualizad|обновлен|更新",
    re.IGNORECASE,
)
_NO_PLACE: Final = frozenset("after at before by for from in on since the until".split())
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_AROUND: Final = re.compile(r"(?P<before>[^\d@]*)[\d@].*?(?P<after>[^\d@]*)", re.DOTALL)
_IDENTIFIER: Final = re.compile(r"\d{5}")
_DATELINE: Final = re.compile(
    r"(?P<place>[^\W\d_][^\d\n]{1,60}?)[,.]\s+(?P<date>[^\n]{8,60}?)\s*(?:--|[\u2013\u2014]|-\s|(?<=[/)])\.?\s)"
)
_DIGIT: Final = re.compile("[0-9]")
_PLACE_WORDS_AT_MOST: Final = 5


def address_dates(url: str | None) -> tuple[Moment, ...]:
    """The day or month that the path of an address is filed under; none where it shows several."""
    path = _path(url)
    found = [
        moment
        for match in (*_PATH_DATE.finditer(path), *_PATH_COMPACT.finditer(path), *_SLUG_END.finditer(path))
        for moment in readings("-".join(filter(None, match.groups())))
    ]
    finest = [moment for moment in found if moment.precision == "day"] or found
    return tuple(dict.fromkeys(finest)) if len(set(finest)) == 1 else ()


def _path(url: str | None) -> str:
    try:
        return unquote(urlsplit(url or "").path)[:1_000]
    except ValueError:
        return ""


def dateline_dates(text: str, order: Order | None, language: str | None) -> tuple[Moment, ...]:
    """What the first date can mean that stands in the first lines of `text` by itself or in a dateline.

    A date within a sentence tells of an event, not of the article, and is passed over.
    """
    lines = [line.strip() for line in text[:CHARACTERS_READ].split("\n") if line.strip()]
    for line in lines[:LINES_READ]:
        for stated in _stated_in(line, language):
            found = readings(stated, order, language)
            if found and found[0].precision not in ("month", "year"):
                return found
    return ()


def _stated_in(line: str, language: str | None) -> Iterator[str]:
    if not _DIGIT.search(fold(line[:LONGEST_LINE])):
        return
    dateline = _DATELINE.match(line[:LONGEST_LINE])
    if _NOT_PUBLISHED.search(line[:LONGEST_LINE]):
        return
    if dateline and _is_place(dateline["place"]):
        yield dateline["date"]
    if len(line) <= LONGEST_LINE:
        bare = (_LEADING_WORDS.sub("", part) for part in _PARTS_OF_A_LINE.split(line))
        yield from (part for part in bare if _is_date_alone(part, language))


def _is_date_alone(part: str, language: str | None) -> bool:
    """Whether around the numbers and the month there is no more than a weekday, and the short words of a time."""
    around = _AROUND.fullmatch(with_month_numbers(fold(part), language)[0])
    if not around or _IDENTIFIER.search(part):
        return False
    after = _WORD.findall(around["after"])
    return len(_WORD.findall(around["before"])) <= 1 and len(after) <= 2 and all(len(word) <= 4 for word in after)


def _is_place(words: str) -> bool:
    """Whether these can be the places and the agency before a date: few words, none of them in lower case."""
    named = [word for word in _WORD.findall(words) if len(word) > 1]
    if not 0 < len(named) <= _PLACE_WORDS_AT_MOST or named[0].lower() in _NO_PLACE:
        return False
    return not any(word[0].islower() for word in named)
