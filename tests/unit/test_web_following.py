"""Sources are added and checked through the API by the same code, and under the same rules, as on the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from desk.checking import STAGES
from desk.web.roll import roll_of
from producers.sources import load as sources_of
from tests import pages
from tests.fake_flow import roll
from tests.unit.test_web_api import fits
from tests.web import Site
from tests.webdesk import HOME, web

TOKEN = "the token of the house"
FILE = """# Kept: who added these, and why.
[[source]]
name = "herald"
kind = "feed"
url = "{url}"

[[source]]
name = "folder"
kind = "files"
path = "articles"
"""


@pytest.fixture
def site() -> Iterator[Site]:
    """A newspaper: a home page that names its feed, and five articles."""
    with Site() as found:
        pages.newspaper(found, 5)
        yield found


class Api:
    """The API on a file of sources."""

    def __init__(self, folder: Path, site: Site, **named: Any) -> None:
        app, made = web(**named), roll(folder, FILE.format(url=site.url("/rss")))
        app.dependency_overrides[roll_of] = lambda: made
        self.client = TestClient(app, base_url=HOME, raise_server_exceptions=False)
        self.file = folder / "sources.toml"
        self.before = self.file.read_text()

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        """The status and what is told."""
        answer = self.client.post(f"/api/v1/sources{path}", json=body)
        return answer.status_code, answer.json()


@pytest.fixture
def api(tmp_path: Path, site: Site) -> Api:
    """The API, without a token, on two sources."""
    return Api(tmp_path, site)


def test_what_is_said_whole_is_written_as_it_is(api: Api, site: Site) -> None:
    """With kind and name nothing is asked of the site: the entry goes into the file, whose comments stay."""
    status, told = api.post("", url=site.url("/world"), kind="feed", name="world", every="5m", language="en")
    assert status == 201
    assert fits("AddedSource", told) == []
    assert api.file.read_text().startswith(api.before)
    added = sources_of(api.file)[-1]
    assert (added.name, added.kind, added.every, added.language) == ("world", "feed", "5m", "en")
    assert told["source"]["url"] == added.url == site.url("/world")
    assert not site.requests
    assert "world" in [row["name"] for row in api.client.get("/api/v1/sources").json()["sources"]]


def test_what_is_left_out_is_what_is_found(api: Api, site: Site) -> None:
    """A home page alone is enough: its feed is followed, under the name that it gives itself."""
    status, told = api.post("", url=site.url("/"))
    assert (status, told["source"]["kind"]) == (201, "feed")
    assert sources_of(api.file)[-1].model_dump(mode="json") == told["source"]


def test_a_check_shows_what_one_would_get_and_writes_nothing(api: Api, site: Site) -> None:
    """What can be followed, the entry, and three articles clean and enriched; the file is as it was."""
    status, told = api.post("/check", url=site.url("/"), name="grain")
    assert status == 200
    assert fits("CheckedSource", told) == []
    assert told["candidates"][0]["items"] == 5
    assert (told["source"]["name"], told["source"]["kind"]) == ("grain", "feed")
    assert len(told["articles"]) == 3
    assert all(one["title"] and one["text"] for one in told["articles"])
    assert api.file.read_text() == api.before


@pytest.mark.parametrize(
    ("body", "status", "kind", "said"),
    [
        ({"url": "https://x.example/rss", "kind": "feed", "name": "herald"}, 409, "conflict", "herald"),
        ({"url": "https://x.example/rss", "kind": "feed", "name": "new", "every": "soon"}, 422, "parameters", "every"),
        ({"url": "javascript:alert(1)", "kind": "feed", "name": "new"}, 422, "parameters", "url"),
        ({"url": "http://10.0.0.1/"}, 422, "site", "private"),
        ({"url": "https://x.example/rss", "kind": "magazine"}, 422, "parameters", "kind"),
        ({"url": "https://x.example/rss", "colour": "red"}, 422, "parameters", "colour"),
        ({}, 422, "parameters", "url"),
    ],
)
def test_what_does_not_fit_is_a_problem_and_changes_nothing(
    api: Api, body: dict[str, str], status: int, kind: str, said: str
) -> None:
    """A name that is taken, an option that is none, an address that may not be asked: told, with the next step."""
    found, told = api.post("", **body)
    assert (found, told["type"]) == (status, f"/api#problem-{kind}")
    assert fits("Problem", told) == []
    assert said in told["detail"]
    assert told["next"]
    assert api.file.read_text() == api.before


def test_a_site_that_lists_nothing_is_told_with_the_way_out(api: Api, site: Site) -> None:
    """That nothing can be followed there is no failure of the desk."""
    empty = "<html><title>Nothing</title><p>Nothing here.</p></html>"
    for path in ("/rss", "/empty"):
        site.put(path, empty)
    for path in ("", "/check"):
        status, told = api.post(path, url=site.url("/empty"))
        assert (status, told["type"]) == (422, "/api#problem-site")
        assert "wiredesk feed" in told["next"]


def test_a_source_is_checked_stage_by_stage(api: Api) -> None:
    """Each stage by its name, as on the command line; of what lists nothing on the web, that it does not."""
    status, told = api.post("/herald/check")
    assert (status, told["fine"]) == (200, True)
    assert fits("CheckedStages", told) == []
    assert [one["stage"] for one in told["stages"]] == list(STAGES)
    assert api.post("/nobody/check")[0] == 404
    assert api.post("/folder/check")[0] == 409


@pytest.mark.parametrize("path", ["", "/check", "/herald/check"])
@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"url": "https://x.example/rss", "kind": "feed", "name": "new"}},
        {"content": '{"url": "https://x.example/rss"}', "headers": {"content-type": "text/plain"}},
        {"json": {}, "headers": {"origin": "https://evil.example"}},
        {"json": {}, "headers": {"sec-fetch-site": "cross-site"}},
    ],
)
def test_another_site_cannot_add_or_check(api: Api, site: Site, path: str, sent: dict[str, Any]) -> None:
    """What a form of another site could send changes nothing, and makes the desk ask no site."""
    assert api.client.post(f"/api/v1/sources{path}", **sent).status_code in (403, 422)
    assert api.file.read_text() == api.before
    assert not site.requests


def test_where_there_is_a_token_it_is_asked_for(tmp_path: Path, site: Site) -> None:
    """Without the token nothing is written; with it, it is."""
    api = Api(tmp_path, site, web_token=TOKEN)
    body = {"url": "https://x.example/rss", "kind": "feed", "name": "new"}
    for headers in ({}, {"authorization": "Bearer wrong"}):
        assert api.client.post("/api/v1/sources", json=body, headers=headers).status_code == 401
    assert api.file.read_text() == api.before
    shown = {"authorization": f"Bearer {TOKEN}"}
    assert api.client.post("/api/v1/sources", json=body, headers=shown).status_code == 201
