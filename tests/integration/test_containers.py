"""The compose file at work: its health checks on real servers, and all of it where a container engine answers."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.containers import engine
from deploy.ladder import Servers

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


def probe(server: str, inner: str, address: str) -> int:
    """The exit code of a server's health check, asked of another address than the one in its container."""
    command = SERVICES[server]["healthcheck"]["test"][1:]
    if not shutil.which(command[0]):
        pytest.skip(f"this machine has no {command[0]}, which the image has")
    pointed = [word.replace("$$", "$").replace(inner, address) for word in command]
    assert pointed != command
    return subprocess.run(pointed, capture_output=True, timeout=60, check=False).returncode


def kafka_probe(address: str) -> int:
    """The same for Kafka at `host:port`."""
    return probe("kafka", "127.0.0.1/9092", address.replace(":", "/"))


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Something on a port that gives the same answer to everyone."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)


def test_health_checks_know_their_servers(servers: Servers) -> None:
    """The health checks pass on the Kafka and the Elasticsearch that the other tests run on."""
    assert kafka_probe(servers.kafka.split(",")[0]) == 0
    assert probe("elasticsearch", "http://127.0.0.1:9200", servers.elasticsearch) == 0


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\x0a\0\0\0\x01\0\x23"],
    ids=["nothing", "another protocol", "an error code"],
)
def test_kafkas_health_check_fails_on_a_wrong_answer(answer: bytes) -> None:
    """What listens but does not answer as a serving broker does is not healthy."""
    with answering(answer) as address:
        assert kafka_probe(address) != 0


def test_health_checks_fail_where_nothing_listens() -> None:
    """A port that nobody listens on is not healthy."""
    port = free_port()
    assert kafka_probe(f"127.0.0.1:{port}") != 0
    assert probe("elasticsearch", "http://127.0.0.1:9200", f"http://127.0.0.1:{port}") != 0


@pytest.mark.timeout(1800)
def test_articles_pass_through_the_containers() -> None:
    """With a container engine, `docker compose up` brings all of it up healthy, and an article through it."""
    program = engine()
    if program is None:
        pytest.skip("no container engine with compose answers here: the compose file was not run")
    ports = {name: str(free_port()) for name in ("WIREDESK_KAFKA_PORT", "WIREDESK_ELASTICSEARCH_PORT")}
    project = f"wiredesk-test-{uuid.uuid4().hex[:8]}"

    def compose(*words: str, stdin: str | None = None) -> str:
        command = [program, "compose", "-p", project, "-f", str(ROOT / "docker-compose.yml"), *words]
        environment = {**os.environ, **ports}
        done = subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        return done.stdout

    try:
        compose("up", "--build", "--detach", "--wait", "--wait-timeout", "900")
        raw = json.dumps({"title": "A bridge", "text": "The bridge over the strait was opened. " * 20})
        compose("run", "--rm", "-T", "sink", "feed", "files", "-", "--source", "test", stdin=f"{raw}\n")
        searches = (compose("run", "--rm", "-T", "sink", "search", "bridge", "--json") for _ in range(60))
        assert any("A bridge" in found for found in searches)
    finally:
        compose("down", "--volumes", "--timeout", "20")
