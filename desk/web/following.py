"""The API of adding and checking sources, by the same code as the pages and `wiredesk feed`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, HTTPException

from desk.failure import Exit, Failure
from desk.sampling import told
from desk.web.adding import Entered, bounded, meant, sampled
from desk.web.asked import V1, named, problems
from desk.web.data import Data
from desk.web.models import AddedSource, CheckedSource, CheckedStages, NewSource
from desk.web.operating import Nothing, TheName, spec_of
from desk.web.problems import ProblemRoute, SiteError
from desk.web.roll import LIMITS, TheRoll
from producers import editing
from producers.discover import Candidate
from producers.reading import Refusal
from schemas.settings import Settings

router = APIRouter(route_class=ProblemRoute, default_response_class=Data, generate_unique_id_function=named)

Given = TypeVar("Given")

_EXAMPLE = {"url": "https://www.example.org/rss", "kind": "feed", "name": "example"}
TheSource = Annotated[NewSource, Body(examples=[_EXAMPLE])]


@router.post(
    f"{V1}/sources",
    status_code=201,
    responses=problems(400, 409, 422, 503),
    response_model=AddedSource,
    tags=["Sources"],
)
def add(roll: TheRoll, source: TheSource) -> Data:
    """Follow a site: its entry goes into the file of sources, and the collector looks at it from now on."""
    spec = _of_the_web(meant(roll.settings, _entered(source)))
    editing.add(roll.settings.sources_file, [spec])
    return Data({"source": spec}, 201)


@router.post(f"{V1}/sources/check", responses=problems(400, 422, 503), response_model=CheckedSource, tags=["Sources"])
def check_address(roll: TheRoll, source: TheSource) -> Data:
    """What following a site would give: what can be followed there, and three articles; nothing is written."""
    return Data(_of_the_web(_checked(roll.settings, _entered(source))))


async def _checked(settings: Settings, entered: Entered) -> dict[str, Any]:
    found, spec, articles = await sampled(settings, entered)
    return {
        "candidates": [_candidate(one) for one in found],
        "source": spec,
        "articles": [told(one) for one in articles if not isinstance(one, Refusal)],
        "refused": [{"place": one.place, "reason": one.reason} for one in articles if isinstance(one, Refusal)],
    }


@router.post(
    f"{V1}/sources/{{name}}/check",
    responses=problems(400, 404, 409, 422, 503),
    response_model=CheckedStages,
    tags=["Sources"],
)
def check(roll: TheRoll, name: TheName, body: Nothing) -> Data:  # noqa: ARG001 (that it is there is what matters)
    """Go through a source stage by stage, to the first that fails, as `wiredesk feed check` does."""
    spec = spec_of(roll, name)
    if not spec.url or spec.kind == "warc":
        raise HTTPException(409, f"{name} stands at {spec.place}, which lists nothing to check.")
    errand = roll.check(spec)
    if not errand.done.wait(LIMITS["check"]) or errand.failed:
        raise Failure(f"{name}: {errand.failed or 'it takes too long'}", "try again later")
    stages = [{"stage": one.name, "fine": one.is_fine, "said": one.said} for one in errand.result]
    return Data({"fine": all(one["fine"] for one in stages), "stages": stages})


def _entered(source: NewSource) -> Entered:
    return Entered.of({name: value for name, value in source.model_dump().items() if value})


def _of_the_web(work: Coroutine[Any, Any, Given]) -> Given:
    """What work with a site gives, bounded as for the pages; that the site fails is no failure of the desk."""

    async def judged() -> Given:
        try:
            return await work
        except Failure as failure:
            if failure.code is Exit.USAGE:
                raise
            raise SiteError(failure) from None

    return bounded(judged())


def _candidate(one: Candidate) -> dict[str, Any]:
    return {"kind": one.kind, "url": one.url, "title": one.title, "items": one.items, "newest": one.newest}
