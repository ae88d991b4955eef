"""The article page: its clean text with what was found in it, and where it all comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from desk.web import marks
from desk.web.archive import TheArchive
from desk.web.parts import Problem, address, desk_of, page, segment, tell

router = APIRouter()

TOGGLES = ("entities", "cuts", "topics")
_USUAL = ("entities", "cuts")
_NONE = "none"
_TYPES = (("person", "People"), ("organisation", "Organisations"), ("place", "Places"), ("event", "Events"))
_WIKIDATA = re.compile(r"Q[1-9]\d*")


@dataclass(frozen=True, slots=True)
class View:
    """What the address of the page says: which marks are drawn, which entity stands out, and which search led here."""

    id: str
    show: tuple[str, ...] = _USUAL
    entity: str = ""
    q: str = ""

    def toggled(self, name: str) -> str:
        """The address of this page with one kind of marks more, or less."""
        show = tuple(one for one in TOGGLES if (one in self.show) != (one == name))
        return replace(self, show=show).href()

    def choosing(self, entity: str) -> str:
        """The address of this page with an entity that stands out; of the one that does, without it."""
        if entity == self.entity:
            return replace(self, entity="").href()
        show = self.show if "entities" in self.show else ("entities", *self.show)
        return replace(self, entity=entity, show=show).href() + "#chosen"

    def href(self) -> str:
        """The address of this page."""
        show = None if self.show == _USUAL else ",".join(self.show) or _NONE
        return address(f"/articles/{segment(self.id)}", show=show, entity=self.entity, q=self.q)


@router.get("/articles/{article_id}")
def article(
    request: Request,
    archive: TheArchive,
    article_id: str,
    show: str | None = None,
    entity: str = "",
    q: Annotated[str, Query(max_length=10_000)] = "",
) -> Response:
    """One article."""
    found = archive.get(article_id)
    desk_of(request).answers("Elasticsearch")
    if found is None:
        return _absent(request, article_id)
    asked = _USUAL if show is None else tuple(one for one in TOGGLES if one in show.split(","))
    view = View(article_id, asked, entity, q)
    return page(
        request,
        "article.html",
        article=found,
        view=view,
        blocks=_blocks(found, view),
        toggles=_toggles(found, view),
        groups=_groups(found),
        wikidata=wikidata,
        copies=archive.copies(found),
        alike=archive.alike(found),
        back=q,
    )


def _absent(request: Request, article_id: str) -> Response:
    problem = Problem(
        404,
        f"The index holds no article {article_id}.",
        f"wiredesk trace {article_id} says where it is; wiredesk dead list, whether it is among the dead letters",
    )
    return tell(request, problem)


def _blocks(found: Mapping[str, Any], view: View) -> list[marks.Block]:
    spans = [
        *(marks.entity_spans(found) if "entities" in view.show else ()),
        *(marks.topic_spans(found) if "topics" in view.show else ()),
    ]
    return marks.blocks(found["text"], spans, found.get("cuts", ()) if "cuts" in view.show else ())


def _toggles(found: Mapping[str, Any], view: View) -> list[tuple[str, str, int, bool]]:
    """Name, address, how many there are, and whether they are drawn."""
    return [(name, view.toggled(name), len(found.get(name, ())), name in view.show) for name in TOGGLES]


def _groups(found: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The entities by type, those that are named most first."""
    entities = sorted(found.get("entities", ()), key=lambda entity: -len(entity["mentions"]))
    groups = [(label, [one for one in entities if one["type"] == kind]) for kind, label in _TYPES]
    return [(label, group) for label, group in groups if group]


def wikidata(entity_id: str) -> str | None:
    """The page of an entity in Wikidata; none for one that only we know."""
    return f"https://www.wikidata.org/wiki/{entity_id}" if _WIKIDATA.fullmatch(entity_id) else None
