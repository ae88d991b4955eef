"""The client of Elasticsearch, and the index behind the alias."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch, TransportError

from processors.store import Reply
from schemas.index import index_body, mapping, subfields
from schemas.settings import Settings

_BULK_HEADERS = {"content-type": "application/x-ndjson", "accept": "application/json"}
_BULK_ANSWER = "items.*.status,items.*.error"
# An answer that does not come may be waited for no longer than this, for what hangs is only then asked again; before
# that, Elasticsearch itself says which shard it waits for.
BULK_SECONDS = 20.0
_SHARD_SECONDS = 15


def client(settings: Settings, timeout: float = 60.0) -> Elasticsearch:
    """A client for the Elasticsearch that the settings name; it does not retry by itself.

    Args:
        settings: address and how to sign in.
        timeout: seconds that one request may take.
    """
    signed: dict[str, Any] = {}
    if settings.elasticsearch_api_key:
        signed["api_key"] = settings.elasticsearch_api_key.get_secret_value()
    elif settings.elasticsearch_username and settings.elasticsearch_password:
        signed["basic_auth"] = (settings.elasticsearch_username, settings.elasticsearch_password.get_secret_value())
    if settings.elasticsearch_ca_file:
        signed["ca_certs"] = str(settings.elasticsearch_ca_file)
    return Elasticsearch(settings.elasticsearch_url, request_timeout=timeout, max_retries=0, **signed)


class OutgrownError(Exception):
    """The index stands with fields that today's mapping has otherwise: it has to be made anew."""


def ensure(elasticsearch: Elasticsearch, settings: Settings) -> str:
    """Makes the index behind the alias where there is none, adds fields that are new, and returns its name.

    Raises:
        OutgrownError: a field that stands has another type than today's.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    alias = settings.index_alias
    if not elasticsearch.indices.exists_alias(name=alias):
        _create(elasticsearch, settings, f"{alias}-000001")
    name = str(max(elasticsearch.indices.get_alias(name=alias).body))
    wanted = mapping()
    # What else is kept there, as of a rebuild that goes on, stays.
    meta = elasticsearch.indices.get_mapping(index=name).body[name]["mappings"].get("_meta", {}) | wanted["_meta"]
    try:
        elasticsearch.indices.put_mapping(
            index=name, dynamic=wanted["dynamic"], meta=meta, properties=wanted["properties"]
        )
    except BadRequestError as error:
        raise OutgrownError(f"today's mapping does not fit {name}: {reason(error)}") from error
    return name


def reason(error: ApiError) -> str:
    """Why Elasticsearch refuses, in its own words; the name of its error where it has none."""
    found = error.info.get("error") if isinstance(error.info, dict) else None
    return str(found.get("reason") if isinstance(found, dict) else error.message)


def lacking(elasticsearch: Elasticsearch, alias: str) -> dict[str, int]:
    """How many articles lack a subfield that the mapping got after they were indexed, by its name.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    wanted = {f"{parent}.{name}": parent for parent, name in subfields(mapping()["properties"])}
    filters = {
        name: {"bool": {"filter": {"exists": {"field": parent}}, "must_not": {"exists": {"field": name}}}}
        for name, parent in wanted.items()
    }
    answer = elasticsearch.search(
        index=alias, size=0, track_total_hits=False, aggregations={"lacking": {"filters": {"filters": filters}}}
    )
    found = answer["aggregations"]["lacking"]["buckets"]
    return {name: one["doc_count"] for name, one in found.items() if one["doc_count"]}


def _create(elasticsearch: Elasticsearch, settings: Settings, name: str) -> None:
    """Index and alias in one step; when another process was quicker, its index serves."""
    alias = {settings.index_alias: {"is_write_index": True}}
    try:
        elasticsearch.indices.create(index=name, aliases=alias, **index_body(settings))
    except BadRequestError as error:
        if error.error != "resource_already_exists_exception":
            raise
        if not elasticsearch.indices.exists_alias(name=settings.index_alias):
            elasticsearch.indices.put_alias(index=name, name=settings.index_alias, is_write_index=True)


def refresher(elasticsearch: Elasticsearch, alias: str) -> Callable[[], object]:
    """What makes all that is written behind the alias searchable."""
    return lambda: elasticsearch.indices.refresh(index=alias, filter_path="_shards.failed")


def bulk_sender(elasticsearch: Elasticsearch, alias: str) -> Any:
    """A `processors.store.Send` that posts to the alias, and to nothing that is no alias."""
    path = f"/{alias}/_bulk?require_alias=true&timeout={_SHARD_SECONDS}s&filter_path={_BULK_ANSWER}"

    def send(body: bytes) -> Reply:
        try:
            answer = elasticsearch.perform_request("POST", path, headers=_BULK_HEADERS, body=body)
        except ApiError as error:
            return Reply(error.meta.status, error.body)
        except TransportError as error:
            return Reply(0, failure=f"Elasticsearch does not answer: {error.message}")
        return Reply(answer.meta.status, answer.body)

    return send
