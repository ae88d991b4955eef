"""Pictures as SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.search.found import Bar, Histogram
from desk.web import charts
from tests.fakes import quick
from tests.webdesk import histogram

counts = st.lists(st.integers(0, 10_000), max_size=28)


def drawn(picture: str) -> ET.Element:
    """The picture, read as XML."""
    return ET.fromstring(picture)


@quick
@given(counts, st.booleans())
def test_bars_stand_for_their_counts(heights: list[int], is_share: bool) -> None:
    """One link for each bar, as high as its share of the highest, with its words; all within the picture."""
    picture = drawn(charts.bars(histogram(*heights), lambda text: f"/?q={text}", "Articles", is_share=is_share))
    bars = [one for one in picture.iter("rect") if one.get("class") == "bar"]
    assert len(bars) == len(heights)
    shown = [float(bar.get("height") or "nan") for bar in bars]
    wanted = [50.0 if count else 0.0 for count in heights] if is_share else [float(count) for count in heights]
    top = max([*wanted, 1e-9])
    assert shown == pytest.approx([charts.HEIGHT * one / top for one in wanted], abs=0.06)
    assert all(float(bar.get("x") or "nan") + float(bar.get("width") or "nan") <= charts.WIDTH + 0.2 for bar in bars)


def test_a_picture_has_title_description_and_links() -> None:
    """Who cannot see it is told what it shows; each bar narrows to its time."""
    picture = drawn(charts.bars(histogram(1, 5, 2), lambda text: f"/?q={text}", "Articles over time"))
    assert picture.get("aria-labelledby") == "volume-t volume-d"
    assert picture.findtext("title") == "Articles over time"
    assert picture.findtext("desc") == "One bar for each day, 1 Nov 2026 to 3 Nov 2026. The highest is 2 Nov 2026: 5."
    assert [one.get("href") for one in picture.iter("a")] == [f"/?q=date:2026-11-{day:02}" for day in (1, 2, 3)]


def test_names_in_a_picture_are_escaped() -> None:
    """A search that holds markup stays text."""
    picture = charts.lines([("<script>", histogram(1, 2)), ('"', histogram(2, 1))], "<b>")
    assert "<script>" not in picture
    assert [one.findtext("title") for one in drawn(picture).iter("polyline")] == ["<script>", '"']


@quick
@given(counts)
def test_lines_stay_within_the_picture(heights: Sequence[int]) -> None:
    """Every point lies inside, whatever is counted; one value alone is a level line."""
    [line] = drawn(charts.sparkline(heights, "Articles", "s")).iter("polyline")
    points = re.findall(r"([\d.]+),([\d.]+)", line.get("points") or "")
    assert len(points) == (2 if len(heights) == 1 else len(heights))
    assert all(0 <= float(x) <= 100 and 0 <= float(y) <= 24 for x, y in points)


def test_labels_name_the_year_where_it_begins() -> None:
    """Labels are few, and do not repeat their year."""
    assert charts.ticks(histogram(*range(1, 11))) == ["1 Nov 2026", "3 Nov", "5 Nov", "7 Nov", "9 Nov"]
    years = Histogram(
        "year",
        tuple(Bar(bar.start.replace(year=2000 + place), 1, "") for place, bar in enumerate(histogram(1, 2).bars)),
    )
    assert charts.ticks(years) == ["2000", "2001"]
    assert charts.ticks(Histogram("day", ())) == []
