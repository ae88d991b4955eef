"""Debian's Prometheus takes the configuration, the rules call when they should, and a real one sees a real worker."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from schemas.settings import Settings
from tests.integration.pipeline import made, until, working

pytestmark = pytest.mark.checkout

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"


def tool(name: str) -> str:
    """Where a program of Prometheus lies; without it the test is skipped, and fails where CI must have it."""
    found = shutil.which(name)
    if found is None:
        said = f"{name} is not installed (Debian: apt install prometheus)"
        if os.environ.get("CI"):
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
    return found


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    """What promtool says."""
    command = [tool("promtool"), *words]
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize(("kind", "file"), [("config", "prometheus.yml"), ("rules", "rules.yml")])
def test_prometheus_takes_the_files(kind: str, file: str) -> None:
    """Configuration and rules are valid, and promtool has nothing against them."""
    done = promtool("check", kind, file)
    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout


def test_promtool_refuses_a_broken_rule(tmp_path: Path) -> None:
    """The same check refuses a rule whose expression is none."""
    broken = (FOLDER / "rules.yml").read_text(encoding="utf-8").replace("min by (server)", "min by by (server)")
    (tmp_path / "rules.yml").write_text(broken, encoding="utf-8")
    assert promtool("check", "rules", str(tmp_path / "rules.yml")).returncode != 0


@pytest.mark.parametrize("file", ["rules_test.yml", "week_test.yml"])
def test_rules_call_when_they_should_and_stay_quiet_in_a_quiet_night(file: str) -> None:
    """Every case of the rule tests holds: each alert fires for its cause, and none in a night without articles."""
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_to_fire_and_to_stay_quiet() -> None:
    """Each rule has a case in which it fires, and is among those that a quiet night must not set off."""
    rules = yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))["groups"]
    names = {rule["alert"] for group in rules for rule in group["rules"]}
    fired: set[str] = set()
    quiet: set[str] = set()
    for file in ("rules_test.yml", "week_test.yml"):
        for case in yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))["tests"]:
            for check in case["alert_rule_test"]:
                (fired if check["exp_alerts"] else quiet).add(check["alertname"])
                assert check["exp_alerts"] or not check["eval_time"].startswith("7d2h") or "quiet night" in case["name"]
    assert fired == names
    assert quiet == names


def hurried(target: str) -> tuple[str, str]:
    """Configuration and rules as they are delivered, but asking one target every second and waiting for nothing."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"] = [{"job_name": "wiredesk-sink", "static_configs": [{"targets": [target]}]}]
    rules = yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = "2s"
    return yaml.safe_dump(config), yaml.safe_dump(rules)


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """A real Prometheus that watches a target; gives its address."""
    program, port = tool("prometheus"), free_port()
    for name, text in zip(("prometheus.yml", "rules.yml"), hurried(target), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is None and is_ready(address), f"ready: {(folder / 'log').read_text()}", 60)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def is_ready(address: str) -> bool:
    """Whether Prometheus answers."""
    try:
        with urllib.request.urlopen(f"{address}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def asked(address: str, path: str) -> Any:
    """The data of an answer of Prometheus' API."""
    with urllib.request.urlopen(f"{address}/api/v1/{path}", timeout=10) as answer:
        return json.load(answer)["data"]


def firing(address: str) -> set[str]:
    """The alerts that fire now."""
    alerts = asked(address, "alerts")["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def value(address: str, query: str) -> float | None:
    """What a query gives; none where there is nothing."""
    found = asked(address, f"query?query={quote(query)}")["result"]
    return float(found[0]["value"][1]) if found else None


def test_a_real_prometheus_sees_a_worker_and_calls_when_it_hangs(settings: Settings, tmp_path: Path) -> None:
    """Prometheus scrapes a real sink; frozen, the sink is called for, and no more when it goes on."""
    tool("prometheus")
    port = free_port()
    here = settings.model_copy(update={"metrics_port": port - 1})
    with made(settings), working(here) as work, prometheus(tmp_path, f"127.0.0.1:{port}") as address:
        until(lambda: value(address, 'wiredesk_ready{check="kafka"}') == 1, "the sink seen")
        assert value(address, "up") == 1
        assert (value(address, "process_resident_memory_bytes") or 0) > 2**20
        assert not firing(address) & {"WorkerDown", "IndexBlocked", "Waiting"}
        process = work["sink"].seen().process
        assert process is not None
        os.kill(process, signal.SIGSTOP)
        try:
            until(lambda: "WorkerDown" in firing(address), "called for", 60)
        finally:
            os.kill(process, signal.SIGCONT)
        until(lambda: "WorkerDown" not in firing(address), "quiet again", 60)
