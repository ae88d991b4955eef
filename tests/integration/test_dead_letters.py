"""The dead letters over HTTP and by command on a real Kafka: each original comes when it is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from kafka import KafkaAdminClient, KafkaConsumer

from processors.letters import letter, posted
from processors.setup import ensure_streams
from schemas.dead import DeadLetter
from schemas.settings import Settings
from schemas.streams import client_options, producing, read_to_end, reader_options, streams
from tests.fakes import raw_article, raw_message
from tests.integration.pipeline import json_lines, wiredesk
from tests.webdesk import HOME, web

LETTERS = 40


def bury(settings: Settings, count: int) -> list[DeadLetter]:
    """Writes so many letters, the oldest first."""
    names = streams(settings)
    found = []
    with producing(settings) as producer:
        for number in range(count):
            article = raw_article(f"Text {number}. " * 300, url=f"https://news.example/{number}")
            message = raw_message(article, stream=names.raw.name, offset=number)
            found.append(letter(message, "enrich", "failed" if number % 2 else "invalid", "detail", "host-1"))
            out = posted(found[-1], names.dead.name)
            producer.send(out.stream, out.value, out.key, headers=out.headers).get(30)
    return found


def delete(settings: Settings) -> None:
    """Removes all streams, and waits until they are gone."""
    names = {stream.name for stream in streams(settings).all}
    admin = KafkaAdminClient(**client_options(settings))
    try:
        admin.delete_topics(sorted(names & set(admin.list_topics())))
        deadline = time.monotonic() + 30
        while names & set(admin.list_topics()) and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        admin.close()


@pytest.fixture
def here(settings: Settings) -> Iterator[Settings]:
    """Streams of their own for one test."""
    ensure_streams(settings)
    yield settings
    delete(settings)


@pytest.fixture
def client(here: Settings) -> Iterator[TestClient]:
    """The desk on that Kafka."""
    app = web(kafka_servers=here.kafka_servers, stream_prefix=here.stream_prefix)
    yield TestClient(app, base_url=HOME, raise_server_exceptions=False)
    if hasattr(app.state, "letters"):
        app.state.letters.close()


def test_a_letter_is_found_whole_retried_and_dropped(here: Settings, client: TestClient) -> None:
    """Each letter comes with its own original; what is retried or dropped is gone in the very next answer."""
    letters = bury(here, LETTERS)
    found = client.get("/api/v1/dead?limit=1000").json()
    assert found["total"] == LETTERS
    assert found["letters"] == [one.model_dump(mode="json", exclude={"key", "value"}) for one in letters]
    for one in (letters[31], letters[2]):
        assert client.get(f"/dead/{one.id}/original").content == one.original_value
        assert client.get(f"/api/v1/dead/{one.id}").json() == one.model_dump(mode="json")
    client.post(f"/api/v1/dead/{letters[0].id}/drop", json={})
    assert client.get("/api/v1/dead").json()["total"] == LETTERS - 1
    client.post(f"/api/v1/dead/{letters[1].id}/retry", json={})
    assert client.get(f"/api/v1/dead/{letters[1].id}").status_code == 404
    assert sent_back(here) == [letters[1].original_value]


def test_many_are_retried_by_the_page(here: Settings, client: TestClient) -> None:
    """The originals of all letters of a cause go back, and the page counts those that are left."""
    letters = bury(here, LETTERS)
    client.get("/login")
    form = {"csrf": client.cookies["wiredesk_csrf"], "action": "retry", "reason": "failed"}
    told = client.post("/dead/do", data=form, follow_redirects=True).text
    assert f"{LETTERS // 2} retried" in told
    assert set(sent_back(here)) == {one.original_value for one in letters[1::2]}
    assert client.get("/api/v1/dead").json()["total"] == LETTERS // 2


def test_a_stream_that_was_made_anew_is_read_anew(here: Settings, client: TestClient) -> None:
    """Letters of a stream that was deleted are open no more, and those of the new one are."""
    bury(here, LETTERS)
    assert client.get("/api/v1/dead").json()["total"] == LETTERS
    delete(here)
    ensure_streams(here)
    letters = bury(here, 2)
    found = client.get("/api/v1/dead").json()
    assert [one["id"] for one in found["letters"]] == [one.id for one in letters]
    assert client.get(f"/dead/{letters[1].id}/original").content == letters[1].original_value


def test_the_command_prints_whole_letters(here: Settings) -> None:
    """As JSON they come whole, the oldest first; by cause with a sample's headers; one by its id with its original."""
    letters = bury(here, 4)
    assert json_lines(wiredesk(here, "dead", "list", "--json").stdout) == [
        one.model_dump(mode="json") for one in letters
    ]
    groups = json_lines(wiredesk(here, "dead", "list", "--by", "reason", "--json").stdout)
    samples = [one.model_dump(mode="json", exclude={"key", "value"}) for one in (letters[3], letters[2])]
    assert [group["sample"] for group in groups] == samples
    assert "Text 1. Text 1." in wiredesk(here, "dead", "show", letters[1].id).stdout


def sent_back(settings: Settings) -> list[Any]:
    """The values on the raw stream."""
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        return [one.value for one in read_to_end(consumer, streams(settings).raw.name)]
    finally:
        consumer.close()
