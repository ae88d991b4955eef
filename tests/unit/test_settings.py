"""Settings come from the environment, secret files and wiredesk.toml, in that order, and a wrong one is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.settings import ENV_PREFIX, Settings, environment

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-of-the-house"
# A process of its own, so that neither the folder nor the environment of the tests is touched.
_CHILD = """
import json, os, sys
from pydantic import SecretStr
from schemas.settings import SettingsError, load
plain = lambda value: value.get_secret_value() if isinstance(value, SecretStr) else value
clean = dict(os.environ)
for line in sys.stdin:
    folder, named, variables = json.loads(line)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(clean, **variables)
    try:
        found = load(**named)
        told = {name: plain(getattr(found, name)) for name in type(found).model_fields}
    except SettingsError as error:
        told = {"error": str(error)}
    print(json.dumps(told, default=str), flush=True)
"""


class Loader:
    """Loads settings in a folder, with the given variables and no other ones of ours."""

    def __init__(self) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
        command, pipe = [sys.executable, "-c", _CHILD], subprocess.PIPE
        self._child = subprocess.Popen(command, cwd=ROOT, env=plain, stdin=pipe, stdout=pipe, text=True)

    def __call__(self, folder: Path, named: dict[str, Any] | None = None, **variables: str) -> dict[str, Any]:
        """The settings by name, or what is said of them under `error`."""
        given = {f"{ENV_PREFIX}{name}": value for name, value in variables.items()}
        print(json.dumps([str(folder), named or {}, given]), file=self._child.stdin, flush=True)
        found: dict[str, Any] = json.loads(self._child.stdout.readline())
        return found

    def broken(self, folder: Path, **variables: str) -> str:
        """What is said of settings that cannot stand."""
        message: str = self(folder, **variables)["error"]
        return message

    def close(self) -> None:
        """Ends the process."""
        self._child.communicate(timeout=30)


@pytest.fixture(scope="module")
def loaded() -> Iterator[Loader]:
    """Loads settings."""
    loader = Loader()
    yield loader
    loader.close()


def test_without_anything_named_the_defaults_stand(loaded: Loader, tmp_path: Path) -> None:
    """A first start needs no setting at all."""
    found = loaded(tmp_path)
    assert (found["kafka_servers"], found["servers"], found["index_alias"]) == ("", "auto", "articles")


def test_each_source_wins_over_the_next(loaded: Loader, tmp_path: Path) -> None:
    """A named argument wins over the environment, that over the settings file, that over the default."""
    (tmp_path / "wiredesk.toml").write_text('partitions = 3\nreplication = 3\nindex_shards = 3\nindex_alias = "toml"\n')
    found = loaded(tmp_path, {"partitions": 5}, PARTITIONS="4", REPLICATION="4")
    assert [found[name] for name in ("partitions", "replication", "index_shards", "index_replicas")] == [5, 4, 3, 0]
    assert found["index_alias"] == "toml"


def test_a_secret_may_stand_in_a_file(loaded: Loader, tmp_path: Path) -> None:
    """A secret is read from the file that `_FILE` names, without white space around it; the plain variable wins."""
    (tmp_path / "secret").write_text(f" {SECRET}\n")
    (tmp_path / "wiredesk.toml").write_text('elasticsearch_password = "of the file"\n')
    named = str(tmp_path / "secret")
    assert loaded(tmp_path, ELASTICSEARCH_PASSWORD_FILE=named)["elasticsearch_password"] == SECRET
    both = loaded(tmp_path, ELASTICSEARCH_PASSWORD_FILE=named, ELASTICSEARCH_PASSWORD="plain")
    assert both["elasticsearch_password"] == "plain"


def test_only_secrets_are_read_from_files(loaded: Loader, tmp_path: Path) -> None:
    """`_FILE` behind a setting that is no secret is refused, not ignored."""
    message = loaded.broken(tmp_path, INDEX_ALIAS_FILE=str(tmp_path / "alias"))
    assert message.startswith("WIREDESK_INDEX_ALIAS_FILE: no such setting")


def test_a_misspelt_variable_is_refused_with_the_one_that_was_meant(loaded: Loader, tmp_path: Path) -> None:
    """A variable of our prefix that is no setting would change nothing silently: it is named, with the nearest one."""
    message = loaded.broken(tmp_path, KAFKA_SERVER="localhost:9092")
    assert message == "WIREDESK_KAFKA_SERVER: no such setting; WIREDESK_KAFKA_SERVERS is one"


def test_another_settings_file_may_be_named(loaded: Loader, tmp_path: Path) -> None:
    """`WIREDESK_CONFIG` names the settings file in the place of the one in the folder."""
    (tmp_path / "wiredesk.toml").write_text("partitions = 2\n")
    (tmp_path / "other.toml").write_text("partitions = 9\n")
    assert loaded(tmp_path, CONFIG="other.toml")["partitions"] == 9


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PARTITIONS", "many", "WIREDESK_PARTITIONS: Input should be a valid integer"),
        ("PARTITIONS", "0", "WIREDESK_PARTITIONS: Input should be greater than or equal to 1"),
        ("SERVERS", "cloud", "WIREDESK_SERVERS: Input should be 'auto', 'container' or 'local'"),
        ("KAFKA_PORT", "65536", "WIREDESK_KAFKA_PORT: Input should be less than or equal to 65535"),
        ("SINK_BATCH_SECONDS", "-1", "WIREDESK_SINK_BATCH_SECONDS: Input should be greater than 0"),
        ("MAX_ARTICLE_BYTES", "9999999999", "WIREDESK_MAX_ARTICLE_BYTES: Input should be less than"),
        ("CONFIG", "no.toml", "WIREDESK_CONFIG names no.toml, which is not a file"),
        (
            "ELASTICSEARCH_API_KEY_FILE",
            "no-such-file",
            "WIREDESK_ELASTICSEARCH_API_KEY_FILE: cannot read no-such-file: No such file or directory",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_it_takes(
    loaded: Loader, tmp_path: Path, variable: str, value: str, words: str
) -> None:
    """The message names the setting as it is written and says what would do."""
    assert words in loaded.broken(tmp_path, **{variable: value})


def test_all_wrong_values_are_named_at_once(loaded: Loader, tmp_path: Path) -> None:
    """Two mistakes are told in one message."""
    message = loaded.broken(tmp_path, PARTITIONS="x", REPLICATION="y")
    assert "WIREDESK_PARTITIONS" in message
    assert "WIREDESK_REPLICATION" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("partitons = 2\n", "partitons: no such setting (in wiredesk.toml)"),
        ("partitions = \n", "wiredesk.toml: not TOML: "),
        ("[server]\nport = 1\n", "server: no such setting (in wiredesk.toml)"),
        ('partitions = "x"\n', "PARTITIONS: Input should be a valid integer"),
    ],
)
def test_a_mistake_in_the_settings_file_is_named_with_the_file(
    loaded: Loader, tmp_path: Path, text: str, words: str
) -> None:
    """An unknown key or broken TOML is told with the name of the file."""
    (tmp_path / "wiredesk.toml").write_text(text)
    assert words in loaded.broken(tmp_path)


def test_a_settings_file_that_is_no_text_is_named(loaded: Loader, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 in the settings file, and in a secret's, are told and not shown."""
    (tmp_path / "wiredesk.toml").write_bytes(b"\xff\xfe")
    assert loaded.broken(tmp_path).startswith("wiredesk.toml: not TOML: ")
    (tmp_path / "wiredesk.toml").unlink()
    (tmp_path / "secret").write_bytes(b"\xff\xfe" + SECRET.encode())
    message = loaded.broken(tmp_path, ELASTICSEARCH_PASSWORD_FILE=str(tmp_path / "secret"))
    assert message.endswith("it is not UTF-8 text")
    assert SECRET not in message


def test_a_secret_is_never_in_an_error(loaded: Loader, tmp_path: Path) -> None:
    """A mistake beside a secret, or in its own place, does not print it."""
    (tmp_path / "wiredesk.toml").write_text(f'elasticsearch_password = ["{SECRET}"]\n')
    message = loaded.broken(tmp_path, ELASTICSEARCH_API_KEY=SECRET, PARTITIONS="x")
    assert "WIREDESK_ELASTICSEARCH_PASSWORD" in message
    assert SECRET not in message


def test_secrets_are_masked_wherever_settings_are_printed() -> None:
    """Neither the settings' text nor their JSON shows a secret."""
    settings = Settings(elasticsearch_password=SecretStr(SECRET), elasticsearch_api_key=SecretStr(SECRET))
    assert SECRET not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


def test_settings_cannot_be_changed() -> None:
    """Settings are values: what one part reads, another cannot alter."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().partitions = 9  # type: ignore[misc]


def test_a_child_process_gets_the_same_settings(loaded: Loader, tmp_path: Path) -> None:
    """Settings survive the way through the environment of a child process, secrets and folders included."""
    settings = Settings(
        kafka_servers="a:1,b:2",
        elasticsearch_password=SecretStr(SECRET),
        elasticsearch_ca_file=tmp_path / "ca.pem",
        data_dir=tmp_path / "data with space",
        stream_prefix="t.",
        sink_batch_seconds=0.25,
        raw_retention_days=-1,
        log_format="json",
    )
    passed = {name.removeprefix(ENV_PREFIX): value for name, value in environment(settings).items()}
    found = loaded(tmp_path, **passed)
    for name in Settings.model_fields:
        value = getattr(settings, name)
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        assert found[name] == (str(plain) if isinstance(plain, Path) else plain), name


def test_every_setting_says_what_it_is() -> None:
    """Each setting has a description of its own: the README's table is made of them."""
    descriptions = [field.description for field in Settings.model_fields.values()]
    assert all(descriptions)
    assert len(set(descriptions)) == len(descriptions)
