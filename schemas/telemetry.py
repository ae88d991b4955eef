"""What every process tells: logs in one shape, the list of all metrics, and answers to probes."""

from __future__ import annotations

import logging.config
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from schemas.settings import Settings

# Clients log each attempt to reconnect, with tracebacks; what a person needs of it the stages say themselves.
_QUIET = {
    "kafka": "CRITICAL",
    "aiokafka": "CRITICAL",
    "elastic_transport": "CRITICAL",
    "faust": "ERROR",
    "mode": "ERROR",
    "trafilatura": "CRITICAL",
    "htmldate": "CRITICAL",
    "courlan": "CRITICAL",
}


def logging_config(settings: Settings) -> dict[str, Any]:
    """A `logging.config.dictConfig` for the settings' format and level, to standard error."""
    shared = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "json":
        # structlog's own `dict_tracebacks` tells the value of every local variable, passwords included.
        errors = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        render: list[Any] = [errors, structlog.processors.JSONRenderer()]
    else:
        render = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"wiredesk": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "wiredesk"}},
        "loggers": {name: {"level": level} for name, level in _QUIET.items()},
        "root": {"level": settings.log_level, "handlers": ["stderr"]},
    }


def configure(settings: Settings) -> None:
    """Sets up logging for this process."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(logging_config(settings))


Kind = Literal["counter", "gauge", "histogram", "info"]
Teller = Literal["enricher", "sink", "feed", "desk"]

_WORKERS: tuple[Teller, ...] = ("enricher", "sink")
_ALL: tuple[Teller, ...] = ("enricher", "sink", "feed", "desk")
# Seconds: an article is through in under one while all is well, and late after ten minutes.
_AGES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0)
_STEPS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_REQUESTS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_COUNTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_BYTES = tuple(float(2**power) for power in range(10, 24, 2))


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric for Prometheus: its name as it is shown, what it means, its labels and which processes tell it."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    told_by: tuple[Teller, ...] = _ALL
    buckets: tuple[float, ...] = ()

    @property
    def family(self) -> str:
        """The name as the client library takes it: it puts `_total` and `_info` there itself."""
        return self.name.removesuffix("_total").removesuffix("_info")


def _source(name: str, kind: Kind, help_text: str, *labels: str) -> Metric:
    return Metric(f"wiredesk_source_{name}", kind, help_text, ("source", *labels), ("feed",))


def _desk(name: str, help_text: str, *labels: str) -> Metric:
    return Metric(f"wiredesk_{name}", "gauge", help_text, labels, ("desk",))


METRICS: Final = (
    Metric("wiredesk_build_info", "info", "The version that runs.", ("version",)),
    Metric("wiredesk_ready", "gauge", "1 when a check of /readyz passes.", ("check",)),
    Metric("wiredesk_live", "gauge", "1 when a check of /livez passes.", ("check",)),
    Metric(
        "wiredesk_articles_total",
        "counter",
        "Articles that a stage brought to their end: done, stale (of them, a newer version stood already) or dead.",
        ("stage", "result"),
        _WORKERS,
    ),
    Metric("wiredesk_retries_total", "counter", "Articles that were sent once more.", ("stage",), _WORKERS),
    Metric("wiredesk_waiting", "gauge", "1 while the stage waits for something to come back.", ("stage",), _WORKERS),
    Metric(
        "wiredesk_lag_messages",
        "gauge",
        "Messages that wait on the partitions that this process reads.",
        ("stage", "partition"),
        _WORKERS,
    ),
    Metric(
        "wiredesk_article_age_seconds",
        "histogram",
        "Seconds from an article's being published to its being enriched or searchable.",
        ("stage",),
        _WORKERS,
        _AGES,
    ),
    Metric(
        "wiredesk_enricher_step_seconds",
        "histogram",
        "Seconds that one step of enriching took for one article.",
        ("step",),
        ("enricher",),
        _STEPS,
    ),
    Metric("wiredesk_bulk_articles", "histogram", "Articles in one bulk request.", (), ("sink",), _COUNTS),
    Metric("wiredesk_bulk_bytes", "histogram", "Bytes of one bulk request.", (), ("sink",), _BYTES),
    Metric("wiredesk_bulk_seconds", "histogram", "Seconds that one bulk request took.", (), ("sink",), _REQUESTS),
    _source("discovered_total", "counter", "Articles that the source listed, each time that it was looked at."),
    _source("known_total", "counter", "Listed articles that were published before."),
    _source("fetched_total", "counter", "Pages of articles that were fetched."),
    _source("published_total", "counter", "Articles that Kafka acknowledged."),
    _source("undelivered_total", "counter", "Articles that Kafka did not take, and that come again."),
    _source("refused_total", "counter", "Listed things that could not be taken, by reason.", "reason"),
    _source("failure_score", "gauge", "Score of failures since the last success."),
    _source("interval_seconds", "gauge", "Seconds between two looks while all is well."),
    _source("gap_seconds", "gauge", "Usual seconds between two new articles; not told while unknown."),
    _source("last_success_timestamp_seconds", "gauge", "When the source could last be read; 0 for never."),
    _source("last_article_timestamp_seconds", "gauge", "When an article of it was last published; 0 for never."),
    _source("next_look_timestamp_seconds", "gauge", "When it is to be looked at again; 0 where that is not fixed."),
    _source("up", "gauge", "1 when the last look could read the source."),
    _desk("server_up", "1 when the server answers the desk.", "server"),
    _desk("findings", "What is wrong, as `wiredesk monitor --check` names it, by code.", "code"),
    _desk("stream_messages", "Messages that a stream holds.", "stream"),
    _desk("stream_partitions_offline", "Partitions of Wiredesk's streams that have no leader."),
    _desk("stream_partitions_under_replicated", "Partitions of Wiredesk's streams that lack a replica."),
    _desk("stage_lag_messages", "Messages that wait for a stage.", "stage"),
    _desk("stage_lag_seconds", "Age of the oldest message that waits for a stage; 0 where none does.", "stage"),
    _desk("stage_instances", "Processes of a stage that told of themselves lately.", "stage"),
    _desk("freshness_seconds", "Published to searchable, of the articles of the last minutes.", "quantile"),
    _desk("index_articles", "Articles in the index."),
    _desk("index_newest_timestamp_seconds", "When the newest article in the index was fetched."),
    _desk("dead_letters_open", "Dead letters that nobody retried or dropped.", "stage", "reason"),
    _desk("reconcile_gap_messages", "Raw articles that were read and became neither enriched ones nor dead letters."),
    _desk("account_missing_messages", "Raw articles of a day that were nowhere, when that was looked at last."),
    _desk("account_timestamp_seconds", "When it was last looked at whether all raw articles of a day are somewhere."),
    _desk("heartbeat_published_timestamp_seconds", "When the last heartbeat article was published."),
    _desk("heartbeat_searchable_timestamp_seconds", "When the last heartbeat that a search found was published."),
    _desk("heartbeat_seconds", "Published to found by a search, of the last heartbeat that was found."),
)


def checked(checks: Mapping[str, str], *, verbose: bool) -> tuple[int, str]:
    """HTTP status and text for a probe: 200 when no check has words for what is wrong, else 503.

    Args:
        checks: what is wrong by the name of each check; empty for nothing.
        verbose: whether every check has its line, or only those that fail.
    """
    failed = {name: words for name, words in checks.items() if words}
    lines = [f"[-]{name} failed: {checks[name]}" if name in failed else f"[+]{name} ok" for name in checks]
    shown = lines if verbose else [line for line in lines if line.startswith("[-]")]
    return (503 if failed else 200), "\n".join([*shown, "failed" if failed else "ok"]) + "\n"
