"""Pictures as SVG: with a title and a description, and each with a table for who cannot see it.

Labels stand beside the pictures as text, so that they keep their size where a picture is squeezed onto a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from markupsafe import Markup

from desk.search.found import Bar, Histogram

WIDTH, HEIGHT = 600, 120
_MOST_TICKS = 5
_FORMS = {"hour": "{d.day} {d:%b} {d:%H:%M}", "year": "{d.year}", "month": "{d:%b} {d.year}"}
_DAY = "{d.day} {d:%b} {d.year}"
_BAR = Markup(
    '<a href="{href}" tabindex="-1"><title>{told}</title>'
    '<rect class="hit" x="{x}" y="0" width="{wide}" height="{full}"/>'
    '<rect class="bar" x="{left}" y="{y}" width="{thin}" height="{high}"/></a>'
)
_PICTURE = Markup(
    '<svg viewBox="0 0 {wide} {high}" preserveAspectRatio="none" role="group" aria-labelledby="{id}-t {id}-d">'
    '<title id="{id}-t">{title}</title><desc id="{id}-d">{described}</desc>{inside}</svg>'
)


def told_start(start: datetime, interval: str) -> str:
    """The beginning of a bar in words, as exactly as its interval asks."""
    shown = _FORMS.get(interval, _DAY).format(d=start)
    return f"week of {shown}" if interval == "week" else shown


def height_of(bar: Bar, *, is_share: bool) -> float:
    """What a bar shows: its count, or its share of all articles of that time, in per cent."""
    if not is_share:
        return bar.count
    return 100 * bar.count / bar.all if bar.all else 0.0


def told(bar: Bar, interval: str, *, is_share: bool) -> str:
    """A bar in words."""
    told_height = f"{height_of(bar, is_share=True):.1f} % of {bar.all:,}" if is_share else f"{bar.count:,}"
    return f"{told_start(bar.start, interval)}: {told_height}"


def bars(histogram: Histogram, href: Callable[[str], str], title: str, *, is_share: bool = False) -> Markup:
    """Attention over time as bars, each a link that narrows the search to its time."""
    heights = [height_of(bar, is_share=is_share) for bar in histogram.bars]
    top, step = max([*heights, 1e-9]), WIDTH / max(1, len(heights))
    drawn = [
        _BAR.format(
            href=href(bar.text),
            told=told(bar, histogram.interval, is_share=is_share),
            x=f"{step * place:.1f}",
            left=f"{step * place + step * 0.1:.1f}",
            wide=f"{step:.1f}",
            thin=f"{step * 0.8:.1f}",
            y=f"{HEIGHT - HEIGHT * high / top:.1f}",
            high=f"{HEIGHT * high / top:.1f}",
            full=HEIGHT,
        )
        for place, (bar, high) in enumerate(zip(histogram.bars, heights, strict=True))
    ]
    return _picture("volume", title, _described(histogram, is_share=is_share), Markup("").join(drawn))


def _described(histogram: Histogram, *, is_share: bool) -> str:
    if not histogram.bars:
        return "There is nothing to draw."
    top = max(histogram.bars, key=lambda bar: height_of(bar, is_share=is_share))
    first, last = (told_start(histogram.bars[end].start, histogram.interval) for end in (0, -1))
    highest = told(top, histogram.interval, is_share=is_share)
    return f"One bar for each {histogram.interval}, {first} to {last}. The highest is {highest}."


def most(histogram: Histogram, *, is_share: bool) -> str:
    """The height of the highest bar, in words."""
    top = max((height_of(bar, is_share=is_share) for bar in histogram.bars), default=0)
    return f"{top:.1f} %" if is_share else f"{top:,}"


def ticks(histogram: Histogram) -> list[str]:
    """Some labels for the axis of time, evenly apart; a year is named where it begins."""
    bars = histogram.bars
    starts = [bar.start for bar in bars[:: max(1, -(-len(bars) // _MOST_TICKS))]]
    shown = [told_start(start, histogram.interval).removeprefix("week of ") for start in starts]
    same = [place and starts[place - 1].year == start.year for place, start in enumerate(starts)]
    is_year = histogram.interval == "year"
    labels = zip(shown, starts, same, strict=True)
    return [label.removesuffix(f" {start.year}") if known and not is_year else label for label, start, known in labels]


def lines(histograms: Sequence[tuple[str, Histogram]], title: str) -> Markup:
    """Several searches over the same time, as one line each: told apart by dashes as well as by colour."""
    top = max([bar.count for _, one in histograms for bar in one.bars] + [1])
    drawn = [
        Markup('<polyline class="line line-{}" points="{}"><title>{}</title></polyline>').format(
            place, _points([bar.count for bar in one.bars], top, WIDTH, HEIGHT), name
        )
        for place, (name, one) in enumerate(histograms)
    ]
    said = "; ".join(f"{name}: {sum(bar.count for bar in one.bars):,} in all" for name, one in histograms)
    return _picture("compared", title, said, Markup("").join(drawn))


def sparkline(counts: Sequence[float], title: str, name: str) -> Markup:
    """A small line without axes; `name` tells it from the others of the page."""
    inside = Markup('<polyline class="line line-0" points="{}"/>').format(_points(counts, max([*counts, 1]), 100, 24))
    said = f"{len(counts)} values; the first {counts[0]:,}, the last {counts[-1]:,}." if counts else "no values"
    return _picture(name, title, said, inside, 100, 24)


def _points(counts: Sequence[float], top: float, wide: int, high: int) -> str:
    shown = [*counts, *counts] if len(counts) == 1 else counts  # one value is a level line, and no point
    step, room = wide / max(1, len(shown) - 1), high - 4
    return " ".join(f"{step * place:.1f},{high - 2 - room * count / top:.1f}" for place, count in enumerate(shown))


def _picture(name: str, title: str, said: str, inside: Markup, wide: int = WIDTH, high: int = HEIGHT) -> Markup:
    return _PICTURE.format(id=name, title=title, described=said, inside=inside, wide=wide, high=high)
