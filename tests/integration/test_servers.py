"""The servers: found, started, stopped, and recovered."""

from __future__ import annotations

from deploy import answers
from deploy.ladder import Servers


def test_session_servers_answer(servers: Servers) -> None:
    """The servers that tests share answer."""
    assert answers.kafka(servers.kafka)
    assert answers.elasticsearch(servers.elasticsearch)
