"""The pages of the dead letters: by cause, shown safely, and dealt with only after the number is said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from desk.printable import printable
from desk.web.dead import MOST_SHOWN, Original, Report, Told, burials_of
from desk.web.letters import Letters, closing, letters_of
from processors.dead import MOST_RETRIES, Selection
from processors.letters import letter
from processors.register import OpenLetter, Register
from schemas.dead import DeadLetter, Reason, Stage
from tests.fake_stream import FakeStream
from tests.fakes import quick, raw_article, raw_message, unit_settings
from tests.webdesk import HOME, NOW, FakeWatch, web

SCRIPT = "<script>alert(1)</script>"


def dead(offset: int, reason: Reason = "no_text", stage: Stage = "enrich", **changes: Any) -> DeadLetter:
    """A letter of the message at that offset, an hour old."""
    message = raw_message(raw_article(f"Text {offset} {SCRIPT}"), offset=offset)
    given = {"at": NOW - timedelta(hours=1), "detail": f"detail of {reason}", **changes}
    return letter(message, stage, reason, "detail", "host-1").model_copy(update=given)


@dataclass
class FakeLetters:
    """Holds letters, and remembers what was done with them."""

    held: list[DeadLetter] = field(default_factory=list)
    done: list[tuple[str, list[str]]] = field(default_factory=list)
    asked: int = 0

    def open(self, selection: Selection) -> list[OpenLetter]:
        """Those that are meant."""
        self.asked += 1
        return [OpenLetter.of(one, (0, place)) for place, one in enumerate(self.held) if selection.takes(one, NOW)]

    def one(self, letter_id: str) -> DeadLetter | None:
        """That with this id, with its original."""
        self.asked += 1
        return next((one for one in self.held if one.id == letter_id), None)

    def retry(self, letters: Sequence[OpenLetter]) -> Report:
        """Remembers; all but one are stored."""
        self.done.append(("retry", [one.id for one in letters]))
        return Report(len(letters), (), len(letters) - 1, list(letters[:1]))

    def drop(self, letters: Sequence[OpenLetter]) -> Report:
        """Remembers."""
        self.done.append(("drop", [one.id for one in letters]))
        return Report(len(letters))


SOME = (
    dead(1, source="herald"),
    dead(2, "invalid", source="post"),
    dead(3, "invalid", source="post", at=NOW - timedelta(days=3)),
    dead(4, "refused", "sink"),
)


def browser(held: FakeLetters, watch: FakeWatch | None = None) -> TestClient:
    """The pages on these letters."""
    app = web(None, watch)
    app.dependency_overrides[letters_of] = lambda: held
    app.dependency_overrides[burials_of] = lambda: held
    return TestClient(app, base_url=HOME, raise_server_exceptions=False, follow_redirects=False)


def send(client: TestClient, **fields: str) -> tuple[int, str]:
    """Sends the form of an action as a page of ours does: the status, and where it leads."""
    client.get("/login")
    answer = client.post("/dead/do", data={"csrf": client.cookies["wiredesk_csrf"], **fields})
    return answer.status_code, answer.headers.get("location", "")


def test_letters_are_grouped_by_cause_with_what_would_mend_them() -> None:
    """Each cause has its count, when it was first and last seen, a sample, and what would mend it."""
    text = browser(FakeLetters([*SOME])).get("/dead").text
    invalid = re.search(r'reason=invalid"><bdi>invalid</bdi>.*?</tr>', text, re.DOTALL)
    assert invalid
    assert re.search(r'data-label="Letters" class="num">2<', invalid[0])
    assert "3 days ago" in invalid[0]
    assert "1 hour ago" in invalid[0]
    assert "detail of invalid" in invalid[0]
    assert "mend who publishes it" in invalid[0]


@pytest.mark.parametrize(
    ("query", "offsets"),
    [
        ("reason=invalid", {2, 3}),
        ("source=herald", {1, 4}),
        ("stage=sink", {4}),
        ("older=2d", {3}),
        ("reason=invalid&older=2d", {3}),
        (f"id={SOME[0].id}", {1}),
        ("", {1, 2, 3, 4}),
    ],
)
def test_the_address_says_which_letters_are_shown(query: str, offsets: set[int]) -> None:
    """Reason, source, stage, age and id narrow the list, each alone and together."""
    text = browser(FakeLetters([*SOME])).get(f"/dead?{query}").text
    rows = re.findall(r'<li data-hit><a href="/dead/articles\.raw-\d-(\d+)"', text)
    assert set(map(int, rows)) == offsets


def test_an_age_that_is_none_is_said() -> None:
    """What cannot be read as an age is refused in words."""
    answer = browser(FakeLetters([*SOME])).get("/dead?older=soon")
    assert answer.status_code == 422
    assert "30m, 12h or 7d" in answer.text


def test_no_letters_are_good_news() -> None:
    """Where there are none, the page says what that means."""
    assert "every article that was read could be enriched and indexed" in browser(FakeLetters()).get("/dead").text


def test_a_letter_shows_its_original_and_nothing_of_it_runs() -> None:
    """Markup stands as text, what steers a screen as its number, and the file is never shown by the browser."""
    found = dead(7, detail=f"{SCRIPT}\x1b[31m\u202e")
    client = browser(FakeLetters([found]))
    text = client.get(f"/dead/{found.id}").text
    assert SCRIPT not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\\x1b[31m\\x202e" in text
    kept = client.get(f"/dead/{found.id}/original")
    assert kept.content == found.original_value
    assert kept.headers["content-type"] == "application/octet-stream"
    assert kept.headers["content-disposition"].startswith("attachment")


def test_a_letter_without_an_original_cannot_be_retried() -> None:
    """A tombstone has nothing to send again: the page says so and offers to drop it."""
    found = dead(8, value=None)
    text = browser(FakeLetters([found])).get(f"/dead/{found.id}").text
    assert "It holds no original" in text
    assert 'value="retry"' not in text


def test_a_letter_that_is_closed_is_said() -> None:
    """One that was retried or dropped meanwhile gets a page with the way on."""
    answer = browser(FakeLetters()).get("/dead/articles.raw-0-1")
    assert answer.status_code == 404
    assert "retried or dropped" in answer.text


def test_before_anything_is_done_the_number_is_said() -> None:
    """The page that asks counts what is meant, and does nothing."""
    held = FakeLetters([*SOME])
    text = browser(held).get("/dead/confirm?action=drop&reason=invalid").text
    assert "<h1>Drop 2 dead letters?</h1>" in text
    assert "Nothing was done yet" in text
    assert held.done == []


def test_a_cause_is_retried_and_what_became_of_it_is_told() -> None:
    """The letters of the filter are sent again, and the page after says how many were stored or died again."""
    held = FakeLetters([*SOME])
    client = browser(held)
    status, to = send(client, action="retry", reason="invalid")
    assert status == 303
    assert held.done == [("retry", [SOME[1].id, SOME[2].id])]
    assert "2 retried: 1 stored, 1 dead again." in client.get(to).text


def test_one_letter_is_dropped() -> None:
    """By its id, and no other with it."""
    held = FakeLetters([*SOME])
    assert send(browser(held), action="drop", id=SOME[0].id)[0] == 303
    assert held.done == [("drop", [SOME[0].id])]


def test_letters_that_came_after_the_question_are_left() -> None:
    """What a person agreed to is what was counted then."""
    held = FakeLetters([*SOME])
    until = (NOW - timedelta(days=1)).isoformat()
    send(browser(held), action="retry", reason="invalid", until=until)
    assert held.done == [("retry", [SOME[2].id])]


def test_what_was_tried_often_needs_a_word_more() -> None:
    """Letters at the cap of attempts stay, and are counted as left, unless the box is ticked."""
    tired = dead(9, attempts=MOST_RETRIES + 1)
    held = FakeLetters([tired, SOME[0]])
    client = browser(held)
    assert "<strong>1</strong> was tried more than" in client.get("/dead/confirm?action=retry&reason=no_text").text
    _, to = send(client, action="retry", reason="no_text")
    assert "left=1" in to
    send(client, action="retry", reason="no_text", force="yes")
    assert [ids for _, ids in held.done] == [[SOME[0].id], [tired.id, SOME[0].id]]


@pytest.mark.parametrize("fields", [{"action": "retry"}, {"action": "burn", "reason": "invalid"}])
def test_nothing_is_done_to_all_letters_by_mistake(fields: dict[str, str]) -> None:
    """An action without a filter, or one that there is not, is refused."""
    held = FakeLetters([*SOME])
    assert send(browser(held), **fields)[0] in (400, 422)
    assert held.done == []


def test_without_the_forms_token_nothing_is_done() -> None:
    """A form from elsewhere changes nothing."""
    held = FakeLetters([*SOME])
    client = browser(held)
    client.get("/login")
    assert client.post("/dead/do", data={"action": "drop", "reason": "invalid"}).status_code == 403
    assert held.done == []


@pytest.mark.parametrize("path", ["/dead", "/dead/confirm?action=drop&reason=invalid", "/dead/articles.raw-2-1"])
def test_while_kafka_is_away_the_page_says_so_at_once(path: str) -> None:
    """Nothing is asked of it: the page says what does not answer, what still works, and the next command."""
    held = FakeLetters([*SOME])
    answer = browser(held, FakeWatch(error=OSError("no broker"))).get(path)
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert "wiredesk servers status" in answer.text
    assert held.asked == 0


@quick
@given(st.binary(max_size=300))
def test_any_bytes_can_be_shown(value: bytes) -> None:
    """Whatever the original holds, what is shown can be printed and steers nothing."""
    shown = Original.of(value)
    assert shown.size == len(value)
    assert all(one.isprintable() or one in "\n\t" for one in shown.text)


def test_a_long_original_is_shown_in_part() -> None:
    """The page stays small, and says that it is not all."""
    shown = Original.of(b"x" * (5 * MOST_SHOWN))
    assert (len(shown.text), shown.is_whole) == (MOST_SHOWN, False)


@quick
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    """Only what cannot be seen is changed."""
    assert printable(text) == text


def test_what_was_done_is_told_in_words() -> None:
    """Stored, dead again, on their way and left are each told where there are some."""
    assert Told("drop", 3).words() == "3 dropped."
    assert (
        Told("retry", 5, 2, 1, 1).words()
        == "5 retried: 1 stored, 1 dead again, 3 on their way. 2 were left as they were."
    )


def test_what_one_request_read_no_other_reads_again() -> None:
    """The requests of a desk share what is known of the letters; only an original is read when it is asked for."""
    stream = FakeStream(partitions=1)
    for one in SOME:
        stream.write(one.model_dump_json().encode())
    app = web()
    app.state.letters = Letters(unit_settings(), Register(unit_settings(), stream.connect))
    client = TestClient(app, base_url=HOME)
    for path in ("/dead", "/dead?reason=invalid", "/dead/confirm?action=drop&reason=invalid"):
        assert client.get(path).status_code == 200
    assert stream.taken == len(SOME)
    assert client.get(f"/dead/{SOME[1].id}/original").content == SOME[1].original_value
    assert stream.taken == len(SOME) + 1
    assert client.get("/api/v1/dead?stage=sink").json()["letters"][0]["headers"] == SOME[3].headers
    assert stream.taken == len(SOME) + 2


def test_the_letters_are_those_of_the_desk_and_end_with_it() -> None:
    """Every request gets the same, and the connection ends with the desk."""
    stream, app = FakeStream(), web()
    request = Request({"type": "http", "app": app})

    async def asked_twice() -> tuple[Letters, Letters]:
        async with closing(app):
            return await letters_of(request), await letters_of(request)

    first, second = asyncio.run(asked_twice())
    assert first is second
    app.state.letters = Letters(unit_settings(), Register(unit_settings(), stream.connect))
    app.state.letters.open(Selection())
    asyncio.run(asked_twice())
    assert [one.closed for one in stream.readers] == [True]
