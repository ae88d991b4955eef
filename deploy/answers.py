"""Whether Kafka and Elasticsearch answer: one short question each, no patience."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import socket
import ssl
import struct
from urllib.parse import urlsplit

from deploy.errors import RefusedError
from schemas.settings import ENV_PREFIX, Settings, SettingsError
from schemas.signin import kafka_options, kafka_tls, kafka_user

SECONDS = 3.0
METADATA = 3
CLIENT = b"wiredesk"
UNAUTHORIZED = (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN)


def kafka(servers: str, settings: Settings | None = None) -> bool:
    """Whether one of these brokers tells of a cluster.

    Args:
        servers: `host:port,host:port`.
        settings: how to sign in, for servers that were named in them.

    Raises:
        RefusedError: one answers, and its certificate or our user is refused.
        SettingsError: how to sign in cannot stand.
    """
    named = [server.strip() for server in servers.split(",") if server.strip()]
    if settings is None or settings.kafka_protocol == "PLAINTEXT":
        return any(_tells_brokers(server, None) for server in named)
    context = kafka_tls(settings)
    if kafka_user(settings) is None:
        return any(_tells_brokers(server, context) for server in named)
    return any(_reachable(server, context) and _lets_in(server, settings) for server in named)


def _connected(server: str, context: ssl.SSLContext | None) -> socket.socket:
    """A connection to a broker.

    Raises:
        OSError: there is none.
        RefusedError: it shows a certificate that is not trusted.
    """
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    connection = socket.create_connection((host, int(port)), timeout=SECONDS)
    if context is None:
        return connection
    try:
        return context.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        connection.close()
        raise _untrusted(f"Kafka at {server}", error, "KAFKA_CA_FILE") from None
    except OSError:
        connection.close()
        raise


def _untrusted(what: str, error: ssl.SSLCertVerificationError, setting: str) -> RefusedError:
    return RefusedError(
        f"{what} shows a certificate that is not trusted: {error.verify_message} "
        f"({ENV_PREFIX}{setting} names the certificate of who signed it)"
    )


def _reachable(server: str, context: ssl.SSLContext | None) -> bool:
    try:
        _connected(server, context).close()
    except (OSError, ValueError):
        return False
    return True


def _tells_brokers(server: str, context: ssl.SSLContext | None) -> bool:
    """Ask for the metadata of no topics, version 1, and see that brokers are in the answer.

    Source: https://kafka.apache.org/protocol (Metadata).
    """
    body = struct.pack(">hhih8si", METADATA, 1, 1, len(CLIENT), CLIENT, 0)
    try:
        with _connected(server, context) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            with connection.makefile("rb") as stream:
                _size, _correlation, brokers = struct.unpack(">iii", stream.read(12))
    except (OSError, ValueError, struct.error):
        return False
    return bool(brokers > 0)


def _lets_in(server: str, settings: Settings) -> bool:
    """Sign in by aiokafka: the clients of kafka-python do not tell why they cannot."""
    try:
        return asyncio.run(_signed_in(server, settings))
    except (OSError, ValueError):
        return False


async def _signed_in(server: str, settings: Settings) -> bool:
    from aiokafka.conn import create_conn
    from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError

    host, _, port = server.rpartition(":")
    patience = int(SECONDS * 1000)
    try:
        connection = await create_conn(
            host.strip("[]"), int(port), request_timeout_ms=patience, **kafka_options(settings)
        )
    except SaslAuthenticationFailed:
        why = f"user {settings.kafka_username} in ({ENV_PREFIX}KAFKA_USERNAME and {ENV_PREFIX}KAFKA_PASSWORD)"
        raise RefusedError(f"Kafka at {server} does not let {why}") from None
    except UnsupportedSaslMechanismError:
        why = f"{settings.kafka_mechanism} ({ENV_PREFIX}KAFKA_MECHANISM)"
        raise RefusedError(f"Kafka at {server} does not know {why}") from None
    except KafkaError:
        return False
    connection.close()
    return True


def elasticsearch(url: str, settings: Settings | None = None) -> bool:
    """Whether a node answers and its cluster's health is yellow or better.

    Args:
        url: `http://host:port` or `https://host:port`.
        settings: credentials and the certificate to trust, for a server that was named in them.

    Raises:
        RefusedError: it answers, and its certificate or our key is refused.
        SettingsError: the certificate to trust cannot be read.
    """
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, settings)
    path = f"{parts.path.rstrip('/')}/_cluster/health?wait_for_status=yellow&timeout=2s"
    try:
        connection.request("GET", path, headers=_headers(settings))
        status = connection.getresponse().status
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(f"Elasticsearch at {url}", error, "ELASTICSEARCH_CA_FILE") from None
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    if status in UNAUTHORIZED and settings is not None:
        raise RefusedError(f"Elasticsearch at {url} answers {status} to {_shown(settings)}")
    return status == http.HTTPStatus.OK


def version(url: str, settings: Settings | None = None) -> str:
    """The version of the Elasticsearch at an address; empty where it does not tell."""
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, settings)
    try:
        connection.request("GET", parts.path or "/", headers=_headers(settings))
        return str(json.loads(connection.getresponse().read())["version"]["number"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    finally:
        connection.close()


def _shown(settings: Settings) -> str:
    """Who we are to Elasticsearch, by the names of the settings."""
    if settings.elasticsearch_api_key is not None:
        return f"the key in {ENV_PREFIX}ELASTICSEARCH_API_KEY"
    if settings.elasticsearch_username and settings.elasticsearch_password is not None:
        return f"user {settings.elasticsearch_username} with {ENV_PREFIX}ELASTICSEARCH_PASSWORD"
    return f"who shows no key: set {ENV_PREFIX}ELASTICSEARCH_API_KEY, or a user and password"


def _connection(scheme: str, host: str, port: int | None, settings: Settings | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    ca_file = settings.elasticsearch_ca_file if settings else None
    try:
        trusted = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"{ENV_PREFIX}ELASTICSEARCH_CA_FILE: {ca_file} cannot be used: {error}") from None
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
