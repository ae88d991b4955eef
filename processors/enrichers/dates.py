"""When an article was published: what its source says, then its page, then its address."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from processors.enrichers.dateforms import readings
from processors.enrichers.draft import Draft, Enricher


def find_date(draft: Draft) -> Draft:
    """Fill in the moment of publication, in UTC and as precise as it is stated; None where nothing is certain."""
    for stated in (draft.raw.published, draft.published_hint):
        found = readings(stated or "")
        if len(found) == 1:
            return replace(draft, published_at=found[0].at, published_precision=found[0].precision)
    return draft


DATES: Final = Enricher(name="dates", version=1, run=find_date, fills=("published_at", "published_precision", "notes"))
