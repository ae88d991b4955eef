"""Kafka as a child process: one node that is broker and controller (KRaft)."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path

from deploy import answers
from deploy.errors import ServersError
from deploy.local.artifacts import bundle
from deploy.local.cache import Cache
from deploy.local.launch import Launch, check_heap, check_home, environment, escaped
from deploy.local.owner import Owner, write_file
from deploy.local.place import Place
from deploy.local.ports import HOST, choose, choose_again
from deploy.progress import Progress
from schemas.settings import Settings

LARGEST_MESSAGE_BYTES = 32 * 2**20
OFFSETS_MINUTES = 30 * 24 * 60
FORMAT_SECONDS = 120.0
USUAL_SECONDS = 5.0
JVM_OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    # Memory that is not there is found out at the start, and what grows later is no heap.
    "-XX:+AlwaysPreTouch",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)
LOG_CONFIG = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {logs}/server.log
appender.file.filePattern = {logs}/server-%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{{ISO8601}}] %-5p %m (%c)%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 4
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""


def classpath(settings: Settings, cache: Cache, progress: Progress) -> str:
    """The jars of an installed Kafka, or of the downloaded one, which is fetched where it is missing.

    Raises:
        ServersError: neither can be had.
    """
    if settings.kafka_home is not None:
        return f"{check_home('WIREDESK_KAFKA_HOME', settings.kafka_home, 'libs')}/libs/*"
    wanted = bundle("kafka")
    folder = cache.folder / f"kafka-{wanted.version}"
    if cache.complete(folder, wanted):
        return f"{folder}/*"
    with cache.locked("kafka", progress):
        if not cache.complete(folder, wanted):
            cache.fetch(f"Kafka {wanted.version}", wanted, folder, progress)
    return f"{folder}/*"


def properties(place: Place, port: int, controller: int) -> str:
    """The text of `server.properties`."""
    lines = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": escaped(place.data),
        "auto.create.topics.enable": "false",
        "message.max.bytes": LARGEST_MESSAGE_BYTES,
        "replica.fetch.max.bytes": LARGEST_MESSAGE_BYTES,
        "offsets.retention.minutes": OFFSETS_MINUTES,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.dedupe.buffer.size": 16 * 2**20,
        # A broker that was killed may come back only when its old session has ended; the default is 9 s.
        "broker.heartbeat.interval.ms": 1000,
        "broker.session.timeout.ms": 4000,
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _java(java_home: Path, place: Place, jars: str, heap: str) -> list[str]:
    options = [f"-Xmx{heap}", f"-Xms{heap}", *JVM_OPTIONS]
    named = {
        "log4j2.configurationFile": place.config / "log4j2.properties",
        "kafka.logs.dir": place.logs,
        "java.io.tmpdir": place.temporary,
    }
    given = [f"-D{name}={value}" for name, value in named.items()]
    return [str(java_home / "bin" / "java"), *options, *given, "-cp", jars]


def cluster_id(random: bytes) -> str:
    """A cluster's id out of 16 random bytes: base64, never beginning with the `-` that would make it an option."""
    tamed = bytes([random[0] & 0x7F]) + random[1:]
    return base64.urlsafe_b64encode(tamed).rstrip(b"=").decode()


def _format(java: list[str], place: Place, owner: Owner | None) -> None:
    """Make the storage, once for every data folder."""
    if (place.data / "meta.properties").exists():
        return
    storage = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster_id(os.urandom(16))]
    done = subprocess.run(  # noqa: S603 (the command is our own)
        [*java, *storage, "-c", str(place.config / "server.properties")],
        env=environment(place),
        cwd=place.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=FORMAT_SECONDS,
        check=False,
        user=owner.user if owner else None,
        group=owner.group if owner else None,
        extra_groups=[] if owner else None,
    )
    if done.returncode:
        raise ServersError(
            f"Kafka cannot make its storage in {place.data}: {(done.stderr or done.stdout).strip()[-500:]}"
        )


def prepare(settings: Settings, java_home: Path, jars: str, place: Place, owner: Owner | None) -> Launch:
    """Write the configuration, make the storage, and say how Kafka is started.

    Args:
        settings: ports and heap count.
        java_home: the JDK to run it on.
        jars: its class path.
        place: where its files lie; the folders exist.
        owner: the user it runs as, where that is another one.

    Raises:
        ServersError: a setting cannot stand, or the storage cannot be made.
    """
    if "," in str(place.data):
        raise ServersError(f"{place.data}: Kafka takes the comma for the end of a path: name another WIREDESK_DATA_DIR")
    port = choose_again(settings.kafka_port, place.port_file)
    [controller] = choose(0)
    write_file(place.config / "server.properties", properties(place, port, controller), owner)
    write_file(place.config / "log4j2.properties", LOG_CONFIG.format(logs=escaped(place.logs)), owner)
    java = _java(java_home, place, jars, check_heap("WIREDESK_KAFKA_HEAP", settings.kafka_heap))
    _format(java, place, owner)
    address = f"{HOST}:{port}"
    return Launch(
        title="Kafka",
        place=place,
        owner=owner,
        address=address,
        command=[*java, "kafka.Kafka", str(place.config / "server.properties")],
        environment=environment(place),
        folder=str(place.root),
        told=b"",
        answers=lambda: answers.kafka(address),
        usual_seconds=USUAL_SECONDS,
    )
