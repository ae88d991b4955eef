"""What a person is told when a server is away."""

from __future__ import annotations

import pytest

from deploy.local.ports import free_ports
from schemas.settings import Settings
from tests.integration.pipeline import wiredesk


@pytest.mark.parametrize(
    ("setting", "address", "words"),
    [
        ("kafka_servers", "127.0.0.1:{port}", ("dead", "list")),
        ("elasticsearch_url", "http://127.0.0.1:{port}", ("search", "anything")),
        ("kafka_servers", "127.0.0.1:{port}", ("monitor", "--once")),
    ],
)
def test_a_server_that_is_down_is_named_with_its_setting(
    settings: Settings, setting: str, address: str, words: tuple[str, ...]
) -> None:
    """The message names the address and the setting, the command tried again, and no traceback is shown."""
    with free_ports(1) as (port,):
        away = settings.model_copy(update={setting: address.format(port=port)})
    answer = wiredesk(away, *words)
    assert answer.returncode == 3
    assert getattr(away, setting) in answer.stderr
    assert f"WIREDESK_{setting.upper()}" in answer.stderr
    assert "trying again" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not answer.stdout


def test_streams_that_were_not_made_are_named_with_the_command_that_makes_them(settings: Settings) -> None:
    """Without `wiredesk setup`, feeding says which stream is missing and what to type."""
    answer = wiredesk(settings, "feed", "files", "-", stdin='{"text": "An article."}\n')
    assert answer.returncode == 3
    assert "wiredesk setup" in answer.stderr
    assert "Traceback" not in answer.stderr
