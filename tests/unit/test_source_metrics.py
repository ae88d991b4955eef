"""How sources fare is told to Prometheus as it is when it asks."""

from __future__ import annotations

import asyncio

from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from producers.metrics import COUNTERS, GAUGES, REFUSED, application
from schemas.health import SourceHealth
from tests.fakes import FETCHED_AT

HEALTH = SourceHealth(
    source='the "herald"\n',
    interval=300,
    looked_at=FETCHED_AT,
    succeeded_at=FETCHED_AT,
    discovered=9,
    known=4,
    published=3,
    refused={"robots": 2},
)


def told(health: dict[str, SourceHealth]) -> dict[tuple[str, ...], float]:
    """The samples by name, source and reason, parsed as Prometheus does."""

    async def asked() -> str:
        async with TestClient(TestServer(application(lambda: health))) as client:
            return await (await client.get("/metrics")).text()

    families = text_string_to_metric_families(asyncio.run(asked()))
    return {
        (sample.name, *(sample.labels[name] for name in ("source", "reason") if name in sample.labels)): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_count_of_a_source_is_a_sample() -> None:
    """Counters end in _total, names of sources may hold anything, and refusals come by reason."""
    found = told({HEALTH.source: HEALTH})
    assert found["wiredesk_source_discovered_total", HEALTH.source] == 9
    assert found["wiredesk_source_published_total", HEALTH.source] == 3
    assert found["wiredesk_source_refused_total", HEALTH.source, "robots"] == 2
    assert found["wiredesk_source_up", HEALTH.source] == 1
    assert found["wiredesk_source_last_success_timestamp_seconds", HEALTH.source] == FETCHED_AT.timestamp()


def test_what_changes_is_told_with_the_next_question() -> None:
    """The numbers are those of the health itself, and a source that fails is down."""
    health = {"herald": HEALTH.model_copy(update={"error": "the server answered 503", "published": 4})}
    found = told(health)
    assert (found["wiredesk_source_up", "herald"], found["wiredesk_source_published_total", "herald"]) == (0, 4)
    health.clear()
    assert told(health) == {}


def test_names_keep_to_the_convention() -> None:
    """Names begin with the product, and what has a unit ends in it."""
    names = [name for name, *_ in (*COUNTERS, REFUSED, *GAUGES)]
    assert len(set(names)) == len(names)
    assert all(name.startswith("wiredesk_source_") and not name.endswith("_total") for name in names)
