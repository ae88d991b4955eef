"""The command line answers in words, with a next step and an exit code, and never with a traceback."""

from __future__ import annotations

import ast
import contextlib
import http.server
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, NotFoundError, TransportError
from kafka.errors import IncompatibleBrokerVersion, KafkaTimeoutError

from desk import cli as cli_module
from desk.cli import _run, cli
from desk.failure import Exit, in_words
from desk.loaded import Loaded
from desk.web.app import problem_of
from desk.web.problems import told
from processors import index
from schemas.settings import ENV_PREFIX, Settings, load
from schemas.streams import NoSuchStreamError
from tests.fakes import unit_settings
from tests.webdesk import web

ROOT = Path(__file__).parents[2]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command that does something, and of every group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = list(commands(cli))
LEAVES = [path for path in ALL if not any(other[: len(path)] == path and other != path for other in ALL)]
EACH = pytest.mark.parametrize("path", LEAVES, ids=" ".join)


class Nowhere(Loaded):
    """Settings that name no servers, and a data folder in which none run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(load(kafka_servers="", elasticsearch_url="", data_dir=folder / "data"))


class Broken(Loaded):
    """Settings whose use hits a defect of ours."""

    def replace(self, settings: Settings) -> Settings:
        """Fails as only a mistake in the code does."""
        raise ZeroDivisionError("a defect")


def said(capsys: pytest.CaptureFixture[str], *words: str, loaded: Loaded | None = None) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    code = _run(list(words), loaded or Loaded(unit_settings()))
    out, err = capsys.readouterr()
    return code, out, err


@EACH
def test_the_help_of_every_command_has_two_examples(capsys: pytest.CaptureFixture[str], path: tuple[str, ...]) -> None:
    """Whoever asks a command for help sees at least two lines that can be typed as they stand."""
    code, out, err = said(capsys, *path, "--help")
    assert (code, err) == (Exit.FINE, "")
    examples = [line for line in out.splitlines() if re.match(rf"\s+.*\bwiredesk {' '.join(path)}\b", line)]
    assert len([line for line in examples if not line.strip().startswith("Usage")]) >= 2


@EACH
def test_every_example_names_options_that_exist(path: tuple[str, ...]) -> None:
    """The options in a command's examples are options of that command."""
    command = command_at(path)
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for line in (command.help or "").splitlines():
        if re.search(rf"\bwiredesk {' '.join(path)}\b", line):
            assert set(re.findall(r"(?<=\s)--[a-z-]+", line)) <= known, line


def example_lines(text: str) -> Iterator[str]:
    """The lines of a help text that can be typed: without what a column beside them says of them."""
    for line in text.splitlines():
        if re.match(r"\s+(\S+ \| |[A-Z_]+=\S+ |zcat .*)*wiredesk [a-z]", line):
            yield re.split(r"\s{2,}", line.strip())[0]


@pytest.mark.parametrize("path", [(), *LEAVES], ids=" ".join)
def test_every_example_can_be_typed_as_it_stands(path: tuple[str, ...], tmp_path: Path) -> None:
    """Each example is taken by the command that it names, with values that its arguments and options take."""
    lines = list(example_lines((command_at(path) if path else cli).help or ""))
    assert len(lines) >= 2
    for line in lines:
        words = shlex.split(re.split(r" [|>] ", line[line.index("wiredesk ") :])[0])[1:]
        group, names = cli, []
        while isinstance(group, click.Group):
            names.append(words.pop(0))
            group = command_at(tuple(names))
        for word in words:
            if "." in word and "/" not in word and word[0] not in "-'\"":
                (tmp_path / word).write_text("")
        with contextlib.chdir(tmp_path):
            group.make_context(" ".join(names), words, obj=Loaded(unit_settings()))


def command_at(path: tuple[str, ...]) -> click.Command:
    """The command of a path."""
    found: click.Command = cli
    for name in path:
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), name)
        assert inner is not None
        found = inner
    return found


HEAVY = ("aiohttp", "aiokafka", "elasticsearch", "fastapi", "faust", "kafka", "lxml", "numpy", "pydantic", "uvicorn")


def test_help_imports_nothing_that_takes_long() -> None:
    """Help of every command comes without what carries out its work: that takes longer to import than people wait."""
    script = f"""
import contextlib, io, sys
from desk.cli import main
for path in {LEAVES!r}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main([*path, "--help"])
    if found := sys.modules.keys() & {set(HEAVY)!r}:
        sys.exit(f"{{' '.join(path)}} --help imports {{sorted(found)}}")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_says_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The list of commands gives each a purpose, and the main help names the exit codes."""
    code, out, _ = said(capsys, "--help")
    assert code == Exit.FINE
    for (name,) in (path for path in ALL if len(path) == 1):
        assert re.search(rf"^  {name} +\S.*\.$", out, re.MULTILINE), name
    for number in ("0", "1", "2", "3", "4", "130"):
        assert re.search(rf"\b{number} ", out.partition("Exit codes")[2])


@pytest.mark.parametrize("words", [[], ["dead"], ["servers"]])
def test_a_group_alone_shows_its_commands(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """A group without a command is wrong usage that shows what there is."""
    code, out, err = said(capsys, *words)
    assert code in (Exit.FINE, Exit.USAGE)
    assert "Commands" in out + err


MISUSED = [
    ["no-such-command"],
    ["search", "--no-such-option"],
    ["search", "--limit", "0"],
    ["search", "--since", "yesterday"],
    ["search", "--sort", "colour"],
    ["show"],
    ["feed", "files"],
    ["feed", "files", "a.txt", "--source", ""],
    ["feed", "files", "a.txt", "--language", "no language"],
    ["dead", "retry"],
    ["dead", "drop", "--yes"],
    ["dead", "list", "--older-than", "long"],
    ["dead", "list", "--stage", "feed"],
    ["monitor", "--interval", "0"],
    ["tail", "stored", "--source", "bbc*"],
    ["setup", "--wait", "soon"],
]


def words_of_command(words: list[str]) -> int:
    """How many of the words name a command that there is."""
    return max((len(path) for path in ALL if list(path) == words[: len(path)]), default=0)


@pytest.mark.parametrize("words", MISUSED, ids=" ".join)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """Wrong usage is told on standard error and changes nothing."""
    code, out, err = said(capsys, *words)
    assert code == Exit.USAGE
    assert out == ""
    assert "Error" in err or "wiredesk:" in err
    assert "Traceback" not in err
    (way_out,) = re.findall(r"^next: wiredesk ?(.*) --help$", err, re.MULTILINE)
    assert way_out == " ".join(path for path in words[: words_of_command(words)])


@pytest.mark.parametrize("words", MISUSED[1:], ids=" ".join)
def test_wrong_usage_under_json_is_one_object(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """A program that asks for JSON gets the error as one JSON object on standard error, and nothing else."""
    code, out, err = said(capsys, *words, "--json")
    told = json.loads(err)
    assert (code, out) == (Exit.USAGE, "")
    assert (told["code"], set(told)) == (2, {"error", "next", "code"})
    assert told["error"]
    assert told["next"] == " ".join(["wiredesk", *words[: words_of_command(words)], "--help"])


def test_every_failure_has_a_next_step() -> None:
    """Wherever the desk ends with a failure, it says what to do next."""
    calls = [
        (path.name, node)
        for path in Path(inspect.getfile(cli_module)).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Failure"
    ]
    assert len(calls) > 40
    for name, call in calls:
        steps = [*call.args[1:2], *(one.value for one in call.keywords if one.arg == "way_out")]
        assert steps, f"{name}:{call.lineno}"
        assert not (isinstance(steps[0], ast.Constant) and not steps[0].value), f"{name}:{call.lineno}"


NEEDS_SERVERS = [["search", "x"], ["show", "x"], ["monitor", "--once"], ["dead", "list"], ["feed", "files", "a.txt"]]


@pytest.mark.parametrize("words", NEEDS_SERVERS, ids=" ".join)
def test_without_servers_it_exits_with_3_and_the_next_step(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
) -> None:
    """Where no servers are named and none run, the message says so, and what to type next."""
    code, out, err = said(capsys, *words, loaded=Nowhere(tmp_path))
    assert (code, out) == (Exit.DOWN, "")
    assert err.startswith("wiredesk: no Kafka and Elasticsearch are named, and none run from ")
    assert "\nnext: wiredesk run" in err
    code, out, err = said(capsys, *words, "--json", loaded=Nowhere(tmp_path))
    assert (code, out) == (Exit.DOWN, "")
    assert json.loads(err)["code"] == 3


def test_a_defect_of_ours_is_one_line_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected error is called what it is, with the way to see more of it."""
    code, _, err = said(capsys, "search", "x", loaded=Broken(unit_settings()))
    assert code == Exit.FINDING
    assert err.startswith("wiredesk: an error of Wiredesk itself: ZeroDivisionError: a defect\nnext: ")
    assert "WIREDESK_TRACEBACK=1" in err
    assert "Traceback" not in err
    code, _, err = said(capsys, "search", "x", "--json", loaded=Broken(unit_settings()))
    assert json.loads(err)["code"] == code == Exit.FINDING


def run(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command as it is run from a shell."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    given = {f"{ENV_PREFIX}{name}": value for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, "-m", "desk.cli", *words],
        cwd=folder,
        env={**plain, **given, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_wrong_setting_exits_with_2_and_names_it(tmp_path: Path) -> None:
    """A setting that cannot stand is wrong usage, told as one object under `--json`."""
    done = run("monitor", "--once", "--json", folder=tmp_path, PARTITIONS="many")
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    told = json.loads(done.stderr)
    assert "WIREDESK_PARTITIONS" in told["error"]
    assert told["next"].startswith("wiredesk settings --markdown")


def test_a_traceback_comes_only_when_asked_for(tmp_path: Path) -> None:
    """`WIREDESK_TRACEBACK` shows where a defect is, beside the same one line."""
    script = """
import sys
from desk.cli import _defect, _tell
try:
    {}["no such key"]
except KeyError as error:
    sys.exit(_tell(_defect(error), as_json=False))
"""
    shown = {"WIREDESK_TRACEBACK": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **shown}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == Exit.FINDING
    assert "Traceback (most recent call last)" in done.stderr
    assert "wiredesk: an error of Wiredesk itself: KeyError" in done.stderr


def test_who_stops_reading_ends_it_quietly(tmp_path: Path) -> None:
    """Output into a pipe that was closed is no error."""
    command = f"{sys.executable} -m desk.cli settings --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    assert "error of Wiredesk" not in done.stderr
    assert done.returncode == Exit.FINE


def answer(status: int) -> ApiResponseMeta:
    """What surrounds an answer of Elasticsearch."""
    return ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "elastic.invalid", 9200))


FAILURES = [
    (NoSuchStreamError("there is no stream articles.raw"), "kafka.invalid:9092", "wiredesk setup"),
    (KafkaTimeoutError("timed out"), "kafka.invalid:9092", "wiredesk servers status"),
    (NotFoundError("no such index", answer(404), {}), "no index articles", "wiredesk setup"),
    (ApiError("forbidden", answer(403), {}), "refuses: 403 forbidden", "WIREDESK_ELASTICSEARCH_URL"),
    (TransportError("refused"), "http://elastic.invalid:9200", "WIREDESK_ELASTICSEARCH_URL"),
]


@pytest.mark.parametrize(("error", "place", "step"), FAILURES, ids=[type(one[0]).__name__ for one in FAILURES])
def test_an_error_of_a_server_names_the_server_and_the_next_step(error: Exception, place: str, step: str) -> None:
    """What Kafka or Elasticsearch does wrong is told with its address and what to do, and exits with 3."""
    failure = in_words(error, unit_settings())
    assert failure is not None
    assert place in failure.message
    assert step in failure.way_out
    assert failure.code == Exit.DOWN


class Unfit(http.server.BaseHTTPRequestHandler):
    """Something that is no Elasticsearch of our version, as far as our client sees it."""

    name, answers = "", (200, {})

    def do_POST(self) -> None:
        """Refuses the version that our client names, or does not say that it is Elasticsearch."""
        status, told = self.answers
        self.send_response(status)
        self.send_header("content-type", "application/json")
        if self.name:
            self.send_header("x-elastic-product", self.name)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is http.server's)
        """Keep quiet."""


REASON = {"type": "media_type_header_exception", "reason": "Invalid media-type value on headers [Accept]"}


class Older(Unfit):
    """Elasticsearch of the major version before."""

    name, answers = "Elasticsearch", (400, {"error": {"root_cause": [REASON], **REASON}, "status": 400})


@pytest.mark.parametrize("kind", [Unfit, Older])
def test_an_elasticsearch_that_does_not_fit_our_client_is_named_in_a_sentence(kind: type[Unfit]) -> None:
    """An older one, or something else, is told with the versions of both sides and what to name instead."""
    with http.server.HTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.handle_request).start()
        named = load(elasticsearch_url=f"http://127.0.0.1:{server.server_address[1]}")
        with index.client(named) as elasticsearch, pytest.raises(ApiError) as refused:
            elasticsearch.search(index="articles", size=0)
    failure = in_words(refused.value, named)
    assert failure is not None
    assert named.elasticsearch_url in failure.message
    assert re.search(
        r"does not fit our client, elasticsearch (\d+)\.[\d.]+, which .* Elasticsearch \1 ", failure.message
    )
    assert "WIREDESK_ELASTICSEARCH_URL" in failure.way_out
    desk = web().state.desk
    assert problem_of(refused.value, desk).status == told(refused.value, desk.settings).status == 503


def test_a_kafka_that_does_not_fit_our_client_is_named_in_a_sentence() -> None:
    """A broker that lacks what our client speaks is told with our version and what to name instead."""
    failure = in_words(IncompatibleBrokerVersion("no such request"), unit_settings())
    assert failure is not None
    assert "kafka.invalid:9092 does not fit our client, kafka-python " in failure.message
    assert "WIREDESK_KAFKA_SERVERS" in failure.way_out


def test_a_mistake_of_ours_is_no_error_of_a_server() -> None:
    """An error that no server made has no such words: it is reported as a defect."""
    assert in_words(KeyError("x"), unit_settings()) is None


def test_a_shell_completes_the_names_of_sources(tmp_path: Path) -> None:
    """What is typed of a source's name is completed from the file of sources; an unreadable one completes none."""
    sources = tmp_path / "sources.toml"
    sources.write_text('[[source]]\nname = "The Herald"\nkind = "files"\npath = "articles"\n')
    asked = {"COMP_WORDS": "wiredesk feed check the", "COMP_CWORD": "3", "_WIREDESK_COMPLETE": "bash_complete"}
    for file, completed in ((sources, "plain,The Herald"), (tmp_path / "none.toml", "")):
        done = subprocess.run(
            [sys.executable, "-c", "from desk.cli import main; main()"],
            env={**os.environ, **asked, "WIREDESK_SOURCES_FILE": str(file)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == completed
        assert "Traceback" not in done.stderr
