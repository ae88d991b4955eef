"""What the API takes alike in several places: its parameters, and the problems that each address may tell."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query
from fastapi.routing import APIRoute

from desk.search.language import MOST_CHARACTERS
from desk.search.request import MOST_HITS
from desk.web.models import Problem
from desk.web.problems import MEDIA_TYPE, RETRY_SECONDS

V1 = "/api/v1"

TheQuery = Annotated[
    str,
    Query(
        alias="q",
        description=f"A search in the query language, at most {MOST_CHARACTERS:,} characters; empty for every article.",
        examples=['"arms control" topic:diplomacy since:7d'],
    ),
]
TheLimit = Annotated[int, Query(ge=1, le=MOST_HITS, description="Most articles to give.")]
TheCopies = Annotated[bool, Query(description="Give every copy of a text, not one with the count of the others.")]
TheArticleId = Annotated[
    str,
    Path(
        pattern="^[0-9a-f]{32}$",
        description="The article's id: 32 hexadecimal digits.",
        examples=["0123456789abcdef0123456789abcdef"],
    ),
]

_SAID = {
    400: "The query, the mark of a page or the body cannot be understood; `place` points into a query.",
    404: "There is no such thing.",
    409: "It cannot be done as things stand.",
    422: "What was sent does not fit, or the site that it names cannot be read.",
    503: f"A server that is needed does not answer; `Retry-After` says when to try again ({RETRY_SECONDS} s).",
}


def named(route: APIRoute) -> str:
    """What an operation is called in OpenAPI."""
    return route.name


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems with these statuses, as OpenAPI has them."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {status: {"description": _SAID[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses}
