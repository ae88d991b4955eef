"""Kafka and Elasticsearch for tests in containers of their own, where an engine answers, by testcontainers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from deploy import answers
from deploy.errors import ServersError
from deploy.ladder import Servers
from deploy.local.ports import HOST, choose

COMPOSE_FILE = Path(__file__).parents[1] / "docker-compose.yml"
START_SECONDS = 240.0


def engine_answers() -> bool:
    """Whether a container engine is there."""
    try:
        return bool(DockerClient().client.ping())
    except (DockerException, OSError):
        return False


def service(name: str, **variables: str) -> dict[str, Any]:
    """One service of the compose file, with the variables filled in as compose does."""
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    filled = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: variables.get(found[1], found[2]), text)
    found: dict[str, Any] = yaml.safe_load(filled.replace("$$", "$"))["services"][name]
    return found


def container(name: str, inner: int, port: int, **variables: str) -> DockerContainer:
    """A container like one service of the compose file, with one port on the loopback interface."""
    wanted = service(name, **variables)
    made = DockerContainer(wanted["image"], env=wanted["environment"], user=wanted["user"])
    made.ports[inner] = (HOST, port)
    return made.with_command(wanted["command"]) if "command" in wanted else made


@contextmanager
def containers() -> Iterator[Servers]:
    """Both servers in containers while the block runs.

    Raises:
        ServersError: they do not answer in time.
    """
    [kafka_port], [elasticsearch_port] = choose(0), choose(0)
    with ExitStack() as started:
        started.enter_context(container("kafka", 9092, kafka_port, WIREDESK_KAFKA_PORT=str(kafka_port)))
        started.enter_context(container("elasticsearch", 9200, elasticsearch_port))
        found = Servers(f"{HOST}:{kafka_port}", f"http://{HOST}:{elasticsearch_port}", "container", None, None)
        deadline = time.monotonic() + START_SECONDS
        while not (answers.kafka(found.kafka) and answers.elasticsearch(found.elasticsearch)):
            if time.monotonic() > deadline:
                raise ServersError(f"the test containers do not answer in {START_SECONDS:g} s")
            time.sleep(0.5)
        yield found
