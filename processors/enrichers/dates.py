"""When an article was published: what its source says, then its page, its address, and last its dateline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from processors.enrichers.dateforms import LONGEST_DATE, Moment, Order, agreement, readings
from processors.enrichers.datelines import address_dates, dateline_dates
from processors.enrichers.draft import Draft, Enricher
from processors.enrichers.language import declared_language
from processors.enrichers.relative import relative

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER: Final = timedelta(days=1)

# Unicode CLDR: who writes the day first in numbers. English depends on the country, and others put the year first.
_DAY_FIRST: Final = frozenset(
    "ar az be bg bn bs ca cs da de el es et fi fr gl he hi hr hy id is it ka kk mk nb nl no pl pt ro ru sk sl sq sr th "
    "tr uk ur uz vi".split()
)
_DAY_FIRST_ENGLISH: Final = frozenset("au gb gh ie in jm ke mt ng nz pk sg tz ug uk zm zw".split())
_MONTH_FIRST_REGIONS: Final = frozenset({"us", "ph", "pr", "ca"})


@dataclass(frozen=True, slots=True)
class _Evidence:
    """One place where a date stands. What the source or page states counts even when it is off."""

    place: str
    stated: str
    moments: tuple[Moment, ...]

    def sane(self, latest: datetime) -> tuple[Moment, ...]:
        return tuple(moment for moment in self.moments if EARLIEST <= moment.at <= latest)


def find_date(draft: Draft) -> Draft:
    """Fill in the moment of publication, in UTC and as precise as it is stated; None where nothing is certain.

    A date before 1990 is left out, one in the future becomes the moment of fetching, and one that can be read in
    several ways counts as far as the readings agree; a note tells of each. Now is when the article was fetched.
    """
    latest = draft.raw.fetched_at + CLOCKS_DIFFER
    evidence = list(_evidence(draft, latest))
    sane = [found.sane(latest) for found in evidence]
    draft = _with_notes(draft, evidence, latest)
    first = next((at for at, moments in enumerate(sane) if moments), None)
    if first is None:
        return _clamped(draft, evidence, latest)
    moment = _refined(sane[first], sane[first + 1 :])
    if len(sane[first]) > 1:
        draft = _doubt_noted(draft, evidence[first], moment)
    if not moment:
        return draft
    return replace(draft, published_at=moment.at, published_precision=moment.precision)


def _evidence(draft: Draft, latest: datetime) -> Iterator[_Evidence]:
    """What source and page state, and unless that is exact to the minute, what address and dateline show."""
    language = declared_language(draft.raw.language)[0] or draft.language
    order = _order(draft)
    exact = False
    for place, stated in (("source", draft.raw.published), ("page", draft.published_hint)):
        if stated and stated.strip():
            found = _Evidence(place, stated.strip(), _moments(stated.strip(), draft, order, language))
            yield found
            sane = found.sane(latest)
            exact = exact or (len(sane) == 1 and sane[0].precision in ("minute", "second"))
    if not exact:
        yield _Evidence("address", draft.raw.url or "", address_dates(draft.raw.url))
        yield _Evidence("dateline", "", dateline_dates(draft.extracted or draft.text, order, language))


def _moments(stated: str, draft: Draft, order: Order | None, language: str | None) -> tuple[Moment, ...]:
    """What a statement can mean: a date, or one that is said from when it was read."""
    if found := readings(stated, order, language):
        return found
    said = relative(stated, draft.raw.fetched_at) if len(stated) <= LONGEST_DATE else None
    return (said,) if said else ()


def _order(draft: Draft) -> Order | None:
    """How the source writes a date in numbers, where its declared region or its language makes that certain."""
    code, region = declared_language(draft.raw.language)
    if region in _MONTH_FIRST_REGIONS:
        return "mdy" if (code, region) == ("en", "us") else None
    code = code or draft.language
    return "dmy" if code in _DAY_FIRST or (code == "en" and region in _DAY_FIRST_ENGLISH) or code == "pt-br" else None


def _refined(moments: tuple[Moment, ...], later: list[tuple[Moment, ...]]) -> Moment | None:
    """What `moments` agree on, made more certain or precise by the first later evidence that bears out one of them."""
    for alternatives in later:
        borne_out = {finer for finer in alternatives for moment in moments if finer.within(moment)}
        if len(borne_out) == 1:
            return borne_out.pop()
    return agreement(moments)


def _with_notes(draft: Draft, evidence: list[_Evidence], latest: datetime) -> Draft:
    for found in evidence:
        if found.place in ("source", "page") and not found.sane(latest):
            draft = draft.noted("dates", f"the date that the {found.place} states, {_shown(found)}, {_why(found)}")
    return draft


def _why(found: _Evidence) -> str:
    if not found.moments:
        return "could not be read as one date"
    if all(moment.at < EARLIEST for moment in found.moments):
        return f"is before {EARLIEST.year} and left out"
    return "is later than the day after fetching"


def _shown(found: _Evidence) -> str:
    return repr(found.stated if len(found.stated) <= LONGEST_DATE // 2 else found.stated[: LONGEST_DATE // 2] + "…")


def _doubt_noted(draft: Draft, found: _Evidence, moment: Moment | None) -> Draft:
    kept = f"only the {moment.precision} is sure" if moment else "none is sure"
    if moment in found.moments:
        kept = f"other evidence makes it {moment.at:%Y-%m-%d}" if moment else kept
    return draft.noted("dates", f"{_shown(found)} in the {found.place} can mean several dates: {kept}")


def _clamped(draft: Draft, evidence: list[_Evidence], latest: datetime) -> Draft:
    """The moment of fetching where source or page states only a future one."""
    stated = [found for found in evidence if found.place in ("source", "page")]
    if not any(moment.at > latest for found in stated for moment in found.moments):
        return draft
    draft = draft.noted("dates", "the moment of fetching stands in for a date in the future")
    return replace(draft, published_at=draft.raw.fetched_at, published_precision="day")


DATES: Final = Enricher(name="dates", version=3, run=find_date, fills=("published_at", "published_precision", "notes"))
