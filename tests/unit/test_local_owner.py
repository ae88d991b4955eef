"""As root the servers run as another user, and what is closed to that user is said before anything is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.errors import ServersError
from deploy.local.owner import Owner, check_reach, closed_folder, make_folder, may, servers_owner, write_file

STRANGER = Owner(60001, 60001, "stranger")


def test_only_root_runs_the_servers_as_another() -> None:
    """Root's servers belong to nobody, and everyone else's to themselves."""
    owner = servers_owner()
    assert (owner.name if owner else None) == ("nobody" if os.geteuid() == 0 else None)


@pytest.mark.parametrize(("mode", "allowed"), [(0o711, True), (0o755, True), (0o710, False), (0o700, False)])
def test_a_stranger_enters_what_is_open_to_all(tmp_path: Path, mode: int, allowed: bool) -> None:
    """A user who neither owns a folder nor shares its group enters it by the bits for all."""
    tmp_path.chmod(mode)
    assert may(STRANGER, tmp_path.stat(), 1) is allowed


def test_owner_and_group_have_bits_of_their_own(tmp_path: Path) -> None:
    """The owner's bits count for the owner alone, and the group's for the group."""
    tmp_path.chmod(0o050)
    status = tmp_path.stat()
    assert not may(Owner(status.st_uid, 60001, "owner"), status, 1)
    assert may(Owner(60001, status.st_gid, "group"), status, 1)
    tmp_path.chmod(0o700)


def test_the_outermost_closed_folder_is_named(tmp_path: Path) -> None:
    """Of several closed folders on the way the first one is told: it has to be opened first."""
    inner = tmp_path / "closed" / "too"
    inner.mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.name.startswith(("pytest", "popen", "test_", "closed")):
            folder.chmod(0o755)
    (tmp_path / "closed").chmod(0o700)
    inner.chmod(0o700)
    assert closed_folder(STRANGER, inner / "data") == (tmp_path / "closed").resolve()


def test_a_closed_place_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """The message names the place, the user, the closed folder with its mode, and the setting for another one."""
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(
        ServersError, match=r"as the user stranger, who may not enter .* \(mode 07\d\d\).*WIREDESK_DATA_DIR"
    ):
        check_reach(STRANGER, [("WIREDESK_DATA_DIR", tmp_path / "closed" / "data")])


def test_without_another_user_nothing_is_checked(tmp_path: Path) -> None:
    """Who runs the servers as themselves may keep everything closed to others."""
    (tmp_path / "closed").mkdir(mode=0o700)
    check_reach(None, [("WIREDESK_DATA_DIR", tmp_path / "closed")])


def test_made_folders_are_open_whatever_the_umask(tmp_path: Path) -> None:
    """Folders on the way can be entered by the servers' user even under a strict umask; older ones stay as they are."""
    (tmp_path / "older").mkdir(mode=0o700)
    before = os.umask(0o077)
    try:
        made = make_folder(tmp_path / "older" / "a" / "b", mode=0o750)
    finally:
        os.umask(before)
    assert made.stat().st_mode & 0o777 == 0o750
    assert made.parent.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "older").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """Where a file stands in the way, the message names the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ServersError, match=f"cannot make the folder {tmp_path}/file/inner"):
        make_folder(tmp_path / "file" / "inner")


def test_a_file_is_written_anew(tmp_path: Path) -> None:
    """A configuration file is replaced whole, and readable for the servers' user."""
    file = tmp_path / "config"
    file.write_text("old and longer")
    write_file(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]
