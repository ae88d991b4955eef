"""Every container that Wiredesk comes with has no privilege, a version and limits: compose, Kubernetes, image."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.table import Row

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
FOLDER = ROOT / "deploy" / "kubernetes"
PINNED = re.compile(r"(:v?\d+\.\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def manifests() -> Iterator[dict[str, Any]]:
    """Every manifest with a pod in it."""
    for path in sorted(FOLDER.glob("*.yaml")):
        found = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        yield from (one for one in found if one.get("kind") in {"Deployment", "Job", "StatefulSet", "DaemonSet", "Pod"})


SERVICES: list[tuple[str, dict[str, Any]]] = sorted(COMPOSE["services"].items())
PODS = [(one["metadata"]["name"], one["spec"]["template"]["spec"]) for one in manifests()]
IMAGES = {one["name"]: one for one in yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["images"]}

Rule = Callable[[dict[str, Any]], bool]
OF_A_SERVICE: dict[str, Rule] = {
    "is root": lambda one: int(str(one.get("user", "0")).partition(":")[0]) == 0,
    "writes to its root": lambda one: one.get("read_only") is not True,
    "keeps capabilities": lambda one: one.get("cap_drop") != ["ALL"] or bool(one.get("cap_add")),
    "may gain privileges": lambda one: "no-new-privileges:true" not in one.get("security_opt", ()),
    "is of no version": lambda one: not PINNED.search(one["image"]),
    "has no limits": lambda one: not {"mem_limit", "cpus", "pids_limit"} <= set(one),
    "opens a port to others": lambda one: any(not port.startswith("127.0.0.1:") for port in one.get("ports", ())),
    "shares the host's": lambda one: bool({"privileged", "network_mode", "pid", "ipc", "devices"} & set(one)),
}
OF_A_POD: dict[str, Rule] = {
    "is root": lambda one: not one["securityContext"]["runAsNonRoot"] or not one["securityContext"]["runAsUser"],
    "writes to its root": lambda one: not all(own(each)["readOnlyRootFilesystem"] for each in containers(one)),
    "keeps capabilities": lambda one: any(own(each)["capabilities"] != {"drop": ["ALL"]} for each in containers(one)),
    "may gain privileges": lambda one: any(own(each)["allowPrivilegeEscalation"] for each in containers(one)),
    "is of no version": lambda one: not all(PINNED.search(pulled(each["image"])) for each in containers(one)),
    "has no limits": lambda one: not all({"cpu", "memory"} <= set(limits(each)) for each in containers(one)),
    "opens a port to others": lambda one: any("hostPort" in port for each in containers(one) for port in ports(each)),
    "shares the host's": lambda one: any(one.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")),
}


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """Every container of a pod, those that only prepare included."""
    return [*pod["containers"], *pod.get("initContainers", [])]


def own(container: dict[str, Any]) -> dict[str, Any]:
    """What a container says of its security."""
    found: dict[str, Any] = container["securityContext"]
    return found


def limits(container: dict[str, Any]) -> dict[str, Any]:
    """What a container may take."""
    found: dict[str, Any] = container["resources"]["limits"]
    return found


def ports(container: dict[str, Any]) -> list[dict[str, Any]]:
    """The ports of a container."""
    found: list[dict[str, Any]] = container.get("ports", [])
    return found


def pulled(image: str) -> str:
    """The image that is pulled for the name that a manifest has."""
    given = IMAGES.get(image, {})
    if "digest" in given:
        return f"{given.get('newName', image)}@{given['digest']}"
    return f"{given.get('newName', image)}:{given['newTag']}" if "newTag" in given else image


@pytest.mark.parametrize("rule", OF_A_SERVICE)
def test_no_service_breaks_a_rule(rule: str, attack: Row) -> None:
    """Of the compose file, no service is against the rule."""
    attack("containers").did("services and pods, rule by rule", len(SERVICES), 8)
    attack.is_exactly(rule, sum(OF_A_SERVICE[rule](one) for _, one in SERVICES), 0)


@pytest.mark.parametrize("rule", OF_A_POD)
def test_no_pod_breaks_a_rule(rule: str, attack: Row) -> None:
    """Of the manifests for Kubernetes, no pod is against the rule."""
    assert len(PODS) >= 5
    attack("containers").did("services and pods, rule by rule", len(PODS), 8)
    attack.is_exactly(rule, sum(OF_A_POD[rule](one) for _, one in PODS), 0)


def test_the_rules_tell() -> None:
    """A service and a pod that have nothing set break the rules."""
    bare: dict[str, Any] = {"image": "python", "ports": ["80:80"], "privileged": True}
    assert [name for name, rule in OF_A_SERVICE.items() if not rule(bare)] == []
    context = {"readOnlyRootFilesystem": False, "capabilities": {}, "allowPrivilegeEscalation": True}
    one = {"image": "x:latest", "securityContext": context, "resources": {"limits": {}}, "ports": [{"hostPort": 80}]}
    pod = {"securityContext": {"runAsNonRoot": False}, "containers": [one], "hostNetwork": True}
    assert [name for name, rule in OF_A_POD.items() if not rule(pod)] == []


def test_our_own_image_stands_on_a_version_and_is_not_root(attack: Row) -> None:
    """The image is made from one exact version, and what runs in it is not root."""
    attack("containers")
    bases = re.findall(r"^ARG BASE=(\S+)", DOCKERFILE, re.MULTILINE)
    attack.is_exactly("is of no version", sum(not PINNED.search(base) for base in bases) + (not bases), 0)
    users = re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)
    attack.is_exactly("is root", int(not users or int(users[-1]) == 0), 0)
