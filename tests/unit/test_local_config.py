"""What the servers are told: the list of downloads, the configuration, and what their logs say when they fail."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import ServersError
from deploy.local import kafka
from deploy.local.artifacts import Artifact, bundle
from deploy.local.cache import Cache
from deploy.local.launch import check_heap, check_home, environment, escaped
from deploy.local.place import Place
from deploy.local.process import log_ends, telling_lines
from deploy.progress import Silent
from schemas.settings import load

KAFKA, ELASTICSEARCH = bundle("kafka"), bundle("elasticsearch")


@pytest.mark.parametrize("artifact", [*KAFKA.files, *ELASTICSEARCH.files], ids=lambda one: one.filename)
def test_every_listed_file_is_whole(artifact: Artifact) -> None:
    """Every entry has four coordinates, and pieces in order, inside the file, with a sum in hex."""
    assert len(artifact.coordinates.split(":")) == 4
    ends = [0, *(piece.end for piece in artifact.pieces)]
    assert all(end <= piece.first < piece.end for end, piece in zip(ends, artifact.pieces, strict=False))
    assert ends[-1] <= artifact.size
    assert all(len(bytes.fromhex(piece.sha256)) == 32 for piece in artifact.pieces)


def test_kafkas_parts_are_of_one_version() -> None:
    """Every jar of Kafka's own is of the version that is run: clients of another one would not fit."""
    own = [artifact.coordinates for artifact in KAFKA.files if artifact.coordinates.startswith("org.apache.kafka:")]
    assert "org.apache.kafka:kafka-clients:jar:4.3.1" in own
    assert {coordinates.rpartition(":")[2] for coordinates in own} == {KAFKA.version}
    assert len({artifact.filename for artifact in KAFKA.files}) == len(KAFKA.files) == 46


def test_coordinates_make_a_path() -> None:
    """A file is looked for where every Maven repository keeps it."""
    artifact = Artifact("org.apache.kafka:kafka_2.13:jar:4.3.1", 1, ())
    assert artifact.path == "org/apache/kafka/kafka_2.13/4.3.1/kafka_2.13-4.3.1.jar"


def test_a_bundle_is_there_only_whole(tmp_path: Path) -> None:
    """A bundle counts as there when every file is and has its size."""
    assert not Cache.complete(tmp_path, KAFKA)
    for artifact in KAFKA.files:
        with (tmp_path / artifact.filename).open("wb") as file:
            file.truncate(artifact.size)
    assert Cache.complete(tmp_path, KAFKA)
    (tmp_path / KAFKA.files[3].filename).write_bytes(b"cut")
    assert not Cache.complete(tmp_path, KAFKA)


def test_kafka_listens_on_loopback_alone(tmp_path: Path) -> None:
    """No listener of Kafka's can be reached from another machine."""
    lines = dict(line.split("=", 1) for line in kafka.properties(Place(tmp_path, "kafka"), 9092, 9093).splitlines())
    named = [lines["listeners"], lines["advertised.listeners"], lines["controller.quorum.voters"]]
    places = [place.split("//")[-1].split("@")[-1] for text in named for place in text.split(",")]
    assert {place.rpartition(":")[0] for place in places} == {"127.0.0.1"}
    assert lines["auto.create.topics.enable"] == "false"
    assert lines["message.max.bytes"] == lines["replica.fetch.max.bytes"] == "33554432"


@given(st.binary(min_size=16, max_size=16))
def test_a_cluster_id_is_no_option(random: bytes) -> None:
    """Whatever the dice say, the id is 22 characters of base64 and does not begin with a dash."""
    made = kafka.cluster_id(random)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", made)
    assert base64.urlsafe_b64decode(f"{made}==")[1:] == random[1:]


@pytest.mark.parametrize("heap", ["512m", "2g", "300000k", "1G"])
def test_a_heap_is_taken(heap: str) -> None:
    """Sizes as Java writes them are taken as they are."""
    assert check_heap("WIREDESK_KAFKA_HEAP", heap) == heap


@pytest.mark.parametrize("heap", ["", "512", "0m", "-1m", "512m -XX:Evil", "512m\n-XX:Evil", "lots"])
def test_what_is_no_heap_is_refused(heap: str) -> None:
    """Anything else is refused with the setting's name, before it can become an option of its own."""
    with pytest.raises(ServersError, match="WIREDESK_KAFKA_HEAP"):
        check_heap("WIREDESK_KAFKA_HEAP", heap)


def test_an_installed_kafka_is_used(tmp_path: Path) -> None:
    """Where the settings name an installed Kafka, its jars are run and nothing is fetched."""
    (tmp_path / "libs").mkdir()
    settings = load(kafka_home=tmp_path, cache_dir=tmp_path / "cache")
    assert kafka.classpath(settings, Cache.of(settings), Silent()) == f"{tmp_path.resolve()}/libs/*"
    assert not (tmp_path / "cache").exists()


def test_a_named_folder_that_holds_no_server_is_refused(tmp_path: Path) -> None:
    """The message names the setting, the folder and what is missing in it."""
    with pytest.raises(ServersError, match=rf"WIREDESK_KAFKA_HOME names {tmp_path}, which has no libs"):
        check_home("WIREDESK_KAFKA_HOME", tmp_path, "libs")


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/plain/path", "/plain/path"),
        ("/дом", "/\\u0434\\u043e\\u043c"),
        ("/a\\b", "/a\\\\b"),
        ("/🗞", "/\\ud83d\\uddde"),
    ],
)
def test_paths_are_written_as_java_reads_them(path: str, written: str) -> None:
    """What is not ASCII stands in a properties file by its UTF-16 number, and a backslash twice."""
    assert escaped(Path(path)) == written


def test_a_path_that_kafka_cannot_take_is_refused(tmp_path: Path) -> None:
    """A comma in the data folder's path is refused with the setting's name."""
    place = Place(tmp_path / "a,b", "kafka")
    with pytest.raises(ServersError, match="WIREDESK_DATA_DIR"):
        kafka.prepare(load(), tmp_path, "", place, None)


def test_secrets_do_not_reach_the_servers(tmp_path: Path) -> None:
    """Of our environment the servers get a few harmless variables, and what they are given by name."""
    given = environment(Place(tmp_path, "kafka"), ES_JAVA_HOME="/jdk")
    assert set(given) <= {"PATH", "LC_ALL", "TZ", "HOME", "ES_JAVA_HOME"}
    assert given["ES_JAVA_HOME"] == "/jdk"


def test_logs_tell_why(tmp_path: Path) -> None:
    """Of what a start logged, the lines that speak of an error are told; older starts' are not."""
    (tmp_path / "server.log").write_text("ERROR of last week\n")
    before = log_ends(tmp_path)
    with (tmp_path / "server.log").open("a") as log:
        log.write("INFO hello\nERROR the port is taken\nINFO bye\n")
    assert telling_lines(tmp_path, before) == ["ERROR the port is taken"]


def test_logs_without_an_error_tell_their_end(tmp_path: Path) -> None:
    """Where no line speaks of an error, the last ones are told."""
    (tmp_path / "console.log").write_text("".join(f"line {number}\n" for number in range(50)))
    assert telling_lines(tmp_path, {}) == [f"line {number}" for number in range(44, 50)]
