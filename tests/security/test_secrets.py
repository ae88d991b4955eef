"""Whatever goes wrong, no password is told: not by a command, a log, a page, a metric, a message or a process."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import logging
import os
import subprocess
import sys
import traceback
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import structlog
from kafka import KafkaConsumer, KafkaProducer
from pydantic import SecretStr

from deploy.local.ports import free_ports
from desk.workers import Worker, collector, web_desk
from processors.dead import open_letters
from schemas.settings import ENV_PREFIX, Settings, SettingsError, environment, load
from schemas.streams import producer_options, read_to_end, reader_options, streams
from schemas.telemetry import logging_config
from tests.faults.rig import at_work
from tests.faults.scale import scaled
from tests.integration.pipeline import drain, made, stored, until, wiredesk, working
from tests.pages import front, rss, stories
from tests.security.many import commands
from tests.table import Row
from tests.web import Answer, Site

ROOT = Path(__file__).parents[2]
MARK = "Zq7canary"
SECRETS = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
CANARIES = {name: f"{MARK}-{name}" for name in SECRETS}
USER = "wire"


def told(text: str | bytes) -> list[str]:
    """The lines in which a canary sings: as it is, quoted, or as it is sent."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    sung = [MARK, quote(MARK), *(sent(value) for value in CANARIES.values())]
    return [line[:300] for line in plain.splitlines() if any(one in line for one in sung)]


def sent(password: str) -> str:
    """A password as it stands in a header that signs in."""
    return base64.b64encode(f"{USER}:{password}".encode()).decode()


def test_a_canary_is_heard() -> None:
    """What is looked for is found in all of its forms, and only there."""
    assert len(SECRETS) >= 5
    assert told(f"one\npassword={MARK}-x\ntwo") == [f"password={MARK}-x"]
    assert told(f"Authorization: Basic {sent(CANARIES['elasticsearch_password'])}".encode())
    assert told("nothing\n") == []


# What each command is given; of those that are not here, nothing.
WORDS = {
    "feed add": ["http://127.0.0.1:1/", "--yes"],
    "feed check": ["endless"],
    "feed export": ["-"],
    "feed files": ["seeds/articles"],
    "feed import": ["{data}/list.opml"],
    "feed now": ["endless"],
    "feed pause": ["nobody"],
    "feed preview": ["seeds/articles"],
    "feed remove": ["nobody"],
    "feed resume": ["nobody"],
    "search": ["grain"],
    "show": ["a" * 32],
    "trace": ["https://news.example/1"],
    "tail": ["raw"],
    "dead drop": ["--all"],
    "dead show": ["articles.raw-0-1"],
    "dead retry": ["--all"],
    "rebuild": ["--status"],
    "snapshot restore": ["latest"],
    "setup": ["--wait", "2"],
}


def given(data: Path, **named: str) -> dict[str, str]:
    """The environment of a command with a canary in every secret."""
    found = {f"{ENV_PREFIX}{name.upper()}": value for name, value in CANARIES.items()}
    found |= {
        "KAFKA_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_USERNAME": USER,
        "ELASTICSEARCH_USERNAME": USER,
        "LOG_LEVEL": "DEBUG",
        "TRACEBACK": "1",
        "DATA_DIR": str(data),
        "CACHE_DIR": str(data / "cache"),
        "SOURCES_FILE": str(data / "sources.toml"),
        "SERVERS": "local",
        "MAVEN_REPOSITORY": "http://127.0.0.1:1/maven",
        "START_SECONDS": "5",
        "WEB_PORT": "0",
        **named,
    }
    return {name if name.startswith(ENV_PREFIX) else f"{ENV_PREFIX}{name}": value for name, value in found.items()} | {
        "https_proxy": f"http://{USER}:{MARK}-proxy@127.0.0.1:1",
        "http_proxy": f"http://{USER}:{MARK}-proxy@127.0.0.1:1",
    }


def said(jobs: list[tuple[list[str], dict[str, str]]], folder: Path, seconds: float) -> dict[str, str]:
    """What each command says, by its words and number."""
    files = {f"{number} {' '.join(words)}": folder / f"{number}.txt" for number, (words, _) in enumerate(jobs)}
    given = [
        {"words": words, "environment": named, "said": str(path)}
        for (words, named), path in zip(jobs, files.values(), strict=True)
    ]
    command = [sys.executable, "-m", "tests.security.many", str(seconds), "6"]
    done = subprocess.run(command, input=json.dumps(given), cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: path.read_text(encoding="utf-8", errors="replace") for name, path in files.items()}


@pytest.fixture
def wrong() -> Iterator[dict[str, dict[str, str]]]:
    """Servers in every state in which they are of no use, by the settings that name them."""
    refusing = {"error": {"type": "security_exception", "reason": "unable to authenticate"}, "status": 401}
    head = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}
    with Site(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as no_kafka, Site() as web, Site() as broken:
        web.put("*", Answer(json.dumps(refusing).encode(), 401, head))
        broken.put("*", Answer(b"<html>Bad gateway</html>", 502, {"Content-Type": "text/html"}))
        kafka = f"127.0.0.1:{no_kafka.port}"
        yield {
            "nothing named": {},
            "refused": {"KAFKA_SERVERS": "127.0.0.1:1", "ELASTICSEARCH_URL": "http://127.0.0.1:1"},
            "other servers": {"KAFKA_SERVERS": kafka, "ELASTICSEARCH_URL": web.url().rstrip("/")},
            "broken": {"KAFKA_SERVERS": "no-such-host.invalid:9092", "ELASTICSEARCH_URL": broken.url().rstrip("/")},
        }


def jobs(data: Path, states: dict[str, dict[str, str]], flags: list[str]) -> list[tuple[list[str], dict[str, str]]]:
    """Every command in every state."""
    found = []
    for (number, state), words in itertools.product(enumerate(states.values()), commands()):
        more = [one.format(data=data) for one in WORDS.get(" ".join(words), [])]
        named = {**state, "LOG_FORMAT": "json" if number % 2 else "text"}
        found.append(([*words, *more, *flags], given(data, **named)))
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a source and a list of sources."""
    source = '[[source]]\nname = "endless"\nkind = "feed"\nurl = "http://127.0.0.1:1/feed.xml"\n'
    (tmp_path / "sources.toml").write_text(source, encoding="utf-8")
    opml = f'<opml><body><outline text="x" xmlUrl="https://{USER}:{MARK}-opml@a.example/feed"/></body></opml>'
    (tmp_path / "list.opml").write_text(opml, encoding="utf-8")
    return tmp_path


def test_no_command_tells_a_secret(
    data: Path, wrong: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory, attack: Row
) -> None:
    """Each command with servers that are absent, refuse, are others or broken, its help, and its JSON: no canary."""
    attack("secrets")
    states = wrong if scaled(0, 1) else {name: wrong[name] for name in ("nothing named", "other servers")}
    folder = tmp_path_factory.mktemp("said")
    found = said(jobs(data, states, []), folder, scaled(6.0, 45.0))
    found |= {f"help {name}": text for name, text in said(jobs(data, {"": {}}, ["--help"]), folder, 20).items()}
    found |= {
        f"settings {name}": one for name, one in said([(["settings", "--json"], given(data))], folder, 20).items()
    }
    assert len([name for name in found if not found[name].strip()]) < len(found) / 10
    assert {"enricher", "sink", "web", "run"} <= {words[0] for words in commands()}
    hits = {name: told(text) for name, text in found.items() if told(text)}
    assert hits == {}
    attack.did("commands that were made to fail", len(found), 100)
    attack.is_exactly("hits", len(hits), 0)
    kept = [path for path in data.rglob("*") if path.is_file() and path.name != "list.opml"]
    attack.is_exactly("hits", sum(bool(told(path.read_bytes())) for path in kept), 0)


ADDRESSES = {
    "kafka_servers": f"{USER}:{MARK}@127.0.0.1:9092",
    "elasticsearch_url": f"https://{USER}:{MARK}@127.0.0.1:9200",
    "maven_repository": f"https://{USER}:{MARK}@127.0.0.1/maven",
    "push_url": f"https://{USER}:{MARK}@127.0.0.1/push",
    "fetch_contact": f"https://{USER}:{MARK}@127.0.0.1/",
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_password_in_an_address_of_the_settings_is_refused_untold(name: str, attack: Row) -> None:
    """An address with a user in it is refused by the name of its setting, and not shown."""
    attack("secrets").did("addresses with a password", 1, 10)
    with pytest.raises(SettingsError, match=f"{ENV_PREFIX}{name.upper()}: .*user or password") as refused:
        load(**{name: ADDRESSES[name]})
    attack.is_exactly("hits", len(told("".join(traceback.format_exception(refused.value)))), 0)


@pytest.mark.parametrize("kind", ["feed", "sitemap", "page", "url", "warc"])
def test_a_password_in_an_address_of_a_source_is_refused_untold(kind: str, data: Path, attack: Row) -> None:
    """A source with a user in its address is refused by every command that reads the file, and not shown."""
    attack("secrets").did("addresses with a password", 1, 10)
    url = f"https://{USER}:{MARK}@a.example/x"
    (data / "sources.toml").write_text(f'[[source]]\nname = "a"\nkind = "{kind}"\nurl = "{url}"\n', encoding="utf-8")
    words = [
        ["feed", "list"],
        ["feed", "check", "a"],
        ["feed", "export", "-"],
        ["feed", "add", url],
        ["feed", "check", url],
        ["feed", "run"],
    ]
    folder = data / "said"
    folder.mkdir()
    named = given(data, KAFKA_SERVERS="127.0.0.1:1", ELASTICSEARCH_URL="http://127.0.0.1:1")
    found = said([(one, named) for one in words], folder, 8)
    assert any("user name or password" in text for text in found.values())
    hits = {name: told(text) for name, text in found.items() if told(text)}
    assert hits == {}
    attack.is_exactly("hits", len(hits), 0)


def test_a_traceback_tells_no_value(attack: Row) -> None:
    """A log of an error, as text or as JSON, tells where it was and no variable's value; settings print no secret."""
    attack("secrets")
    settings = Settings(**{name: SecretStr(value) for name, value in CANARIES.items()})
    shown = f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()} {settings.web_token}"
    for log_format in ("text", "json"):
        formatter = logging_config(settings.model_copy(update={"log_format": log_format}))["formatters"]["wiredesk"]
        processors = {name: value for name, value in formatter.items() if name != "()"}
        form = structlog.stdlib.ProcessorFormatter(**processors)
        try:
            _fails(environment(settings))
        except RuntimeError:
            record = logging.LogRecord("x", logging.ERROR, "x", 1, "failed", None, sys.exc_info())
            shown += f"\n{form.format(record)}"
    assert shown.count("it is broken") >= 2
    assert told(shown) == []
    attack.is_exactly("hits", len(told(shown)), 0)


def _fails(passed: dict[str, str]) -> None:
    assert any(MARK in value for value in passed.values())
    raise RuntimeError("it is broken")


@pytest.fixture
def flowing(settings: Settings, tmp_path: Path) -> Iterator[tuple[Settings, Site]]:
    """Settings with a canary in every secret and a port for each server of ours, and a site with a feed."""
    with free_ports(3) as ports:
        web, push, metrics = sorted(ports)
    with Site() as site:
        found = stories(3)
        site.put("/", front((), feed=site.url("/rss")))
        site.put("/rss", rss(site.url("").rstrip("/"), found), kind="application/rss+xml")
        sources = tmp_path / "sources.toml"
        sources.write_text(f'[[source]]\nname = "grain"\nkind = "feed"\nurl = "{site.url("/rss")}"\n', encoding="utf-8")
        told_of = {
            **{name: SecretStr(value) for name, value in CANARIES.items() if name != "elasticsearch_api_key"},
            "elasticsearch_username": USER,
            "kafka_username": USER,
            "fetch_allow_hosts": "127.0.0.1",
            "sources_file": sources,
            "web_port": web,
            "push_port": push,
            "metrics_port": metrics,
            "log_level": "DEBUG",
            "log_format": "json",
        }
        with made(settings.model_copy(update=told_of)) as here:
            yield here, site


def asked(url: str, token: str = "", body: bytes | None = None) -> str:
    """What is answered, whatever its status; with the answer's head."""
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return f"{answer.headers}\n{answer.read().decode('utf-8', 'replace')}"
    except urllib.error.HTTPError as error:
        return f"{error.headers}\n{error.read().decode('utf-8', 'replace')}"
    except OSError as error:
        return str(error)


def answers(settings: Settings) -> dict[str, str]:
    """What every port of ours tells, to who shows the token, who shows none and who shows a wrong one."""
    desk, push = f"http://127.0.0.1:{settings.web_port}", f"http://127.0.0.1:{settings.push_port}"
    paths = ["/", "/?q=grain", "/search.json?q=(", "/sources", "/stream", "/dead", "/trace?q=x", "/nowhere", "/login"]
    paths += ["/metrics", "/readyz?verbose", "/livez", "/api", "/api/openapi.json", "/api/v1/stream", "/api/v1/dead"]
    paths += ["/api/v1/sources", "/api/v1/articles/nix", "/sources/problems.atom", "/sources/grain"]
    found = {}
    for token in ("", "wrong", CANARIES["web_token"]):
        found |= {f"{path} with {token}": asked(f"{desk}{path}", token) for path in paths}
    for token in ("", "wrong", CANARIES["push_token"]):
        found[f"push with {token}"] = asked(f"{push}/articles", token, b'{"nothing": 1}')
    for number in range(3):
        for path in ("metrics", "livez?verbose", "readyz?verbose"):
            found[f"port {number} {path}"] = asked(f"http://127.0.0.1:{settings.metrics_port + number}/{path}")
    return found


def messages(settings: Settings) -> Iterator[bytes]:
    """Every message of every stream: key, headers and value."""
    with contextlib.closing(KafkaConsumer(**reader_options(settings))) as consumer:
        names = [name for name in consumer.topics() if name.startswith(settings.stream_prefix)]
        for name in names:
            for record in read_to_end(consumer, name):
                yield repr((name, record.key, record.headers)).encode() + b"\n" + (record.value or b"")


def command_lines() -> Iterator[str]:
    """How every process of the machine was started."""
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            yield " ".join(one.cmdline())


def test_no_canary_sings_while_all_works(flowing: tuple[Settings, Site], attack: Row) -> None:
    """Articles and poison go the whole way with a canary in every secret, and none shows at any place on it."""
    attack("secrets")
    settings, site = flowing
    names = streams(settings)
    record = {"url": f"https://{USER}:{MARK}@news.example/1", "title": "Grain", "text": "Grain talks went on. " * 20}
    workers: list[Worker] = [collector(settings), web_desk(settings)]
    with working(settings), contextlib.ExitStack() as stack:
        for worker in workers:
            stack.enter_context(at_work(worker))
        with contextlib.closing(KafkaProducer(**producer_options(settings))) as producer:
            for number, value in enumerate((b"{", b'{"schema_version": 99}', b"\xff\xfe")):
                producer.send(names.raw.name, value, f"poison-{number}".encode()).get(30)
        fed = wiredesk(settings, "feed", "files", "-", stdin=json.dumps(record))
        assert fed.returncode == 0, fed.stderr
        until(lambda: any("/news/" in path for path in site.paths), "the feed is read", 90)
        until(lambda: len(list(open_letters(settings))) == 3, "the poison is buried", 90)
        drain(settings)
        until(lambda: asked(f"http://127.0.0.1:{settings.web_port}/livez").strip(), "the desk answers", 60)
        said = {**answers(settings), "feed files": fed.stdout + fed.stderr, "processes": "\n".join(command_lines())}
    said |= {f"message {number}": one.decode("utf-8", "replace") for number, one in enumerate(messages(settings))}
    said |= {f"document {key}": json.dumps(one) for key, one in stored(settings).items()}
    said |= {str(path): path.read_text(errors="replace") for path in settings.data_dir.rglob("*") if path.is_file()}
    assert any(name.startswith("document") for name in said)
    assert any("wiredesk_articles_total" in one for one in said.values())
    assert any("wiredesk_source_published_total" in one for one in said.values())
    assert sum(name.endswith(".log") for name in said) >= 4
    hits: dict[str, Any] = {name: told(text) for name, text in said.items() if told(text)}
    assert hits == {}
    attack.did("pages, messages, documents, logs, process lists", len(said), 100)
    attack.is_exactly("hits", len(hits), 0)


def test_the_environment_of_the_tests_holds_no_canary() -> None:
    """What is found is what Wiredesk tells, and not what the tests leave lying about."""
    assert told(json.dumps(dict(os.environ))) == []
