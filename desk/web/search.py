"""The search page: every state of it is in its address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args

from fastapi import APIRouter, HTTPException, Query, Request, Response
from markupsafe import Markup

from desk.search.cursor import CursorError
from desk.search.found import Ask, Bar, Histogram, Hit, Sort
from desk.search.language import QueryError
from desk.search.tokens import cleaned
from desk.web import charts
from desk.web.archive import Archive, TheArchive
from desk.web.parts import address, desk_of, page

router = APIRouter()

PAGE = 15
MOST_COMPARED = 5
FORMATS = ("json", "csv", "atom", "ninjs")
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class State:
    """What the address of the page says."""

    q: str = ""
    sort: Sort = "relevance"
    after: str | None = None
    copies: bool = False
    compare: tuple[str, ...] = ()
    view: str = "count"

    def href(self, **changes: Any) -> str:
        """The address of this page with changes; another search begins at its first page."""
        kept = changes if "after" in changes else {"after": None, **changes}
        new = replace(self, **kept)
        return address("/", **new.values())

    def values(self) -> dict[str, Any]:
        """What the address holds: what is as usual is left out of it."""
        return {
            "q": self.q,
            "sort": None if self.sort == "relevance" else self.sort,
            "copies": 1 if self.copies else None,
            "compare": self.compare,
            "view": None if self.view == "count" else self.view,
            "after": self.after,
        }

    def data(self, kind: str) -> str:
        """The address of the same list as data."""
        return address(f"/api/v1/search.{kind}", q=self.q, sort=self.values()["sort"], copies=self.values()["copies"])


@dataclass(frozen=True, slots=True)
class Row:
    """One result as the page shows it: the entities that it names most, and its first topic."""

    hit: Hit
    href: str
    entities: tuple[dict[str, Any], ...]
    topic: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Compared:
    """Searches over the same time: the picture, and for each its text, its total, and the page without it."""

    picture: Markup
    series: tuple[tuple[str, int, str], ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    ticks: tuple[str, ...]
    interval: str


@router.get("/")
@router.get("/search", include_in_schema=False)
def search(
    request: Request,
    archive: TheArchive,
    q: Annotated[str, Query(max_length=_LONGEST)] = "",
    sort: str = "relevance",
    after: str | None = None,
    copies: Annotated[bool, Query()] = False,
    compare: Annotated[tuple[str, ...], Query()] = (),
    view: str = "count",
) -> Response:
    """What a search found, with facets, its volume over time, and what it is compared with."""
    asked: Sort = next((one for one in get_args(Sort) if one == sort), "relevance")
    others = tuple(dict.fromkeys(text.strip() for text in compare if text.strip()))[: MOST_COMPARED - 1]
    state = State(q.strip(), asked, after or None, copies, others, "share" if view == "share" else "count")
    try:
        context = _answer(archive, state)
    except CursorError:
        raise HTTPException(
            400, "This mark of a next page does not belong to this search: begin at its first page."
        ) from None
    except QueryError as error:
        return page(request, "search.html", 400, state=state, q=state.q, error=_pointed(state.q, error), found=None)
    desk_of(request).answers("Elasticsearch")
    return page(request, "search.html", state=state, q=state.q, error=None, **context)


def _answer(archive: Archive, state: State) -> dict[str, Any]:
    found = archive.find(Ask(state.q, state.sort, PAGE, state.after, state.copies, facets=True))
    volume = None
    if found.histogram and found.histogram.bars:
        name = "Share of all articles" if state.view == "share" else "Articles"
        volume = charts.bars(
            found.histogram,
            lambda text: state.href(q=text),
            f"{name} over time",
            is_share=state.view == "share",
        )
    return {
        "found": found,
        "rows": [_row(hit, state) for hit in found.hits],
        "nearly": [_row(hit, state) for hit in found.nearly],
        "volume": volume,
        "ticks": charts.ticks(found.histogram) if volume and found.histogram else [],
        "most": charts.most(found.histogram, is_share=state.view == "share") if found.histogram else "",
        "told": _told(found.histogram),
        "compared": _compared(archive, state) if state.compare else None,
        "formats": FORMATS,
    }


def _told(histogram: Histogram | None) -> list[tuple[Bar, str]]:
    """The bars with their times in words, for the table."""
    if histogram is None:
        return []
    return [(bar, charts.told_start(bar.start, histogram.interval)) for bar in histogram.bars]


def _row(hit: Hit, state: State) -> Row:
    article = hit.article
    most = sorted(article.get("entities", ()), key=lambda entity: -len(entity["mentions"]))[:3]
    topics = article.get("topics", ())
    return Row(hit, address(f"/articles/{article['id']}", q=state.q), tuple(most), topics[0] if topics else None)


def _compared(archive: Archive, state: State) -> Compared:
    """The search and those it is compared with, on one axis.

    Raises:
        QueryError: one of them cannot be understood; the message names it.
    """
    texts = (state.q, *state.compare)
    found = archive.attention(texts, None).lines
    histograms = [line.histogram for line in found]
    names = [text or "all articles" for text in texts]
    totals = [line.total for line in found]
    series = [
        (name, total, state.href(compare=tuple(one for one in state.compare if one != text)))
        for name, total, text in zip(names, totals, texts, strict=True)
    ]
    axis = histograms[0]
    rows = tuple(
        (charts.told_start(bar.start, axis.interval), tuple(one.bars[place].count for one in histograms))
        for place, bar in enumerate(axis.bars)
    )
    picture = charts.lines(list(zip(names, histograms, strict=True)), "Searches compared over time")
    return Compared(picture, tuple(series), rows, tuple(charts.ticks(axis)), axis.interval)


def _pointed(typed: str, error: QueryError) -> dict[str, Any]:
    """A query's error with the query cut in three at the place that is wrong."""
    text = cleaned(typed)
    start, end = error.at, error.at + max(1, error.length)
    return {
        "message": error.message,
        "before": text[:start],
        "wrong": text[start:end] or "\u2423",
        "behind": text[end:],
        "mend": error.mend,
    }
