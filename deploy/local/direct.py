"""How to start Elasticsearch's own process, without the two that its script puts before it.

The script starts a launcher, which starts a preparer, which reads the configuration and writes a descriptor: the
command, the environment and the bytes that the server reads from its standard input. Here the preparer is run alone,
once for every configuration, and its descriptor kept, so that a start is some seconds faster and one process smaller.

The descriptor is what `org.elasticsearch.server.launcher.common.LaunchDescriptor` of version 9.4.3 writes with
`java.io.DataOutputStream`; this version alone is started so.
"""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deploy.errors import ServersError
from deploy.local.owner import Owner
from deploy.local.place import Place

MAGIC = 0x45534C44
PREPARE_SECONDS = 120.0
PREPARER_OPTIONS = ("-Xms4m", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What it takes to start the server's process.

    Attributes:
        command: program and arguments.
        environment: its whole environment.
        folder: the folder it starts in.
        told: the bytes it reads from its standard input; the end of that input ends it.
    """

    command: list[str]
    environment: dict[str, str]
    folder: str
    told: bytes

    @classmethod
    def parse(cls, written: bytes) -> Descriptor:
        """Read what the preparer wrote.

        Raises:
            ValueError: it is no such descriptor.
        """
        stream = io.BytesIO(written)
        try:
            if _number(stream) != MAGIC:
                raise ValueError("not a launch descriptor")
            program, options, arguments = _text(stream), _texts(stream), _texts(stream)
            environment = {_text(stream): _text(stream) for _ in range(_number(stream))}
            folder, _temporary, _daemonize = _text(stream), _text(stream), stream.read(1)
            told = _bytes(stream, _number(stream))
        except struct.error:
            raise ValueError("a launch descriptor that is cut short") from None
        return cls([program, *options, *arguments], environment, folder, told)


def _bytes(stream: BinaryIO, count: int) -> bytes:
    read = stream.read(count)
    if len(read) != count:
        raise ValueError("a launch descriptor that is cut short")
    return read


def _number(stream: BinaryIO) -> int:
    return int(struct.unpack(">i", stream.read(4))[0])


def _text(stream: BinaryIO) -> str:
    return _bytes(stream, struct.unpack(">H", stream.read(2))[0]).decode()


def _texts(stream: BinaryIO) -> list[str]:
    return [_text(stream) for _ in range(_number(stream))]


def descriptor(place: Place, home: Path, environment: Mapping[str, str], owner: Owner | None) -> Descriptor:
    """How to start the server that is configured at a place.

    Args:
        place: where its configuration lies.
        home: the distribution, version 9.4.3.
        environment: what its script would be given.
        owner: the user it runs as, where that is another one.

    Raises:
        ServersError: the configuration cannot be read by it.
    """
    try:
        return Descriptor.parse(_kept(place, home, environment).read_bytes())
    except (OSError, ValueError):
        written = _prepare(place, home, environment, owner)
    for old in place.root.glob("launch-*.bin"):
        old.unlink()
    kept = _kept(place, home, environment)  # by now it has a keystore, which counts for the name
    kept.touch(0o600)
    kept.write_bytes(written)
    return Descriptor.parse(written)


def _kept(place: Place, home: Path, environment: Mapping[str, str]) -> Path:
    """The file to keep the descriptor in; its name differs wherever the descriptor would."""
    digest = hashlib.sha256(repr((str(home), sorted(environment.items()))).encode())
    for name in ("elasticsearch.yml", "jvm.options", "elasticsearch.keystore"):
        file = place.config / name
        digest.update(file.read_bytes() if file.exists() else b"")
    return place.root / f"launch-{digest.hexdigest()[:16]}.bin"


def _prepare(place: Place, home: Path, environment: Mapping[str, str], owner: Owner | None) -> bytes:
    named = {
        "cli.name": "server",
        "cli.libs": "lib/tools/server-cli",
        "es.path.home": home,
        "es.path.conf": place.config,
        "es.distribution.type": "zip",
        "es.java.type": "ES_JAVA_HOME",
    }
    given = [f"-D{name}={value}" for name, value in named.items()]
    java = f"{environment['ES_JAVA_HOME']}/bin/java"
    jars = f"{home}/lib/*:{home}/lib/cli-launcher/*"
    done = subprocess.run(  # noqa: S603 (the command is our own)
        [java, *PREPARER_OPTIONS, *given, "-cp", jars, "org.elasticsearch.launcher.CliToolLauncher"],
        env={**environment, "ES_HOME": str(home), "ES_REDIRECT_STDOUT_TO_STDERR": "true"},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PREPARE_SECONDS,
        check=False,
        user=owner.user if owner else None,
        group=owner.group if owner else None,
        extra_groups=[] if owner else None,
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()[-500:]
        raise ServersError(f"Elasticsearch cannot read its configuration in {place.config}: {reason}")
    return done.stdout
