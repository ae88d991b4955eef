"""What was published within a day is accounted for unasked, and told to who watches."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from desk import findings
from desk.accounting import KEY, account
from desk.reconcile import Report
from desk.tails import Statuses
from schemas.status import Account
from tests.fakes import FETCHED_AT
from tests.unit.test_metrics import facts

REPORT = Report(
    at=FETCHED_AT,
    seconds=1.5,
    stream="articles.raw",
    parts=(),
    read=9,
    stored=4,
    stale=1,
    dead=1,
    in_flight=1,
    missing=1,
    heartbeats=1,
)
SINCE = FETCHED_AT - timedelta(days=1)


def record(told: Account) -> SimpleNamespace:
    """What stands on the stream."""
    return SimpleNamespace(key=KEY + told.by.encode(), value=told.model_dump_json().encode())


def test_a_report_is_told_without_its_lists() -> None:
    """Counts, when and of what span are told; the articles themselves are listed by the command alone."""
    told = account(REPORT, SINCE, "host-1")
    assert (told.read, told.stored, told.stale, told.dead, told.in_flight, told.missing) == (9, 4, 1, 1, 1, 1)
    assert (told.since, told.at, told.by) == (SINCE, FETCHED_AT, "host-1")


def test_the_newest_account_stands() -> None:
    """Of several that looked, the last one to look is believed, in whatever order they are read."""
    old, new = account(REPORT, SINCE, "a"), account(REPORT, SINCE, "b")
    new = new.model_copy(update={"at": FETCHED_AT + timedelta(hours=1), "missing": 0})
    for order in ((old, new), (new, old)):
        statuses = Statuses()
        for one in order:
            statuses.take(record(one))
        assert statuses.account == new


def test_missing_articles_are_a_finding() -> None:
    """A day's articles that are nowhere are told with the command that lists them; none is no finding."""
    found = {**facts(), "account": account(REPORT, SINCE, "a").model_dump(mode="json")}
    (told,) = [one for one in findings.wrong(found) if one["code"] == "articles_missing"]
    assert "1 article of a day is nowhere" in told["words"]
    found["account"]["missing"] = 0
    assert "articles_missing" not in {one["code"] for one in findings.wrong(found)}
