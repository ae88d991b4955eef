"""Every setting of Wiredesk, in one class: configuration is a schema too.

Values come from, first one wins: the environment (`WIREDESK_…`), a file for a secret (`WIREDESK_…_FILE`), then
`wiredesk.toml` (or the file that `WIREDESK_CONFIG` names). The README's table is made from this class.
"""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas.identity import has_user

ENV_PREFIX = "WIREDESK_"
_OTHER_VARIABLES = ("CONFIG", "TRACEBACK")
_TAGGER = re.compile(r"wiredesk|(?:spacy|gliner|transformers):\S(?:.*\S)?")


class SettingsError(ValueError):
    """A setting has a value that cannot stand; the message names the setting and what it takes."""


def _user_folder(root_folder: str, variable: str, fallback: str) -> Path:
    """As root, a system folder: the servers run as another user, who cannot look into root's home."""
    if os.geteuid() == 0:
        return Path(root_folder) / "wiredesk"
    return Path(os.environ.get(variable) or Path.home() / fallback) / "wiredesk"


def default_data_dir() -> Path:
    """Where what is stored lies: under `XDG_DATA_HOME`, or `/var/lib/wiredesk` for root."""
    return _user_folder("/var/lib", "XDG_DATA_HOME", ".local/share")


def default_cache_dir() -> Path:
    """Where downloads lie: under `XDG_CACHE_HOME`, or `/var/cache/wiredesk` for root."""
    return _user_folder("/var/cache", "XDG_CACHE_HOME", ".cache")


def _is_secret(field: Any) -> bool:
    return "SecretStr" in str(field.annotation)


def _tagger(value: str) -> str:
    if not _TAGGER.fullmatch(value):
        takes = "'wiredesk', 'spacy:NAME_OR_PATH', 'gliner:PATH' or 'transformers:PATH'"
        raise PydanticCustomError("tagger", "Input should be {takes}", {"takes": takes})
    return value


def _no_user(value: str) -> str:
    """Addresses are named in logs and errors: no place for a password."""
    if has_user(value):
        raise PydanticCustomError("user", "A user or password stands in it, which would show wherever it is named")
    return value


def _server(value: str) -> str:
    if "@" in value:
        raise PydanticCustomError(
            "user",
            "A user or password stands in it, which would show wherever it is named: they have settings of their own",
        )
    return value


def _hosts(value: str) -> str:
    for network in (part.strip() for part in value.split(",") if "/" in part):
        ip_network(network, strict=False)
    return value


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads `WIREDESK_NAME_FILE`: a path to a file that holds the secret, as containers mount them."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        named = os.environ.get(f"{ENV_PREFIX}{field_name.upper()}_FILE")
        if not named or not _is_secret(field):
            return None, field_name, False
        try:
            return Path(named).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise SettingsError(f"{ENV_PREFIX}{field_name.upper()}_FILE: cannot read {named}: {reason}") from None

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """All settings, with their defaults. Immutable; secrets show as stars wherever they are printed."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    kafka_servers: Annotated[str, AfterValidator(_server)] = Field(
        "",
        description="Kafka to use, as `host:port,host:port`. Empty: find or start one.",
    )
    kafka_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How Kafka is spoken to: in the clear or by TLS, with or without signing in."
    )
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How one signs in to Kafka under a SASL protocol."
    )
    kafka_username: str | None = Field(None, description="User for Kafka, with a password.")
    kafka_password: SecretStr | None = Field(None, description="Password of the user for Kafka.")
    kafka_ca_file: Path | None = Field(None, description="CA certificate that signed Kafka's own. Empty: the system's.")
    kafka_certificate_file: Path | None = Field(None, description="Certificate to show Kafka, where it asks for one.")
    kafka_key_file: Path | None = Field(None, description="Key of that certificate.")
    elasticsearch_url: Annotated[str, AfterValidator(_server)] = Field(
        "", description="Elasticsearch to use, as `http://host:port`. Empty: find or start one."
    )
    elasticsearch_api_key: SecretStr | None = Field(None, description="API key for Elasticsearch.")
    elasticsearch_username: str | None = Field(None, description="User for Elasticsearch, with a password.")
    elasticsearch_password: SecretStr | None = Field(None, description="Password of the user for Elasticsearch.")
    elasticsearch_ca_file: Path | None = Field(None, description="CA certificate that signed Elasticsearch's own.")
    servers: Literal["auto", "container", "local"] = Field(
        "auto",
        description="Which servers to start where none are named: a container engine's, or local processes.",
    )
    kafka_home: Path | None = Field(None, description="Folder of an installed Kafka to run instead of a download.")
    elasticsearch_home: Path | None = Field(
        None, description="Folder of an installed Elasticsearch to run instead of a download."
    )
    java_home: Path | None = Field(None, description="JDK (21 or newer, full) for the servers. Empty: look for one.")
    kafka_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        9092,
        description="Port of a Kafka that is started here; a free one is taken when it is in use, or for 0.",
    )
    elasticsearch_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        9200,
        description="Port of an Elasticsearch that is started here; a free one when it is in use, or for 0.",
    )
    kafka_heap: str = Field("256m", description="Heap of a Kafka that is started here.")
    elasticsearch_heap: str = Field("512m", description="Heap of an Elasticsearch that is started here.")
    maven_repository: Annotated[str, AfterValidator(_no_user)] = Field(
        "", description="Maven repository that the servers are downloaded from, such as a mirror. Empty: Maven Central."
    )
    start_seconds: Annotated[float, Field(gt=0)] = Field(
        180, description="Longest wait for a server that is started here, in seconds."
    )
    data_dir: Path = Field(default_factory=default_data_dir, description="Where stored data and logs lie.")
    cache_dir: Path = Field(default_factory=default_cache_dir, description="Where downloads lie.")

    stream_prefix: str = Field("", description="Put before every stream's and consumer group's name.")
    partitions: Annotated[int, Field(ge=1)] = Field(4, description="Partitions of each stream when it is made.")
    replication: Annotated[int, Field(ge=1)] = Field(1, description="Copies of each stream when it is made.")
    raw_retention_days: Annotated[int, Field(ge=-1)] = Field(
        30, description="Days that raw and enriched articles stay on their streams; -1 is for ever."
    )
    max_article_bytes: Annotated[int, Field(ge=1024, le=8 * 2**20)] = Field(
        4 * 2**20, description="Largest raw article taken in, in bytes of UTF-8."
    )

    index_alias: str = Field("articles", description="Elasticsearch alias that is searched and written through.")
    index_shards: Annotated[int, Field(ge=1)] = Field(1, description="Shards of a new index.")
    index_replicas: Annotated[int, Field(ge=0)] = Field(0, description="Replicas of a new index.")
    index_refresh: str = Field(
        "5s", description="How soon what is indexed can be searched at the latest; the sink asks for it sooner."
    )

    enrichers: Annotated[int, Field(ge=0)] = Field(
        0,
        description="Enricher processes that `wiredesk run` starts; 0: one for each processor, as far as there are "
        "partitions.",
    )
    tagger: Annotated[str, AfterValidator(_tagger)] = Field(
        "wiredesk",
        description="What finds names: `wiredesk`, `spacy:NAME_OR_PATH`, `gliner:PATH` or `transformers:PATH`.",
    )
    sink_batch_articles: Annotated[int, Field(ge=1)] = Field(500, description="Most articles in one bulk request.")
    sink_batch_bytes: Annotated[int, Field(ge=1024)] = Field(5 * 2**20, description="Most bytes in one bulk request.")
    sink_batch_seconds: Annotated[float, Field(gt=0)] = Field(0.1, description="Longest a fresh one waits for others.")
    sink_bulks_in_flight: Annotated[int, Field(ge=1)] = Field(2, description="Bulk requests under way at once.")

    fetch_contact: Annotated[
        str, Field(pattern=r"^[\x21-\x7e]*( [\x21-\x7e]+)*$", max_length=200), AfterValidator(_no_user)
    ] = Field("", description="Page or mail address where site owners reach you; sites see it with every request.")
    fetch_allow_hosts: Annotated[str, AfterValidator(_hosts)] = Field(
        "",
        description="Hosts, addresses and networks that may be private, as `news.example,10.0.0.0/8`. Empty: none.",
    )
    fetch_pause: Annotated[float, Field(ge=0)] = Field(
        1, description="Least pause between two requests to one host, in seconds."
    )
    fetch_connections: Annotated[int, Field(ge=1)] = Field(64, description="Requests to all hosts under way at once.")
    fetch_connect_seconds: Annotated[float, Field(gt=0)] = Field(
        10, description="Longest wait for a connection to a web server, in seconds."
    )
    fetch_seconds: Annotated[float, Field(gt=0)] = Field(
        25, description="Longest wait for a whole answer from the web, redirects included, in seconds."
    )
    fetch_max_bytes: Annotated[int, Field(ge=1024)] = Field(
        10 * 2**20, description="Largest answer taken from the web, in bytes, compressed and decompressed alike."
    )
    fetch_archive_bytes: Annotated[int, Field(ge=1024)] = Field(
        4 * 2**30, description="Largest web archive read from the web, in bytes as it comes."
    )

    sources_file: Path = Field(
        Path("seeds/sources.toml"), description="File that names the sources; where it is missing, one is made."
    )
    push_host: str = Field("127.0.0.1", description="Address that `wiredesk feed run` takes pushed articles at.")
    push_port: Annotated[int, Field(ge=0, le=65535)] = Field(0, description="Port for pushed articles; 0 takes none.")
    push_token: SecretStr | None = Field(None, description="Token that who pushes articles must show.")
    push_max_bytes: Annotated[int, Field(ge=1024)] = Field(
        16 * 2**20, description="Largest request of pushed articles, in bytes."
    )
    push_url: Annotated[str, Field(pattern=r"^(https?://[^\s/]+(/\S*)?)?$"), AfterValidator(_no_user)] = Field(
        "", description="Address of that port as WebSub hubs reach it. Empty: no hub is asked."
    )

    web_host: str = Field("127.0.0.1", description="Address of the desk's pages and API.")
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8600, description="Port of the desk's pages and API; a free one is taken when it is in use, or for 0."
    )
    web_token: SecretStr | None = Field(
        None, description="Token that the desk asks for; needed when its address is not loopback."
    )

    metrics_host: str = Field("127.0.0.1", description="Address of the metrics for Prometheus.")
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        0,
        description="First port of `/metrics`, `/livez` and `/readyz`: under `wiredesk run` the collector's, "
        "then the sink's, then the enrichers'; 0 tells none.",
    )

    reconcile_minutes: Annotated[float, Field(ge=0)] = Field(
        60, description="How often every article published within a day is accounted for, in minutes; 0 never."
    )

    log_format: Literal["text", "json"] = Field("text", description="Shape of log lines.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the signature is pydantic-settings' own)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Named arguments first, then the environment, secret files and the settings file."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return init_settings, env_settings, _SecretFiles(settings_cls), toml


def config_file() -> Path:
    """The settings file: what `WIREDESK_CONFIG` names, else `wiredesk.toml` in the folder one works in."""
    return Path(os.environ.get(f"{ENV_PREFIX}CONFIG") or "wiredesk.toml")


def load(**named: Any) -> Settings:
    """The settings as they stand now.

    Args:
        named: values that win over every other source.

    Raises:
        SettingsError: a value cannot stand, or the settings file cannot be read; the message says which and why.
    """
    named_file = os.environ.get(f"{ENV_PREFIX}CONFIG")
    if named_file and not Path(named_file).is_file():
        raise SettingsError(f"{ENV_PREFIX}CONFIG names {named_file}, which is not a file")
    _refuse_unknown()
    try:
        return Settings(**named)
    except ValidationError as error:
        raise SettingsError("; ".join(_in_words(problem) for problem in error.errors(include_input=False))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config_file()}: not TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{config_file()}: {error.strerror}") from None


def _refuse_unknown() -> None:
    """A misspelt variable would change nothing, and nobody would know."""
    fields = [name.upper() for name in Settings.model_fields]
    secrets = [f"{name.upper()}_FILE" for name, field in Settings.model_fields.items() if _is_secret(field)]
    known = {f"{ENV_PREFIX}{name}" for name in (*fields, *secrets, *_OTHER_VARIABLES)}
    for name in sorted(os.environ):
        if name.startswith(ENV_PREFIX) and name not in known and not name.startswith(f"{ENV_PREFIX}TEST_"):
            near = get_close_matches(name, known, 1)
            raise SettingsError(f"{name}: no such setting" + (f"; {near[0]} is one" if near else ""))


def _in_words(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{name}: no such setting (in {config_file()})"
    return f"{ENV_PREFIX}{name.upper()}: {problem['msg']}"


def environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for a child process: secrets included, so print it nowhere."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
        if value is not None and value != ""
    }
    return {f"{ENV_PREFIX}{name.upper()}": value for name, value in plain.items()}
