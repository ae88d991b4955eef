"""What a person is told when a server is away, and that work goes on when it is back."""

from __future__ import annotations

import pytest

from deploy.local.ports import free_ports
from processors import index
from schemas.index import index_body
from schemas.settings import Settings
from tests.generator import records
from tests.integration.pipeline import drain, made, stored, until, wiredesk, working


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


def test_the_sink_waits_for_a_lost_alias_and_makes_no_index_by_itself(settings: Settings) -> None:
    """While the alias is gone nothing is lost, dead-lettered or indexed elsewhere; when it is back, all is stored."""
    import json

    lines = "\n".join(json.dumps(record) for record in records(40))
    elasticsearch = index.client(settings)
    name = f"{settings.index_alias}-000001"
    with made(settings), working(settings):
        elasticsearch.indices.delete(index=name)
        assert wiredesk(settings, "feed", "files", "-", stdin=lines).returncode == 0
        until(lambda: _waits(settings), "the sink says that it waits")
        assert not elasticsearch.indices.exists(index=settings.index_alias)
        body = index_body(settings)
        elasticsearch.indices.create(index=name, aliases={settings.index_alias: {"is_write_index": True}}, **body)
        facts = drain(settings)
        assert len(stored(settings)) == 40
    elasticsearch.close()
    assert facts["dead"]["open"] == 0


def _waits(settings: Settings) -> bool:
    """Whether the sink told on its stream that it waits, and for what."""
    from kafka import KafkaConsumer

    from schemas.status import StageStatus
    from schemas.streams import read_to_end, reader_options, streams

    consumer = KafkaConsumer(**reader_options(settings))
    try:
        values = [record.value for record in read_to_end(consumer, streams(settings).status.name)]
    finally:
        consumer.close()
    told = [StageStatus.model_validate_json(value) for value in values]
    return any(status.stage == "sink" and status.waiting for status in told)
