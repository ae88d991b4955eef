"""The API under schemathesis: whatever is asked, no error of the server, and answers as its OpenAPI says."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desk.web.letters import letters_of
from desk.web.roll import roll_of
from desk.web.trace import tracer_of
from tests.fake_archive import FakeArchive, indexed
from tests.fake_flow import FakeLetters, FakeTracer, dead_letter, roll
from tests.webdesk import HOME, web

KNOWN = "0123456789abcdef0123456789abcdef"
SOURCES = '[[source]]\nname = "herald"\nkind = "feed"\nurl = "https://herald.example/feed.xml"\n'
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# Half of all cases keep the description and half break it; what is found does not depend on the day.
bounded = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


@functools.cache
def application() -> Any:
    """The whole desk on parts made by hand."""
    app = web(FakeArchive([*(indexed(number) for number in range(1, 6)), indexed(int(KNOWN, 16))]))
    letters, sources = FakeLetters(dead_letter(17)), roll(Path(tempfile.mkdtemp()), SOURCES)
    app.dependency_overrides |= {
        letters_of: lambda: letters,
        roll_of: lambda: sources,
        tracer_of: lambda: FakeTracer(KNOWN),
    }
    return app


async def asked(scope: Any, receive: Any, send: Any) -> None:
    """The application, without what it starts beside its answers."""
    if scope["type"] == "http":
        await application()(scope, receive, send)
    else:
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})


schema = schemathesis.openapi.from_asgi("/api/openapi.json", asked, headers={"host": "127.0.0.1:8600"})


@schema.parametrize()
@bounded
def test_whatever_is_asked_gets_an_answer_that_was_described(case: schemathesis.Case) -> None:
    """No request, right or wrong, makes an error of the server or an answer that the description does not hold."""
    case.call_and_validate(base_url=HOME, checks=CHECKS)
