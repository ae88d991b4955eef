"""`wiredesk settings` shows every setting, its value and where it comes from, and no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from desk.configuring import _plain, table
from schemas.settings import ENV_PREFIX, Settings

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-of-the-house"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What the command prints, for people and for programs, where settings come from everywhere."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "wiredesk.toml").write_text('partitions = 7\nindex_alias = "mine"\n')
    (folder / "key").write_text(SECRET)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    variables = {
        "WIREDESK_INDEX_ALIAS": "other",
        "WIREDESK_ELASTICSEARCH_PASSWORD": SECRET,
        "WIREDESK_ELASTICSEARCH_API_KEY_FILE": str(folder / "key"),
    }
    script = "from desk.cli import _run; from desk.loaded import Loaded; "
    script += "_run(['settings'], Loaded()); print('----'); _run(['settings', '--json'], Loaded())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**plain, **variables, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stderr == ""
    people, _, programs = done.stdout.partition("----\n")
    return people, programs


def test_each_value_says_where_it_comes_from(shown: tuple[str, str]) -> None:
    """The environment, a secret's file, the settings file and the default are told apart, and the winner is named."""
    told = json.loads(shown[1])
    assert told["partitions"] == {"value": 7, "from": "wiredesk.toml"}
    assert told["index_alias"] == {"value": "other", "from": "WIREDESK_INDEX_ALIAS"}
    assert told["replication"] == {"value": 1, "from": "default"}
    assert told["elasticsearch_password"]["from"] == "WIREDESK_ELASTICSEARCH_PASSWORD"
    assert told["elasticsearch_api_key"]["from"] == "WIREDESK_ELASTICSEARCH_API_KEY_FILE"
    assert set(told) == set(Settings.model_fields)


def test_no_secret_is_shown(shown: tuple[str, str]) -> None:
    """A secret shows as stars, for people and for programs."""
    assert SECRET not in "".join(shown)
    assert json.loads(shown[1])["elasticsearch_password"]["value"] == "********"


def test_people_get_a_line_for_each_setting(shown: tuple[str, str]) -> None:
    """For people each setting is one line with its name, value and origin."""
    lines = shown[0].splitlines()
    assert [line.split()[0] for line in lines] == list(Settings.model_fields)
    assert any(line.split() == ["partitions", "7", "(wiredesk.toml)"] for line in lines)


@pytest.mark.parametrize(
    ("value", "plain"),
    [(SecretStr(SECRET), "********"), (5, 5), (0.5, 0.5), (True, True), (None, None), (Path("a/b"), "a/b"), ("", "")],
)
def test_values_are_plain_json(value: object, plain: object) -> None:
    """Each value is plain data for JSON."""
    assert _plain(value) == plain


def test_the_table_holds_every_setting_with_its_meaning() -> None:
    """The README's table has a row for each setting, with its variable and description, and no folder of a machine."""
    rows = table().splitlines()[2:]
    assert len(rows) == len(Settings.model_fields)
    for row, (name, field) in zip(rows, Settings.model_fields.items(), strict=True):
        assert row.startswith(f"| `{ENV_PREFIX}{name.upper()}` |")
        assert str(field.description) in row
    assert str(Path.home()) not in table()
