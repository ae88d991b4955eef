"""How a command ends when it cannot do what it was asked: one message, the next step, and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from schemas.settings import Settings


class Exit(IntEnum):
    """Exit codes of every command."""

    FINE = 0
    FINDING = 1  # it did its work, and something is not as it should be
    USAGE = 2  # the command or a setting is wrong
    DOWN = 3  # something it needs does not answer
    NOT_FOUND = 4
    INTERRUPTED = 130


class Failure(Exception):  # noqa: N818 (it is what a person reads, and no defect)
    """Ends a command: `message` names the thing and the place, `way_out` the next step."""

    def __init__(self, message: str, way_out: str = "", code: Exit = Exit.DOWN) -> None:
        super().__init__(message)
        self.message, self.way_out, self.code = message, way_out, code


def kafka_down(settings: Settings, why: str = "does not answer") -> Failure:
    """Kafka is away."""
    return Failure(
        f"Kafka at {settings.kafka_servers} {why}",
        "see `wiredesk servers status`, or name another one with WIREDESK_KAFKA_SERVERS",
    )


def elasticsearch_down(settings: Settings, why: str = "does not answer") -> Failure:
    """Elasticsearch is away."""
    return Failure(
        f"Elasticsearch at {settings.elasticsearch_url} {why}",
        "see `wiredesk servers status`, or name another one with WIREDESK_ELASTICSEARCH_URL",
    )


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Turns errors of the clients into failures that name the servers of these settings."""
    try:
        yield
    except Exception as error:
        if failure := in_words(error, settings):
            raise failure from error
        raise


def in_words(error: Exception, settings: Settings) -> Failure | None:
    """What a person can do about an error of a library; none for an error that is a defect of ours."""
    from elasticsearch import ApiError, NotFoundError, TransportError
    from kafka.errors import KafkaError

    from processors.index import OutgrownError
    from schemas.streams import NoSuchStreamError

    if misfit := _misfit(error, settings):
        return misfit
    if isinstance(error, OutgrownError):
        return Failure(str(error), "wiredesk rebuild (search goes on with the old index meanwhile)", Exit.FINDING)
    if isinstance(error, NoSuchStreamError):
        return Failure(f"{error} (Kafka at {settings.kafka_servers})", "wiredesk setup")
    if isinstance(error, KafkaError):
        return kafka_down(settings, f"does not do its part: {type(error).__name__}: {error}")
    if isinstance(error, NotFoundError):
        return Failure(
            f"Elasticsearch at {settings.elasticsearch_url} has no index {settings.index_alias}", "wiredesk setup"
        )
    if isinstance(error, ApiError):
        return elasticsearch_down(settings, f"refuses: {error.meta.status} {error.message}")
    if isinstance(error, TransportError):
        return elasticsearch_down(settings, f"does not answer: {error.message}")
    return None


def is_misfit(error: Exception) -> bool:
    """Whether a server does not speak as our client of it does: of another major version, or something else."""
    from elasticsearch import BadRequestError, UnsupportedProductError
    from kafka.errors import UnsupportedVersionError

    if isinstance(error, BadRequestError):
        return "media_type_header" in str(error)
    return isinstance(error, UnsupportedProductError | UnsupportedVersionError)


def _misfit(error: Exception, settings: Settings) -> Failure | None:
    """The sentence that says which server does not fit which client, and what to name instead."""
    if not is_misfit(error):
        return None
    from importlib.metadata import version

    from kafka.errors import KafkaError

    if isinstance(error, KafkaError):
        words = f"does not fit our client, kafka-python {version('kafka-python')}: {error}"
        return Failure(f"Kafka at {settings.kafka_servers} {words}", "name a newer one in WIREDESK_KAFKA_SERVERS")
    ours = version("elasticsearch")
    major = ours.partition(".")[0]
    return Failure(
        f"Elasticsearch at {settings.elasticsearch_url} does not fit our client, elasticsearch {ours}, which speaks "
        f"with Elasticsearch {major} alone",
        f"name an Elasticsearch {major} in WIREDESK_ELASTICSEARCH_URL; `wiredesk run --check` tells versions",
    )
