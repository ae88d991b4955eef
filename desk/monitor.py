"""Is everything flowing: all facts of the streams, the stages and the index, once."""

from __future__ import annotations

from typing import Any

from desk.findings import LIMITS, Limits
from desk.watch import Watch
from schemas.settings import Settings


def facts(settings: Settings, limits: Limits = LIMITS) -> dict[str, Any]:
    """All facts of the pipeline as they stand now, as plain data for JSON.

    Who asks more than once keeps a `desk.watch.Watch`. Rates are messages a minute, counted by Kafka's own timestamps
    over the last minute; ages are seconds.

    Raises:
        NoSuchStreamError: the streams were not made yet.
        KafkaError: Kafka does not answer.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    with Watch(settings) as watch:
        return watch.demand(limits)
