"""What the terminal says of a search, for people and for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from desk import show
from desk.search.found import Found, Loosened
from desk.searching import _Data, _Terminal
from tests.webdesk import NOW, hit

NOTHING = Found(
    "text: grain AND text: nowhere",
    0,
    (),
    newest=NOW - timedelta(hours=5),
    loosened=(Loosened("without nowhere", "grain", 1234), Loosened("without grain", "nowhere", 0)),
)
PLAIN: dict[str, Any] = {"facets": False, "attention": False}


def test_where_nothing_is_found_each_way_to_find_more_has_its_count() -> None:
    """What can be left out stands with the query that is left and how many that finds, ready to be typed."""
    said = [line.plain.split(None, 1) for line in show.nothing_lines(NOTHING)]
    assert said == [
        ["try", "grain  (without nowhere: 1,234 found)"],
        ["try", "nowhere  (without grain: 0 found)"],
    ]
    (spelling,) = show.nothing_lines(replace(NOTHING, loosened=(), spelling="grain"))
    assert spelling.plain.split() == ["spelling", "grain"]


@pytest.mark.parametrize(
    ("age", "said"),
    [(timedelta(seconds=20), "20 seconds ago"), (timedelta(hours=5), "5 hours ago"), (timedelta(days=3), "3 days ago")],
)
def test_how_old_the_newest_searchable_article_is_is_always_said(age: timedelta, said: str) -> None:
    """Found or not, one sees whether the index is fresh; an empty index is called that."""
    for found in (NOTHING, Found("text: grain", 1, (hit(),))):
        assert show.summary(replace(found, newest=NOW - age), NOW).endswith(f"was fetched {said}")
        assert show.summary(replace(found, newest=None), NOW).endswith("the index holds no article yet")


def test_for_programs_nothing_found_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output holds data alone: nothing where there is none, and one object for each article that there is."""
    _Data().found(NOTHING, (), PLAIN)
    assert capsys.readouterr() == ("", "")
    _Data().found(Found("text: grain", 1, (hit(),), partial="2 of 4 parts", next="mark"), (), PLAIN)
    out, err = capsys.readouterr()
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["a" * 32]
    assert err.splitlines() == ["incomplete: 2 of 4 parts", "more: the same search with --after mark"]


def test_people_see_how_it_was_read_and_no_colour_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """How it was understood goes beside the data; what is no terminal gets no escape sequence."""
    _Terminal().found(Found("text: grain", 1, (hit(),), newest=NOW), (), PLAIN)
    out, err = capsys.readouterr()
    assert "Read as: text: grain" in err
    assert "Talks in Geneva" in out
    assert "\x1b" not in out + err


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_colour_where_it_is_not_wanted(variables: dict[str, str], coloured: bool) -> None:
    """`NO_COLOR` takes the colours out, on a terminal that has them too."""
    script = "from desk import show; from rich.text import Text; show.console().print(Text('bars', 'cyan'))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "FORCE_COLOR": "1", "TERM": "xterm", **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ("\x1b[36m" in done.stdout) is coloured
    assert "bars" in done.stdout
