"""The stream page: whether everything flows, live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from markupsafe import Markup

from desk.web.live import Live, Parts
from desk.web.parts import Desk, Problem, desk_of, page, tell, templates, verdict
from desk.web.pulse import Facts
from desk.web.roll import Roll, TheRoll

router = APIRouter()

EVENTS = "/stream/events"
# The parts of the page by the ids of their elements; each is a macro of `flow.html`.
PARTS = ("said", "strip", "soon", "stages", "busiest", "changes", "newest", "dated")
STUCK = timedelta(seconds=60)
_MOST_SOURCES = 12


@dataclass(slots=True)
class Standing:
    """Since when a partition with messages that wait did not move."""

    _since: dict[tuple[str, int], tuple[int | None, datetime]] = field(default_factory=dict)

    def stuck(self, stages: Mapping[str, Any], now: datetime) -> dict[str, list[int]]:
        """Takes the stages as they are now; gives the partitions that stand still for a minute, by stage."""
        found: dict[str, list[int]] = {name: [] for name in stages}
        kept = {}
        for name, stage in stages.items():
            for part in stage["partitions"]:
                key = name, part["partition"]
                if not part["lag"]:
                    continue
                committed, since = self._since.get(key, (part["committed"], now))
                kept[key] = part["committed"], since if committed == part["committed"] else now
                if now - kept[key][1] >= STUCK:
                    found[name].append(part["partition"])
        self._since = kept
        return found


@dataclass(slots=True)
class Flow:
    """What the page shows, drawn from the facts of the streams and of the sources."""

    desk: Desk
    roll: Roll
    standing: Standing = field(default_factory=Standing)

    def parts(self) -> Parts:
        """Every part of the page, and what the header says, as HTML."""
        facts, now = self.desk.pulse.facts(), self.desk.now()
        head = {
            "head-stream": _drawn("header.html", "verdict_tag", verdict(facts, self.desk.kafka)),
            "head-dead": _drawn("header.html", "dead_tag", facts["dead"]["open"] if facts else None),
            "head-sources": _drawn("header.html", "failing_tag", self.roll.failing()),
        }
        if facts is None:
            return head | {"said": _drawn("flow.html", "waiting", self.desk.kafka, now)}
        found = self._told(facts, now)
        return head | {name: _drawn("flow.html", name, found) for name in PARTS}

    def _told(self, facts: Facts, now: datetime) -> dict[str, Any]:
        busiest = sorted(facts["sources"].items(), key=lambda one: (-one[1]["articles"], one[0]))
        return {
            "facts": facts,
            "now": now,
            "verdict": verdict(facts, self.desk.kafka),
            "outage": self.desk.kafka,
            "stuck": self.standing.stuck(facts["stages"], now),
            "fetch": self._fetch(),
            "raw": facts["streams"].get(facts["stages"]["enrich"]["reads"]) if facts["stages"] else None,
            "busiest": busiest[:_MOST_SOURCES],
            "dead_by": dict(facts["dead"]["by_source"]),
        }

    def _fetch(self) -> dict[str, Any]:
        """How many sources there are and fail, and when the last new article came; none where that is not known."""
        found, specs = self.roll.known(), self.roll.specs()
        came = [one.published_at for one in found.health.values() if one.published_at] if found else []
        return {
            "sources": len(specs),
            "paused": sum(spec.paused for spec in specs),
            "failing": self.roll.failing(),
            "last": max(came, default=None),
            "known": found is not None,
        }


def _drawn(template: str, macro: str, *given: Any) -> str:
    return str(getattr(templates().get_template(template).module, macro)(*given)).strip()


def live_of(request: Request, roll: TheRoll) -> Live:
    """What draws the page for all viewers of this application."""
    state = request.app.state
    if not hasattr(state, "live"):
        state.live = Live(Flow(desk_of(request), roll).parts)
    live: Live = state.live
    return live


TheLive = Annotated[Live, Depends(live_of)]


@router.get("/stream")
def stream(request: Request, live: TheLive) -> Response:
    """The page as it is now; a script keeps it so."""
    drawn = {name: Markup(html) for name, html in live.parts().items()}  # noqa: S704 (drawn and escaped by templates)
    return page(request, "stream.html", parts={name: drawn.get(name, "") for name in PARTS}, events=EVENTS)


@router.get(EVENTS)
async def events(request: Request, live: TheLive) -> Response:
    """What changes on the page, as server-sent events."""
    if live.is_full:
        problem = Problem(503, "Too many look at the stream at once.", "close a window, or load the page again later")
        return tell(request, problem)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(live.events(request.is_disconnected), media_type="text/event-stream", headers=headers)
