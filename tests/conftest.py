"""Fixtures for every test: real servers, shared by the whole session, and settings that keep tests apart on them."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.errors import ServersError
from deploy.ladder import Servers, serve
from deploy.progress import Lines
from schemas.settings import ENV_PREFIX, Settings, load
from tests import table
from tests.table import Row, Tables
from tests.web import Site


def pytest_configure(config: pytest.Config) -> None:
    """Has the tables of faults and attacks told at the end, and servers that live for minutes compile less."""
    os.environ.setdefault("ES_JAVA_OPTS", "-XX:TieredStopAtLevel=1")
    config.pluginmanager.register(Tables(), "tables")


@pytest.fixture
def attack(request: pytest.FixtureRequest) -> Iterator[Row]:
    """The test's row in the table of attacks."""
    yield from table.row(request, "attacks")


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Callable[[], Path]]:
    """Makes folders that the servers' user may enter: pytest's own are closed to all but the one who runs the tests."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="wiredesk-test-")))
        made[-1].chmod(0o755)
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers(open_folder: Callable[[], Path]) -> Iterator[Servers]:
    """Kafka and Elasticsearch, once for the whole session.

    They are those that `WIREDESK_KAFKA_SERVERS` and `WIREDESK_ELASTICSEARCH_URL` name, else containers of the tests'
    own where an engine answers, else local ones in a folder of their own. Where none can be had, the tests that need
    them fail with the reason. `WIREDESK_SERVERS=local` passes an engine by.
    """
    from tests.containers import containers, engine_answers  # most tests need no servers, and this is slow to import

    named = {name: os.environ.get(f"{ENV_PREFIX}{name.upper()}", "") for name in ("kafka_servers", "elasticsearch_url")}
    own = load(data_dir=open_folder(), kafka_port=0, elasticsearch_port=0, **named)
    contained = own.servers != "local" and not any(named.values()) and engine_answers()
    try:
        with containers() if contained else serve(own, Lines()) as found:
            yield found
    except ServersError as error:
        pytest.fail(f"no servers for the tests: {error}", pytrace=False)


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Settings:
    """Settings for one test: the shared servers, with streams, index and data folder of its own."""
    name = f"t{uuid.uuid4().hex[:10]}"
    return load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix=f"{name}.",
        index_alias=f"{name}-articles",
        data_dir=tmp_path / "data",
    )


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """The same settings as environment variables, for commands that a test runs."""
    names = ("kafka_servers", "elasticsearch_url", "stream_prefix", "index_alias", "data_dir")
    named = {f"{ENV_PREFIX}{name.upper()}": str(getattr(settings, name)) for name in names}
    return {**os.environ, **named}


@pytest.fixture
def web() -> Iterator[Site]:
    """A web server of the test's own, on 127.0.0.1; `fetch_allow_hosts` must name that for it to be asked."""
    with Site() as site:
        yield site
