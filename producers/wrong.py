"""What went wrong on the way to an answer, in words: from the exceptions of the client to stage, reason and way out."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable

import aiohttp

from producers.fetched import FetchError
from schemas.settings import Settings

_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def in_words(host: str, error: Exception, settings: Settings, received: int) -> FetchError:
    """The error for people.

    Args:
        host: the host that was asked.
        error: what the client raised.
        settings: the limits that held.
        received: bytes of the body that had come.
    """
    if isinstance(error, TimeoutError):
        return _timeout(host, error, settings, received)
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(host, error)
    return FetchError("request", f"{host} cannot be asked ({type(error).__name__}): open it in a browser", "soft")


def _timeout(host: str, error: Exception, settings: Settings, received: int) -> FetchError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        within = f"{settings.fetch_connect_seconds:g} s; WIREDESK_FETCH_CONNECT_SECONDS allows more"
        return FetchError("tcp", f"{host} took no connection within {within}", "temporary")
    within = f"{settings.fetch_seconds:g} s; WIREDESK_FETCH_SECONDS allows more"
    return FetchError("timeout", f"{host} did not answer in full ({received} bytes came) within {within}", "temporary")


def _dns(host: str, error: Exception) -> FetchError:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, socket.gaierror) and cause.errno in _NO_SUCH_NAME:
        return FetchError("dns", f"no host has the name {host}: look for a slip in it", "hard")
    words = f"no name server answers for {host}: it is asked again later; see whether this machine is online"
    return FetchError("dns", words, "temporary")


def _certificate(host: str, error: Exception) -> FetchError:
    cause = getattr(error, "certificate_error", error)
    why = getattr(cause, "verify_message", "") or "its name is another"
    words = (
        f"{host} has no certificate to trust: {why}; its owner can mend that, or this machine lacks a root certificate"
    )
    return FetchError("tls", words, "soft")


def _tls(host: str, error: Exception) -> FetchError:
    cause = getattr(error, "os_error", error)
    why = (getattr(cause, "reason", None) or "the connection broke off").replace("_", " ").lower()
    return FetchError("tls", f"{host} cannot be spoken to encrypted ({why}): see whether its address is http", "soft")


def _connection(host: str, error: Exception) -> FetchError:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    number = getattr(cause, "errno", None)
    why = os.strerror(number).lower() if number and number > 0 else "no address of it answers"
    return FetchError("tcp", f"{host} takes no connection ({why}): it is asked again later", "temporary")


def _disconnected(host: str, _: Exception) -> FetchError:
    return FetchError("tcp", f"{host} closed the connection without an answer: it is asked again later", "temporary")


def _broken_off(host: str, _: Exception) -> FetchError:
    return FetchError("content", f"{host}: the answer broke off before its end: it is asked again later", "temporary")


def _no_http(host: str, _: Exception) -> FetchError:
    return FetchError(
        "request",
        f"{host} answers something that is no HTTP, or with too much before it: see whether address and port are right",
        "soft",
    )


_WORDS: tuple[tuple[type[Exception], Callable[[str, Exception], FetchError]], ...] = (
    (aiohttp.ClientConnectorDNSError, _dns),
    (aiohttp.ClientConnectorCertificateError, _certificate),
    (aiohttp.ClientConnectorSSLError, _tls),
    (ssl.SSLError, _tls),
    (aiohttp.ClientConnectorError, _connection),
    (aiohttp.ServerDisconnectedError, _disconnected),
    (aiohttp.ClientPayloadError, _broken_off),
    (aiohttp.ClientResponseError, _no_http),
    (OSError, _connection),
)
