"""The ladder: what is named wins, then what runs, then containers, then local servers; nothing is started in vain."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import signal
import socketserver
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import answers
from deploy.containers import running
from deploy.errors import RefusedError, ServersError
from deploy.ladder import Servers, find, serve, status
from deploy.progress import Silent
from schemas.settings import Settings, load

FAKES = Path(__file__).parents[1] / "data" / "servers"


class FakeKafka(socketserver.BaseRequestHandler):
    """Answers a request for metadata with one broker."""

    brokers = 1

    def handle(self) -> None:
        """One request, one answer."""
        request = self.request.recv(1024)
        [correlation] = struct.unpack(">i", request[8:12])
        self.request.sendall(struct.pack(">iii", 100, correlation, self.brokers))


class NoBrokers(FakeKafka):
    """Knows of no broker yet."""

    brokers = 0


class FakeElasticsearch(http.server.BaseHTTPRequestHandler):
    """Answers every question for its health with yes, to who has the right key where one is asked for."""

    key = ""

    def do_GET(self) -> None:
        """The health of the cluster."""
        allowed = not self.key or self.headers.get("Authorization") == self.key
        self.send_response(200 if allowed and self.path.startswith("/_cluster/health?wait_for_status=yellow") else 401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is http.server's)
        """Keep quiet."""


class Guarded(FakeElasticsearch):
    """Lets in who has the key alone."""

    key = "ApiKey secret"


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Starts fake servers on free ports and stops them."""
    listen = Listen()
    yield listen
    listen.stop()


class Listen:
    """Fake servers under way."""

    def __init__(self) -> None:
        self.running: list[socketserver.ThreadingTCPServer] = []

    def start(self, handler: type[socketserver.BaseRequestHandler]) -> str:
        """Start one; returns its `host:port`."""
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        self.running.append(server)
        return f"127.0.0.1:{server.server_address[1]}"

    def stop(self) -> None:
        """Stop all."""
        for server in self.running:
            server.shutdown()
            server.server_close()


def settings(tmp_path: Path, **named: object) -> Settings:
    """Settings of a folder of their own, that name no servers but the given ones."""
    none: dict[str, object] = {"kafka_servers": "", "elasticsearch_url": "", "data_dir": tmp_path / "data"}
    return load(**{**none, **named})


def test_a_broker_that_tells_of_itself_answers(listen: Listen) -> None:
    """Kafka answers when one of its addresses tells of a broker."""
    kafka = listen.start(FakeKafka)
    assert answers.kafka(kafka)
    assert answers.kafka(f"127.0.0.1:1, {kafka}")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "", "nonsense", "127.0.0.1:port"])
def test_a_broker_that_is_not_there_does_not_answer(address: str) -> None:
    """An address where nothing listens, or that is none, gives no answer and no error."""
    assert not answers.kafka(address)


def test_a_broker_without_a_cluster_does_not_answer_yet(listen: Listen) -> None:
    """A broker that knows of none, or something that is no Kafka, does not count."""
    assert not answers.kafka(listen.start(NoBrokers))
    assert not answers.kafka(listen.start(FakeElasticsearch))


def test_elasticsearch_answers_to_the_right_key(tmp_path: Path, listen: Listen) -> None:
    """A named Elasticsearch is asked with the key that the settings hold; a refused one is told."""
    url = f"http://{listen.start(Guarded)}"
    assert answers.elasticsearch(url, settings(tmp_path, elasticsearch_api_key="secret"))
    with pytest.raises(RefusedError, match="WIREDESK_ELASTICSEARCH_API_KEY"):
        answers.elasticsearch(url, settings(tmp_path))
    assert not answers.elasticsearch("http://127.0.0.1:1")


def test_named_servers_are_taken_at_their_word(tmp_path: Path) -> None:
    """Two named servers are found without a question, and nothing is started or written for them."""
    named = settings(tmp_path, kafka_servers="a:1,b:2", elasticsearch_url="https://c:3")
    expected = Servers("a:1,b:2", "https://c:3", "settings", None, None)
    assert find(named) == expected
    with serve(named, Silent()) as served:
        assert served == expected
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("named", [{}, {"kafka_servers": "a:1"}, {"elasticsearch_url": "http://b:2"}])
def test_finding_starts_nothing(tmp_path: Path, named: dict[str, str]) -> None:
    """Where one of the two is missing nothing is found, and nothing is started."""
    assert find(settings(tmp_path, **named)) is None
    assert not (tmp_path / "data").exists()


def test_status_tells_of_every_rung(tmp_path: Path, listen: Listen) -> None:
    """A named server that answers, one that does not, and one that is not there are told apart."""
    kafka, elasticsearch = status(settings(tmp_path, kafka_servers=listen.start(FakeKafka)))
    assert (kafka.rung, kafka.answers) == ("settings", True)
    assert (elasticsearch.rung, elasticsearch.address, elasticsearch.answers) == (None, "", False)
    kafka, _ = status(settings(tmp_path, kafka_servers="127.0.0.1:1"))
    assert (kafka.rung, kafka.answers) == ("settings", False)


def run(arguments: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `wiredesk servers` with a fake container engine on the path."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WIREDESK_")}
    given = {"PATH": f"{FAKES}:{Path(sys.executable).parent}:/usr/bin:/bin", "FAKE_ENGINE": str(folder), **variables}
    command = [sys.executable, "-m", "desk.cli", "servers", *arguments]
    return subprocess.run(
        command,
        env={**clean, "WIREDESK_DATA_DIR": str(folder / "data"), **given},
        cwd=FAKES.parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Path]:
    """The folder in which the fake engine keeps what it did; what it started is ended."""
    yield tmp_path
    for file in tmp_path.glob("*.group"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(file.read_text()), signal.SIGTERM)


def test_containers_are_started_where_an_engine_answers(engine: Path) -> None:
    """With an engine on the path, up starts both containers on free ports, status and down find them again."""
    started = run(["up"], engine, WIREDESK_KAFKA_PORT="0", WIREDESK_ELASTICSEARCH_PORT="0")
    assert started.returncode == 0, started.stderr
    told = run(["status", "--json"], engine)
    assert told.returncode == 0, told.stderr
    states = json.loads(told.stdout)
    assert {state["rung"] for state in states.values()} == {"container"}
    assert states["kafka"]["address"] in started.stdout
    assert run(["up"], engine).returncode == 0
    stopped = run(["down"], engine)
    assert stopped.stdout == "Stopped: kafka, elasticsearch.\n"
    done = [line.split()[-3:] for line in (engine / "done").read_text().splitlines()]
    assert done == [["--detach", "kafka", "elasticsearch"], ["stop", "kafka", "elasticsearch"]]
    assert run(["status"], engine).returncode == 3


def test_only_the_missing_server_gets_a_container(engine: Path, listen: Listen) -> None:
    """Where the settings name Kafka, Elasticsearch alone is started."""
    named = {"WIREDESK_KAFKA_SERVERS": listen.start(FakeKafka), "WIREDESK_ELASTICSEARCH_PORT": "0"}
    started = run(["up"], engine, **named)
    assert started.returncode == 0, started.stderr
    assert (engine / "done").read_text().split()[-2:] == ["--detach", "elasticsearch"]
    assert run(["status"], engine, **named).returncode == 0


def test_an_engine_that_fails_is_said(engine: Path) -> None:
    """Where only containers are wanted and the engine fails, its command and reason are told, with exit code 3."""
    failed = run(["up"], engine, WIREDESK_SERVERS="container", FAKE_FAILURE="no space left on device")
    assert failed.returncode == 3
    assert "up --detach kafka elasticsearch` failed" in failed.stderr
    assert "no space left on device" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert running(load(data_dir=engine / "data")) is None


def test_no_engine_is_said(engine: Path) -> None:
    """Where only containers are wanted and no engine answers, the way out is told."""
    failed = run(["up"], engine, WIREDESK_SERVERS="container", FAKE_SILENCE="1")
    assert failed.returncode == 3
    assert "no container engine answers" in failed.stderr
    assert "WIREDESK_SERVERS" in failed.stderr


def test_an_engine_is_passed_by_where_local_servers_are_wanted(engine: Path) -> None:
    """With `servers = local` an engine is not even asked; here the local start ends at a named folder that is none."""
    failed = run(
        ["up"], engine, WIREDESK_SERVERS="local", WIREDESK_JAVA_HOME="/nowhere", WIREDESK_CACHE_DIR=str(engine)
    )
    assert failed.returncode == 3
    assert (
        "WIREDESK_JAVA_HOME names /nowhere, which has no bin/java" in failed.stderr or "may not enter" in failed.stderr
    )
    assert not (engine / "done").exists()


def test_nothing_runs(engine: Path) -> None:
    """Down with nothing to stop says so and is fine; status says what is not running, with exit code 3."""
    stopped = run(["down"], engine)
    assert (stopped.returncode, stopped.stdout) == (0, f"Nothing runs in {engine}/data.\n")
    told = run(["status"], engine)
    assert told.returncode == 3
    assert told.stdout == "kafka          not running\nelasticsearch  not running\n"


def test_a_setting_that_cannot_stand_is_a_usage_error(engine: Path) -> None:
    """A wrong setting ends with exit code 2 and its name."""
    failed = run(["status"], engine, WIREDESK_KAFKA_PORT="99999")
    assert failed.returncode == 2
    assert "WIREDESK_KAFKA_PORT" in failed.stderr


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """Where the data folder cannot be made, the message names it."""
    (tmp_path / "file").write_text("")
    closed = settings(tmp_path, data_dir=tmp_path / "file" / "data", servers="local")
    with pytest.raises(ServersError, match="cannot make the folder"), serve(closed, Silent()):
        pytest.fail("nothing can be served from there")
