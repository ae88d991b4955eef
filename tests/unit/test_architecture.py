"""The rooms and their doors, and the house's own rules, read from the code."""

from __future__ import annotations

import ast
import configparser
import functools
import io
import os
import re
import statistics
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "producers", "processors", "desk", "deploy")
MAY_IMPORT = {
    "schemas": set(),
    "producers": {"schemas"},
    "processors": {"schemas"},
    "deploy": {"schemas"},
    "desk": {"schemas", "producers", "processors", "deploy"},
}


def tracked() -> list[Path]:
    """The files of the repository; of a source archive, all but what is made in it."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    hidden = [path for path in ROOT.rglob("*") if path.is_file()]
    return [path for path in hidden if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]


FILES = tracked()
MODULES = [path for path in FILES if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ROOMS]
TESTS = [path for path in FILES if path.suffix == ".py" and path.relative_to(ROOT).parts[0] == "tests"]


def name(path: Path) -> str:
    """A file as the repository names it."""
    return path.relative_to(ROOT).as_posix()


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in a tree, late imports included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield node.module or ""


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_imports_only_what_it_stands_on(room: str) -> None:
    """The contract imports nothing of ours, producers and processors never each other, and only the desk all."""
    for path in MODULES:
        if name(path).startswith(f"{room}/"):
            ours = {module.split(".")[0] for module in imports(parsed(path))} & set(ROOMS)
            assert ours <= MAY_IMPORT[room] | {room}, name(path)


def test_no_room_imports_the_tests() -> None:
    """What is delivered does not lean on its tests."""
    for path in MODULES:
        assert not any(module.split(".")[0] in ("tests", "pytest", "hypothesis") for module in imports(parsed(path)))


def test_only_one_module_opens_outbound_connections() -> None:
    """What the web is asked goes through `producers/fetch.py`, which knows where connections may go.

    Kafka and Elasticsearch have clients of their own; downloads of local servers are deploy's.
    """
    clients = {"requests", "httpx", "urllib3", "pycurl", "ftplib", "smtplib", "urllib.request", "http.client"}
    openers = {"ClientSession", "TCPConnector", "create_connection", "open_connection", "urlopen", "sock_connect"}
    for path in MODULES:
        if name(path) == "producers/fetch.py" or name(path).startswith("deploy/"):
            continue
        tree = parsed(path)
        assert not {module for module in imports(tree) if module in clients}, name(path)
        used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
        names = {node.attr if isinstance(node, ast.Attribute) else node.id for node in used}
        assert not names & openers, name(path)
        assert "socket.socket" not in {ast.unparse(node) for node in used}, name(path)


def test_there_is_no_other_room() -> None:
    """The packages are the five rooms, their seeds and their tests."""
    packages = {path.relative_to(ROOT).parts[0] for path in FILES if path.suffix == ".py" and path.parent != ROOT}
    assert packages <= {*ROOMS, "tests", "seeds", ".ci"}


def test_the_faust_app_is_short() -> None:
    """The Faust app stays within sixty lines: what happens to an article is decided elsewhere, without I/O."""
    assert len((ROOT / "processors/app.py").read_text(encoding="utf-8").splitlines()) <= 60


def test_comments_are_sparse() -> None:
    """Comments are under six in a hundred lines: the code says what, a comment only why."""
    lines = comments = 0
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        lines += len(text.splitlines())
        comments += sum(
            token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(text).readline)
        )
    assert comments / lines <= 0.06


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function in a tree."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_functions_are_short() -> None:
    """The median function has fewer than ten lines."""
    found = [node for path in MODULES for node in functions(parsed(path))]
    assert statistics.median((node.end_lineno or 0) - node.lineno + 1 for node in found) < 10


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_every_test_states_its_behaviour(path: Path) -> None:
    """Every test has a docstring of its own, whose first line is a whole sentence."""
    stated = [
        (node.name, (ast.get_docstring(node) or "").splitlines()[:1])
        for node in functions(parsed(path))
        if node.name.startswith("test_")
    ]
    assert [test for test, first in stated if not first or not first[0].endswith(".")] == []


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_no_test_patches(path: Path) -> None:
    """Tests use fakes made by hand: nothing is patched under the code that is tested."""
    tree = parsed(path)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    taken = {argument.arg for node in functions(tree) for argument in node.args.args + node.args.kwonlyargs}
    forbidden = {"monkeypatch", "mocker", "Mock", "MagicMock", "AsyncMock", "patch", "MonkeyPatch"}
    assert not (used | taken) & forbidden
    assert not any("mock" in module for module in imports(tree))


def texts() -> Iterator[tuple[str, str]]:
    """Name and text of every file that is text."""
    for path in FILES:
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            yield name(path), data.decode("utf-8", "replace")


def machine_folders() -> set[str]:
    """Folders of the machine that the tests run on, which mean nothing elsewhere: they are asked, not written here."""
    usual = {Path(f"/{folder}") for folder in ("", "app", "home", "mnt", "opt", "root", "srv", "tmp", "usr", "var")}
    return {f"{path}/" for path in {ROOT, ROOT.parent, Path.home()} - usual}


def registry_hosts() -> set[str]:
    """Hosts that this machine's package clients are set to, but for the public ones: asked, not written here."""
    found = [value for variable, value in os.environ.items() if re.search("INDEX|REGISTRY|MIRROR|PROXY", variable)]
    for path in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"):
        if path.is_file():
            config = configparser.ConfigParser(interpolation=None)
            config.read(path)
            found += [value for section in config.values() for value in section.values()]
    hosts = {urlsplit(address).hostname for value in found for address in re.findall(r"https?://\S+", value)}
    return {host for host in hosts if host and host not in {"localhost", "127.0.0.1"}}


def test_no_file_names_this_machine() -> None:
    """No tracked file holds a folder of the machine it was written on, or a host that only it knows."""
    private = machine_folders() | registry_hosts()
    for file, text in texts():
        assert not [one for one in private if one in text], file


def test_lock_files_name_no_index() -> None:
    """The lock files pin versions and hashes; from where they come is left to whoever installs."""
    for path in FILES:
        if path.suffix == ".lock":
            assert "://" not in path.read_text(encoding="utf-8"), name(path)


def test_nothing_is_left_to_do() -> None:
    """No file is delivered with a note that something is still to be done."""
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3 + ":", "HA" + "CK:")) + r")")
    found = [file for file, text in texts() if file.endswith((".py", ".toml", ".md", ".yml")) and marks.search(text)]
    assert found == []
