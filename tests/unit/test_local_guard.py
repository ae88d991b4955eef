"""The guard ends its server with its parent, and brings it back when it dies."""

from __future__ import annotations

import base64
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.errors import ServersError
from deploy.ladder import serve
from deploy.local import guard
from deploy.local.owner import Owner
from deploy.local.place import Place, is_guard
from deploy.progress import Silent
from schemas.settings import load

LONGEST_SECONDS = 20.0
SERVES = "import os, time; open('pids', 'a').write(f'{os.getpid()}\\n'); time.sleep(600)"
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SERVES
HAS_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {IGNORES!r}]); {SERVES}"
STARTS_GUARD = """
import subprocess, sys
keeper = subprocess.Popen([sys.executable, '-I', '-S', sys.argv[1]], stdin=subprocess.PIPE, start_new_session=True)
keeper.stdin.write(bytes.fromhex(sys.argv[2]))
keeper.stdin.flush()
print(keeper.pid, flush=True)
keeper.wait()
"""


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes true before patience ends."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Keeper:
    """A guard under test, its folder, and the processes that its server said it has."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.place = Place(folder, "kafka")
        (folder / "servers").mkdir()
        self.spec = guard.Spec(
            name="Kafka",
            address="127.0.0.1:1",
            command=[sys.executable, "-I", "-S", "-c", program],
            environment={"PATH": os.environ["PATH"]},
            folder=str(folder),
            told="",
            user=None,
            output=str(folder / "console.log"),
            state=str(self.place.state_file),
            lock=str(self.place.lock_file),
            grace=1.0,
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Start the guard and give it its spec."""
        command = [sys.executable, "-I", "-S", guard.__file__]
        with (self.folder / "guard.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log, start_new_session=True)
        self.say(self.spec.to_line())
        return self.process

    def say(self, words: bytes) -> None:
        """Tell the guard something."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(words)
        self.process.stdin.flush()

    def hang_up(self) -> None:
        """Go, as far as the guard can tell."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()

    def pids(self, count: int = 1) -> list[int]:
        """The processes of the server, once there are so many."""
        file = self.folder / "pids"
        assert eventually(lambda: file.exists() and len(file.read_text().splitlines()) >= count), self.log()
        return [int(line) for line in file.read_text().splitlines()]

    def log(self) -> str:
        """What the guard logged."""
        return (self.folder / "guard.log").read_text()

    def end(self) -> None:
        """Leave nothing behind, whatever the test found."""
        state = self.place.state()
        if state is not None and state.server is not None and alive(state.server):
            os.killpg(state.server, signal.SIGKILL)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[[str], Keeper]]:
    """Makes a guard for a server that runs a Python program."""
    made: list[Keeper] = []

    def make(program: str) -> Keeper:
        made.append(Keeper(tmp_path, program))
        return made[-1]

    yield make
    for keeper in made:
        keeper.end()


def test_server_ends_when_the_parent_hangs_up(keep: Callable[[str], Keeper]) -> None:
    """When the parent closes its end, the server is asked to stop and the guard ends well."""
    keeper = keep(SERVES)
    process = keeper.start()
    [server] = keeper.pids()
    keeper.hang_up()
    assert process.wait(LONGEST_SECONDS) == 0
    assert not alive(server)
    assert not keeper.place.state_file.exists()


def test_server_ends_when_the_parent_is_killed(keep: Callable[[str], Keeper]) -> None:
    """When the parent dies by SIGKILL, which it cannot hear, guard and server end all the same."""
    keeper = keep(SERVES)
    command = [sys.executable, "-c", STARTS_GUARD, guard.__file__, keeper.spec.to_line().hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        guard_process = int(parent.stdout.readline())
        [server] = keeper.pids()
        parent.kill()
    assert eventually(lambda: not alive(server))
    assert eventually(lambda: not alive(guard_process))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_server_ends_when_the_guard_is_killed(keep: Callable[[str], Keeper]) -> None:
    """Where the system can tell it, the server does not outlive a guard that was killed."""
    keeper = keep(SERVES)
    process = keeper.start()
    [server] = keeper.pids()
    process.kill()
    assert eventually(lambda: not alive(server))


def test_nothing_of_a_deaf_server_is_left(keep: Callable[[str], Keeper]) -> None:
    """A server's child that does not listen to the request to stop is killed after the grace."""
    keeper = keep(HAS_CHILD)
    process = keeper.start()
    servers = keeper.pids(2)
    keeper.hang_up()
    assert process.wait(LONGEST_SECONDS) == 0
    assert not any(alive(server) for server in servers)


def test_a_ready_server_is_brought_back(keep: Callable[[str], Keeper]) -> None:
    """A server that dies after it was ready is started anew, and the state counts it."""
    keeper = keep(SERVES)
    keeper.start()
    [server] = keeper.pids()
    keeper.say(b"ready\n")
    assert eventually(lambda: bool((state := keeper.place.state()) and state.ready))
    os.kill(server, signal.SIGKILL)
    _, second = keeper.pids(2)
    assert eventually(lambda: bool((state := keeper.place.state()) and state.server == second))
    state = keeper.place.state()
    assert state is not None
    assert state.restarts == 1
    assert "ended with -9; starting it again" in keeper.log()


def test_the_orphans_of_a_dead_server_end_before_its_next_life(keep: Callable[[str], Keeper]) -> None:
    """What a killed server leaves running holds its files, so it ends before the server is started anew."""
    keeper = keep(HAS_CHILD)
    keeper.start()
    first = keeper.pids(2)
    keeper.say(b"ready\n")
    assert eventually(lambda: bool((state := keeper.place.state()) and state.ready))
    state = keeper.place.state()
    assert state is not None
    assert state.server is not None
    os.kill(state.server, signal.SIGKILL)
    keeper.pids(3)
    assert not any(alive(process) for process in first)


def test_a_server_that_never_was_ready_is_not_brought_back(keep: Callable[[str], Keeper]) -> None:
    """A server that dies while it starts ends the guard with the server's own exit code."""
    keeper = keep("raise SystemExit(7)")
    assert keeper.start().wait(LONGEST_SECONDS) == 7


def test_a_command_that_cannot_be_run_is_said(keep: Callable[[str], Keeper]) -> None:
    """A program that is not there ends the guard, with the reason in its log."""
    keeper = keep(SERVES)
    keeper.spec = replace(keeper.spec, command=[str(keeper.folder / "missing")])
    assert keeper.start().wait(LONGEST_SECONDS) == guard.UNSTARTED_EXIT
    assert "No such file" in keeper.log()


def test_a_kept_server_outlives_its_parent_and_ends_on_request(keep: Callable[[str], Keeper]) -> None:
    """After `keep` the end of the input means nothing, and SIGTERM to the guard stops the server."""
    keeper = keep(SERVES)
    process = keeper.start()
    [server] = keeper.pids()
    keeper.say(b"ready\nkeep\n")
    keeper.hang_up()
    assert eventually(lambda: bool((state := keeper.place.state()) and state.kept))
    assert alive(server)
    process.terminate()
    assert process.wait(LONGEST_SECONDS) == 0
    assert not alive(server)


def test_the_lock_lives_as_long_as_the_server(keep: Callable[[str], Keeper]) -> None:
    """Others see the place as taken from the guard's start until nothing of the server is left."""
    keeper = keep(SERVES)
    assert not keeper.place.locked()
    process = keeper.start()
    keeper.pids()
    assert keeper.place.locked()
    keeper.hang_up()
    process.wait(LONGEST_SECONDS)
    assert not keeper.place.locked()


def test_the_server_is_told_and_its_input_stays_open(keep: Callable[[str], Keeper]) -> None:
    """What a server is to read comes first on its input, which ends only with the guard."""
    keeper = keep(
        "import sys; print(sys.stdin.buffer.read(5)); sys.stdout.flush(); sys.stdin.buffer.read(); print('end')"
    )
    keeper.spec = replace(keeper.spec, told=base64.b64encode(b"hello").decode())
    process = keeper.start()
    console = keeper.folder / "console.log"
    assert eventually(lambda: console.exists() and "hello" in console.read_text())
    assert process.poll() is None
    assert "end" not in console.read_text()


def test_a_state_file_without_a_living_guard_says_nothing(tmp_path: Path) -> None:
    """A state file that a killed guard left behind is not taken for a running server."""
    place = Place(tmp_path, "elasticsearch")
    place.state_file.parent.mkdir()
    place.lock_file.touch()
    state = {
        "address": "http://127.0.0.1:9",
        "guard": os.getpid(),
        "server": 1,
        "ready": True,
        "kept": True,
        "restarts": 0,
    }
    place.state_file.write_text(json.dumps(state))
    assert place.state() is None
    held = guard.take_lock(str(place.lock_file), 0)
    assert held is not None
    assert place.state() is not None
    assert place.guarded() is None, "this process is no guard"
    os.close(held)


def test_a_running_server_that_does_not_answer_is_said(keep: Callable[[str], Keeper], tmp_path: Path) -> None:
    """Where a server runs but is deaf, no second one is started: its process, log and the way to end it are told."""
    keeper = keep(SERVES)
    keeper.start()
    keeper.pids()
    keeper.say(b"ready\n")
    assert eventually(lambda: bool((state := keeper.place.state()) and state.ready))
    settings = load(kafka_servers="", elasticsearch_url="http://named:9200", data_dir=tmp_path, start_seconds=0.1)
    deaf = pytest.raises(ServersError, match=r"kafka runs in .* does not answer at 127\.0\.0\.1:1: .*servers down")
    with deaf, serve(settings, Silent()):
        pytest.fail("nothing can be served")


def test_another_process_is_no_guard() -> None:
    """A number that now belongs to some other process is not taken for a guard."""
    assert not is_guard(os.getpid())
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert not is_guard(ended.pid)


def test_a_taken_lock_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    """A lock that another holds is not taken; once it is let go, it is."""
    path = str(tmp_path / "lock")
    first = guard.take_lock(path, 0)
    assert first is not None
    assert guard.take_lock(path, 0.1) is None
    os.close(first)
    second = guard.take_lock(path, 0)
    assert second is not None
    os.close(second)


def test_what_another_user_stored_is_left_alone(tmp_path: Path) -> None:
    """Where the data belongs to another user than the server would run as, both are named and nothing is changed."""
    place = Place(tmp_path, "kafka")
    place.data.mkdir(parents=True)
    mine = pwd.getpwuid(os.geteuid()).pw_name
    with pytest.raises(ServersError, match=rf"{place.data} .*\({mine}, and .*60001\).*WIREDESK_DATA_DIR"):
        place.make(Owner(60001, 60001, "stranger"))
    assert list(place.root.iterdir()) == [place.data]
