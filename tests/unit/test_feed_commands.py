"""From a homepage to a source in the file, and every command that looks after it, without a server of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desk.cli import _run
from desk.failure import Exit
from desk.loaded import Loaded
from producers.sources import load as sources_of
from schemas.settings import Settings, load
from tests import pages
from tests.web import Answer, Site

Said = tuple[int, str, str]
Say = Callable[..., Said]


@pytest.fixture
def site() -> Iterator[Site]:
    """A newspaper: a home page that names its feed, and five articles."""
    with Site() as found:
        pages.newspaper(found, 5)
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """Settings with a file of sources of their own, which may ask loopback."""
    return load(
        kafka_servers="",
        elasticsearch_url="",
        data_dir=tmp_path / "data",
        sources_file=tmp_path / "sources.toml",
        fetch_allow_hosts="127.0.0.1",
        fetch_pause=0.0,
    )


@pytest.fixture
def say(here: Settings, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command and gives its exit code, output and errors."""

    def said(*words: str) -> Said:
        code = _run(list(words), Loaded(here))
        return (code, *capsys.readouterr())

    return said


def test_a_homepage_becomes_a_source_with_three_articles_shown(site: Site, here: Settings, say: Say) -> None:
    """`add` finds the feed, shows what one would get, and writes the entry only when it is agreed to."""
    code, out, _ = say("feed", "add", site.url("/"), "--yes", "--every", "5m")
    assert code == Exit.FINE
    assert out.count("Grain talks, day") == 3
    assert "entities" in out
    (spec,) = sources_of(here.sources_file)
    assert (spec.name, spec.kind, spec.url, spec.every) == ("The Grain Post", "feed", site.url("/rss"), "5m")


def test_without_anybody_to_agree_nothing_is_added(site: Site, here: Settings, say: Say) -> None:
    """Where nobody can be asked and --yes was not said, the file stays as it is, and the way out is told."""
    code, _, err = say("feed", "add", site.url("/"))
    assert (code, here.sources_file.exists()) == (Exit.USAGE, False)
    assert "--yes" in err


def test_what_add_shows_is_data_with_json(site: Site, say: Say) -> None:
    """One object with the entry and the articles."""
    code, out, _ = say("feed", "add", site.url("/"), "--yes", "--json")
    told = json.loads(out)
    assert (code, told["source"]["kind"], len(told["articles"]), told["refused"]) == (Exit.FINE, "feed", 3, [])


def test_the_same_source_twice_gets_another_name(site: Site, here: Settings, say: Say) -> None:
    """A name that is taken is numbered; one that is asked for and taken is refused."""
    for _ in range(2):
        assert say("feed", "add", site.url("/rss"), "--yes")[0] == Exit.FINE
    assert [spec.name for spec in sources_of(here.sources_file)] == ["The Grain Post", "The Grain Post 2"]
    code, _, err = say("feed", "add", site.url("/rss"), "--yes", "--name", "The Grain Post")
    assert (code, len(sources_of(here.sources_file))) == (Exit.USAGE, 2)
    assert "there is a source 'The Grain Post' already" in err


@pytest.mark.parametrize(
    ("path", "words", "code"),
    [
        ("/nothing", "request: 127.0.0.1 answered 404", Exit.DOWN),
        ("/empty", "no feed, no sitemap and no list of articles", Exit.NOT_FOUND),
    ],
)
def test_an_address_that_cannot_be_followed_is_said(path: str, words: str, code: Exit, site: Site, say: Say) -> None:
    """The first thing that fails is named, with the next command."""
    site.put("/empty", "<!doctype html><html><body><p>Welcome</p></body></html>")
    site.put("/rss", Answer(status=404))
    got, out, err = say("feed", "add", site.url(path), "--yes")
    assert (got, out) == (code, "")
    assert words in err
    assert "next: wiredesk feed" in err


def test_a_private_address_is_not_asked(say: Say) -> None:
    """What is not allowed by the settings is refused before any connection."""
    code, _, err = say("feed", "add", "http://127.0.0.2:9/", "--yes")
    assert code == Exit.DOWN
    assert "private address" in err


def test_a_check_goes_up_to_the_first_stage_that_fails(site: Site, here: Settings, say: Say) -> None:
    """A source in order passes every stage; one that is none fails where it does, with the way out."""
    say("feed", "add", site.url("/rss"), "--yes", "--name", "post")
    code, out, _ = say("feed", "check", "post")
    assert (code, "✗" in out) == (Exit.FINE, False)
    assert [line.split()[1] for line in out.splitlines()][-3:] == ["parse", "extract", "dates"]
    site.put("/rss", "<!doctype html><html><body><a href='/'>Home</a></body></html>")
    code, out, _ = say("feed", "check", "post", "--json")
    stages = [json.loads(line) for line in out.splitlines()]
    assert code == Exit.FINDING
    assert [one["stage"] for one in stages if not one["fine"]] == ["parse"]


def test_a_site_that_forbids_it_is_said_with_the_line(site: Site, say: Say) -> None:
    """The robots stage names the line of robots.txt that decided."""
    site.put("/robots.txt", "User-agent: *\nDisallow: /rss\n", kind="text/plain")
    code, out, _ = say("feed", "check", site.url("/rss"))
    failed = next(line for line in out.splitlines() if line.startswith("✗"))
    assert code == Exit.FINDING
    assert "robots" in failed
    assert "Disallow: /rss" in failed


def test_sources_are_listed_paused_resumed_and_removed(site: Site, here: Settings, say: Say) -> None:
    """Each change is one command; the list works without any server and says that it knows less then."""
    say("feed", "add", site.url("/rss"), "--yes", "--name", "post")
    assert say("feed", "pause", "post")[0] == Exit.FINE
    code, out, err = say("feed", "list", "--json")
    assert (code, json.loads(out)["state"]) == (Exit.FINE, "paused")
    assert "only the file of sources is shown" in err
    assert say("feed", "resume", "post")[0] == Exit.FINE
    assert json.loads(say("feed", "list", "--json")[1])["state"] == "new"
    assert "post" in say("feed", "list")[1]
    assert say("feed", "remove", "post", "--yes")[0] == Exit.FINE
    assert sources_of(here.sources_file) == []


@pytest.mark.parametrize("command", ["pause", "resume", "remove", "check"])
def test_a_source_that_there_is_not_is_not_found(command: str, say: Say) -> None:
    """With the command that names those there are."""
    code, _, err = say("feed", command, "nobody")
    assert code == Exit.NOT_FOUND
    assert "wiredesk feed list" in err


def test_lists_of_other_readers_come_in_and_go_out(site: Site, here: Settings, say: Say, tmp_path: Path) -> None:
    """OPML is added line by line, sites are searched for their feeds, and what cannot be used is told by its place."""
    opml = tmp_path / "subscriptions.opml"
    opml.write_text(
        f'<opml version="1.0"><body><outline text="Post" xmlUrl="{site.url("/rss")}"/>'
        f'<outline text="Home" htmlUrl="{site.url("/")}"/><outline text="Gone" htmlUrl="{site.url("/gone")}"/>'
        '<outline text="Odd" xmlUrl="ftp://odd.example/"/></body></opml>'
    )
    code, out, err = say("feed", "import", str(opml))
    assert code == Exit.FINDING
    assert out.startswith("1 added, 3 refused")
    assert all(words in err for words in ("there is a source with this address already", "404", "odd.example"))
    for words in (["feed", "export"], ["feed", "export", "-"], ["feed", "export", str(opml)]):
        code, out, _ = say(*words)
        assert code == Exit.FINE
        assert f'xmlUrl="{site.url("/rss")}"' in (out or opml.read_text(encoding="utf-8"))


def test_a_preview_needs_no_source_and_no_server(site: Site, say: Say, tmp_path: Path) -> None:
    """A page, a feed and a file are shown as they would be indexed; what is none is said."""
    story = pages.stories(5)[0]
    assert "Geneva" in say("feed", "preview", site.url(story.path))[1]
    assert say("feed", "preview", site.url("/rss"), "--kind", "feed", "--json")[1].count("\n") == 3
    (tmp_path / "a.txt").write_text("A story.\n\nThe ministers met in Geneva on Monday and spoke for two hours.\n")
    (tmp_path / "b.txt").write_text("")
    code, out, err = say("feed", "preview", str(tmp_path), "--json")
    assert (code, [json.loads(line)["places"] for line in out.splitlines()]) == (Exit.FINDING, [["Geneva"]])
    assert "b.txt: it is empty" in err
    assert say("feed", "preview", "nowhere.txt")[0] != Exit.FINE


def test_a_broken_file_of_sources_is_said_and_left(here: Settings, say: Say) -> None:
    """Every command that needs it names the file and what is wrong with it."""
    here.sources_file.write_text("[[source]\n")
    for words in (("list",), ("pause", "x"), ("export",), ("check", "x")):
        code, _, err = say("feed", *words)
        assert code == Exit.USAGE
        assert "not TOML" in err
    assert here.sources_file.read_text() == "[[source]\n"


def test_a_page_can_be_followed_by_its_own_links(site: Site, here: Settings, say: Say) -> None:
    """A selector makes any page a list of articles."""
    story = pages.stories(5)[0]
    site.put("/list", f"<!doctype html><html><body><h2><a href='{story.path}'>{story.title}</a></h2><a href='/x'>x</a>")
    code, _, _ = say("feed", "add", site.url("/list"), "--links", "h2 a", "--yes", "--name", "list")
    (spec,) = sources_of(here.sources_file)
    assert (code, spec.kind, spec.links) == (Exit.FINE, "page", "h2 a")
    code, _, err = say("feed", "add", site.url("/list"), "--links", "h2[", "--yes")
    assert code == Exit.NOT_FOUND
    assert "h2[" in err


def test_a_site_that_answers_with_an_error_never_shows_a_traceback(site: Site, say: Say) -> None:
    """Whatever a server answers, people read a sentence."""
    for status in (301, 401, 403, 404, 410, 418, 429, 451, 500, 503):
        site.put("/odd", Answer(status=status))
        code, out, err = say("feed", "add", site.url("/odd"), "--yes")
        assert code == Exit.DOWN
        assert out == ""
        assert err.startswith("wiredesk: ")
        assert "Traceback" not in err
