"""The built wheel does what the checkout does: nothing works only from a folder of sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.settings import Settings, environment

CHECKOUT = Path(__file__).parent.parent.parent
UV = Path(sys.executable).with_name("uv")


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in a folder, and fails with what it said when it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel in it, in a folder that knows nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=CHECKOUT)
    (wheel,) = folder.glob("*.whl")
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    for lock in ("requirements.lock", "requirements-dev.lock"):
        run(UV, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", CHECKOUT / lock, cwd=folder)
    run(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel, cwd=folder)
    return folder


def test_the_demo_runs_from_the_wheel(installed: Path, settings: Settings) -> None:
    """`wiredesk demo` of the wheel takes both seeds through the servers and ends well."""
    done = run(installed / "venv" / "bin" / "wiredesk", "demo", cwd=installed, **environment(settings))
    assert "Russia sets terms" in done.stdout
    assert "US-Russia Arms Control Dialogue" in done.stdout
    assert "Maria Zakharova" in done.stdout


def test_the_suite_passes_on_the_wheel(installed: Path) -> None:
    """The contract suite and the tests of the command line, which reach every file a package needs, pass on it."""
    shutil.copytree(CHECKOUT / "tests", installed / "tests", ignore=_of_the_checkout, dirs_exist_ok=True)
    shutil.copy(CHECKOUT / "pyproject.toml", installed)
    python = installed / "venv" / "bin" / "python"
    which = run(
        python, "-c", "import schemas, producers, processors, desk, deploy; print(schemas.__file__)", cwd=installed
    )
    assert str(installed) in which.stdout
    suites = ("tests/contract", "tests/unit/test_cli.py", "tests/unit/test_feed_commands.py")
    run(python, "-m", "pytest", "-q", "-m", "not checkout", *suites, cwd=installed)


def _of_the_checkout(folder: str, names: list[str]) -> list[str]:
    """The test files that read the checkout itself, and say so."""
    files = [Path(folder, name) for name in names if name.endswith(".py")]
    return [file.name for file in files if "pytestmark = pytest.mark.checkout" in file.read_text(encoding="utf-8")]
