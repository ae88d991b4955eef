"""Kafka and Elasticsearch in containers, by the compose file, where an engine answers.

The compose file publishes the two servers on the loopback ports that `WIREDESK_KAFKA_PORT` and
`WIREDESK_ELASTICSEARCH_PORT` name, with heaps as `WIREDESK_KAFKA_HEAP` and `WIREDESK_ELASTICSEARCH_HEAP` say.
Every data folder has a project, and so volumes, of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy import answers
from deploy.errors import ServersError
from deploy.local.artifacts import Server
from deploy.local.launch import check_heap
from deploy.local.owner import make_folder, write_file
from deploy.local.ports import HOST, choose
from deploy.progress import Progress
from schemas.settings import ENV_PREFIX, Settings

ENGINES = ("docker", "podman")
ENGINE_SECONDS = 10.0
UP_SECONDS = 1800.0
STOP_SECONDS = 120.0
USUAL_SECONDS = 60.0
LOOK_SECONDS = 0.5
COMPOSE_FILES = (Path(__file__).with_name("docker-compose.yml"), Path(__file__).parents[1] / "docker-compose.yml")


def _run(
    command: Sequence[str], seconds: float, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (the engine was looked up on the path)
        list(command),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(variables or {})},
    )


def _holds(command: Sequence[str]) -> bool:
    try:
        return _run(command, ENGINE_SECONDS).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def engine(names: Iterable[str] = ENGINES) -> str | None:
    """The program of the first container engine that answers and knows `compose`."""
    for name in names:
        program = shutil.which(name)
        if program and _holds([program, "info"]) and _holds([program, "compose", "version"]):
            return program
    return None


def _state_file(settings: Settings) -> Path:
    return settings.data_dir.absolute() / "servers" / "containers.json"


def _project(data_dir: Path) -> str:
    return f"wiredesk-{hashlib.sha256(str(data_dir).encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Containers:
    """The two servers' containers of one data folder.

    Attributes:
        engine: the engine's program.
        compose_file: the compose file.
        project: the name that keeps them apart from other data folders'.
        kafka_port: where Kafka is published on the loopback interface.
        elasticsearch_port: where Elasticsearch is.
        kafka_heap: its heap, as Java takes it.
        elasticsearch_heap: its heap.
        wanted: the servers that were started.
    """

    engine: str
    compose_file: str
    project: str
    kafka_port: int
    elasticsearch_port: int
    kafka_heap: str
    elasticsearch_heap: str
    wanted: tuple[Server, ...]

    @classmethod
    def of(cls, settings: Settings, engine_program: str, wanted: Iterable[Server]) -> Containers:
        """Containers on free ports, not started yet.

        Raises:
            ServersError: there is no compose file.
        """
        compose_file = next((file for file in COMPOSE_FILES if file.is_file()), None)
        if compose_file is None:
            raise ServersError(f"no compose file at {COMPOSE_FILES[0]}: install Wiredesk anew")
        [kafka_port], [elasticsearch_port] = choose(settings.kafka_port), choose(settings.elasticsearch_port)
        return cls(
            engine=engine_program,
            compose_file=str(compose_file),
            project=_project(settings.data_dir.absolute()),
            kafka_port=kafka_port,
            elasticsearch_port=elasticsearch_port,
            kafka_heap=check_heap("WIREDESK_KAFKA_HEAP", settings.kafka_heap),
            elasticsearch_heap=check_heap("WIREDESK_ELASTICSEARCH_HEAP", settings.elasticsearch_heap),
            wanted=tuple(wanted),
        )

    def addresses(self) -> dict[Server, str]:
        """Where each of them is."""
        every: dict[Server, str] = {
            "kafka": f"{HOST}:{self.kafka_port}",
            "elasticsearch": f"http://{HOST}:{self.elasticsearch_port}",
        }
        return {server: every[server] for server in self.wanted}

    def answer(self) -> bool:
        """Whether all of them answer."""
        addresses = self.addresses()
        return all(
            answers.kafka(address) if server == "kafka" else answers.elasticsearch(address)
            for server, address in addresses.items()
        )

    def start(self, settings: Settings, progress: Progress) -> dict[Server, str]:
        """Start them and wait until they answer.

        Returns:
            Where each is.

        Raises:
            ServersError: the engine refuses, or they do not answer in time.
        """
        with progress.task(f"Starting containers with {self.engine}", USUAL_SECONDS, "seconds") as advance:
            self._compose(UP_SECONDS, "up", "--detach", *self.wanted)
            deadline = time.monotonic() + settings.start_seconds
            while not self.answer():
                if time.monotonic() > deadline:
                    raise ServersError(
                        f"the containers of {self.project} do not answer at {', '.join(self.addresses().values())}: "
                        f"see `{self.engine} compose -p {self.project} logs`"
                    )
                time.sleep(LOOK_SECONDS)
                advance(LOOK_SECONDS)
        make_folder(_state_file(settings).parent)
        write_file(_state_file(settings), json.dumps(asdict(self)))
        return self.addresses()

    def stop(self, settings: Settings) -> None:
        """Stop them; what they store stays in their volumes."""
        self._compose(STOP_SECONDS, "stop", *self.wanted)
        _state_file(settings).unlink(missing_ok=True)

    def _compose(self, seconds: float, *arguments: str) -> None:
        command = [self.engine, "compose", "-p", self.project, "-f", self.compose_file, *arguments]
        named = ("kafka_port", "elasticsearch_port", "kafka_heap", "elasticsearch_heap")
        try:
            done = _run(command, seconds, {f"{ENV_PREFIX}{name.upper()}": str(getattr(self, name)) for name in named})
        except (OSError, subprocess.SubprocessError) as error:
            raise ServersError(f"`{' '.join(command)}` failed: {error}") from None
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or [f"it ended with {done.returncode}"]
            raise ServersError(f"`{' '.join(command)}` failed: {lines[-1]}")


def running(settings: Settings) -> Containers | None:
    """The containers that this data folder runs, as it was noted when they were started."""
    try:
        noted = json.loads(_state_file(settings).read_text(encoding="utf-8"))
        return Containers(**{**noted, "wanted": tuple(noted["wanted"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
