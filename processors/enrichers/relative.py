"""Dates that are said from now, as `2 hours ago` and `yesterday`; now is when the article was fetched."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from processors.enrichers.dateforms import Moment
from processors.enrichers.monthnames import fold
from schemas.article import Precision

_MOST: Final = {"minute": 600, "hour": 72, "day": 60, "week": 8}
_UNITS: Final[dict[Precision | str, str]] = {
    "minute": "minutes? mins? minuten? minutos? minuti minuto minut minuter minuto dakika минут[уы]? мин хвилини?у?",
    "hour": "hours? hrs? stunden? std heures? horas? or[ae] uur uren saat час(?:а|ов)? годин[иу]? timer timmar "
    "godzin[yę]?",
    "day": "days? tage?n? jours? dias? giorn[io] dage?n? dagar gun дн(?:я|ей) день дн[іi] dni dzien",
    "week": "weeks? wochen? semaines? semanas? settiman[ae] weken недел[июь]",
}
_UNIT: Final = "|".join(f"(?P<{name}>{'|'.join(forms.split())})" for name, forms in _UNITS.items())
_COUNT: Final = r"(?P<count>\d{1,3}|an?|one|eine[rnm]?|un[ae]?|uma?|een)\s?"
_AGO: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_COUNT}(?:{_UNIT})\.? (?:ago|geleden|fa|atras|once|назад|тому|siden|sedan|temu)",
        rf"(?:vor|il y a|hace|ha|for) {_COUNT}(?:{_UNIT})\.?(?: siden| sedan)?",
    )
)
_NOW: Final = frozenset({"just now", "now", "moments ago", "a moment ago", "gerade eben", "a l'instant"})
_TODAY: Final = frozenset("today heute aujourd'hui hoy hoje oggi vandaag сегодня сьогодні bugun idag".split())
_YESTERDAY: Final = frozenset("yesterday gestern hier ayer ontem ieri gisteren вчера вчора dun wczoraj igar".split())
_LABEL: Final = re.compile(
    r"^(?:published|posted|updated|veroffentlicht|publie|publicado|pubblicato|опубликовано):?\s+"
)


def relative(text: str, now: datetime) -> Moment | None:
    """The moment that `text` means as seen from `now`, as precise as it says; None where it is no such date."""
    said = _LABEL.sub("", fold(text).strip(" .·|-"))
    if said in _NOW:
        return Moment(now.astimezone(UTC), "minute").cut("minute")
    if said in _TODAY or said in _YESTERDAY:
        return Moment(now.astimezone(UTC) - timedelta(days=said in _YESTERDAY), "day").cut("day")
    match = next(filter(None, (form.fullmatch(said) for form in _AGO)), None)
    return _before(match, now.astimezone(UTC)) if match else None


def _before(match: re.Match[str], now: datetime) -> Moment | None:
    unit = next(name for name in _MOST if match[name])
    count = int(match["count"]) if match["count"].isdigit() else 1
    if count > _MOST[unit]:
        return None  # so far back it is a round number
    precision: Precision = "day" if unit == "week" else unit  # type: ignore[assignment]
    return Moment(now - timedelta(**{f"{unit}s": count}), precision).cut(precision)
