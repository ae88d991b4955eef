"""A JDK is looked for where people have them, and passed over with its reason where it does not fit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.errors import ServersError
from deploy.local import java
from deploy.local.owner import Owner
from deploy.progress import Silent
from schemas.settings import load

FULL = "java.base jdk.incubator.vector jdk.jlink"
STRANGER = Owner(60001, 60001, "stranger")


def jdk(folder: Path, version: str = "21.0.4", modules: str = FULL) -> Path:
    """A folder that looks like a JDK."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return folder


@pytest.mark.parametrize("version", ["21", "21.0.4", "25.0.3", "26-ea"])
def test_a_full_new_jdk_fits(tmp_path: Path, version: str) -> None:
    """A JDK of 21 or newer with the modules that Elasticsearch needs has no fault."""
    assert java.inspect(jdk(tmp_path / "jdk", version)).fault == ""


@pytest.mark.parametrize(
    ("version", "modules", "fault"),
    [
        ("17.0.15", FULL, "is Java 17"),
        ("1.8.0_402", FULL, "is Java 8"),
        ("21.0.4", "java.base jdk.jlink", "is cut down: no module jdk.incubator.vector"),
        ("21.0.4", "java.base", "is cut down: no module jdk.incubator.vector and no jdk.jlink"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, version: str, modules: str, fault: str) -> None:
    """An old or cut down JDK is passed over with the reason."""
    assert java.inspect(jdk(tmp_path / "jdk", version, modules)).fault == fault


def test_a_folder_that_is_no_jdk_is_said(tmp_path: Path) -> None:
    """A folder without bin/java, and one without a release file, are passed over."""
    assert java.inspect(tmp_path).fault == "has no bin/java"
    (jdk(tmp_path / "jdk") / "release").unlink()
    assert java.inspect(tmp_path / "jdk").fault == "does not tell its version"


def test_a_jdk_behind_a_closed_door_is_passed_over(tmp_path: Path) -> None:
    """A JDK that the servers' user cannot reach does not fit, and the closed folder is named."""
    home = jdk(tmp_path / "closed" / "jdk")
    (tmp_path / "closed").chmod(0o700)
    assert "stranger, who may not enter" in java.inspect(home, STRANGER).fault


def test_java_home_comes_before_the_path_and_the_usual_folders(tmp_path: Path) -> None:
    """First comes `JAVA_HOME`, then the `java` on the path with its links followed, then usual folders."""
    named, usual = jdk(tmp_path / "named"), tmp_path / "usual"
    on_path = jdk(tmp_path / "on-path")
    older, newer = jdk(usual / "a", "21.0.1"), jdk(usual / "b", "25.0.1")
    links = tmp_path / "bin"
    links.mkdir()
    (links / "java").symlink_to(on_path / "bin" / "java")
    environment = {"JAVA_HOME": str(named), "PATH": str(links)}
    assert java.places(environment, [f"{usual}/*"]) == [named, on_path, newer, older]
    assert java.places({"PATH": ""}, [f"{usual}/*"]) == [newer, older]


def test_the_first_that_fits_is_taken(tmp_path: Path) -> None:
    """An old JDK in `JAVA_HOME` does not stand in the way of a new one elsewhere."""
    old, new = jdk(tmp_path / "old", "17.0.1"), jdk(tmp_path / "new")
    home, passed = java.find([old, new])
    assert home == new
    assert [(jdk.home, jdk.fault) for jdk in passed] == [(old, "is Java 17")]


def test_a_named_jdk_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Where the settings name a JDK no other is taken: the message names the setting, the folder and the reason."""
    settings = load(java_home=jdk(tmp_path / "old", "17.0.1"), cache_dir=tmp_path / "cache")
    with pytest.raises(ServersError, match=r"WIREDESK_JAVA_HOME names .*/old, which is Java 17.*JDK 21 or newer"):
        java.java_home(settings, None, Silent())


def test_a_named_jdk_that_fits_is_taken(tmp_path: Path) -> None:
    """The JDK that the settings name comes before every other."""
    home = jdk(tmp_path / "new")
    assert java.java_home(load(java_home=home), None, Silent()) == home


def test_cjdk_that_cannot_fetch_is_said(tmp_path: Path) -> None:
    """When a download of a JDK fails, the reason comes as one error, not as a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"\w"):
        java.fetch(tmp_path / "file" / "jdk", 60.0)


def test_none_at_all_says_the_way_out(tmp_path: Path) -> None:
    """The message lists what was passed over and why, what the download said, and how to get a JDK."""
    passed = [java.inspect(jdk(tmp_path / "old", "17.0.1"))]
    message = java.none_in_words(passed, OSError("no network"))
    assert f"{tmp_path}/old is Java 17" in message
    assert "no network" in message
    assert "apt install openjdk-21-jdk" in message
    assert "WIREDESK_JAVA_HOME" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")
def test_root_needs_a_jdk_for_nobody(tmp_path: Path) -> None:
    """As root, a named JDK that nobody cannot reach is refused with the closed folder."""
    tmp_path.chmod(0o700)
    settings = load(java_home=jdk(tmp_path / "jdk"))
    with pytest.raises(ServersError, match="who may not enter"):
        java.java_home(settings, Owner(65534, 65534, "nobody"), Silent())
