"""How sources fare is told to Prometheus as it is when it asks."""

from __future__ import annotations

import asyncio

from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from producers.metrics import application
from schemas.health import SourceHealth
from tests.fakes import FETCHED_AT

HEALTH = SourceHealth(
    source='the "herald"\n',
    interval=300,
    gap=3600,
    next_look=FETCHED_AT,
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
    assert found["wiredesk_source_gap_seconds", HEALTH.source] == 3600
    assert found["wiredesk_source_next_look_timestamp_seconds", HEALTH.source] == FETCHED_AT.timestamp()
    assert found["wiredesk_source_last_success_timestamp_seconds", HEALTH.source] == FETCHED_AT.timestamp()


def test_what_changes_is_told_with_the_next_question() -> None:
    """The numbers are those of the health itself, and a source that fails is down."""
    health = {"herald": HEALTH.model_copy(update={"error": "the server answered 503", "published": 4})}
    found = told(health)
    assert (found["wiredesk_source_up", "herald"], found["wiredesk_source_published_total", "herald"]) == (0, 4)
    health.clear()
    assert not [name for name, *_ in told(health) if name.startswith("wiredesk_source_")]


def asked(path: str, wrong: str) -> tuple[int, str]:
    """Status and text of a probe, when the loop has such words of itself."""

    async def answer() -> tuple[int, str]:
        app = application(dict, lambda: {"loop": wrong}, lambda: {"loop": wrong})
        async with TestClient(TestServer(app)) as client:
            found = await client.get(path)
            return found.status, await found.text()

    return asyncio.run(answer())


def test_a_probe_of_the_collector_says_what_is_wrong() -> None:
    """Both probes pass while the loop runs, and fail with the reason when it ended."""
    assert asked("/livez", "") == (200, "ok\n")
    assert asked("/readyz?verbose", "") == (200, "[+]loop ok\nok\n")
    assert asked("/livez", "it ended") == (503, "[-]loop failed: it ended\nfailed\n")
