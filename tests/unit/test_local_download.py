"""Downloads are resumed, checked, and put in place whole or not at all."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import ServersError
from deploy.local.artifacts import Artifact, Bundle, Piece
from deploy.local.cache import Cache
from deploy.local.download import Repository, check_room
from deploy.progress import Silent

CONTENT = bytes(index * index % 251 for index in range(5000))
COORDINATES = "org.example:thing:jar:1.0"
PATH = "/org/example/thing/1.0/thing-1.0.jar"


@dataclass
class Shelf:
    """A repository with one file, and how badly it serves it.

    Attributes:
        content: the file.
        ranges: whether it knows ranges.
        break_after: bytes after which it hangs up, for each of the next answers.
        refusals: status codes for the next answers.
        asked: the `Range` header of every request.
    """

    content: bytes = CONTENT
    ranges: bool = True
    break_after: list[int] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)


@contextmanager
def served(shelf: Shelf) -> Iterator[Repository]:
    """The repository, listening on the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is http.server's)
            """Keep quiet."""

        def do_GET(self) -> None:
            """Serve the file, or do not."""
            wanted = self.headers.get("Range")
            shelf.asked.append(wanted)
            if shelf.refusals:
                self.send_error(shelf.refusals.pop(0))
                return
            if self.path != PATH:
                self.send_error(404)
                return
            first, last = 0, len(shelf.content) - 1
            if wanted and shelf.ranges:
                first, last = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
            body = shelf.content[first : last + 1]
            self.send_response(206 if wanted and shelf.ranges else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            limit = shelf.break_after.pop(0) if shelf.break_after else len(body)
            self.wfile.write(body[:limit])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Repository(f"http://127.0.0.1:{server.server_port}", pauses=(0.0, 0.0))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def artifact(*bounds: tuple[int, int], content: bytes = CONTENT) -> Artifact:
    """The file, with the pieces between these bounds wanted."""
    pieces = [Piece(first, end - first, hashlib.sha256(content[first:end]).hexdigest()) for first, end in bounds]
    return Artifact(COORDINATES, len(content), tuple(pieces))


WHOLE = artifact((0, len(CONTENT)))


def ignore(_amount: float) -> None:
    """Takes no notice of progress."""


def test_a_file_is_fetched_whole(tmp_path: Path) -> None:
    """A download ends with the file under its own name, readable for all, and every byte is told."""
    told: list[float] = []
    with served(Shelf()) as repository:
        file = repository.fetch(WHOLE, tmp_path, told.append)
    assert file.read_bytes() == CONTENT
    assert file.stat().st_mode & 0o777 == 0o644
    assert sum(told) == len(CONTENT)
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    """What is in the cache already is taken from there."""
    (tmp_path / WHOLE.filename).write_bytes(CONTENT)
    shelf = Shelf()
    with served(shelf) as repository:
        repository.fetch(WHOLE, tmp_path, ignore)
    assert shelf.asked == []


def test_a_cut_file_in_the_cache_is_fetched_anew(tmp_path: Path) -> None:
    """A file of the wrong size under the final name does not count as there."""
    (tmp_path / WHOLE.filename).write_bytes(CONTENT[:10])
    with served(Shelf()) as repository:
        assert repository.fetch(WHOLE, tmp_path, ignore).read_bytes() == CONTENT


def test_a_broken_part_is_gone_on_with(tmp_path: Path) -> None:
    """A download that broke off in an earlier run goes on where it stopped."""
    (tmp_path / f"{WHOLE.filename}.part").write_bytes(CONTENT[:1234])
    shelf = Shelf()
    with served(shelf) as repository:
        assert repository.fetch(WHOLE, tmp_path, ignore).read_bytes() == CONTENT
    assert shelf.asked == ["bytes=1234-4999"]


def test_a_connection_that_ends_early_is_gone_on_with(tmp_path: Path) -> None:
    """A connection that breaks in the middle is made again, for the rest alone."""
    shelf = Shelf(break_after=[1000, 500])
    told: list[float] = []
    with served(shelf) as repository:
        assert repository.fetch(WHOLE, tmp_path, told.append).read_bytes() == CONTENT
    assert shelf.asked == ["bytes=0-4999", "bytes=1000-4999", "bytes=1500-4999"]
    assert sum(told) == len(CONTENT)


def test_a_broken_part_with_wrong_bytes_is_restarted(tmp_path: Path) -> None:
    """A part that was spoiled on the disk fails its sum and is fetched from its beginning."""
    (tmp_path / f"{WHOLE.filename}.part").write_bytes(b"x" * 1234)
    shelf = Shelf()
    with served(shelf) as repository:
        assert repository.fetch(WHOLE, tmp_path, ignore).read_bytes() == CONTENT
    assert shelf.asked == ["bytes=1234-4999", "bytes=0-4999"]


def test_wrong_bytes_are_refused(tmp_path: Path) -> None:
    """A file whose sum is not the listed one never gets its name, and the message says whose sum is wrong."""
    refused = pytest.raises(ServersError, match=r"thing-1\.0\.jar .* not what it should be: its sha256 sum is")
    with served(Shelf(content=bytes(len(CONTENT)))) as repository, refused:
        repository.fetch(WHOLE, tmp_path, ignore)
    assert not (tmp_path / WHOLE.filename).exists()


def test_a_repository_without_ranges_serves_as_well(tmp_path: Path) -> None:
    """Where ranges are not known, what came before is skipped, and the pieces end up in their places."""
    wanted = artifact((1000, 2000), (4900, 5000))
    with served(Shelf(ranges=False)) as repository:
        written = repository.fetch(wanted, tmp_path, ignore).read_bytes()
    assert written[1000:2000] == CONTENT[1000:2000]
    assert written[4900:] == CONTENT[4900:]


def test_what_lies_between_pieces_is_not_fetched(tmp_path: Path) -> None:
    """Only the listed pieces are asked for; the file is as long as the whole, with holes in it."""
    wanted = artifact((1000, 2000), (4900, 5000))
    shelf = Shelf()
    with served(shelf) as repository:
        written = repository.fetch(wanted, tmp_path, ignore).read_bytes()
    assert shelf.asked == ["bytes=1000-1999", "bytes=4900-4999"]
    assert len(written) == len(CONTENT)
    assert written[:1000] == bytes(1000)


@given(
    cuts=st.lists(st.integers(0, len(CONTENT)), min_size=2, max_size=8, unique=True).map(sorted),
    reached=st.integers(0, len(CONTENT)),
    breaks=st.lists(st.integers(1, 3000), max_size=2),
)
def test_any_pieces_come_from_any_state(cuts: list[int], reached: int, breaks: list[int]) -> None:
    """Whatever the pieces, however far an earlier run came, and wherever connections break: the pieces are right."""
    wanted = artifact(*zip(cuts[::2], cuts[1::2], strict=False))
    with TemporaryDirectory() as name, served(Shelf(break_after=breaks)) as repository:
        part = Path(name) / f"{wanted.filename}.part"
        part.write_bytes(CONTENT[:reached])
        written = repository.fetch(wanted, Path(name), ignore).read_bytes()
    assert len(written) == len(CONTENT)
    assert all(written[piece.first : piece.end] == CONTENT[piece.first : piece.end] for piece in wanted.pieces)


def test_a_busy_repository_is_asked_again(tmp_path: Path) -> None:
    """A 503 is tried again."""
    with served(Shelf(refusals=[503, 429])) as repository:
        assert repository.fetch(WHOLE, tmp_path, ignore).read_bytes() == CONTENT


@pytest.mark.parametrize("code", [403, 404])
def test_a_no_is_taken_at_once(tmp_path: Path, code: int) -> None:
    """A refusal is not tried again; the message names the coordinates, the repository, the code and a way out."""
    shelf = Shelf(refusals=[code])
    refused = pytest.raises(
        ServersError, match=rf"{COORDINATES} from http://127.*: .*{code}.*WIREDESK_MAVEN_REPOSITORY"
    )
    with served(shelf) as repository, refused:
        repository.fetch(WHOLE, tmp_path, ignore)
    assert len(shelf.asked) == 1


def test_an_unreachable_repository_is_named(tmp_path: Path) -> None:
    """Where nobody listens, the message says so and what came so far stays."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        repository = Repository(f"http://127.0.0.1:{nobody.getsockname()[1]}", pauses=())
        part = tmp_path / f"{WHOLE.filename}.part"
        part.write_bytes(CONTENT[:100])
        with pytest.raises(ServersError, match=r"[Rr]efused.*HTTPS_PROXY.*kept"):
            repository.fetch(WHOLE, tmp_path, ignore)
    assert part.read_bytes() == CONTENT[:100]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full, the ever full disk, is Linux's")
def test_a_disk_that_fills_up_is_said(tmp_path: Path) -> None:
    """When the disk fills up in the middle, the message names the folder and the setting for another one."""
    (tmp_path / f"{WHOLE.filename}.part").symlink_to("/dev/full")
    with served(Shelf()) as repository, pytest.raises(ServersError, match=rf"disk of {tmp_path} is full.*CACHE_DIR"):
        repository.fetch(WHOLE, tmp_path, ignore)


@pytest.mark.parametrize(("free", "fits"), [(10**9, True), (10**6, False)])
def test_room_is_looked_at_before(tmp_path: Path, free: int, fits: bool) -> None:
    """A disk with too little room is refused before anything is fetched, with both sizes and the setting."""
    tell: Callable[[Path], int] = lambda _folder: free  # noqa: E731 (a fake of one line)
    if fits:
        check_room(tmp_path, 10**8, "WIREDESK_CACHE_DIR", tell)
        return
    with pytest.raises(ServersError, match=r"has 1 MB free and 167 MB are needed.*WIREDESK_CACHE_DIR"):
        check_room(tmp_path, 10**8, "WIREDESK_CACHE_DIR", tell)


def test_two_starts_do_not_fetch_the_same_thing(tmp_path: Path) -> None:
    """While one start holds the lock of a thing, another waits and says so, and then finds it there."""
    cache, shelf = Cache(tmp_path), Shelf()
    wanted = Bundle("1.0", (WHOLE,))
    notes: list[str] = []

    class Notes(Silent):
        def note(self, text: str) -> None:
            notes.append(text)
            let_go.set()

    let_go = threading.Event()

    def fetch_once(repository: Repository) -> None:
        with cache.locked("thing", Notes()):
            if not cache.complete(tmp_path / "thing", wanted):
                Cache(tmp_path, repository.base).fetch("Thing", wanted, tmp_path / "thing", Silent())

    with served(shelf) as repository:
        with cache.locked("thing", Silent()):
            other = threading.Thread(target=fetch_once, args=(repository,))
            other.start()
            assert let_go.wait(10)
            Cache(tmp_path, repository.base).fetch("Thing", wanted, tmp_path / "thing", Silent())
        other.join()
    assert notes == ["Another start is fetching thing: waiting for it"]
    assert len(shelf.asked) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_is_said(tmp_path: Path) -> None:
    """A folder that may not be written to is named, with the setting for another one."""
    tmp_path.chmod(0o500)
    with served(Shelf()) as repository, pytest.raises(ServersError, match=rf"cannot write in {tmp_path}.*CACHE_DIR"):
        repository.fetch(WHOLE, tmp_path, ignore)
