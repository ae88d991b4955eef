"""Finds the servers that a command needs, and waits a while for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from desk.failure import Failure, elasticsearch_down, kafka_down

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from desk.loaded import Loaded
    from schemas.settings import Settings

PATIENCE = 30.0
_LONGEST_PAUSE = 5.0


def located(loaded: Loaded) -> Settings:
    """Completes the settings with the addresses of the servers they name, or of those that run from the data folder.

    Raises:
        Failure: none are named and none run.
    """
    from deploy import ladder
    from schemas.settings import ENV_PREFIX

    settings = loaded.settings
    found = ladder.find(settings)
    if found is None:
        raise Failure(
            f"no Kafka and Elasticsearch are named, and none run from {settings.data_dir}",
            f"wiredesk run (or name them: {ENV_PREFIX}KAFKA_SERVERS and {ENV_PREFIX}ELASTICSEARCH_URL)",
        )
    addresses = {"kafka_servers": found.kafka, "elasticsearch_url": found.elasticsearch}
    return loaded.replace(settings.model_copy(update=addresses))


def with_kafka(loaded: Loaded, patience: float = PATIENCE) -> Settings:
    """Located settings whose Kafka answers, waiting so many seconds for it.

    Raises:
        Failure: it does not answer in time, or refuses who we are.
    """
    from deploy import answers
    from schemas.settings import ENV_PREFIX

    here = located(loaded)
    setting, address = f"{ENV_PREFIX}KAFKA_SERVERS", here.kafka_servers
    if not _waited(lambda: answers.kafka(address, here), f"Kafka at {address} ({setting})", patience):
        raise kafka_down(here, f"did not answer for {patience:.0f} s")
    return here


def with_elasticsearch(loaded: Loaded, patience: float = PATIENCE) -> Settings:
    """Located settings whose Elasticsearch answers, waiting so many seconds for it.

    Raises:
        Failure: it does not answer in time, or refuses who we are.
    """
    from deploy import answers
    from schemas.settings import ENV_PREFIX

    here = located(loaded)
    setting, address = f"{ENV_PREFIX}ELASTICSEARCH_URL", here.elasticsearch_url
    what = f"Elasticsearch at {address} ({setting})"
    if not _waited(lambda: answers.elasticsearch(address, here), what, patience):
        raise elasticsearch_down(here, f"did not answer for {patience:.0f} s")
    return here


def with_both(loaded: Loaded, patience: float = PATIENCE) -> Settings:
    """Located settings whose Kafka and Elasticsearch both answer."""
    with_kafka(loaded, patience)
    return with_elasticsearch(loaded, patience)


def _waited(asks: Callable[[], bool], what: str, patience: float) -> bool:
    """Asks until the answer is yes or patience ends, and says once that it waits."""
    deadline, pause, said = time.monotonic() + patience, 0.25, False
    while not asks():
        if time.monotonic() >= deadline:
            return False
        if not said:
            click.echo(f"{what} does not answer; trying again for {patience:.0f} s", err=True)
            said = True
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(_LONGEST_PAUSE, pause * 2)
    return True
