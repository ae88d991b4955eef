"""The README says what is true now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from desk.cli import cli
from desk.configuring import table
from desk.metrics import table as metrics
from tests.eval.figure import markdown, read

pytestmark = pytest.mark.checkout
ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
_SECOND = "files|list|show|retry|drop|take|restore"
COMMANDS = sorted(
    set(re.findall(rf"^(?:\.venv/bin/|zcat \S+ \| )?wiredesk ([a-z]+(?: (?:{_SECOND}))?)", README, re.MULTILINE))
)
PATHS = sorted(set(re.findall(r"`((?:schemas|producers|processors|deploy|desk|seeds)/[\w./]*)`", README)))


def test_the_table_of_settings_is_the_one_of_the_class() -> None:
    """Every setting stands in the README with its default and meaning."""
    assert table() in README


def test_the_table_of_metrics_is_the_one_of_the_list() -> None:
    """Every metric stands in the README with its labels and who tells it."""
    assert metrics() in README


def test_the_figures_are_those_that_were_measured() -> None:
    """The README's table of quality and speed is what the last whole `make eval` wrote."""
    assert markdown(read(ROOT / "tests/eval/results.json")) in README


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))))
def test_every_make_target_of_the_readme_exists(target: str) -> None:
    """Each `make` command that the README names is a target."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def help_of(*command: str) -> str:
    """The help text of a command."""
    done = CliRunner().invoke(cli, [*command, "--help"])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_exists(command: str) -> None:
    """Each `wiredesk` command that the README names has a help text."""
    assert "Usage: " in help_of(*command.split())


@pytest.mark.parametrize("path", PATHS)
def test_every_path_of_the_readme_exists(path: str) -> None:
    """Each file and folder that the README names is there."""
    assert (ROOT / path).exists()


def test_options_of_the_readme_are_options_of_the_commands() -> None:
    """Each long option in the README's examples is one that its command takes."""
    for line in re.findall(r"^(?:zcat \S+ \| )?wiredesk .*$", README, re.MULTILINE):
        words = line.partition("wiredesk ")[2].partition("#")[0].partition("|")[0].split()
        text = help_of(*(words[:2] if words[0] in {"feed", "dead", "servers", "snapshot"} else words[:1]))
        for option in (word for word in words if word.startswith("--")):
            assert option in text, f"{line}: {option}"
