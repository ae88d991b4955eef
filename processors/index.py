"""The client of Elasticsearch, and the index behind the alias."""

from __future__ import annotations

from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch, TransportError

from processors.store import Reply
from schemas.index import index_body, mapping
from schemas.settings import Settings

_BULK_HEADERS = {"content-type": "application/x-ndjson", "accept": "application/json"}
_BULK_ANSWER = "items.*.status,items.*.error"


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


def ensure(elasticsearch: Elasticsearch, settings: Settings) -> str:
    """Makes the index behind the alias where there is none, adds fields that are new, and returns its name.

    Raises:
        ApiError: Elasticsearch refuses, as when a field that stands has another type.
        TransportError: it does not answer.
    """
    alias = settings.index_alias
    if not elasticsearch.indices.exists_alias(name=alias):
        _create(elasticsearch, settings, f"{alias}-000001")
    name = str(max(elasticsearch.indices.get_alias(name=alias).body))
    elasticsearch.indices.put_mapping(index=name, **_mapping_parameters())
    return name


def _mapping_parameters() -> dict[str, Any]:
    found = mapping()
    return {"dynamic": found["dynamic"], "meta": found["_meta"], "properties": found["properties"]}


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


def bulk_sender(elasticsearch: Elasticsearch, alias: str) -> Any:
    """A `processors.store.Send` that posts to the alias, and to nothing that is no alias."""
    path = f"/{alias}/_bulk?require_alias=true&filter_path={_BULK_ANSWER}"

    def send(body: bytes) -> Reply:
        try:
            answer = elasticsearch.perform_request("POST", path, headers=_BULK_HEADERS, body=body)
        except ApiError as error:
            return Reply(error.meta.status, error.body)
        except TransportError as error:
            return Reply(0, failure=f"Elasticsearch does not answer: {error.message}")
        return Reply(answer.meta.status, answer.body)

    return send
