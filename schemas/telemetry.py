"""Logs in one shape from every process: plain lines for people, or JSON lines for programs."""

from __future__ import annotations

import logging.config
from typing import Any

import structlog

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
        render: list[Any] = [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
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
