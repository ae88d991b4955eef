"""The server is unpacked out of a larger archive, cut down, and started without its script."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.direct import MAGIC, Descriptor
from deploy.local.elasticsearch import prepare, unpack, unpacked
from deploy.local.place import Place
from deploy.progress import Silent
from schemas.settings import ENV_PREFIX, load

ENTRIES = {
    "product-1/COPYING": b"not this",
    "product-1/bin/elasticsearch": b"#!/bin/sh\n",
    "product-1/bin/other": b"not this",
    "product-1/elasticsearch/bin/elasticsearch-cli": b"#!/bin/sh\n",
    "product-1/elasticsearch/lib/server.jar": b"jar",
    "product-1/elasticsearch/lib/tools/server-launcher/server-launcher": b"binary",
    "product-1/elasticsearch/modules/reindex/reindex.jar": b"jar",
    "product-1/elasticsearch/modules/x-pack-inference/inference.jar": b"not needed",
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive laid out as the real one."""
    file = tmp_path / "product.zip"
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("product-1/elasticsearch/", "")
        for name, content in ENTRIES.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if "launcher" in name else 0o640) << 16
            target.writestr(entry, content)
    return file


def names(folder: Path) -> set[str]:
    """The files below a folder."""
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_only_the_server_and_the_needed_modules_are_unpacked(archive: Path, tmp_path: Path) -> None:
    """Neither the rest of the archive nor modules that Wiredesk does not use end up on the disk."""
    home = tmp_path / "home"
    unpack(archive, home, Silent())
    assert names(home) == {
        "bin/elasticsearch",
        "bin/elasticsearch-cli",
        "lib/server.jar",
        "lib/tools/server-launcher/server-launcher",
        "modules/reindex/reindex.jar",
        "wiredesk.json",
    }


def test_rights_are_set(archive: Path, tmp_path: Path) -> None:
    """Scripts can be run, all can be read by the servers' user, and the binary for another processor cannot be run."""
    home = tmp_path / "home"
    unpack(archive, home, Silent())
    modes = {name: (home / name).stat().st_mode & 0o777 for name in names(home)}
    assert modes["bin/elasticsearch"] == modes["bin/elasticsearch-cli"] == 0o755
    assert modes["lib/server.jar"] == 0o644
    assert modes["lib/tools/server-launcher/server-launcher"] == 0o644


def test_a_whole_home_is_known_as_whole(archive: Path, tmp_path: Path) -> None:
    """What was unpacked to its end counts as there."""
    unpack(archive, tmp_path / "home", Silent())
    assert unpacked(tmp_path / "home")


@pytest.mark.parametrize("spoil", ["missing", "cut", "stamp"])
def test_a_broken_home_is_unpacked_anew(archive: Path, tmp_path: Path, spoil: str) -> None:
    """A file that is gone or cut, or a missing stamp, makes the home count as not there; unpacking mends it."""
    home = tmp_path / "home"
    unpack(archive, home, Silent())
    {
        "missing": (home / "lib" / "server.jar").unlink,
        "cut": lambda: (home / "lib" / "server.jar").write_bytes(b""),
        "stamp": (home / "wiredesk.json").unlink,
    }[spoil]()
    assert not unpacked(home)
    unpack(archive, home, Silent())
    assert unpacked(home)


def test_an_interrupted_unpacking_does_not_count(archive: Path, tmp_path: Path) -> None:
    """What an interrupted run left is neither taken for the server nor in the way of the next run."""
    (tmp_path / "home.part" / "lib").mkdir(parents=True)
    (tmp_path / "home.part" / "lib" / "leftover.jar").write_bytes(b"half")
    assert not unpacked(tmp_path / "home")
    unpack(archive, tmp_path / "home", Silent())
    assert "lib/leftover.jar" not in names(tmp_path / "home")
    assert not (tmp_path / "home.part").exists()


def text(value: str) -> bytes:
    """A text as java.io.DataOutputStream writes it, for what is not beyond its plain cases."""
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded


def written(found: Descriptor) -> bytes:
    """A descriptor as the preparer writes it."""
    program, *arguments = found.command
    pairs = [text(name) + text(value) for name, value in found.environment.items()]
    return b"".join(
        [
            struct.pack(">I", MAGIC),
            text(program),
            struct.pack(">i", len(arguments)),
            *map(text, arguments),
            struct.pack(">i", 0),
            struct.pack(">i", len(pairs)),
            *pairs,
            text(found.folder),
            text("/tmp"),
            b"\0",
            struct.pack(">i", len(found.told)),
            found.told,
        ]
    )


PLAIN = st.text(st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20)
DESCRIPTORS = st.builds(
    Descriptor,
    st.lists(PLAIN, min_size=1, max_size=5),
    st.dictionaries(PLAIN, PLAIN, max_size=4),
    PLAIN,
    st.binary(max_size=50),
)


@given(DESCRIPTORS)
def test_a_descriptor_is_read_as_it_was_written(found: Descriptor) -> None:
    """Command, environment, folder and input come out as the preparer put them in."""
    assert Descriptor.parse(written(found)) == found


@given(DESCRIPTORS, st.data())
def test_a_cut_descriptor_is_refused(found: Descriptor, data: st.DataObject) -> None:
    """A descriptor that ends anywhere before its end is never half believed."""
    whole = written(found)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match="launch descriptor"):
        Descriptor.parse(whole[:cut])


def test_something_else_is_no_descriptor() -> None:
    """Bytes that do not begin as a descriptor does are refused."""
    with pytest.raises(ValueError, match="not a launch descriptor"):
        Descriptor.parse(b"Exception in thread main")


def test_options_for_its_jvm_are_passed_on_and_no_secret_is(tmp_path: Path) -> None:
    """Elasticsearch is given its own variable for more options of the JVM, and none of ours."""
    place = Place(tmp_path, "elasticsearch")
    place.config.mkdir(parents=True)
    settings = load(elasticsearch_home=tmp_path, web_token="k" * 16)
    given = prepare(settings, tmp_path, tmp_path, place, None).environment
    assert given["ES_JAVA_OPTS"] == os.environ["ES_JAVA_OPTS"]
    assert not [name for name in given if name.startswith(ENV_PREFIX)]
