"""The manual page holds every command, option and setting, and groff has nothing against it."""

from __future__ import annotations

import re
import shutil
import subprocess

import click
import pytest

from desk.cli import cli
from desk.manual import manual
from schemas.settings import ENV_PREFIX, Settings
from tests.unit.test_cli import LEAVES, command_at

PAGE = manual(cli)


def plain(page: str) -> str:
    """The words of a page, without what its language adds to them."""
    return re.sub(r"\\f[BIR]|\\&", "", page).replace(r"\-", "-").replace(r"\(dq", '"').replace(r"\(aq", "'")


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_stands_in_it_with_its_options_and_examples(path: tuple[str, ...]) -> None:
    """Under the name of a command stand its usage, what it does, each of its options, and its examples as typed."""
    command = command_at(path)
    section = plain(PAGE).partition(f'.SS "wiredesk {" ".join(path)} ')[2].partition("\n.S")[0]
    for parameter in command.params:
        for name in parameter.opts if isinstance(parameter, click.Option) else [parameter.make_metavar(CONTEXT)]:
            assert name in section, name
    examples = re.findall(rf"^ +.*\bwiredesk {' '.join(path)}\b.*$", command.help or "", re.MULTILINE)
    assert len(examples) >= 2
    assert all(example.strip().replace("`", r"\(ga").replace("~", r"\(ti") in section for example in examples)


CONTEXT = click.Context(cli)


def test_every_setting_and_exit_code_stands_in_it() -> None:
    """Each variable of the environment, and each way that a command can end."""
    for name in Settings.model_fields:
        assert rf"\fB{ENV_PREFIX}{name.upper()}\fR" in PAGE
    codes = PAGE.partition(".SH EXIT STATUS")[2].partition(".SH ")[0]
    assert re.findall(r"\\fB(\d+)\\fR", codes) == ["0", "1", "2", "3", "4", "130"]


def test_no_text_is_taken_for_a_request() -> None:
    """A line that begins with a full stop, a quote or a backslash, and letters beyond ASCII, come out as they are."""
    group = click.Group("x", help="Of x.")
    group.add_command(click.Command("y", help="A '.' and \\fB \"“é”\".\n\n\b\n.TH stays\n'br too"))
    page = manual(group)
    assert page.isascii()
    assert r"\&.TH stays" in page
    assert r"\(aqbr too" in page
    assert r"\efB \(dq\[u201C]\[u00E9]\[u201D]\(dq" in page


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_groff_renders_it_without_a_warning() -> None:
    """What `man` uses reads the page to its end and has nothing to say about it."""
    command = ["groff", "-man", "-Tutf8", "-ww", "-rCHECKSTYLE=3", "-rLL=100n"]
    done = subprocess.run(command, input=PAGE, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    assert "wiredesk feed files seeds/articles --source seeds" in re.sub("\x1b\\[[0-9;]*m|.\b", "", done.stdout)
