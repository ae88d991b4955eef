"""A whole `wiredesk run` in a folder of its own, on free ports, and what is asked of it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.ports import free_ports

_START_SECONDS = 300.0
_STOP_SECONDS = 90.0
_COMMAND_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class House:
    """One that runs: where its data and pages are, and where articles are pushed."""

    data: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    web_port: int
    push_port: int
    push_token: str

    @property
    def address(self) -> str:
        """Of the pages."""
        return f"http://127.0.0.1:{self.web_port}"

    def wiredesk(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a command beside it."""
        command = [sys.executable, "-m", "desk.cli", *words]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS
        )

    def accounts(self) -> dict[str, Any]:
        """What `wiredesk reconcile` finds; nothing where it fails."""
        done = self.wiredesk("reconcile", "--json")
        if not done.stdout.strip():
            print(done.stderr, file=sys.stderr)
            return {}
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def remove(self) -> None:
        """Removes all that it stored, logs included."""
        shutil.rmtree(self.data, ignore_errors=True)

    def stop(self) -> int:
        """Asks it to stop as Ctrl-C does, and gives its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@contextmanager
def housed(feed: str, minutes: float) -> Iterator[House]:
    """Everything up while the block runs; the folder stays until it is removed.

    Args:
        feed: address of a feed that is looked at every minute.
        minutes: between two accounts of all articles.

    Raises:
        RuntimeError: it does not come up; its output is in the folder that the message names.
    """
    folder = Path(tempfile.mkdtemp(prefix="wiredesk-steady-"))
    folder.chmod(0o755)
    sources = folder / "sources.toml"
    sources.write_text(f'[[source]]\nname = "endless"\nkind = "feed"\nurl = "{feed}"\nevery = "1m"\n', encoding="utf-8")
    with free_ports(3) as ports:
        web, push, metrics = sorted(ports)  # the metrics of three processes begin at the last, so no other lies behind
    token = secrets.token_hex(16)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WIREDESK_")},
        "WIREDESK_SERVERS": "local",
        "WIREDESK_DATA_DIR": str(folder),
        "WIREDESK_KAFKA_PORT": "0",
        "WIREDESK_ELASTICSEARCH_PORT": "0",
        "WIREDESK_WEB_PORT": str(web),
        "WIREDESK_PUSH_PORT": str(push),
        "WIREDESK_PUSH_TOKEN": token,
        "WIREDESK_METRICS_PORT": str(metrics),
        "WIREDESK_SOURCES_FILE": str(sources),
        "WIREDESK_FETCH_ALLOW_HOSTS": "127.0.0.1",
        "WIREDESK_RECONCILE_MINUTES": f"{minutes:g}",
    }
    with (folder / "run.log").open("wb") as said:
        # In a session of its own: Ctrl-C at the tool ends the load, and what was read can still be accounted for.
        command = [sys.executable, "-m", "desk.cli", "run"]
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
    house = House(folder, environment, process, web, push, token)
    try:
        _wait(house)
        yield house
    finally:
        house.stop()


def _wait(house: House) -> None:
    """Waits until the pages and the door for articles answer."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and house.process.poll() is None:
        if _answers(f"{house.address}/api/v1/stream") == 200 and _answers(f"http://127.0.0.1:{house.push_port}/"):
            return
        time.sleep(0.5)
    raise RuntimeError(f"wiredesk run does not come up: read {house.data / 'run.log'} and {house.data / 'logs'}")


def _answers(url: str) -> int:
    """The status of an answer; 0 where there is none."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
