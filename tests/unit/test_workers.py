"""What `wiredesk run` starts of its own."""

from __future__ import annotations

import os

from desk.pipeline import enrichers
from desk.workers import workers
from tests.fakes import unit_settings


def test_there_is_an_enricher_for_each_processor_that_has_a_partition() -> None:
    """As many as are set; else one for each processor, and none that would have no partition to read."""
    assert enrichers(unit_settings(enrichers=7, partitions=2)) == 7
    assert enrichers(unit_settings(partitions=1)) == 1
    assert enrichers(unit_settings(partitions=1000)) == os.cpu_count()


def test_enrichers_stop_before_the_sink_and_one_is_there_at_least() -> None:
    """The workers come in the order in which they stop, so that what was enriched is still indexed."""
    assert [one.name for one in workers(unit_settings(enrichers=2))] == ["enricher-1", "enricher-2", "sink"]
    assert [one.name for one in workers(unit_settings())] == ["enricher-1", "sink"]
