"""Kafka and Elasticsearch as people run them: by TLS, with users who sign in, on real servers of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from deploy import answers
from deploy.errors import RefusedError
from processors import index
from processors.setup import setup
from schemas.settings import Settings, load
from tests.faults.oracle import Oracle, lightly, raw_articles
from tests.faults.rig import drain_sink, sink_on
from tests.faults.scale import scaled
from tests.integration.pipeline import drain, stored, until, wiredesk, working
from tests.secured import PASSWORD, USER, change_password, elasticsearch_with, kafka_with
from tests.table import Row

SECRET = SecretStr(PASSWORD)
REFUSED_KAFKA = {
    "wrong password": ({"kafka_password": SecretStr("no-such-word")}, "WIREDESK_KAFKA_PASSWORD"),
    "wrong user": ({"kafka_username": "nobody"}, "WIREDESK_KAFKA_USERNAME"),
    "another mechanism": ({"kafka_mechanism": "PLAIN"}, "WIREDESK_KAFKA_MECHANISM"),
    "no CA": ({"kafka_ca_file": None}, "WIREDESK_KAFKA_CA_FILE"),
    "another CA": ({"kafka_ca_file": "other.pem"}, "WIREDESK_KAFKA_CA_FILE"),
}
REFUSED_ELASTICSEARCH = {
    "wrong password": ({"elasticsearch_password": SecretStr("no-such-word")}, "WIREDESK_ELASTICSEARCH_PASSWORD"),
    "nobody": ({"elasticsearch_username": None, "elasticsearch_password": None}, "WIREDESK_ELASTICSEARCH_API_KEY"),
    "wrong key": ({"elasticsearch_api_key": SecretStr("bm86a2V5")}, "WIREDESK_ELASTICSEARCH_API_KEY"),
    "no CA": ({"elasticsearch_ca_file": None}, "WIREDESK_ELASTICSEARCH_CA_FILE"),
    "another CA": ({"elasticsearch_ca_file": "other.pem"}, "WIREDESK_ELASTICSEARCH_CA_FILE"),
}


@dataclass(frozen=True)
class Secured:
    """Settings that both servers accept, and the folder of the certificates."""

    settings: Settings
    folder: Path
    bare: Settings

    def apart(self, name: str, **changed: object) -> Settings:
        """The settings with streams and an index of their own."""
        named = {"stream_prefix": f"{name}.", "index_alias": name, "data_dir": self.folder / name}
        return self.settings.model_copy(update={**named, **changed})

    def but(self, **changed: object) -> Settings:
        """The settings with changes; a certificate is named by its file in the folder."""
        files = {name: self.folder / str(value) for name, value in changed.items() if str(value).endswith(".pem")}
        return self.settings.model_copy(update={**changed, **files})


@pytest.fixture(scope="module")
def secured(open_folder: Callable[[], Path]) -> Iterator[Secured]:
    """Both servers, by TLS, with one user."""
    folder, authority = open_folder(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    bare = load(data_dir=folder / "data", kafka_port=0, elasticsearch_port=0)
    certificate = authority.issue_cert("127.0.0.1")
    with kafka_with(bare, certificate) as kafka, elasticsearch_with(bare, certificate) as elasticsearch:
        settings = load(
            kafka_servers=kafka,
            kafka_protocol="SASL_SSL",
            kafka_username=USER,
            kafka_password=PASSWORD,
            kafka_ca_file=folder / "ca.pem",
            elasticsearch_url=elasticsearch,
            elasticsearch_username=USER,
            elasticsearch_password=PASSWORD,
            elasticsearch_ca_file=folder / "ca.pem",
            data_dir=folder / "work",
        )
        until(lambda: answers.kafka(kafka, settings), "Kafka lets its user in")
        until(lambda: answers.elasticsearch(elasticsearch, settings), "Elasticsearch is ready")
        yield Secured(settings, folder, bare)


def test_articles_go_from_end_to_end_by_tls_with_users(secured: Secured) -> None:
    """Every process of the pipeline signs in to both servers, an API key instead of the password included."""
    elasticsearch = index.client(secured.settings)
    key = elasticsearch.security.create_api_key(name="wiredesk").body["encoded"]
    elasticsearch.close()
    settings = secured.but(
        elasticsearch_username=None, elasticsearch_password=None, elasticsearch_api_key=SecretStr(key)
    )
    setup(settings)
    with working(settings):
        fed = wiredesk(settings, "feed", "files", "seeds/articles", "--source", "seeds")
        assert fed.returncode == 0, fed.stderr
        drain(settings)
    assert len(stored(settings)) == 2
    found = wiredesk(settings, "monitor", "--once", "--json")
    assert json.loads(found.stdout)["index"]["documents"] == 2
    logs = "".join(path.read_text(errors="replace") for path in (settings.data_dir / "logs").glob("*.log"))
    assert PASSWORD not in fed.stdout + fed.stderr + found.stdout + found.stderr + logs
    assert key not in fed.stdout + fed.stderr + found.stdout + found.stderr + logs


@pytest.mark.parametrize(("changed", "named"), REFUSED_KAFKA.values(), ids=REFUSED_KAFKA)
def test_a_refusal_of_kafka_names_the_setting(secured: Secured, changed: dict[str, object], named: str) -> None:
    """Who cannot sign in is told at once which setting is wrong, and no secret."""
    settings = secured.but(**changed)
    with pytest.raises(RefusedError, match=named) as told:
        answers.kafka(settings.kafka_servers, settings)
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize(("changed", "named"), REFUSED_ELASTICSEARCH.values(), ids=REFUSED_ELASTICSEARCH)
def test_a_refusal_of_elasticsearch_names_the_setting(secured: Secured, changed: dict[str, object], named: str) -> None:
    """Who cannot sign in is told at once which setting is wrong, and no secret."""
    settings = secured.but(**changed)
    with pytest.raises(RefusedError, match=named) as told:
        answers.elasticsearch(settings.elasticsearch_url, settings)
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize(
    ("command", "changed", "named"),
    [
        (["enricher"], {"kafka_password": SecretStr("no-such-word")}, "WIREDESK_KAFKA_PASSWORD"),
        (["sink"], {"kafka_ca_file": None}, "WIREDESK_KAFKA_CA_FILE"),
        (["setup"], {"elasticsearch_password": SecretStr("no-such-word")}, "WIREDESK_ELASTICSEARCH_PASSWORD"),
    ],
)
def test_a_command_that_cannot_sign_in_ends_and_says_why(
    secured: Secured, command: list[str], changed: dict[str, object], named: str
) -> None:
    """Waiting would cure nothing, so commands end with exit code 2 and the setting's name, workers too."""
    done = wiredesk(secured.but(**changed), *command)
    assert done.returncode == 2
    assert named in done.stderr
    assert PASSWORD not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_expired_certificate_is_told(tmp_path: Path) -> None:
    """A server whose certificate is out of date is not trusted, and the words say that it expired."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)).configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        threading.Thread(target=_shake, args=(listening, context), daemon=True).start()
        settings = load(kafka_servers=address, kafka_protocol="SSL", kafka_ca_file=tmp_path / "ca.pem")
        with pytest.raises(RefusedError, match=r"expired.*WIREDESK_KAFKA_CA_FILE"):
            answers.kafka(address, settings)


def _shake(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Takes one connection, and shows it the certificate."""
    connection, _ = listening.accept()
    with contextlib.suppress(OSError):
        context.wrap_socket(connection, server_side=True).close()


def test_settings_that_cannot_sign_in_are_told_before_any_connection(tmp_path: Path) -> None:
    """SASL without a user, and files that are no certificates, are said with the names of the settings."""
    (tmp_path / "empty.pem").write_text("nothing")
    for given, named in (
        ({"WIREDESK_KAFKA_PROTOCOL": "SASL_SSL"}, "WIREDESK_KAFKA_USERNAME"),
        ({"WIREDESK_KAFKA_PROTOCOL": "SSL", "WIREDESK_KAFKA_CA_FILE": "empty.pem"}, "WIREDESK_KAFKA_CA_FILE"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "desk.cli", "dead", "list"],
            env={
                **os.environ,
                "WIREDESK_KAFKA_SERVERS": "127.0.0.1:1",
                **given,
                "WIREDESK_ELASTICSEARCH_URL": "http://127.0.0.1:1",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert named in done.stderr


def test_a_password_that_is_changed_under_a_running_sink_is_waited_for(secured: Secured, row: Row) -> None:
    """From the first 401 the sink pauses and says so; when its password is good again, it goes on by itself."""
    row("401 mid-run: a password changed under a running sink, and changed back")
    here = secured.apart("changed")
    setup(here)
    articles = [lightly(one) for one in raw_articles(scaled(100, 2000))]
    with sink_on(here) as sink, contextlib.closing(Oracle(here, lightly)) as oracle:
        oracle.enriched(articles[:50])
        oracle.settle()
        drain_sink(here)
        change_password(secured.bare, "another")
        try:
            until(lambda: not answers_to(here), "the old password refused", 60)
            oracle.enriched(articles[50:])
            oracle.settle()
            until(lambda: "401" in sink.asked("readyz")[1], "the sink says that it is refused", 60)
        finally:
            change_password(secured.bare, PASSWORD)
        until(lambda: answers_to(here), "the password good again", 60)
        row.is_at_most("seconds from the good password to all stored", drain_sink(here), 60)
        drain(here)
        oracle.judge(stored(here), row)


def answers_to(settings: Settings) -> bool:
    """Whether Elasticsearch lets the user of the settings in."""
    try:
        return answers.elasticsearch(settings.elasticsearch_url, settings)
    except RefusedError:
        return False


def test_a_bulk_over_the_limit_is_split(secured: Secured, row: Row) -> None:
    """Requests of 20 MB at a limit of 10 MB are split; only a document that is over it alone becomes a dead letter."""
    row("413: bulks of 20 MB at a limit of 10 MB, on a real node")
    here = secured.apart("limited", sink_batch_bytes=20 * 2**20, sink_batch_seconds=5.0)
    setup(here)
    with contextlib.closing(Oracle(here, lightly)) as oracle:
        for number, raw in enumerate(raw_articles(scaled(40, 200))):
            size = 11 * 2**20 if number == 7 else 2**19
            article = lightly(raw.model_copy(update={"content": ("word " * (size // 5))}))
            oracle.enriched([article])
            if number == 7:
                oracle.lost.add(article.id)
                del oracle.documents[article.id]
        oracle.settle()
        with sink_on(here):
            drain_sink(here)
            drain(here)
        oracle.judge(stored(here), row)
