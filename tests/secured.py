"""Kafka and Elasticsearch as people run them: TLS with certificates made for the test, and users who sign in."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from deploy.local import elasticsearch, java, kafka, owner
from deploy.local.cache import Cache
from deploy.local.direct import descriptor
from deploy.local.launch import Launch
from deploy.local.owner import write_file
from deploy.local.place import Place
from deploy.local.ports import HOST, choose
from deploy.local.process import start
from deploy.progress import Silent
from schemas.settings import Settings

USER, PASSWORD = "wire", "canary-7c1f"  # the password is looked for in everything that is printed
_ROUNDS = 10_000
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"

Server = Literal["kafka", "elasticsearch"]


def pem(certificate: trustme.LeafCert) -> tuple[bytes, bytes]:
    """Key (PKCS #8) and certificate chain."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    chain = b"".join(part.bytes() for part in certificate.cert_chain_pems)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), chain


@contextmanager
def kafka_with(settings: Settings, certificate: trustme.LeafCert) -> Iterator[str]:
    """A Kafka that speaks SASL_SSL and knows `USER`; gives its address.

    Args:
        settings: data and cache folders, and where a JDK is.
        certificate: what it shows.
    """
    place, who, home = _placed(settings, "kafka")
    jars = kafka.classpath(settings, Cache.of(settings), Silent())
    port, inside, controller = choose(0) + choose(0) + choose(0)
    key, chain = pem(certificate)
    write_file(place.config / "server.pem", (key + chain).decode(), who)
    plain = kafka.properties(place, port, controller)
    (place.config / "server.properties").write_text(plain)
    storage = ["kafka.tools.StorageTool", "format", "-t", kafka.cluster_id(os.urandom(16))]
    user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    java_command = [str(home / "bin" / "java"), "-Xmx128m", "-cp", jars]
    subprocess.run(
        [*java_command, *storage, "-c", str(place.config / "server.properties"), "--add-scram", user],
        check=True,
        capture_output=True,
        user=who.user if who else None,
    )
    launch = kafka.prepare(settings, home, jars, place, who)
    write_file(place.config / "server.properties", plain + _secured(place, port, inside, controller), who)
    address = f"{HOST}:{port}"
    with _started(replace(launch, address=address, answers=lambda: _listens(port))):
        yield address


def _secured(place: Place, port: int, inside: int, controller: int) -> str:
    """What comes after the usual properties, and so in their place."""
    names = {
        "listeners": f"SASL_SSL://{HOST}:{port},PLAINTEXT://{HOST}:{inside},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"SASL_SSL://{HOST}:{port},PLAINTEXT://{HOST}:{inside}",
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": _SCRAM,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": place.config / "server.pem",
    }
    return "".join(f"{name}={value}\n" for name, value in names.items())


@contextmanager
def elasticsearch_with(settings: Settings, certificate: trustme.LeafCert) -> Iterator[str]:
    """An Elasticsearch that speaks https and knows `USER`; gives its address."""
    place, who, home = _placed(settings, "elasticsearch")
    distribution = elasticsearch.home(settings, Cache.of(settings), Silent())
    launch = elasticsearch.prepare(settings, home, distribution, place, who)
    key, chain = pem(certificate)
    for name, text in {
        "key.pem": key.decode(),
        "server.pem": chain.decode(),
        "users": f"{USER}:{_hashed(PASSWORD)}\n",
        "users_roles": f"superuser:{USER}\n",
        "elasticsearch.yml": (place.config / "elasticsearch.yml")
        .read_text()
        .replace("xpack.security.enabled: false", _ELASTICSEARCH),
    }.items():
        write_file(place.config / name, text, who)
    port = int(launch.address.rpartition(":")[2])
    anew = descriptor(place, distribution, launch.environment, who)  # it holds the configuration
    secured = replace(launch, command=anew.command, told=anew.told, environment=anew.environment)
    with _started(replace(secured, answers=lambda: _listens(port))):
        yield f"https://{HOST}:{port}"


def change_password(settings: Settings, password: str) -> None:
    """Gives `USER` another password for the Elasticsearch of these settings, which looks for that every 5 seconds."""
    place = Place(settings.data_dir.absolute(), "elasticsearch")
    write_file(place.config / "users", f"{USER}:{_hashed(password)}\n", owner.servers_owner())


_ELASTICSEARCH = """\
http.max_content_length: 10mb
xpack.security.enabled: true
xpack.security.authc.password_hashing.algorithm: pbkdf2
xpack.security.authc.api_key.enabled: true
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: key.pem
xpack.security.http.ssl.certificate: server.pem"""


def _hashed(password: str) -> str:
    """A password as Elasticsearch's file of users holds it."""
    salt = os.urandom(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS, 32)
    return f"{{PBKDF2}}{_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _placed(settings: Settings, server: Server) -> tuple[Place, owner.Owner | None, Path]:
    """Where a server's files lie, who it runs as, and the JDK."""
    who = owner.servers_owner()
    place = Place(settings.data_dir.absolute(), server)
    place.make(who)
    return place, who, java.java_home(settings, who, Silent())


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def _started(launch: Launch) -> Iterator[None]:
    guarded = start(launch)
    try:
        guarded.wait_ready(Silent(), 120)
        yield
    finally:
        guarded.stop()
