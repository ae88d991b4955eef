"""The pages of the sources: the worst first, in words, and every change by the same code as the command line."""

from __future__ import annotations

import re
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from desk import sources
from desk.failure import Failure
from desk.sources import Counts, Known
from desk.web.errands import MOST_WAITING, Errands
from desk.web.pulse import Facts, Pulse
from desk.web.roll import Roll, roll_of
from producers.sources import load as sources_of
from schemas.health import Day, Look, SourceHealth, SourceState
from schemas.source import SourceSpec
from tests import pages
from tests.fakes import quick, unit_settings
from tests.web import Site, robots
from tests.webdesk import HOME, NOW, web

FILE = """# Kept: who added these, and why.
[[source]]
name = "herald"
kind = "feed"
url = "{url}"  # the front page's feed

[[source]]
name = "quiet/one"
kind = "feed"
url = "https://quiet.example/rss"

[[source]]
name = "add"
kind = "feed"
url = "https://add.example/rss"
paused = true
"""


class FakeSources:
    """Tells what it holds, or that Kafka is away."""

    def __init__(self, *health: SourceHealth, counts: Counts | None = None) -> None:
        self.known = Known(NOW, {one.source: one for one in health}, counts or Counts({"herald": 4}, {}))
        self.error: Exception | None = None

    def facts(self) -> Facts:
        """What it holds."""
        if self.error:
            raise self.error
        return {"known": self.known, "servers": {"kafka": {"ok": True, "since": None, "words": ""}}}

    def close(self) -> None:
        """Holds nothing."""


def fares(name: str = "herald", state: SourceState = "ok", **changes: object) -> SourceHealth:
    """How a source fares that published 2 of the 10 that it listed."""
    given = {
        "source": name,
        "state": state,
        "interval": 900,
        "next_look": NOW + timedelta(minutes=2),
        "looked_at": NOW,
        "discovered": 10,
        "known": 7,
        "published": 2,
        "refused": {"no_text": 1},
        "published_at": NOW - timedelta(hours=3),
        "looks": (Look(at=NOW, status=200, bytes=1234, discovered=10, new=3, published=2, refused=1, seconds=0.5),),
        "days": (Day(day=NOW.date(), published=2),),
    }
    return SourceHealth.model_validate({**given, **changes})


FAILING = fares(
    "quiet/one",
    "failing",
    failures=2.0,
    failing_since=NOW - timedelta(hours=5),
    stage="tls",
    error="the certificate <ended>",
)


@pytest.fixture
def site() -> Iterator[Site]:
    """A newspaper: a home page that names its feed, and five articles."""
    with Site() as found:
        pages.newspaper(found, 5)
        yield found


@pytest.fixture
def file(tmp_path: Path, site: Site) -> Path:
    """A file of sources with comments."""
    path = tmp_path / "sources.toml"
    path.write_text(FILE.format(url=site.url("/rss")))
    return path


def browser(file: Path, held: FakeSources | None = None) -> TestClient:
    """The pages on a file of sources, and on what is known of them."""
    named = {"sources_file": file, "fetch_allow_hosts": "127.0.0.1", "fetch_pause": 0.0}
    app = web(None, None, **named)
    source = held or FakeSources(fares(), FAILING)
    pulse = Pulse(lambda: source, lambda: NOW)
    pulse.look()
    roll = Roll(unit_settings(**named), pulse, lambda: NOW)
    app.dependency_overrides[roll_of] = lambda: roll
    return TestClient(app, base_url=HOME, raise_server_exceptions=False, follow_redirects=False)


def send(client: TestClient, path: str, **fields: str) -> tuple[int, str, str]:
    """Sends a form as a page of ours does: the status, where it leads, and the page."""
    client.get("/sources/add")
    answer = client.post(path, data={"csrf": client.cookies["wiredesk_csrf"], **fields})
    return answer.status_code, answer.headers.get("location", ""), answer.text


def settled(client: TestClient, path: str, until_gone: str) -> str:
    """A page as soon as something is under way no more."""
    for _ in range(600):
        text: str = client.get(path).text
        if until_gone not in text:
            return text
        time.sleep(0.1)
    raise AssertionError(f"{path}: still {until_gone}")


def test_the_worst_comes_first_and_says_why(file: Path) -> None:
    """A failing source stands before the others, with its reason in words and the next try."""
    text = browser(file).get("/sources").text
    assert text.index("quiet/one") < text.index(">herald<") < text.index(">add<")
    assert "tls: the certificate &lt;ended&gt;" in text
    assert "in 2 minutes" in text
    assert "10 = 2 + 7 + 1" in text
    assert "3 hours ago" in text


def test_the_counts_by_state_lead_to_those_sources(file: Path) -> None:
    """Every state that there is has its count, and its link shows these alone."""
    client = browser(file)
    assert re.search(r'href="/sources\?state=failing"[^>]*>.*? failing <strong>1</strong>', client.get("/sources").text)
    shown = client.get("/sources?state=failing").text
    assert "1 to 1 of 1 source" in shown
    assert ">herald<" not in shown
    assert ">herald<" in client.get("/sources?name=HERA").text
    assert "No source is like that" in client.get("/sources?name=nobody").text


def test_what_is_not_known_is_not_zero(file: Path) -> None:
    """While Elasticsearch is away, how many are stored is unknown and never 0."""
    text = browser(file, FakeSources(fares(), counts=Counts(None, None))).get("/sources/herald").text
    assert re.search(r"<dt>Stored</dt><dd>unknown", text)
    assert re.search(r"<dt>Dead letters</dt><dd>unknown", text)


def test_while_kafka_is_away_old_facts_show_dated(file: Path) -> None:
    """What was known before stays on the page, and the page says of when it is; the file's entries all show."""
    held = FakeSources(fares())
    app = web(None, None, sources_file=file)
    pulse = Pulse(lambda: held, lambda: NOW)
    pulse.look()
    held.error = OSError("no broker")
    pulse.look()
    roll = Roll(unit_settings(sources_file=file), pulse, lambda: NOW)
    app.dependency_overrides[roll_of] = lambda: roll
    text = TestClient(app, base_url=HOME).get("/sources").text
    assert "This is how the sources fared at" in text
    assert "10 = 2 + 7 + 1" in text


def test_a_file_that_cannot_be_used_is_said(file: Path) -> None:
    """The sources stay as they were, and the page says what is wrong with the file."""
    client = browser(file)
    client.get("/sources")
    file.write_text("[[source]]\nname = 1\n")
    text = client.get("/sources").text
    assert "cannot be used as it is" in text
    assert ">herald<" in text


def test_a_source_shows_its_looks_and_what_robots_txt_says(file: Path, site: Site) -> None:
    """Its page has the last looks with status, bytes, new and duration, and the verdict of robots.txt with its line."""
    site.put("/robots.txt", robots("User-agent: *\nDisallow: /rss\n"))
    text = settled(browser(file), "/sources/herald", "being asked")
    assert "1,234" in text
    assert re.search(r'<td class="num">200</td>', text)
    assert "must not be read" in text
    assert "Disallow: /rss" in text


@pytest.mark.parametrize(("name", "at"), [("quiet/one", "/sources/quiet%2Fone"), ("add", "/sources/add/")])
def test_any_name_has_a_page(file: Path, name: str, at: str) -> None:
    """A name with a slash, and one that is a page's own, lead to the source all the same."""
    client = browser(file)
    assert f'href="{at}"' in client.get("/sources").text
    assert f"<h1><bdi>{name}</bdi></h1>" in client.get(at).text


def test_an_unknown_source_is_said(file: Path) -> None:
    """A name that is none gets a page with the way on."""
    answer = browser(file).get("/sources/nobody")
    assert answer.status_code == 404
    assert "/sources/add" in answer.text


def test_pausing_keeps_the_comments(file: Path) -> None:
    """Pause and resume change the one entry, and nothing else of the file."""
    client, before = browser(file), file.read_text()
    assert send(client, "/sources/do", name="herald", action="pause")[:2] == (303, "/sources/herald#main")
    assert [spec.paused for spec in sources_of(file)] == [True, False, True]
    assert "# Kept: who added these" in file.read_text()
    send(client, "/sources/do", name="herald", action="resume")
    assert file.read_text() == before


def test_nothing_changes_without_the_forms_token(file: Path) -> None:
    """A form that was not sent from a page of ours changes nothing."""
    client, before = browser(file), file.read_text()
    client.get("/sources")
    for path in ("/sources/do", "/sources/add", "/sources/add/find", "/sources/add/look"):
        assert client.post(path, data={"name": "herald", "action": "pause", "url": "x"}).status_code == 403
    assert file.read_text() == before


def test_a_moved_feed_is_proposed_and_taken_when_agreed_to(file: Path) -> None:
    """Only after several looks that were led elsewhere; then one button gives it that address."""
    new = "https://new.example/rss"
    once, often = (fares(moved=times, moved_to=new) for times in (1, 3))
    assert "Use that address" not in browser(file, FakeSources(once)).get("/sources/herald").text
    assert send(browser(file, FakeSources(once)), "/sources/do", name="herald", action="move")[0] == 409
    client = browser(file, FakeSources(often))
    assert "Use that address" in client.get("/sources/herald").text
    assert send(client, "/sources/do", name="herald", action="move")[0] == 303
    assert sources_of(file)[0].url == new
    assert "# the front page's feed" in file.read_text()


def test_a_check_is_shown_stage_by_stage(file: Path) -> None:
    """The button goes through the source as `feed check` does, and the page shows what was said."""
    client = browser(file)
    status, to, _ = send(client, "/sources/do", name="herald", action="check")
    assert (status, to) == (303, "/sources/herald#checked")
    text = settled(client, "/sources/herald", "A check is under way")
    assert re.search(r"robots.*request.*parse.*extract.*dates", text, re.DOTALL)


def test_problems_are_a_feed_of_their_own(file: Path) -> None:
    """Those that fail are entries with their reason; those that do well are not; the feed is well-formed."""
    held = FakeSources(fares(), FAILING.model_copy(update={"error": "a \x07 bell & <tag>"}))
    answer = browser(file, held).get("/sources/problems.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    atom = {"a": "http://www.w3.org/2005/Atom"}
    (entry,) = ET.fromstring(answer.text).findall("a:entry", atom)
    assert entry.findtext("a:title", namespaces=atom) == "quiet/one is failing"
    assert "a  bell & <tag>" in (entry.findtext("a:summary", namespaces=atom) or "")


def test_adding_shows_three_articles_and_writes_nothing_before_it_is_agreed_to(file: Path, site: Site) -> None:
    """From the home page to its feed, to three cleaned articles, to the entry in a file whose comments stay."""
    client, before = browser(file), file.read_text()
    status, _, found = send(client, "/sources/add/find", url=site.url("/"))
    assert status == 200
    assert "5 articles listed now" in found
    feed = re.search(r'name="url" value="([^"]+)"><input type="hidden" name="kind" value="feed"', found)
    assert feed
    status, _, shown = send(client, "/sources/add/look", url=feed[1], kind="feed")
    assert (status, shown.count('<article class="sample"')) == (200, 3)
    assert "Grain talks" in shown
    assert file.read_text() == before
    fields = {"url": feed[1], "kind": "feed", "name": "grain", "every": "5m"}
    assert send(client, "/sources/add", **fields)[:2] == (303, "/sources/grain")
    assert (sources_of(file)[-1].name, sources_of(file)[-1].every) == ("grain", "5m")
    assert file.read_text().startswith(before)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "https://x.example/rss", "kind": "feed", "name": "herald"}, "already"),
        ({"url": "https://x.example/rss", "kind": "feed", "name": "new", "every": "soon"}, "every"),
        ({"url": "javascript:alert(1)", "kind": "feed", "name": "new"}, "url"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_in_words(file: Path, fields: dict[str, str], said: str) -> None:
    """A name that is taken, a time that is none, an address that is none: the file stays, and the page says why."""
    before = file.read_text()
    status, _, text = send(browser(file), "/sources/add", **fields)
    assert status == 409
    assert said in text
    assert file.read_text() == before


def test_a_private_address_is_not_asked(file: Path) -> None:
    """What may not be fetched by the command line may not be fetched by the page."""
    status, _, text = send(browser(file), "/sources/add/find", url="http://10.0.0.1/")
    assert status == 502
    assert "private" in text


def test_the_same_errand_is_not_begun_twice() -> None:
    """While a look is under way, asking for it again is the same look; what went wrong is kept in words."""
    errands, go = Errands(lambda: NOW), threading.Event()
    first = errands.start("look", "herald", go.wait)
    assert errands.start("look", "herald", go.wait) is first
    go.set()
    assert first.done.wait(10)

    def fails() -> None:
        raise Failure("Kafka is away")

    second = errands.start("look", "herald", fails)
    assert second.done.wait(10)
    assert (second.failed, second.ended) == ("Kafka is away", NOW)


def test_no_more_errands_wait_than_a_limit() -> None:
    """Who asks for more than can be done soon is told so."""
    errands, go = Errands(lambda: NOW), threading.Event()
    for number in range(MOST_WAITING):
        errands.start("check", str(number), go.wait)
    with pytest.raises(Failure, match="Too much"):
        errands.start("check", "one more", go.wait)
    go.set()


@quick
@given(st.lists(st.sampled_from(["published", "known", "undelivered", "no_text", "too_large"]), max_size=40))
def test_counters_balance_when_everything_is_counted_once(fates: list[str]) -> None:
    """Whatever became of what was listed, the sum is right; one that is missing is noticed."""
    refused = {reason: fates.count(reason) for reason in ("no_text", "too_large")}
    counts = {name: fates.count(name) for name in ("published", "known", "undelivered")}
    row = {"discovered": len(fates), **counts, "refused": refused}
    assert sources.balances(row)
    assert not sources.balances({**row, "discovered": len(fates) + 1})


def test_days_without_an_article_count_as_none() -> None:
    """Fourteen days to today, in order, with 0 where nothing came; older ones are left out."""
    today = date(2026, 11, 22)
    days = [
        {"day": "2026-11-08", "published": 9},
        {"day": "2026-11-09", "published": 5},
        {"day": "2026-11-22", "published": 2},
    ]
    assert sources.daily({"days": days}, today) == [5, *[0] * 12, 2]


def test_a_row_tells_how_far_articles_came() -> None:
    """Stored come from the index, dead from the letters of both stages, enriched is what reached the second."""
    spec = SourceSpec(name="herald", kind="feed", url="https://news.example/rss")
    counts = Counts({"herald": 4}, {("herald", "enrich"): 2, ("herald", "sink"): 1})
    row = sources.row(spec, fares(), counts, datetime.now(UTC))
    assert (row["stored"], row["dead"], row["enriched"]) == (4, 3, 5)
