"""What the API takes and gives: OpenAPI for programs, and the same as a page for people, without a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from desk.web import api, exporting, following, operating
from desk.web.data import Data
from desk.web.models import Place, Problem, WrongParameter
from desk.web.parts import page
from desk.web.problems import TITLES, NoSuchError, ProblemRoute

ROUTERS: tuple[APIRouter, ...] = (api.router, exporting.router, operating.router, following.router)

router = APIRouter(prefix="/api", include_in_schema=False, route_class=ProblemRoute)

_DESCRIPTION = (
    "The same searches, parameters and numbers as the pages and `wiredesk search`. Times are ISO 8601 in UTC. What "
    "goes wrong is told as problem details (RFC 9457) with the next step. Where the desk has a token, every request "
    "shows it as `Authorization: Bearer …`."
)
_REFERENCE = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the page tells it."""

    name: str
    takes: str
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the API does, as the page tells it: `fields` and `body` are of the JSON that it is sent."""

    method: str
    path: str
    id: str
    summary: str
    parameters: tuple[Parameter, ...]
    answers: tuple[tuple[str, str], ...]
    example: str
    fields: tuple[Parameter, ...] = ()
    body: str = ""


@cache
def openapi() -> dict[str, Any]:
    """The API as OpenAPI 3.1."""
    found = get_openapi(
        title="Wiredesk",
        version=version("wiredesk"),
        summary="Search the index, and watch what comes in.",
        description=_DESCRIPTION,
        routes=[route for router in ROUTERS for route in router.routes],
        separate_input_output_schemas=False,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    own = models_json_schema([(one, "validation") for one in (Problem, Place, WrongParameter)], ref_template=_REFERENCE)
    found["components"]["schemas"].update(own[1]["$defs"])
    return found


@router.get("/openapi.json")
def as_data() -> Data:
    """The API as OpenAPI 3.1."""
    return Data(openapi())


@router.get("")
def as_page(request: Request) -> Response:
    """The API as a page."""
    return page(request, "api.html", operations=tuple(operations(openapi())), problems=TITLES, about=_DESCRIPTION)


@router.get("/{rest:path}")
def nothing(rest: str) -> Response:
    """Every other address of the API."""
    raise NoSuchError(f"no address /api/{rest}", "see /api for those that there are")


def operations(described: dict[str, Any]) -> Iterator[Operation]:
    """What an OpenAPI description holds, one operation after the other."""
    for path, methods in described["paths"].items():
        for method, said in methods.items():
            yield Operation(
                method.upper(),
                path,
                said["operationId"],
                said.get("description", said["summary"]),
                tuple(_parameter(one) for one in said.get("parameters", ())),
                tuple((status, one["description"]) for status, one in said["responses"].items()),
                _example(method, path, said),
                tuple(_fields(described, _body(said))),
                _sent(_body(said)),
            )


def _body(said: dict[str, Any]) -> dict[str, Any]:
    """The schema of what an operation is sent; empty for nothing."""
    content: dict[str, Any] = said.get("requestBody", {}).get("content", {})
    found: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    return found


def _fields(described: dict[str, Any], schema: dict[str, Any]) -> Iterator[Parameter]:
    model = described["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    for name, one in model.get("properties", {}).items():
        required = name in model.get("required", ())
        yield _parameter({"name": name, "schema": one, "required": required, "description": one.get("description", "")})


def _sent(schema: dict[str, Any]) -> str:
    examples = schema.get("examples", ())
    return json.dumps(examples[0]) if examples else ""


def _parameter(said: dict[str, Any]) -> Parameter:
    schema = said["schema"]
    default = schema.get("default", "")
    required = "needed" if said["required"] else ""
    return Parameter(
        said["name"], _takes(schema), str(default).lower() if default != "" else required, said.get("description", "")
    )


def _takes(schema: dict[str, Any]) -> str:
    """In words, what values fit."""
    choices = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    (one, *_) = choices
    if "enum" in one:
        return ", ".join(map(str, one["enum"]))
    if "minimum" in one:
        return f"{one['minimum']} to {one['maximum']}"
    return {"array": "text, as often as wanted", "boolean": "true or false"}.get(one["type"], "text")


def _example(method: str, path: str, said: dict[str, Any]) -> str:
    asked: list[tuple[str, str]] = []
    for one in said.get("parameters", ()):
        for value in one["schema"].get("examples", ())[:1]:
            if one["in"] == "path":
                path = path.replace(f"{{{one['name']}}}", value)
            else:
                asked += [(one["name"], text) for text in (value if isinstance(value, list) else [value])]
    return f"{method.upper()} {path}" + (f"?{urlencode(asked)}" if asked else "")
