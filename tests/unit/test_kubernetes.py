"""The manifests for Kubernetes: whole, consistent with each other and with the settings, and without privileges."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from deploy.local.artifacts import bundle
from desk.cli import cli
from schemas.settings import ENV_PREFIX, Settings, load
from schemas.streams import MAX_MESSAGE_BYTES

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
MANIFESTS: dict[tuple[str, str], dict[str, Any]] = {}
for file in KUSTOMIZATION["resources"]:
    for one in yaml.safe_load_all((FOLDER / file).read_text(encoding="utf-8")):
        MANIFESTS[one["kind"], one["metadata"]["name"]] = one
OURS = {name: one for (kind, name), one in MANIFESTS.items() if kind in ("Deployment", "Job")}
WORKERS = {"enricher", "sink", "feed", "desk", "monitor"}
ENV = dict(line.split("=", 1) for line in (FOLDER / "settings.env").read_text(encoding="utf-8").splitlines())
# What operators put there, and what the kustomization says one makes oneself.
KAFKA, ELASTICSEARCH = "wiredesk", "wiredesk"
SECRETS = {
    "wiredesk": {"password"},
    f"{KAFKA}-cluster-ca-cert": {"ca.crt"},
    f"{ELASTICSEARCH}-es-http-certs-public": {"ca.crt"},
    "wiredesk-elasticsearch": {"username", "password", "roles"},
    "wiredesk-web": {"token"},
}

each = pytest.mark.parametrize("workload", OURS.values(), ids=OURS)


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    """What a workload says of its pods."""
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def container(workload: dict[str, Any]) -> dict[str, Any]:
    """The one container of a workload of ours."""
    (found,) = pod(workload)["containers"]
    return dict(found)


def values(workload: dict[str, Any]) -> dict[str, Any]:
    """What a container is given by name in its environment: a value, or the Secret that holds it."""
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container(workload)["env"]}


def inside(value: Any, key: str) -> Iterator[Any]:
    """Everything that stands under a key, at any depth."""
    if isinstance(value, dict):
        yield from (inner for name, inner in value.items() if name == key)
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from inside(inner, key)


def test_the_kustomization_names_every_file_and_every_file_is_there() -> None:
    """Each file of the folder is used, and none is used that is not there."""
    generated = [name for one in KUSTOMIZATION["secretGenerator"] for name in one["files"]]
    generated += [name for one in KUSTOMIZATION["configMapGenerator"] for name in one["envs"]]
    named = [*KUSTOMIZATION["resources"], *generated, "kustomization.yaml"]
    assert sorted(named) == sorted(path.name for path in FOLDER.iterdir())


def test_the_workloads_are_these() -> None:
    """The setup is a job, everything else goes on; each runs a command that there is."""
    assert set(OURS) == {f"wiredesk-{name}" for name in {*WORKERS, "setup"}}
    assert OURS["wiredesk-setup"]["kind"] == "Job"
    for workload in OURS.values():
        found: click.Command | None = cli
        for word in container(workload)["args"]:
            if isinstance(found, click.Group):
                found = found.get_command(click.Context(found), word)
                assert found is not None, word
            elif word.startswith("--"):
                assert found is not None
                assert word in {name for parameter in found.params for name in parameter.opts}


@each
def test_no_workload_has_a_privilege(workload: dict[str, Any]) -> None:
    """Each runs as the image's own user, cannot become another, holds no capability, and writes to no root."""
    uid = int((re.findall(r"^USER (\d+):", (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))[-1])
    told, own = pod(workload)["securityContext"], container(workload)["securityContext"]
    assert (told["runAsNonRoot"], told["runAsUser"], told["seccompProfile"]) == (True, uid, {"type": "RuntimeDefault"})
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(workload)["automountServiceAccountToken"] is False
    shared = {"hostNetwork", "hostPID", "hostIPC", "hostPath", "hostPort", "privileged"}
    assert not [key for key in shared if list(inside(workload, key))]


@each
def test_every_workload_has_limits(workload: dict[str, Any]) -> None:
    """Each says what it needs and what it may take, and what it writes beside volumes has a size."""
    resources = container(workload)["resources"]
    assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory"}
    assert all("sizeLimit" in one["emptyDir"] for one in pod(workload)["volumes"] if "emptyDir" in one)


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_every_worker_is_probed_where_it_answers(name: str) -> None:
    """Whether it lives is asked of `/livez`, whether it is ready of `/readyz`, at the port that the settings name."""
    found = container(OURS[f"wiredesk-{name}"])
    (port,) = found["ports"]
    wanted = load().web_port if name == "desk" else int(ENV["WIREDESK_METRICS_PORT"])
    assert port["containerPort"] == wanted
    probes = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    assert {probe: found[probe]["httpGet"] for probe in probes} == {
        probe: {"path": path, "port": port["name"]} for probe, path in probes.items()
    }


def test_every_setting_exists_and_its_value_stands() -> None:
    """Each variable is a setting, and all of them together are settings that Wiredesk takes."""
    named = set(ENV).union(*(values(workload) for workload in OURS.values()))
    assert {name.removeprefix(ENV_PREFIX).lower() for name in named} <= set(Settings.model_fields)
    taken = load(**{name.removeprefix(ENV_PREFIX).lower(): value for name, value in ENV.items()})
    assert taken.kafka_protocol == "SASL_SSL"
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert not {name.removeprefix(ENV_PREFIX).lower() for name in ENV} & secret


def test_every_secret_comes_from_a_secret_that_there_is() -> None:
    """Passwords and certificates are taken from Secrets by the names and keys under which they are made."""
    for workload in OURS.values():
        for reference in inside(workload, "secretKeyRef"):
            assert reference["key"] in SECRETS[reference["name"]]
        for volume in inside(workload, "secret"):
            assert {item["key"] for item in volume["items"]} <= SECRETS[volume["secretName"]]
    made = (FOLDER / "kustomization.yaml").read_text(encoding="utf-8")
    for name in ("wiredesk-web", "wiredesk-elasticsearch"):
        command = made.partition(f"secret generic {name} ")[2].partition("kubectl")[0]
        assert set(re.findall(r"--from-literal=(\w+)=", command)) == SECRETS[name]


def test_who_reads_hostile_articles_holds_no_password_of_the_index() -> None:
    """The enricher and the collector speak with Kafka alone; only the desk has the token of the pages."""
    for name in ("enricher", "feed"):
        assert set(values(OURS[f"wiredesk-{name}"])) == {"WIREDESK_KAFKA_PASSWORD"}
    assert [name for name, one in OURS.items() if "WIREDESK_WEB_TOKEN" in values(one)] == ["wiredesk-desk"]
    assert values(OURS["wiredesk-desk"])["WIREDESK_WEB_HOST"] == "0.0.0.0"


def test_certificates_are_mounted_where_the_settings_look() -> None:
    """Each file that the settings name lies in a folder that is mounted for who uses it."""
    for workload in OURS.values():
        mounted = {one["mountPath"] for one in container(workload)["volumeMounts"]}
        wanted = [ENV["WIREDESK_KAFKA_CA_FILE"]]
        if "WIREDESK_ELASTICSEARCH_PASSWORD" in values(workload):
            wanted.append(ENV["WIREDESK_ELASTICSEARCH_CA_FILE"])
        assert {str(Path(path).parent) for path in wanted} <= mounted
        assert {one["name"] for one in container(workload)["volumeMounts"]} == {
            one["name"] for one in pod(workload)["volumes"]
        }


def test_names_that_lead_to_each_other_do() -> None:
    """Volumes, services, affinities and policies name pods and claims that there are."""
    labels = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in OURS.items()}
    for workload in OURS.values():
        for claim in inside(workload, "persistentVolumeClaim"):
            assert ("PersistentVolumeClaim", claim["claimName"]) in MANIFESTS
        for affinity in inside(workload, "labelSelector"):
            assert affinity["matchLabels"].items() <= labels["wiredesk-feed"].items()
        if workload["kind"] == "Deployment":
            own = labels[workload["metadata"]["name"]]
            assert workload["spec"]["selector"]["matchLabels"].items() <= own.items()
    assert MANIFESTS["Service", "wiredesk-desk"]["spec"]["selector"].items() <= labels["wiredesk-desk"].items()
    out = MANIFESTS["NetworkPolicy", "wiredesk-out"]["spec"]["podSelector"]["matchLabels"].items()
    held = {name for name, one in labels.items() if out <= one.items()}
    assert held == {f"wiredesk-{name}" for name in ("enricher", "sink", "setup", "monitor")}


def test_images_are_named_in_one_place() -> None:
    """Our own image has a name that the kustomization sets, so that a registry and a digest are given once."""
    assert {container(one)["image"] for one in OURS.values()} == {one["name"] for one in KUSTOMIZATION["images"]}
    assert "digest: sha256:" in (FOLDER / "kustomization.yaml").read_text(encoding="utf-8")


def test_kafka_is_strimzis_and_fits_the_settings() -> None:
    """The only version that Strimzi serves, the listener that the settings name, and room for our largest message."""
    kafka, user = MANIFESTS["Kafka", KAFKA], MANIFESTS["KafkaUser", "wiredesk"]
    pool = MANIFESTS["KafkaNodePool", "brokers"]
    assert {one["apiVersion"] for one in (kafka, user, pool)} == {"kafka.strimzi.io/v1"}
    assert {one["metadata"]["labels"]["strimzi.io/cluster"] for one in (user, pool)} == {KAFKA}
    (listener,) = kafka["spec"]["kafka"]["listeners"]
    assert ENV["WIREDESK_KAFKA_SERVERS"] == f"{KAFKA}-kafka-bootstrap:{listener['port']}"
    assert listener["tls"]
    assert listener["authentication"]["type"] == user["spec"]["authentication"]["type"] == "scram-sha-512"
    assert ENV["WIREDESK_KAFKA_USERNAME"] == user["metadata"]["name"]
    config = kafka["spec"]["kafka"]["config"]
    assert config["message.max.bytes"] >= MAX_MESSAGE_BYTES
    assert config["auto.create.topics.enable"] is False
    assert int(ENV["WIREDESK_REPLICATION"]) <= pool["spec"]["replicas"]


def test_elasticsearch_is_ecks_and_of_the_version_that_is_tested() -> None:
    """The version is the one of the local servers; the user has a role that the kustomization gives."""
    found = MANIFESTS["Elasticsearch", ELASTICSEARCH]
    assert found["apiVersion"] == "elasticsearch.k8s.elastic.co/v1"
    assert str(found["spec"]["version"]) == bundle("elasticsearch").version
    assert ENV["WIREDESK_ELASTICSEARCH_URL"] == f"https://{ELASTICSEARCH}-es-http:9200"
    auth = found["spec"]["auth"]
    assert auth["fileRealm"] == [{"secretName": "wiredesk-elasticsearch"}]
    assert [one["secretName"] for one in auth["roles"]] == [one["name"] for one in KUSTOMIZATION["secretGenerator"]]
    (role,) = yaml.safe_load((FOLDER / "roles.yml").read_text(encoding="utf-8"))
    assert f"--from-literal=roles={role}" in (FOLDER / "kustomization.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Kafka", "Elasticsearch"])
def test_the_servers_have_no_privilege_either(name: str) -> None:
    """Whatever runs for Kafka and Elasticsearch is no root, and cannot become it."""
    found = [one for (kind, _), one in MANIFESTS.items() if kind.startswith(name)]
    contexts = [context for one in found for context in inside(one, "securityContext")]
    assert all(one.get("runAsNonRoot") or one["capabilities"] == {"drop": ["ALL"]} for one in contexts)
    assert len(contexts) >= 2


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_kustomize_builds_it() -> None:
    """Kubectl makes of it what would be applied: each manifest, in one namespace, with the image by its full name."""
    done = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    built = list(yaml.safe_load_all(done.stdout))
    assert {one["kind"] for one in built} == {kind for kind, _ in MANIFESTS} | {"ConfigMap", "Secret"}
    assert {one["metadata"].get("namespace", "") for one in built if one["kind"] != "Namespace"} == {"wiredesk"}
    (settings,) = (one["metadata"]["name"] for one in built if one["kind"] == "ConfigMap")
    assert {one["name"] for one in inside(built, "configMapRef")} == {settings}
    (image,) = KUSTOMIZATION["images"]
    assert f"image: {image['newName']}:{image['newTag']}" in done.stdout
