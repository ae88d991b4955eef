"""The API of what flows: the streams' facts, sources, dead letters, and where an article is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, HTTPException, Path, Query, Request

from desk.failure import kafka_down
from desk.tracing import plain
from desk.web.asked import V1, TheArticleId, named, problems
from desk.web.data import Data
from desk.web.letters import Letters, TheLetters
from desk.web.models import DeadLetters, Done, Letter, SourceRows
from desk.web.problems import NoSuchError, ProblemRoute
from desk.web.roll import Roll, TheRoll
from desk.web.trace import TheTracer
from processors.dead import MOST_RETRIES, Selection
from producers import editing
from schemas.article import RawArticle
from schemas.dead import DeadLetter
from schemas.source import SourceSpec

router = APIRouter(route_class=ProblemRoute, default_response_class=Data, generate_unique_id_function=named)

MOST_LETTERS = 1000

TheName = Annotated[str, Path(description="The source's name.", examples=["herald"])]
TheLetterId = Annotated[str, Path(description="The letter's id.", examples=["articles.raw-0-17"])]
# A JSON body is needed, even an empty one: no form of another site can send it unasked.
Nothing = Annotated[dict[str, Any], Body(max_length=0, description="An empty object.", examples=[{}])]


@router.get(f"{V1}/stream", responses=problems(422, 503), response_model=dict[str, Any], tags=["Stream"])
def stream(request: Request) -> Data:
    """The facts of the streams, as `wiredesk monitor --once --json` gives them."""
    desk = request.app.state.desk
    facts = desk.pulse.facts()
    if facts is None:
        raise kafka_down(desk.settings, desk.kafka.why if desk.kafka else "is being looked at for the first time")
    return Data(facts)


@router.get(f"{V1}/sources", responses=problems(422, 503), response_model=SourceRows, tags=["Sources"])
def sources(roll: TheRoll) -> Data:
    """Every source and how it fares, the worst first, as `wiredesk feed list --json` gives them."""
    found, is_known = roll.shown()
    rows = [roll.row(spec, found) for spec, _ in roll.states(found)]
    return Data({"at": found.at if is_known else None, "sources": rows})


@router.get(
    f"{V1}/sources/{{name}}", responses=problems(404, 422, 503), response_model=dict[str, Any], tags=["Sources"]
)
def source(roll: TheRoll, name: TheName) -> Data:
    """One source: how it is set up, and how it fares."""
    spec = spec_of(roll, name)
    found, _ = roll.shown()
    return Data({**roll.row(spec, found), "spec": spec.model_dump(mode="json", exclude_defaults=True)})


def spec_of(roll: Roll, name: str) -> SourceSpec:
    """The source of a name.

    Raises:
        NoSuchError: there is none.
    """
    found = roll.spec(name)
    if found is None:
        raise NoSuchError(f"no source is named {name}", f"see {V1}/sources")
    return found


@router.post(
    f"{V1}/sources/{{name}}/pause", responses=problems(400, 404, 409, 422), response_model=Done, tags=["Sources"]
)
def pause(roll: TheRoll, name: TheName, body: Nothing) -> Data:  # noqa: ARG001 (that it is there is what matters)
    """Leave a source alone until it is resumed."""
    return _paused(roll, name, paused=True)


@router.post(
    f"{V1}/sources/{{name}}/resume", responses=problems(400, 404, 409, 422), response_model=Done, tags=["Sources"]
)
def resume(roll: TheRoll, name: TheName, body: Nothing) -> Data:  # noqa: ARG001
    """Look at a paused source again."""
    return _paused(roll, name, paused=False)


def _paused(roll: Roll, name: str, *, paused: bool) -> Data:
    editing.pause(roll.settings.sources_file, spec_of(roll, name).name, paused=paused)
    return Data({"done": "paused" if paused else "resumed", "what": name})


@router.get(f"{V1}/dead", responses=problems(422, 503), response_model=DeadLetters, tags=["Dead letters"])
def dead(
    letters: TheLetters,
    reason: Annotated[str | None, Query(description="Only with this reason, as `invalid`.")] = None,
    source: Annotated[str | None, Query(description="Only of this source.")] = None,
    stage: Annotated[Literal["enrich", "sink"] | None, Query(description="Only of this stage.")] = None,
    article: Annotated[str | None, Query(description="Only of the article with this id.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LETTERS, description="Most letters to give.")] = 100,
) -> Data:
    """The open dead letters, the oldest first, without their original bytes."""
    found = letters.open(Selection((article,) if article else (), reason, source, stage))
    told = [one.model_dump(mode="json", exclude={"key", "value"}) for one in letters.whole(found[:limit])]
    return Data({"total": len(found), "letters": told})


@router.get(f"{V1}/dead/{{letter_id}}", responses=problems(404, 422, 503), response_model=Letter, tags=["Dead letters"])
def dead_letter(letters: TheLetters, letter_id: TheLetterId) -> Data:
    """One dead letter with its original bytes, in base64."""
    return Data(_letter(letters, letter_id).model_dump(mode="json"))


def _letter(letters: Letters, letter_id: str) -> DeadLetter:
    found = letters.one(letter_id)
    if found is None:
        raise NoSuchError(f"no open dead letter {letter_id}", f"see {V1}/dead")
    return found


@router.post(
    f"{V1}/dead/{{letter_id}}/retry",
    responses=problems(400, 404, 409, 422, 503),
    response_model=Done,
    tags=["Dead letters"],
)
def retry(
    letters: TheLetters,
    letter_id: TheLetterId,
    body: Nothing,  # noqa: ARG001
    force: Annotated[bool, Query(description=f"Also when it ended here more than {MOST_RETRIES} times.")] = False,
) -> Data:
    """Send the original bytes of a dead letter through the pipeline again."""
    letter = _letter(letters, letter_id)
    if letter.attempts > MOST_RETRIES and not force:
        raise HTTPException(409, f"{letter_id} ended here {letter.attempts} times: see why, then use `force=true`.")
    try:
        letters.retry(letter)
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
    return Data({"done": "retried", "what": letter_id})


@router.post(
    f"{V1}/dead/{{letter_id}}/drop", responses=problems(400, 404, 422, 503), response_model=Done, tags=["Dead letters"]
)
def drop(letters: TheLetters, letter_id: TheLetterId, body: Nothing) -> Data:  # noqa: ARG001
    """Close a dead letter for good; it stays on its stream as a record."""
    letters.drop(_letter(letters, letter_id))
    return Data({"done": "dropped", "what": letter_id})


@router.get(
    f"{V1}/articles/{{article_id}}/trace",
    responses=problems(404, 422, 503),
    response_model=dict[str, Any],
    tags=["Articles"],
)
def trace(tracer: TheTracer, article_id: TheArticleId) -> Data:
    """Each stage that an article passed, when, in how many milliseconds, and where it stands now."""
    found = tracer.trace(article_id)
    if found.state == "unknown":
        raise NoSuchError(found.summary, found.way_out)
    return Data(plain(found))


@router.get(
    f"{V1}/articles/{{article_id}}/raw", responses=problems(404, 422, 503), response_model=RawArticle, tags=["Articles"]
)
def raw(tracer: TheTracer, article_id: TheArticleId) -> Data:
    """One article as it was fetched, page furniture and all, while the stream still holds it."""
    found = tracer.raw(article_id)
    if found is None:
        raise NoSuchError(f"the streams hold no raw article {article_id}", f"see {V1}/articles/{article_id}/trace")
    return Data(found.body)
