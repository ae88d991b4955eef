"""The containers: the compose file, and the Dockerfile and build context of our own image."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from deploy.local.artifacts import bundle
from schemas.settings import ENV_PREFIX, Settings, load
from schemas.streams import MAX_MESSAGE_BYTES

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS, WORKERS = ("kafka", "elasticsearch"), ("enricher", "sink", "feed", "monitor")
OURS = ("setup", *WORKERS, "desk")
WATCHERS = ("prometheus", "grafana")
BROKEN = Path(__file__).parents[1] / "data" / "compose" / "broken.yml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def against_the_specification(file: Path) -> subprocess.CompletedProcess[str]:
    """What the checker says of a compose file."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_file_is_of_the_compose_specification() -> None:
    """The compose file is valid by the JSON Schema of the Compose Specification."""
    checked = against_the_specification(FILE)
    assert checked.returncode == 0, checked.stdout


def test_specification_refuses_a_misspelt_name() -> None:
    """The same check refuses a compose file with a key that the specification does not know."""
    checked = against_the_specification(BROKEN)
    assert checked.returncode == 1
    assert "memory_limit" in checked.stdout


def test_services_are_these() -> None:
    """The file has the two servers, ours, Prometheus and Grafana; the desk and these start when they are asked for."""
    assert set(SERVICES) == {*SERVERS, *OURS, *WATCHERS}
    asked_for = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert asked_for == {"desk": ["desk"], **{name: ["monitoring"] for name in ("monitor", *WATCHERS)}}


def test_images_of_others_are_pinned() -> None:
    """Every image that is pulled has a version of its own, and none is the latest."""
    images = [service["image"] for name, service in SERVICES.items() if name not in OURS]
    assert all(re.search(r":v?\d+\.\d+\.\d+$", image) for image in images)


def test_configs_are_files_that_are_there() -> None:
    """Every file that a service is given is one of the project's, and every one is given to some service."""
    given = {one["source"] for service in SERVICES.values() for one in service.get("configs", ())}
    assert given == set(COMPOSE["configs"])
    assert all((ROOT / one["file"]).is_file() for one in COMPOSE["configs"].values())


def test_a_worker_that_hangs_is_unhealthy_within_ninety_seconds() -> None:
    """The health check asks the process itself whether it goes on, and its failures add up in ninety seconds."""
    for name in WORKERS:
        check = SERVICES[name]["healthcheck"]
        assert f":{SERVICES[name]['environment']['WIREDESK_METRICS_PORT']}/livez" in check["test"][-1]
        interval, timeout = (int(check[key].removesuffix("s")) for key in ("interval", "timeout"))
        assert check["retries"] * (interval + timeout) <= 90


@every_service
def test_service_is_not_root(service: dict[str, Any]) -> None:
    """Every service runs as a user that is named by its number, and is not root."""
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) >= 0


@every_service
def test_service_has_no_privileges(service: dict[str, Any]) -> None:
    """Every service has no capability, cannot gain one, and shares nothing of the host's but its ports."""
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    shared = {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "uts", "userns_mode", "volumes_from"}
    assert not shared & set(service)


@every_service
def test_service_writes_only_where_it_must(service: dict[str, Any]) -> None:
    """Every service has a read-only root; what it writes goes to a named volume, or to memory of a limited size."""
    assert service["read_only"] is True
    assert all(mount.partition(":")[0] in COMPOSE["volumes"] for mount in service.get("volumes", []))
    assert all("size=" in mount for mount in service["tmpfs"])


@every_service
def test_service_has_limits(service: dict[str, Any]) -> None:
    """Every service has a limit of memory, processors and processes, of its log, and of the time to stop in."""
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["cpus"] <= 2
    assert 0 < service["pids_limit"] <= 1024
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert re.fullmatch(r"\d+s", service["stop_grace_period"])


@pytest.mark.parametrize("name", [*SERVERS, *WATCHERS, *WORKERS, "desk"])
def test_lasting_service_is_checked_and_restarted(name: str) -> None:
    """Every service that lasts has a health check, and is started again when it ends."""
    assert set(SERVICES[name]["healthcheck"]) == {"test", "interval", "timeout", "retries", "start_period"}
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_setup_runs_once() -> None:
    """The setup is not started again: a failed one stands as failed."""
    assert SERVICES["setup"]["restart"] == "no"


@pytest.mark.parametrize("port", [port for service in SERVICES.values() for port in service.get("ports", ())])
def test_port_is_on_loopback(port: str) -> None:
    """Every published port is on 127.0.0.1."""
    assert port.startswith("127.0.0.1:")


def test_only_who_must_has_a_way_out() -> None:
    """Who reads hostile articles publishes nothing and has no way out; who fetches has, and the desk shows pages."""
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in OURS:
        goes_out = name in ("feed", "desk")
        assert SERVICES[name]["networks"] == (["inside", "outside"] if goes_out else ["inside"])
        assert ("ports" in SERVICES[name]) == (name == "desk")


def test_the_desk_asks_for_the_token_of_who_starts_it() -> None:
    """The desk listens on its network, so it starts with a token alone, which comes from outside the file."""
    assert SERVICES["desk"]["environment"]["WIREDESK_WEB_TOKEN"] == "${WIREDESK_WEB_TOKEN:-}"
    assert SERVICES["desk"]["environment"]["WIREDESK_WEB_HOST"] == "0.0.0.0"


@pytest.mark.parametrize("name", SERVERS)
def test_server_is_of_the_version_that_runs_without_containers(name: Any) -> None:
    """Each server's image is of exactly the version that is downloaded where there is no container engine."""
    image, version = SERVICES[name]["image"].split(":")
    assert version == bundle(name).version
    assert image in {"apache/kafka", "elasticsearch"}


@pytest.mark.parametrize("name", OURS)
def test_our_image_is_of_this_version_and_never_pulled(name: str) -> None:
    """Our own image has the project's version, is built here, and is never looked for in a registry."""
    service = SERVICES[name]
    assert service["image"] == f"wiredesk:{PROJECT['project']['version']}"
    assert service["pull_policy"] == "never"
    assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_servers_start_alone() -> None:
    """The two servers wait for nothing: they can be started by themselves."""
    assert not any("depends_on" in SERVICES[name] for name in SERVERS)


def test_workers_wait_for_what_they_need() -> None:
    """The setup waits for healthy servers, and the workers for the setup too."""
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    assert SERVICES["setup"]["depends_on"] == {"kafka": healthy, "elasticsearch": healthy}
    assert SERVICES["enricher"]["depends_on"] == {"kafka": healthy, "setup": done}
    assert SERVICES["sink"]["depends_on"] == {"kafka": healthy, "elasticsearch": healthy, "setup": done}


def test_every_setting_is_a_real_one() -> None:
    """Every variable of Wiredesk's that the file names is a setting."""
    named = set(re.findall(rf"{ENV_PREFIX}[A-Z_]+", TEXT))
    assert named
    assert named <= {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_defaults_are_those_of_the_settings() -> None:
    """Where the file has a default for a setting, it is the setting's own."""
    found = set(re.findall(rf"\$\{{{ENV_PREFIX}([A-Z_]+):-([^}}]+)\}}", TEXT))
    servers = {"KAFKA_PORT", "KAFKA_HEAP", "ELASTICSEARCH_PORT", "ELASTICSEARCH_HEAP"}
    assert {name for name, _ in found} == {*servers, "WEB_PORT"}
    assert all(str(Settings.model_fields[name.lower()].default) == default for name, default in found)


@pytest.mark.parametrize("name", OURS)
def test_our_services_settings_stand(name: str) -> None:
    """The settings that our services are given are accepted, and name the servers as the network knows them."""
    given = {key.removeprefix(ENV_PREFIX).lower(): value for key, value in SERVICES[name]["environment"].items()}
    settings = load(**given)
    listeners = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert f"INSIDE://{settings.kafka_servers}" in listeners
    assert settings.elasticsearch_url == "http://elasticsearch:9200"


def test_no_secret_is_written_down() -> None:
    """No service is given a password, a token or a key that stands in the file."""
    given = [one for service in SERVICES.values() for one in service.get("environment", {}).items()]
    secret = re.compile(r"PASS|SECRET|TOKEN|API_KEY|CREDENTIAL", re.IGNORECASE)
    assert {value for name, value in given if secret.search(name)} == {"${WIREDESK_WEB_TOKEN:-}"}
    assert "secrets" not in COMPOSE


def test_kafka_takes_what_wiredesk_sends() -> None:
    """Kafka takes the largest message, makes no stream by itself, and keeps offsets as long as articles."""
    given = SERVICES["kafka"]["environment"]
    assert int(given["KAFKA_MESSAGE_MAX_BYTES"]) >= MAX_MESSAGE_BYTES
    assert given["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    days = Settings.model_fields["raw_retention_days"].default
    assert int(given["KAFKA_OFFSETS_RETENTION_MINUTES"]) >= days * 24 * 60


def test_elasticsearch_makes_no_index_by_itself() -> None:
    """Elasticsearch is one node, makes no index unasked, and stores data and snapshots on its volume."""
    given, [volume] = SERVICES["elasticsearch"]["environment"], SERVICES["elasticsearch"]["volumes"]
    assert given["discovery.type"] == "single-node"
    assert given["action.auto_create_index"] == "false"
    assert all(given[name].startswith(f"{volume.partition(':')[2]}/") for name in ("path.data", "path.repo"))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), with continued lines joined."""
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    whole = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    parted = (line.split(maxsplit=1) for line in whole.splitlines() if line.strip())
    return [(word, " ".join(rest.split())) for word, rest in parted]


INSTRUCTIONS = instructions()
LAST_STAGE = INSTRUCTIONS[max(at for at, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]


def test_image_is_built_in_two_stages_on_one_base() -> None:
    """The image has a stage that builds and one that is kept, both on a Python that Wiredesk runs on."""
    known = {"ARG", "FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in INSTRUCTIONS} == known
    assert [rest for word, rest in INSTRUCTIONS if word == "FROM"] == ["${BASE} AS build", "${BASE}"]
    assert ("ARG", "BASE=python:3.12.12-slim") in INSTRUCTIONS


def test_image_runs_wiredesk_as_the_composes_user() -> None:
    """The image's last word on its user is the one that the compose file names, and it starts `wiredesk`."""
    users = [rest for word, rest in LAST_STAGE if word == "USER"]
    assert users[-1] == SERVICES["sink"]["user"]
    assert ("ENTRYPOINT", '["wiredesk"]') in LAST_STAGE


def test_image_has_the_folders_that_volumes_are_mounted_on() -> None:
    """A new volume is its user's because the image's folder is: each of our services' stands there, made and given."""
    [run] = [rest for word, rest in LAST_STAGE if word == "RUN"]
    [made] = re.findall(r"mkdir ((?:/\S+ ?)+)", run)
    [given] = re.findall(rf"chown {SERVICES['feed']['user']} ((?:/\S+ ?)+)", run)
    ours = [SERVICES[name] for name in SERVICES if name not in SERVERS]
    mounted = {mount.split(":")[1] for service in ours for mount in service.get("volumes", []) if "/wiredesk" in mount}
    assert {"/var/lib/wiredesk/seeds", "/var/lib/wiredesk/data"} <= mounted
    assert mounted == set(made.split()) == set(given.split())


def test_image_keeps_no_build_tool() -> None:
    """The stage that is kept takes one folder from the other, and installs nothing itself."""
    assert [rest for word, rest in LAST_STAGE if word == "COPY"] == ["--from=build /opt/wiredesk /opt/wiredesk"]
    assert not [rest for word, rest in LAST_STAGE if word == "RUN" and re.search(r"\b(pip|apt|apt-get)\b", rest)]


def test_image_installs_only_what_is_locked() -> None:
    """Every install in the Dockerfile checks hashes, but for the project's own wheel, which fetches nothing."""
    runs = " && ".join(rest for word, rest in INSTRUCTIONS if word == "RUN")
    installs = [command for command in runs.split("&&") if " install " in command]
    assert len(installs) == 3
    assert all("--require-hashes" in command or "--no-index" in command for command in installs)


def test_image_names_all_that_the_build_backend_needs() -> None:
    """The Dockerfile takes the build backend and each of its dependencies from the lock file."""
    [alternatives] = re.findall(r"\^\(([a-z|-]+)\)==", str(INSTRUCTIONS))
    needed = (Requirement(text) for text in requires("hatchling") or [])
    names = {one.name for one in needed if not one.marker or one.marker.evaluate({"python_version": "3.12"})}
    assert set(alternatives.split("|")) == {"hatchling", *names}
    assert all(re.search(rf"^{name}==", LOCK, re.MULTILINE) for name in alternatives.split("|"))


def test_build_context_holds_only_the_project() -> None:
    """Nothing goes to the engine but what the wheel is made of: no history, no environment, no local settings."""
    first, *others = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*"
    let_in = {line.removeprefix("!") for line in others if line.startswith("!")}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    files = {"LICENSE", "README.md", "pyproject.toml", "requirements.lock", "requirements-dev.lock"}
    assert let_in == {*wheel["packages"], *wheel["force-include"], *files}
