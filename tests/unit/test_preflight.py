"""What `wiredesk run --check` says of a machine."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.artifacts import bundle
from deploy.local.java import Jdk
from deploy.preflight import CLIENT_MAJOR, Check, Machine, checks
from schemas.settings import Settings, load

GIGA = 10**9
FIT = Machine(
    memory=lambda: 8 * GIGA,
    free=lambda _: 50 * GIGA,
    is_free=lambda _: True,
    jdk=lambda _: (Path("/opt/jdk-25"), []),
    engine=lambda: None,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that name no servers."""
    return load(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", servers="local")


class Older(http.server.BaseHTTPRequestHandler):
    """An Elasticsearch of the major version before ours, as far as it is asked."""

    def do_GET(self) -> None:
        """Its health, or its version."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"version": {"number": f"{int(CLIENT_MAJOR) - 1}.19.3"}}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is http.server's)
        """Keep quiet."""


@pytest.fixture
def older() -> Iterator[str]:
    """The address of one."""
    with http.server.HTTPServer(("127.0.0.1", 0), Older) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def missing(settings: Settings, machine: Machine) -> list[Check]:
    """What has a way out."""
    return [one for one in checks(settings, machine) if one.way_out]


def test_a_machine_that_has_all_misses_nothing(settings: Settings) -> None:
    """Versions, Java, disks, memory and ports are each told, and nothing is to be done."""
    found = list(checks(settings, FIT))
    assert {one.name for one in found} == {"servers", "java", "disk", "memory", "port"}
    assert found[0].words == (
        f"kafka {bundle('kafka').version} and elasticsearch {bundle('elasticsearch').version} as local processes"
    )
    assert not [one for one in found if one.way_out]


@pytest.mark.parametrize(
    ("machine", "name", "words"),
    [
        (replace(FIT, memory=lambda: GIGA), "memory", "1,000 MB free"),
        (replace(FIT, free=lambda _: GIGA // 100), "disk", "10 MB free"),
        (replace(FIT, jdk=lambda _: (None, [Jdk(Path("/usr/lib/jvm/17"), 17, "is Java 17")])), "java", "is Java 17"),
    ],
)
def test_what_is_missing_is_named_with_a_way_out(settings: Settings, machine: Machine, name: str, words: str) -> None:
    """Each thing that lacks is one line, with what is there and what to do."""
    found = missing(settings, machine)
    assert {one.name for one in found} == {name}
    assert all(words in one.words for one in found)


def test_a_port_in_use_is_told_and_no_hindrance(settings: Settings) -> None:
    """A free one is taken then, and people should know that it will be another."""
    machine = replace(FIT, is_free=lambda port: port != settings.kafka_port)
    assert not missing(settings, machine)
    assert f"{settings.kafka_port} for kafka is in use" in " ".join(one.words for one in checks(settings, machine))


def test_with_an_engine_nothing_of_java_is_asked(settings: Settings) -> None:
    """Containers bring their own Java."""
    found = list(
        checks(settings.model_copy(update={"servers": "auto"}), replace(FIT, engine=lambda: "/usr/bin/docker"))
    )
    assert "java" not in {one.name for one in found}
    assert "by docker" in found[0].words


def test_a_memory_that_is_not_told_is_said(settings: Settings) -> None:
    """On a system that does not tell, nothing is claimed."""
    assert not missing(settings, replace(FIT, memory=lambda: None))


def test_what_is_started_here_fits_our_client() -> None:
    """The Elasticsearch that would be started is of the version that our client speaks with."""
    assert bundle("elasticsearch").version.partition(".")[0] == CLIENT_MAJOR


def test_the_command_tells_each_thing_on_a_line_with_one_way_out(tmp_path: Path) -> None:
    """What is there is `ok`, what is not is `missing` with the next step below it, and then it exits with 1."""
    script = "import sys; from desk.cli import main; main(['run', '--check'])"
    folders = {"DATA_DIR": tmp_path / "data", "CACHE_DIR": tmp_path / "cache"}
    named = {**folders, "KAFKA_SERVERS": "127.0.0.1:1", "SERVERS": "local"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={
            **os.environ,
            "WIREDESK_SERVERS": "local",
            **{f"WIREDESK_{name}": str(one) for name, one in named.items()},
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    missing = [number for number, line in enumerate(lines) if line.startswith("missing ")]
    assert "kafka         127.0.0.1:1 does not answer" in lines[missing[0]]
    assert all(lines[number + 1].strip().startswith("next: ") for number in missing)
    assert len([line for line in lines if line.startswith("ok ")]) == len(lines) - 2 * len(missing)
    assert not list(tmp_path.iterdir())


def test_an_elasticsearch_of_another_version_is_named(settings: Settings, older: str) -> None:
    """A client and a server that do not fit are told in a sentence, with what to name instead."""
    named = settings.model_copy(update={"elasticsearch_url": older, "kafka_servers": "127.0.0.1:1"})
    found = {one.name: one for one in missing(named, FIT)}
    assert found["kafka"].words == "127.0.0.1:1 does not answer"
    assert f"19.3, and our client speaks with {CLIENT_MAJOR}" in found["elasticsearch"].words
    assert f"name an Elasticsearch {CLIENT_MAJOR}" in found["elasticsearch"].way_out
