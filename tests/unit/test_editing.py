"""The file of sources is changed by entry, and whoever wrote comments into it finds them again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers import editing
from producers.sources import SourcesError, load
from schemas.source import SourceSpec

FILE = """# My sources, by hand.

[[source]]
name = "herald"   # the good one
kind = "feed"
url = "https://herald.example/feed"

# Only in summer:
[[source]]
name = "beach"
kind = "page"
url = "https://beach.example/"
links = "h2 a"
paused = true
"""
WIRE = SourceSpec(name="wire", kind="feed", url="https://wire.example/rss", every="5m")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of sources with comments."""
    found = tmp_path / "sources.toml"
    found.write_text(FILE, encoding="utf-8")
    return found


def test_an_entry_is_added_at_the_end_and_nothing_else_changes(path: Path) -> None:
    """All that was there stays as it was written."""
    editing.add(path, [WIRE])
    assert path.read_text(encoding="utf-8").startswith(FILE)
    assert load(path)[-1] == WIRE


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    """With its folder, and a heading that says what it is."""
    path = tmp_path / "new" / "sources.toml"
    editing.add(path, [WIRE])
    assert load(path) == [WIRE]
    assert path.read_text(encoding="utf-8").startswith("# Where articles come from")
    assert [one.name for one in path.parent.iterdir()] == ["sources.toml"]


def test_a_name_that_is_taken_is_refused(path: Path) -> None:
    """The file stays as it is."""
    with pytest.raises(SourcesError, match="there is a source 'herald' already"):
        editing.add(path, [WIRE, WIRE.model_copy(update={"name": "herald"})])
    assert path.read_text(encoding="utf-8") == FILE


def test_a_source_is_paused_and_resumed_with_its_comments(path: Path) -> None:
    """One field comes and goes."""
    editing.pause(path, "herald", paused=True)
    assert [spec.paused for spec in load(path)] == [True, True]
    editing.pause(path, "herald", paused=False)
    editing.pause(path, "beach", paused=False)
    assert [spec.paused for spec in load(path)] == [False, False]
    text = path.read_text(encoding="utf-8")
    assert "# the good one" in text
    assert "# Only in summer:" in text


def test_a_source_is_removed(path: Path) -> None:
    """Its entry is gone, the other stays."""
    editing.remove(path, "herald")
    assert [spec.name for spec in load(path)] == ["beach"]


@pytest.mark.parametrize(
    "change", [lambda path: editing.remove(path, "x"), lambda path: editing.pause(path, "x", paused=True)]
)
def test_a_source_that_there_is_not_is_said(change: object, path: Path) -> None:
    """The message names the file, the name and where to look."""
    with pytest.raises(SourcesError, match=r"no source 'x'.*wiredesk feed list"):
        change(path)  # type: ignore[operator]


@pytest.mark.parametrize("text", ["[[source]\n", '[[source]]\nname = "a"\nkind = "fax"\n', "\ufeff[[source]]\n"])
def test_a_file_that_cannot_be_read_is_never_overwritten(text: str, tmp_path: Path) -> None:
    """What a person has to mend stays as it is."""
    path = tmp_path / "sources.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourcesError):
        editing.add(path, [WIRE])
    assert path.read_text(encoding="utf-8") == text
    assert [one.name for one in tmp_path.iterdir()] == ["sources.toml"]


def test_who_may_read_the_file_stays(path: Path) -> None:
    """The file's mode outlives the change."""
    path.chmod(0o640)
    editing.add(path, [WIRE])
    assert path.stat().st_mode & 0o777 == 0o640


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "pause", "resume", "remove"]), st.integers(0, 4)), max_size=12))
def test_any_course_of_changes_leaves_what_it_says(
    tmp_path_factory: pytest.TempPathFactory, course: list[tuple[str, int]]
) -> None:
    """After any adding, pausing and removing the file names just the sources that a plain list of them does."""
    path = tmp_path_factory.mktemp("sources") / "sources.toml"
    path.write_text(FILE, encoding="utf-8")
    expected = {spec.name: spec for spec in load(path)}
    for action, number in course:
        name = f"s{number}"
        spec = WIRE.model_copy(update={"name": name, "note": 'with "quotes", \\ and ü'})
        try:
            if action == "add":
                editing.add(path, [spec])
                expected[name] = spec
            elif action == "remove":
                editing.remove(path, name)
                del expected[name]
            else:
                editing.pause(path, name, paused=action == "pause")
                expected[name] = expected[name].model_copy(update={"paused": action == "pause"})
        except SourcesError:
            assert (action == "add") is (name in expected)
    assert load(path) == list(expected.values())
