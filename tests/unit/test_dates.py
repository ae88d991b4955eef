"""The date of an article is what its source, its page, its address or its dateline states for certain, and no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.enrichers.dateforms import LONGEST_DATE, Order, readings
from processors.enrichers.dates import DATES, EARLIEST
from processors.enrichers.draft import Draft
from schemas.article import RawArticle
from schemas.identity import article_id

FETCHED = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)
STORY = "The minister said that the talks would go on.\n"


def dated(
    published: str | None = None,
    *,
    hint: str | None = None,
    url: str | None = None,
    text: str = STORY,
    declared: str | None = None,
    detected: str | None = None,
    fetched_at: datetime = FETCHED,
) -> Draft:
    """The draft of an article with these statements of its date after the enricher has run."""
    raw = RawArticle(
        id=article_id(None, text),
        source="wire",
        origin="",
        url=url,
        content=text,
        published=published,
        language=declared,
        fetched_at=fetched_at,
    )
    return DATES.run(Draft(raw=raw, extracted=text, text=text, language=detected, published_hint=hint))


def shown(draft: Draft) -> str | None:
    """The date of a draft, written as far as it is known."""
    if not draft.published_at:
        return None
    length = {"year": 4, "month": 7, "day": 10, "hour": 13, "minute": 16, "second": 19}[
        draft.published_precision or "day"
    ]
    return draft.published_at.isoformat()[:length]


STATED = [
    # ISO 8601
    ("2024-02-29", "2024-02-29"),
    ("2024-02-29T14:03:05Z", "2024-02-29T14:03:05"),
    ("2024-02-29T14:03:05.123456789+05:30", "2024-02-29T08:33:05"),
    ("2024-02-29T23:30:00-0500", "2024-03-01T04:30:00"),
    ("2024-02-29 14:03", "2024-02-29T14:03"),
    ("2024-02-29T14Z", "2024-02-29T14"),
    ("20240229T140305Z", "2024-02-29T14:03:05"),
    ("20240229140305", "2024-02-29T14:03:05"),
    ("20240229", "2024-02-29"),
    ("2024-W09-4", "2024-02-29"),
    ("2024-060", "2024-02-29"),
    ("2024-02", "2024-02"),
    ("2024", "2024"),
    ("2024-02-29T24:00:00Z", "2024-03-01T00:00:00"),
    ("2024-02-29T23:59:60Z", "2024-02-29T23:59:59"),
    ("2024-02-29T14:03:00+01:00[Europe/Paris]", "2024-02-29T13:03:00"),
    ("2024-2-9", "2024-02-09"),
    # seconds and milliseconds since 1970
    ("1709215385", "2024-02-29T14:03:05"),
    ("1709215385000", "2024-02-29T14:03:05"),
    ("1709215385.25", "2024-02-29T14:03:05"),
    # RFC 822 and its kin
    ("Thu, 29 Feb 2024 14:03:05 +0000", "2024-02-29T14:03:05"),
    ("Thu, 29 Feb 2024 14:03:05 EST", "2024-02-29T19:03:05"),
    ("29 Feb 24 14:03 GMT", "2024-02-29T14:03"),
    ("Sun, 06 Nov 94 08:49:37 GMT", "1994-11-06T08:49:37"),
    ("Thu Feb 29 14:03:05 2024", "2024-02-29T14:03:05"),
    ("Thu Feb 29 14:03:05 EST 2024", "2024-02-29T19:03:05"),
    ("Thu Feb 29 2024 14:03:05 GMT+0100 (Central European Standard Time)", "2024-02-29T13:03:05"),
    # English
    ("February 29, 2024", "2024-02-29"),
    ("Thursday, February 29th, 2024 | 14:03", "2024-02-29T14:03"),
    ("Feb. 29, 2024 at 2:03 PM EST", "2024-02-29T19:03"),
    ("Feb 29, 2024 12:05 a.m. UTC", "2024-02-29T00:05"),
    ("Published: Thursday 29 February 2024 14.03 GMT", "2024-02-29T14:03"),
    ("29th of February 2024", "2024-02-29"),
    ("1403 GMT, 29 Feb 2024", "2024-02-29T14:03"),
    ("February 2024", "2024-02"),
    ("29-Feb-2024", "2024-02-29"),
    # other languages
    ("29. Februar 2024, 14.03 Uhr", "2024-02-29T14:03"),
    ("29 février 2024 à 14h03", "2024-02-29T14:03"),
    ("mar. 27 févr. 2024", "2024-02-27"),
    ("1er août 2023", "2023-08-01"),
    ("jueves, 29 de febrero de 2024", "2024-02-29"),
    ("29/fev/2024 14h03", "2024-02-29T14:03"),
    ("29 febbraio 2024", "2024-02-29"),
    ("29 lutego 2024 r.", "2024-02-29"),
    ("29. helmikuuta 2024 klo 14.03", "2024-02-29T14:03"),
    ("29 Şubat 2024 Perşembe", "2024-02-29"),
    ("29 KASIM 2023", "2023-11-29"),
    ("29 февраля 2024 г. в 14:03 (мск)", "2024-02-29T11:03"),
    ("29 лютого 2024, 14:03", "2024-02-29T14:03"),
    ("29 Φεβρουαρίου 2024", "2024-02-29"),
    ("29 فبراير 2024", "2024-02-29"),
    ("۲۹ فوریه ۲۰۲۴", "2024-02-29"),
    ("29 फ़रवरी 2024", "2024-02-29"),
    ("ngày 29 tháng 2 năm 2024", "2024-02-29"),
    ("29 ก.พ. 2567", "2024-02-29"),
    ("2024年2月29日 14时03分", "2024-02-29T14:03"),
    ("令和6年2月29日", "2024-02-29"),
    ("2024년 2월 29일 오후 2:03", "2024-02-29T14:03"),
    ("2024. 02. 29. 14:03", "2024-02-29T14:03"),
    # numbers that only one order fits
    ("29/02/2024", "2024-02-29"),
    ("02/29/2024 2:03 PM", "2024-02-29T14:03"),
    ("2024/03/04 14:03:05", "2024-03-04T14:03:05"),
    ("29.02.24", "2024-02-29"),
    ("29.2.2024 14.03", "2024-02-29T14:03"),
    ("Feb 29, 2024 · 5 min read", "2024-02-29"),
    ("04/04/2024", "2024-04-04"),
    ("05/12/2024", "2024-05-12"),
]

DOUBTFUL = [
    ("03/04/2024", "2024"),
    ("03.04.2024 14:03", "2024"),
    ("5 listopada 2023", "2023"),
    ("01/02/03", None),
    ("Feb. 29, 2024, 2:03 p.m. ET", "2024-02-29"),
    ("2024-02-29T14:03:00 BST", "2024-02-29"),
    ("2024-02-29T25:99:00Z", "2024-02-29"),
    ("2024-02-29T14:03:05 Europe/Berlin", "2024-02-29"),
    ("2024-02-29T14:03:05+99:00", "2024-02-29"),
]

NO_DATE = [
    "", "  ", "2 ago", "ago", "in 2 hours", "tomorrow", "999 days ago", "some time ago", "hours ago", "vor Ort",
    "10:30", "14.03", "Feb 29", "29/02", "2023-02-29", "31 April 2024", "2024-13-01",
    "0000-00-00 00:00:00", "2024-00-10", "29 February - 2 March 2024", "March/April 2024",
    "Updated 1 March 2024, published 29 February 2024",
    "Copyright 2024 Wire", "1", "0", "-1", "1.2.3.4", "2024-02-29/2024-03-02", "null", "\x00", "99999999999999999999",
]  # fmt: skip


@pytest.mark.parametrize(("published", "expected"), STATED)
def test_stated_date_is_read(published: str, expected: str) -> None:
    """What a source states is read in its form and language, in UTC, as precisely as stated and without a note."""
    found = dated(published)
    assert shown(found) == expected
    assert found.notes == ()


@pytest.mark.parametrize(("published", "expected"), DOUBTFUL)
def test_doubtful_date_is_kept_as_far_as_it_is_sure(published: str, expected: str | None) -> None:
    """Where a date or its zone can mean several things, only what they agree on is kept."""
    assert shown(dated(published)) == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("2 hours ago", "2024-06-15T10"),
        ("an hour ago", "2024-06-15T11"),
        ("30 mins ago", "2024-06-15T11:30"),
        ("Published: 3 days ago", "2024-06-12"),
        ("2 weeks ago", "2024-06-01"),
        ("just now", "2024-06-15T12:00"),
        ("Yesterday", "2024-06-14"),
        ("today", "2024-06-15"),
        ("vor 2 Stunden", "2024-06-15T10"),
        ("vor einer Stunde", "2024-06-15T11"),
        ("il y a 3 jours", "2024-06-12"),
        ("hace 3 días", "2024-06-12"),
        ("há 3 dias", "2024-06-12"),
        ("2 ore fa", "2024-06-15T10"),
        ("3 uur geleden", "2024-06-15T09"),
        ("2 часа назад", "2024-06-15T10"),
        ("вчера", "2024-06-14"),
        ("5 хвилин тому", "2024-06-15T11:55"),
        ("2 saat önce", "2024-06-15T10"),
        ("för 2 timmar sedan", "2024-06-15T10"),
    ],
)
def test_a_date_said_from_now_counts_from_the_moment_of_fetching(published: str, expected: str) -> None:
    """What is said in hours is known to the hour, in minutes to the minute, and in days to the day."""
    assert shown(dated(published)) == expected


@pytest.mark.parametrize("published", NO_DATE)
def test_what_is_no_date_gives_none(published: str) -> None:
    """Incomplete, impossible, coming and several dates give no date."""
    assert shown(dated(published)) is None


def test_unreadable_date_is_noted() -> None:
    """A date that cannot be read is told of, since the source meant to give one."""
    (note,) = dated("the day before yesterday").notes
    assert note.enricher == "dates"
    assert "'the day before yesterday'" in note.message


@pytest.mark.parametrize(
    ("declared", "detected", "expected"),
    [
        ("en-US", "en", "2024-03-04"),
        ("en-GB", "en", "2024-04-03"),
        ("en", "en", "2024"),
        ("fr", None, "2024-04-03"),
        ("fr-CA", "fr", "2024"),
        (None, "de", "2024-04-03"),
        (None, None, "2024"),
        ("ja", "ja", "2024"),
    ],
)
def test_language_orders_numbers_where_it_is_certain(declared: str | None, detected: str | None, expected: str) -> None:
    """Day and month in numbers are told apart by country or language, and by neither where both orders are in use."""
    assert shown(dated("03/04/2024", declared=declared, detected=detected)) == expected


def test_order_of_a_language_gives_way_to_what_fits() -> None:
    """A date that fits only the other order is read in that, whatever order its source uses."""
    assert shown(dated("29/02/2024", declared="en-US")) == "2024-02-29"
    assert shown(dated("02/29/2024", declared="de")) == "2024-02-29"


def test_month_of_two_languages_is_read_in_the_articles_own() -> None:
    """`listopada` is October in Croatian and November in Polish."""
    assert shown(dated("5 listopada 2023", detected="hr")) == "2023-10-05"
    assert shown(dated("5 listopada 2023", detected="pl")) == "2023-11-05"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/2024/02/29/story", "2024-02-29"),
        ("https://example.com/world/2024/feb/29/story", "2024-02-29"),
        ("https://example.com/world/talks-go-on-2024-02-29/", "2024-02-29"),
        ("https://example.com/2024-02-29-talks.html", "2024-02-29"),
        ("https://example.com/20240229/a.html", "2024-02-29"),
        ("https://example.com/2024/02/story", "2024-02"),
        ("https://example.com/2024/election", None),
        ("https://example.com/2023/01/02/2024/02/03/", None),
        ("https://example.com/2024/02/30/story", None),
        ("https://example.com/2077/01/01/story", None),
        ("https://example.com/story?date=2024-02-29", None),
        ("https://example.com/attack-of-2023-10-07-remembered", None),
        ("https://[broken", None),
    ],
)
def test_address_gives_the_date_that_it_is_filed_under(url: str, expected: str | None) -> None:
    """Where nobody states a date, the day or month in the path of the address is it, unless it is one among several."""
    assert shown(dated(url=url)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GENEVA, Feb. 29, 2024 (Reuters) - The talks go on.", "2024-02-29"),
        ("МОСКВА, 29 февраля 2024. /ТАСС/. Переговоры продолжатся.", "2024-02-29"),
        ("NEW YORK, Feb. 29, 2024 /PRNewswire/ -- The company said", "2024-02-29"),
        ("By Jane Doe | February 29, 2024 | Geneva", "2024-02-29"),
        ("Published: 29 Feb 2024 14:03 GMT", "2024-02-29T14:03"),
        ("segunda-feira, 29 de fevereiro de 2024 às 14h03", "2024-02-29T14:03"),
        ("Updated: 1 March 2024", None),
        ("The address was delivered on February 29, 2024.", None),
        ("On February 29, 2024, Putin spoke — and Washington listened.", None),
        ("In Moscow, February 29, 2024 - a day to remember", None),
        ("Paris attacks 13 November 2015", None),
        ("GENEVA, Feb 29 (Reuters) - The talks go on.", None),
        ("Article 1709215385", None),
        ("20240229", None),
        ("MOSCOW, Feb. 29, 2034 (Reuters) - The talks go on.", None),
    ],
)
def test_dateline_dates_and_running_prose_does_not(line: str, expected: str | None) -> None:
    """A date that stands in a dateline or alone in a first line is the article's; one within a sentence is not."""
    assert shown(dated(text=f"{line}\n{STORY}")) == expected


def test_date_deep_in_the_text_is_no_dateline() -> None:
    """Only the first lines are looked at."""
    assert shown(dated(text=STORY * 10 + "February 29, 2024\n")) is None


def test_source_comes_before_page_address_and_dateline() -> None:
    """Of several dates the source's own stands, then the page's, then the address's, then the dateline's."""
    line = "GENEVA, Feb. 1, 2024 (Reuters) - The talks go on.\n"
    url = "https://example.com/2024/02/02/story"
    assert shown(dated("2024-02-04", hint="2024-02-03", url=url, text=line)) == "2024-02-04"
    assert shown(dated(hint="2024-02-03", url=url, text=line)) == "2024-02-03"
    assert shown(dated(url=url, text=line)) == "2024-02-02"
    assert shown(dated(text=line)) == "2024-02-01"


def test_later_evidence_makes_a_date_more_precise() -> None:
    """A day that the source states takes its time from the page where that names the same day."""
    assert shown(dated("2024-02-29", hint="2024-02-29T14:03:05Z")) == "2024-02-29T14:03:05"
    assert shown(dated("2024-02-29", hint="2024-03-05T14:03:05Z")) == "2024-02-29"
    assert shown(dated("2024", url="https://example.com/2024/02/29/story")) == "2024-02-29"


def test_other_evidence_settles_a_doubtful_date() -> None:
    """Of the two meanings of a date in numbers the one in the address is it, and a note says so."""
    found = dated("03/04/2024", url="https://example.com/2024/03/04/story")
    assert shown(found) == "2024-03-04"
    assert "2024-03-04" in found.notes[0].message


@pytest.mark.parametrize("published", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1989-12-31", "631100000"])
def test_date_before_1990_is_left_out(published: str) -> None:
    """A date before 1990 is a clock that was never set: it is left out with a note, and the next evidence counts."""
    found = dated(published, url="https://example.com/2024/02/29/story")
    assert shown(found) == "2024-02-29"
    assert "before 1990" in found.notes[0].message
    assert shown(dated(published)) is None


def test_date_in_the_future_is_the_moment_of_fetching() -> None:
    """A date later than the day after fetching becomes the moment of fetching, with a note."""
    found = dated("2034-02-28T14:03:00Z")
    assert found.published_at == FETCHED
    assert "2034-02-28T14:03:00Z" in found.notes[0].message


def test_sane_evidence_stands_before_a_future_date() -> None:
    """Where the source's date lies in the future, the page's own is better than the moment of fetching."""
    assert shown(dated("2034-02-28", hint="2024-02-28")) == "2024-02-28"


def test_clocks_may_differ_by_a_day() -> None:
    """A date a few hours after fetching is a clock or zone that differs, and stands."""
    assert shown(dated("2024-06-16T02:00:00Z")) == "2024-06-16T02:00:00"


def test_long_input_is_survived() -> None:
    """Megabytes where a date should be give no date and a short note."""
    found = dated("29 Feb 2024 " * 400_000, hint="1" * 5_000_000, url=None, text="1 Feb 2024 - " * 400_000)
    assert shown(found) is None
    assert all(len(note.message) < 3 * LONGEST_DATE for note in found.notes)


moments = st.datetimes(datetime(1990, 1, 2), datetime(2024, 6, 14)).map(lambda at: at.replace(microsecond=0))  # noqa: DTZ001 (a zone is drawn beside it)
zones = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@given(moments, zones)
def test_iso_and_rfc_dates_come_back(local: datetime, zone: timezone) -> None:
    """Any moment in any zone, written as ISO 8601 or RFC 5322, is read back as the same moment in UTC."""
    at = local.replace(tzinfo=zone)
    for written in (at.isoformat(), at.isoformat(" "), format_datetime(at), at.strftime("%Y%m%dT%H%M%S%z")):
        (found,) = readings(written)
        assert (found.at, found.precision) == (at.astimezone(UTC), "second")


@settings(max_examples=300)
@given(
    st.text(max_size=80) | st.text("0123456789-/.:, TZ+apmAugMay年月日@hГ", max_size=40),
    st.sampled_from([None, "dmy", "mdy"]),
)
def test_any_text_is_survived(text: str, order: Order | None) -> None:
    """Any text gives moments in UTC or none, the same every time."""
    found = readings(text, order)
    assert found == readings(text, order)
    assert all(moment.at.tzinfo is UTC and moment.cut(moment.precision).at <= moment.at for moment in found)


@settings(max_examples=100)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=200))
def test_filled_dates_are_sane(published: str, hint: str, url: str, text: str) -> None:
    """Whatever is stated, a date that is filled in lies between 1990 and the day after fetching, with its precision."""
    found = dated(published, hint=hint, url=url, text=text)
    assert (found.published_at is None) == (found.published_precision is None)
    assert found.published_at is None or EARLIEST <= found.published_at <= FETCHED + timedelta(days=1)
