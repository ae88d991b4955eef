"""Elasticsearch as a child process: one node, cut down to the modules that Wiredesk uses."""

from __future__ import annotations

import json
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from deploy import answers
from deploy.local.artifacts import bundle
from deploy.local.cache import Cache
from deploy.local.direct import Descriptor, descriptor
from deploy.local.download import check_room
from deploy.local.launch import Launch, check_heap, check_home, environment
from deploy.local.owner import Owner, make_folder, write_file
from deploy.local.place import Place
from deploy.local.ports import HOST, choose_again
from deploy.progress import Progress
from schemas.settings import Settings

USUAL_SECONDS = 12.0
OPTIONS = ("ES_JAVA_OPTS",)  # Elasticsearch's own variable for more options of its JVM
UNPACKED_BYTES = 170 * 10**6
STAMP = "wiredesk.json"
MODULES = frozenset(
    {
        "aggregations",
        "analysis-common",
        "apm",
        "dot-prefix-validation",
        "health-shards-availability",
        "ingest-common",
        "lang-painless",
        "parent-join",
        "reindex",
        "rest-root",
        "transport-netty4",
        "x-pack-core",
        "x-pack-security",
    }
)
UNFIT = frozenset({"server-launcher"})  # a binary for another processor; the script falls back to Java
# What a full distribution would do unasked and Wiredesk does not need; known only where the module is.
QUIETED = {"x-pack-ml": "xpack.ml.enabled: false", "ingest-geoip": "ingest.geoip.downloader.enabled: false"}
# Without real memory: the serial collector leaves what is dead where it is until it needs room, which would be counted.
CONFIG = """\
cluster.name: wiredesk
node.name: wiredesk
discovery.type: single-node
network.host: {host}
http.port: {port}
path.data: {data}
path.logs: {logs}
path.repo: {snapshots}
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
action.auto_create_index: false
indices.breaker.total.use_real_memory: false
"""
JVM_OPTIONS = """\
-Xms{heap}
-Xmx{heap}
-XX:+UseSerialGC
-XX:+AlwaysPreTouch
-XX:+ExitOnOutOfMemoryError
-XX:ErrorFile={logs}/hs_err_pid%p.log
-Djava.io.tmpdir=${{ES_TMPDIR}}
20-:--add-modules=jdk.incubator.vector
23:-XX:CompileCommand=dontinline,java/lang/invoke/MethodHandle.setAsTypeCache
23:-XX:CompileCommand=dontinline,java/lang/invoke/MethodHandle.asTypeUncached
-Dorg.apache.lucene.store.defaultReadAdvice=normal
-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1
"""
LOG_CONFIG = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:es.logs.base_path}/server.log
appender.file.filePattern = ${sys:es.logs.base_path}/server-%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}] %-5p %m (%c{1.})%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 4
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""


def home(settings: Settings, cache: Cache, progress: Progress) -> Path:
    """The folder of an installed Elasticsearch, or of the downloaded one, which is fetched where it is missing.

    Raises:
        ServersError: neither can be had.
    """
    if settings.elasticsearch_home is not None:
        return check_home("WIREDESK_ELASTICSEARCH_HOME", settings.elasticsearch_home, "bin/elasticsearch")
    wanted = bundle("elasticsearch")
    folder = cache.folder / f"elasticsearch-{wanted.version}"
    if unpacked(folder):
        return folder
    with cache.locked("elasticsearch", progress):
        if not unpacked(folder):
            check_room(make_folder(cache.folder), wanted.wanted + UNPACKED_BYTES, "WIREDESK_CACHE_DIR")
            [archive] = cache.fetch(f"Elasticsearch {wanted.version}", wanted, cache.folder, progress)
            unpack(archive, folder, progress)
            archive.unlink()
    return folder


def _count(folder: Path) -> dict[str, int]:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.name != STAMP]
    return {"files": len(sizes), "bytes": sum(sizes)}


def unpacked(folder: Path) -> bool:
    """Whether a folder holds all that was unpacked into it."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stamp == _count(folder))


def _wanted(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, Path]]:
    """The entries that make up the server, and where each goes below its home."""
    for entry in archive.infolist():
        _, *parts = entry.filename.split("/")
        if parts == ["bin", "elasticsearch"]:
            yield entry, Path(*parts)
        elif parts[0] == "elasticsearch" and not entry.is_dir() and _needed(parts[1:]):
            yield entry, Path(*parts[1:])


def _needed(parts: list[str]) -> bool:
    return parts[0] != "modules" or parts[1] in MODULES


def unpack(archive: Path, folder: Path, progress: Progress) -> None:
    """Unpack the server out of the archive that it comes in; an interrupted one leaves nothing behind that counts.

    Args:
        archive: the zip file; what lies outside the server's entries need not be there.
        folder: where the server goes; what is there is replaced.
        progress: shows it.
    """
    fresh = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    with zipfile.ZipFile(archive) as source:
        entries = list(_wanted(source))
        total = sum(entry.file_size for entry, _ in entries)
        with progress.task("Unpacking Elasticsearch", total, "bytes") as advance:
            for entry, inner in entries:
                target = make_folder((fresh / inner).parent) / inner.name
                target.write_bytes(source.read(entry))
                target.chmod(_mode(entry, inner))
                advance(entry.file_size)
    make_folder(fresh / "plugins")
    write_file(fresh / STAMP, json.dumps(_count(fresh)))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)


def _mode(entry: zipfile.ZipInfo, inner: Path) -> int:
    """Readable for all, and to be run where it was or where it is a script of the server's."""
    runs = bool(entry.external_attr >> 16 & stat.S_IXUSR) or inner.parts[0] == "bin"
    return 0o755 if runs and inner.name not in UNFIT else 0o644


def _config(place: Place, home_folder: Path, port: int) -> str:
    names = {"data": place.data, "logs": place.logs, "snapshots": place.snapshots}
    quoted = {name: json.dumps(str(path)) for name, path in names.items()}
    quiet = [line for module, line in QUIETED.items() if (home_folder / "modules" / module).is_dir()]
    text = CONFIG.format(host=HOST, port=port, **quoted)
    return text + "".join(f"{line}\n" for line in quiet)


def prepare(settings: Settings, java_home: Path, home_folder: Path, place: Place, owner: Owner | None) -> Launch:
    """Write the configuration and say how Elasticsearch is started.

    Args:
        settings: port and heap count.
        java_home: the JDK to run it on.
        home_folder: the distribution.
        place: where its files lie; the folders exist.
        owner: the user it runs as, where that is another one.

    Raises:
        ServersError: a setting cannot stand.
    """
    port = choose_again(settings.elasticsearch_port, place.port_file)
    heap = check_heap("WIREDESK_ELASTICSEARCH_HEAP", settings.elasticsearch_heap)
    write_file(place.config / "elasticsearch.yml", _config(place, home_folder, port), owner)
    write_file(place.config / "jvm.options", JVM_OPTIONS.format(heap=heap, logs=place.logs), owner)
    write_file(place.config / "log4j2.properties", LOG_CONFIG, owner)
    address = f"http://{HOST}:{port}"
    given = {
        **environment(
            place, ES_JAVA_HOME=str(java_home), ES_PATH_CONF=str(place.config), ES_TMPDIR=str(place.temporary)
        ),
        **{name: os.environ[name] for name in OPTIONS if name in os.environ},
    }
    if settings.elasticsearch_home is None:
        start = descriptor(place, home_folder, given, owner)
    else:
        start = Descriptor([str(home_folder / "bin" / "elasticsearch")], given, str(place.root), b"")
    return Launch(
        title="Elasticsearch",
        place=place,
        owner=owner,
        address=address,
        command=start.command,
        environment=start.environment,
        folder=start.folder,
        told=start.told,
        answers=lambda: answers.elasticsearch(address),
        usual_seconds=USUAL_SECONDS,
    )
