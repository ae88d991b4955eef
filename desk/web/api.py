"""The HTTP API, version 1: search, articles, attention and suggestions, as the pages and the terminal have them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from desk.exports import ninjs
from desk.search.attention import MOST_QUERIES, Attention
from desk.search.find import hit_json
from desk.search.found import Ask, Hit, Sort
from desk.search.suggest import MOST
from desk.web.archive import Archive, TheArchive
from desk.web.asked import V1, TheArticleId, TheCopies, TheLimit, TheQuery, named, problems
from desk.web.data import Data
from desk.web.models import Article, Related, SearchAnswer, Suggestions
from desk.web.problems import NoSuchError, ProblemRoute

router = APIRouter(route_class=ProblemRoute, default_response_class=Data, generate_unique_id_function=named)


@router.get(f"{V1}/search", responses=problems(400, 422, 503), response_model=SearchAnswer, tags=["Search"])
@router.get(f"{V1}/search.json", include_in_schema=False)
@router.get("/search.json", include_in_schema=False)
def search(
    archive: TheArchive,
    text: TheQuery = "",
    sort: Annotated[Sort, Query(description="`relevance` weighs words and freshness.")] = "relevance",
    limit: TheLimit = 10,
    after: Annotated[str | None, Query(description="The `next` of the page before.")] = None,
    copies: TheCopies = False,
    facets: Annotated[bool, Query(description="Also facets, and attention over time.")] = False,
) -> Data:
    """Search the index: one page of what was found, and how to get the next."""
    ask = Ask(text, sort, limit, after or None, copies, facets)
    return Data(answer(archive, ask))


def answer(archive: Archive, ask: Ask) -> dict[str, Any]:
    """What a search found, as the API tells it."""
    found = archive.find(ask)
    told = {name: getattr(found, name) for name in SearchAnswer.model_fields if name not in ("query", "hits", "nearly")}
    hits, nearly = ([hit_json(hit) for hit in some] for some in (found.hits, found.nearly))
    return {"query": ask.text, **told, "hits": hits, "nearly": nearly}


@router.get(
    f"{V1}/articles/{{article_id}}", responses=problems(404, 422, 503), response_model=Article, tags=["Articles"]
)
def article(archive: TheArchive, article_id: TheArticleId) -> Data:
    """One article whole: clean text, entities, topics, what was cut and why, and what made it."""
    return Data(known(archive, article_id))


@router.get(
    f"{V1}/articles/{{article_id}}/alike", responses=problems(404, 422, 503), response_model=Related, tags=["Articles"]
)
def alike(archive: TheArchive, article_id: TheArticleId) -> Data:
    """Articles that tell the same story, with what they share with it."""
    return _related(archive.alike(known(archive, article_id)))


@router.get(
    f"{V1}/articles/{{article_id}}/copies", responses=problems(404, 422, 503), response_model=Related, tags=["Articles"]
)
def copies(archive: TheArchive, article_id: TheArticleId) -> Data:
    """Articles with the same text, or nearly, with how much of it they share."""
    return _related(archive.copies(known(archive, article_id)))


@router.get(
    f"{V1}/articles/{{article_id}}/ninjs",
    responses=problems(404, 422, 503),
    response_model=dict[str, Any],
    tags=["Articles"],
)
def as_ninjs(archive: TheArchive, article_id: TheArticleId) -> Data:
    """One article as ninjs 3.2, IPTC's news in JSON."""
    return Data(ninjs.item(known(archive, article_id)))


def known(archive: Archive, article_id: str) -> dict[str, Any]:
    """An article by its id.

    Raises:
        NoSuchError: the index does not hold it.
    """
    found = archive.get(article_id)
    if found is None:
        raise NoSuchError(f"no article {article_id} in the index", f"see {V1}/articles/{article_id}/trace")
    return found


def _related(hits: tuple[Hit, ...]) -> Data:
    return Data({"hits": [hit_json(hit) for hit in hits]})


@router.get(f"{V1}/attention", responses=problems(400, 422, 503), response_model=Attention, tags=["Search"])
def attention(
    archive: TheArchive,
    texts: Annotated[
        list[str],
        Query(
            alias="q",
            min_length=1,
            max_length=MOST_QUERIES,
            description="A search in the query language; give it again for each that is compared.",
            examples=[["grain", "gas"]],
        ),
    ],
    interval: Annotated[
        Literal["hour", "day", "week", "month", "year"] | None,
        Query(description="How long a bar is; none takes what suits the span."),
    ] = None,
) -> Data:
    """How many articles each of several searches finds over time, on one axis."""
    return Data(asdict(archive.attention(texts, interval)))


@router.get(f"{V1}/suggest", responses=problems(422, 503), response_model=Suggestions, tags=["Search"])
def suggest(
    archive: TheArchive,
    start: Annotated[str, Query(alias="q", description="The letters typed so far.", examples=["zakh"])],
    limit: Annotated[int, Query(ge=1, le=MOST, description="Most suggestions to give.")] = 10,
) -> Data:
    """What may be meant: people, organisations, places, events, topics and sources that begin so."""
    return Data({"suggestions": archive.suggest(start, limit)})
