"""How the settings say to speak to Kafka: by which protocol, trusting whom, and as who."""

from __future__ import annotations

import ssl
from typing import Any

from schemas.settings import ENV_PREFIX, Settings, SettingsError


def kafka_tls(settings: Settings) -> ssl.SSLContext | None:
    """What TLS connections to Kafka trust and show; none where Kafka is spoken to in the clear.

    Raises:
        SettingsError: a file that the settings name cannot be used; the message names the setting.
    """
    if not settings.kafka_protocol.endswith("SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise _unusable("KAFKA_CA_FILE", settings.kafka_ca_file, error) from None
    if settings.kafka_certificate_file:
        try:
            context.load_cert_chain(settings.kafka_certificate_file, settings.kafka_key_file)
        except (OSError, ssl.SSLError) as error:
            raise _unusable("KAFKA_CERTIFICATE_FILE and _KEY_FILE", settings.kafka_certificate_file, error) from None
    return context


def kafka_user(settings: Settings) -> tuple[str, str] | None:
    """User and password for Kafka; none where nobody signs in.

    Raises:
        SettingsError: the protocol wants them, and they are not set.
    """
    if not settings.kafka_protocol.startswith("SASL"):
        return None
    if not settings.kafka_username or settings.kafka_password is None:
        raise SettingsError(
            f"{ENV_PREFIX}KAFKA_PROTOCOL is {settings.kafka_protocol}: "
            f"{ENV_PREFIX}KAFKA_USERNAME and {ENV_PREFIX}KAFKA_PASSWORD must be set"
        )
    return settings.kafka_username, settings.kafka_password.get_secret_value()


def kafka_options(settings: Settings) -> dict[str, Any]:
    """The same as options of kafka-python's clients.

    Raises:
        SettingsError: a setting cannot stand.
    """
    found: dict[str, Any] = {"security_protocol": settings.kafka_protocol}
    if context := kafka_tls(settings):
        found["ssl_context"] = context
    if user := kafka_user(settings):
        name, password = user
        found |= {
            "sasl_mechanism": settings.kafka_mechanism,
            "sasl_plain_username": name,
            "sasl_plain_password": password,
        }
    return found


def _unusable(setting: str, path: object, error: Exception) -> SettingsError:
    said = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return SettingsError(f"{ENV_PREFIX}{setting}: {path} cannot be used: {said}")
