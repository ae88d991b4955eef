"""Whether Kafka and Elasticsearch answer: one short question each, no patience."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import struct
from urllib.parse import urlsplit

from schemas.settings import Settings

SECONDS = 3.0
METADATA = 3
CLIENT = b"wiredesk"


def kafka(servers: str) -> bool:
    """Whether one of these brokers tells of a cluster.

    Args:
        servers: `host:port,host:port`.
    """
    return any(_tells_brokers(server.strip()) for server in servers.split(",") if server.strip())


def _tells_brokers(server: str) -> bool:
    """Ask for the metadata of no topics, version 1, and see that brokers are in the answer.

    Source: https://kafka.apache.org/protocol (Metadata).
    """
    host, _, port = server.rpartition(":")
    body = struct.pack(">hhih8si", METADATA, 1, 1, len(CLIENT), CLIENT, 0)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            with connection.makefile("rb") as stream:
                _size, _correlation, brokers = struct.unpack(">iii", stream.read(12))
    except (OSError, ValueError, struct.error):
        return False
    return bool(brokers > 0)


def elasticsearch(url: str, settings: Settings | None = None) -> bool:
    """Whether a node answers and its cluster's health is yellow or better.

    Args:
        url: `http://host:port` or `https://host:port`.
        settings: credentials and the certificate to trust, for a server that was named in them.
    """
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, settings)
    path = f"{parts.path.rstrip('/')}/_cluster/health?wait_for_status=yellow&timeout=2s"
    try:
        connection.request("GET", path, headers=_headers(settings))
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None, settings: Settings | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    trusted = ssl.create_default_context(cafile=settings.elasticsearch_ca_file if settings else None)
    return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=trusted)


def _headers(settings: Settings | None) -> dict[str, str]:
    if settings is None:
        return {}
    if settings.elasticsearch_api_key is not None:
        return {"Authorization": f"ApiKey {settings.elasticsearch_api_key.get_secret_value()}"}
    if settings.elasticsearch_username and settings.elasticsearch_password is not None:
        pair = f"{settings.elasticsearch_username}:{settings.elasticsearch_password.get_secret_value()}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}
