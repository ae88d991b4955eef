"""Takes articles that others push: `POST /articles`, and the news that WebSub hubs send.

An article is answered with 202 only after Kafka has acknowledged it. What a hub sends is never read: it only says that
its source is worth a look now.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from producers.look import Marked
from producers.publish import Report
from producers.reading import NotAnArticle, Refusal, article_of_record
from schemas.article import RawArticle
from schemas.identity import HEARTBEAT_SOURCE
from schemas.settings import Settings

_LINES = {"application/x-ndjson", "application/jsonl", "application/json-lines", "application/x-jsonlines"}
_MOST_REASONS = 100
_LONGEST_SOURCE = 200


@dataclass(frozen=True, slots=True)
class Doors:
    """What the server works with.

    `deliver` returns once Kafka has acknowledged or refused each article; `wake` lets a source be looked at now, and
    is false for a source that there is none of.
    """

    deliver: Callable[[list[Marked]], Awaitable[Report]]
    wake: Callable[[str], bool]
    topic: Callable[[str], str | None]


def application(settings: Settings, doors: Doors) -> web.Application:
    """The server's two doors, `/articles` and `/websub/SOURCE`."""
    push = _Push(settings, doors)
    app = web.Application(client_max_size=settings.push_max_bytes)
    app.add_routes(
        [
            web.post("/articles", push.articles),
            web.get("/websub/{source}", push.verified),
            web.post("/websub/{source}", push.told),
        ]
    )
    return app


def hub_secret(settings: Settings, source: str) -> str:
    """What a hub signs with for one source; without the token nobody can make it."""
    token = settings.push_token.get_secret_value() if settings.push_token else ""
    return hmac.new(token.encode("utf-8"), f"websub:{source}".encode(), hashlib.sha256).hexdigest()


class _Push:
    def __init__(self, settings: Settings, doors: Doors) -> None:
        self._settings, self._doors = settings, doors

    async def articles(self, request: web.Request) -> web.Response:
        """Publishes the articles of one request, JSON or JSON Lines; refused ones are named by their place."""
        if refused := self._unknown(request):
            return refused
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            limit = self._settings.push_max_bytes
            return _answer(413, f"the request has over {limit:,} bytes: send the articles in several")
        source = request.query.get("source", "push")
        if not source.strip() or len(source) > _LONGEST_SOURCE:
            return _answer(400, f"source: a name of 1 to {_LONGEST_SOURCE} characters")
        if source == HEARTBEAT_SOURCE:
            return _answer(400, f"source: {source} is Wiredesk's own: name it otherwise")
        found = list(self._read(body, request.content_type, source))
        articles = [Marked(one) for one in found if isinstance(one, RawArticle)]
        refusals = [one for one in found if isinstance(one, Refusal)]
        report = await self._doors.deliver(articles) if articles else Report()
        return _told(report, refusals)

    async def verified(self, request: web.Request) -> web.Response:
        """Confirms a subscription that was asked for (WebSub 5.3), and no other."""
        source, said = request.match_info["source"], request.query
        asked = self._doors.topic(source)
        if said.get("hub.mode") != "subscribe" or asked is None or said.get("hub.topic") != asked:
            return web.Response(status=404, text="this was not asked for\n")
        return web.Response(text=said.get("hub.challenge", ""))

    async def told(self, request: web.Request) -> web.Response:
        """Lets the source be looked at, when the hub's signature is right (WebSub 7.1)."""
        source = request.match_info["source"]
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        method, _, signature = request.headers.get("X-Hub-Signature", "").partition("=")
        if _is_signed(body, method, signature, hub_secret(self._settings, source)):
            self._doors.wake(source)
        # Hubs learn nothing from a wrong signature (WebSub 8).
        return web.Response(status=202)

    def _unknown(self, request: web.Request) -> web.Response | None:
        token = self._settings.push_token
        said = request.headers.get("Authorization", "").removeprefix("Bearer ").encode("utf-8", "surrogateescape")
        if token and hmac.compare_digest(said, token.get_secret_value().encode("utf-8")):
            return None
        answer = _answer(401, "show the token of WIREDESK_PUSH_TOKEN as `Authorization: Bearer TOKEN`")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def _read(self, body: bytes, content_type: str, source: str) -> Iterator[RawArticle | Refusal]:
        now = datetime.now(UTC)
        for place, value in _records(body, content_type):
            if isinstance(value, Refusal):
                yield value
                continue
            try:
                found = article_of_record(
                    value, source=source, origin="push", now=now, max_bytes=self._settings.max_article_bytes
                )
                yield found.model_copy(update={"source": source})
            except NotAnArticle as refused:
                yield Refusal(place, str(refused))


def _records(body: bytes, content_type: str) -> Iterator[tuple[str, Any]]:
    """Each record with its place; a refusal in the place of what is no JSON."""
    is_lines = content_type in _LINES
    for number, text in enumerate(body.splitlines() if is_lines else [body], 1):
        place = f"line {number}" if is_lines else "body"
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield place, Refusal(place, f"not JSON: {error}")
            continue
        many = value if isinstance(value, list) and not is_lines else None
        yield from ((f"item {at}", one) for at, one in enumerate(many, 1)) if many is not None else [(place, value)]


def _is_signed(body: bytes, method: str, signature: str, secret: str) -> bool:
    if method not in ("sha256", "sha384", "sha512"):
        return False
    wanted = hmac.new(secret.encode("ascii"), body, method).hexdigest()
    return hmac.compare_digest(wanted.encode("ascii"), signature.encode("utf-8", "surrogateescape"))


def _told(report: Report, refusals: list[Refusal]) -> web.Response:
    """202 when Kafka has every article of it, 422 when there was none, 503 when Kafka did not take them all."""
    said = {
        "published": report.published,
        "unchanged": report.unchanged,
        "refused": len(refusals),
        "failed": len(report.failed),
        "reasons": [{"place": one.place, "reason": one.reason} for one in [*refusals, *report.failed][:_MOST_REASONS]],
    }
    taken = report.published + report.unchanged
    status = 503 if report.failed else 202 if taken else 422
    answer = web.json_response(said, status=status)
    if report.failed:
        answer.headers["Retry-After"] = "10"
    return answer


def _answer(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
