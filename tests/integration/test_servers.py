"""Real servers: started by the command, brought back when they are killed, gone with their parent, found again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import TopicPartition

from deploy import answers, ladder
from deploy.ladder import Servers
from deploy.local.artifacts import Server
from deploy.local.place import Place
from deploy.progress import Lines
from schemas.settings import load

PATIENCE_SECONDS = 120.0
NAMES: tuple[Server, ...] = ("kafka", "elasticsearch")
SERVE_AND_WAIT = """
import signal
from deploy import ladder, progress
from schemas.settings import load
with ladder.serve(load(), progress.Lines()) as found:
    print(found.kafka, found.elasticsearch, flush=True)
    signal.pause()
"""


def eventually(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether something comes true before patience ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


def processes_of(folder: Path) -> list[str]:
    """The commands of the processes that have to do with a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(f"{entry.name} {command[:200]}")
    return found


def store(kafka: str, elasticsearch: str) -> None:
    """Put one message and one document where they are safe."""
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka)
    producer.send("kept", b"a message").get(timeout=60)
    producer.close()
    with Elasticsearch(elasticsearch) as client:
        client.indices.create(index="kept")
        client.index(index="kept", id="1", document={"text": "a document"}, refresh=True)


def stored(kafka: str, elasticsearch: str) -> tuple[list[bytes], dict[str, Any]]:
    """The message and the document that `store` put there."""
    consumer = KafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", consumer_timeout_ms=20_000)
    consumer.assign([TopicPartition("kept", 0)])
    messages = [next(consumer).value]
    consumer.close()
    with Elasticsearch(elasticsearch) as client:
        client.cluster.health(wait_for_status="yellow", index="kept")
        document: dict[str, Any] = client.get(index="kept", id="1")["_source"]
    return messages, document


KEPT = ([b"a message"], {"text": "a document"})


class Home:
    """A data folder of its own, and the command that is run on it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WIREDESK_")}
        cache = {name: value for name, value in os.environ.items() if name == "WIREDESK_CACHE_DIR"}
        own = {"WIREDESK_DATA_DIR": str(folder), "WIREDESK_SERVERS": "local"}
        self.environment = {**clean, **cache, **own, **variables}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `wiredesk servers` with some arguments."""
        command = [sys.executable, "-m", "desk.cli", "servers", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def popen(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `wiredesk servers` with some arguments."""
        command = [sys.executable, "-m", "desk.cli", "servers", *arguments]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def states(self) -> dict[str, dict[str, Any]]:
        """What `status --json` says."""
        told: dict[str, dict[str, Any]] = json.loads(self.run("status", "--json").stdout)
        return told

    def answer(self) -> bool:
        """Whether both answer."""
        return all(state["answers"] for state in self.states().values())


@pytest.fixture(scope="module")
def home(open_folder: Callable[[], Path]) -> Iterator[Home]:
    """Servers that two `up` at once started in a folder of their own, while both wanted ports were in use."""
    with socket.create_server(("127.0.0.1", 0)) as kafka, socket.create_server(("127.0.0.1", 0)) as search:
        ports = [str(taken.getsockname()[1]) for taken in (kafka, search)]
        home = Home(open_folder(), WIREDESK_KAFKA_PORT=ports[0], WIREDESK_ELASTICSEARCH_PORT=ports[1])
        first_up, second_up = home.popen("up"), home.popen("up")
        told = [both.communicate() for both in (first_up, second_up)]
        assert (first_up.returncode, second_up.returncode) == (0, 0), told
        assert told[0][0] == told[1][0], "two at once find the same servers"
    yield home
    home.run("down")


def test_session_servers_answer(servers: Servers) -> None:
    """The servers that tests share answer."""
    assert answers.kafka(servers.kafka)
    assert answers.elasticsearch(servers.elasticsearch)


def test_taken_ports_are_left_to_who_has_them(home: Home) -> None:
    """Servers whose usual ports are in use take others, on the loopback interface, and status tells which."""
    states = home.states()
    wanted = {home.environment["WIREDESK_KAFKA_PORT"], home.environment["WIREDESK_ELASTICSEARCH_PORT"]}
    assert {state["rung"] for state in states.values()} == {"running"}
    assert all(state["answers"] for state in states.values())
    assert wanted.isdisjoint({state["address"].rpartition(":")[2] for state in states.values()})


def test_a_second_up_finds_the_first(home: Home) -> None:
    """Where servers run already, up starts nothing and names the same addresses."""
    before = home.states()
    again = home.run("up")
    assert again.returncode == 0
    assert all(state["address"] in again.stdout for state in before.values())
    assert "Starting" not in again.stderr
    assert home.states() == before


def test_settings_name_one_server_and_the_other_is_found(home: Home) -> None:
    """With Kafka named alone, Elasticsearch is looked for on the lower rungs."""
    settings = load(kafka_servers="elsewhere:9092", elasticsearch_url="", data_dir=home.folder)
    with ladder.serve(settings, Lines()) as found:
        assert found.kafka == "elsewhere:9092"
        assert found.elasticsearch == home.states()["elasticsearch"]["address"]
        assert found.rung == "running"
    assert home.answer()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")
def test_the_servers_never_run_as_root(home: Home) -> None:
    """Where root starts them, both servers belong to nobody."""
    owners = {Path(f"/proc/{state['process']}").stat().st_uid for state in home.states().values()}
    assert 0 not in owners


def test_killed_servers_come_back_with_their_data(home: Home) -> None:
    """Both servers, killed at once, are back at the same addresses with all they stored, and status counts it."""
    before = home.states()
    store(before["kafka"]["address"], before["elasticsearch"]["address"])
    for state in before.values():
        os.killpg(state["process"], signal.SIGKILL)
    assert eventually(lambda: all(state["restarts"] == 1 for state in home.states().values()))
    assert eventually(home.answer), home.run("status").stdout
    after = home.states()
    assert [after[name]["address"] for name in NAMES] == [before[name]["address"] for name in NAMES]
    assert stored(after["kafka"]["address"], after["elasticsearch"]["address"]) == KEPT


def test_down_leaves_nothing_running(home: Home) -> None:
    """After down no process is left, status says so, and the logs are still there."""
    stopped = home.run("down")
    assert stopped.stdout == "Stopped: kafka, elasticsearch.\n"
    assert processes_of(home.folder) == []
    assert home.run("status").returncode == 3
    for name in NAMES:
        assert (Place(home.folder, name).logs / "server.log").stat().st_size > 0


def test_a_killed_parent_leaves_nothing_and_its_data_is_found_again(open_folder: Callable[[], Path]) -> None:
    """SIGKILL to who serves ends both servers; SIGKILL to all of them at once loses nothing that was stored."""
    home = Home(open_folder(), WIREDESK_KAFKA_PORT="0", WIREDESK_ELASTICSEARCH_PORT="0")
    command = [sys.executable, "-c", SERVE_AND_WAIT]
    with subprocess.Popen(command, env=home.environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        kafka, elasticsearch = parent.stdout.readline().split()
        store(kafka, elasticsearch)
        states = [state for name in NAMES if (state := Place(home.folder, name).state())]
        assert len(states) == 2
        for number in [parent.pid, *(state.guard for state in states)]:
            os.kill(number, signal.SIGKILL)
        for state in states:
            assert state.server is not None
            os.killpg(state.server, signal.SIGKILL)
    assert eventually(lambda: processes_of(home.folder) == [])
    with subprocess.Popen(command, env=home.environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        kafka, elasticsearch = parent.stdout.readline().split()
        assert stored(kafka, elasticsearch) == KEPT
        parent.kill()
    assert eventually(lambda: processes_of(home.folder) == []), processes_of(home.folder)


def test_an_interrupted_start_leaves_nothing(open_folder: Callable[[], Path]) -> None:
    """Ctrl-C while the servers start stops what was started, with exit code 130 and no traceback."""
    home = Home(open_folder())
    starting = home.popen("up")
    assert eventually(lambda: any(Place(home.folder, name).state() for name in NAMES))
    starting.send_signal(signal.SIGINT)
    _, told = starting.communicate()
    assert starting.returncode == 130
    assert "Traceback" not in told
    assert eventually(lambda: processes_of(home.folder) == [])


def test_a_killed_guard_is_replaced(open_folder: Callable[[], Path]) -> None:
    """While somebody serves, a server whose guard was killed too is back at the same address with its data."""
    home = Home(open_folder(), WIREDESK_ELASTICSEARCH_URL="http://127.0.0.1:1")
    command = [sys.executable, "-c", SERVE_AND_WAIT]
    place = Place(home.folder, "kafka")
    with subprocess.Popen(command, env=home.environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        kafka, _ = parent.stdout.readline().split()
        before = place.guarded()
        assert before is not None
        os.kill(before.guard, signal.SIGKILL)
        assert eventually(lambda: bool((state := place.guarded()) and state.ready and state.guard != before.guard))
        assert answers.kafka(kafka)
        parent.terminate()
    assert eventually(lambda: processes_of(home.folder) == [])


def test_a_server_that_cannot_start_says_why(open_folder: Callable[[], Path]) -> None:
    """A server that dies while it starts ends the start with its own words, and the other one is stopped."""
    folder = open_folder()
    (folder / "kafka" / "libs").mkdir(parents=True)
    home = Home(folder / "data", WIREDESK_KAFKA_HOME=str(folder / "kafka"))
    failed = home.run("up")
    assert failed.returncode == 3
    assert "Could not find or load main class" in failed.stderr
    assert eventually(lambda: processes_of(home.folder) == [])


def test_installed_servers_are_run_wherever_the_data_lies(open_folder: Callable[[], Path], home: Home) -> None:
    """Named folders of installed servers are run as they are, on a data folder with blanks and other letters."""
    assert home.folder.exists(), "what that one fetched stands for what is installed"
    folder, cache = open_folder(), load().cache_dir
    [kafka_jars], [elasticsearch] = cache.glob("kafka-4*/"), cache.glob("elasticsearch-9*/")
    (folder / "kafka").mkdir()
    (folder / "kafka" / "libs").symlink_to(kafka_jars)
    named = {"WIREDESK_KAFKA_HOME": str(folder / "kafka"), "WIREDESK_ELASTICSEARCH_HOME": str(elasticsearch)}
    other = Home(folder / "дом и сад", WIREDESK_CACHE_DIR=str(folder / "empty"), **named)
    started = other.run("up")
    try:
        assert started.returncode == 0, started.stderr
        assert "Fetching" not in started.stderr
        states = other.states()
        store(states["kafka"]["address"], states["elasticsearch"]["address"])
        assert stored(states["kafka"]["address"], states["elasticsearch"]["address"]) == KEPT
    finally:
        other.run("down")
    assert processes_of(other.folder) == []
