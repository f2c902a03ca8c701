# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Authorized keys: written whole, with the user's rights, and never through a link."""

from __future__ import annotations

import contextlib
import pathlib
import pwd
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.modules import users as module_file


@pytest.fixture
def user(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pwd.struct_passwd:
    monkeypatch.setattr(module_file, "acting_as", lambda user: contextlib.nullcontext())
    return pwd.struct_passwd(("alice", "x", 3001, 3001, "", str(tmp_path), "/bin/sh"))


def test_keys_are_written_once(user: pwd.struct_passwd, tmp_path: pathlib.Path) -> None:
    path = tmp_path / ".ssh/authorized_keys"
    assert module_file.write_keys(user, "one\n", check_mode=True)
    assert not path.parent.exists()
    assert module_file.write_keys(user, "one\n", check_mode=False)
    assert (path.read_text(), path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == ("one\n", 0o600, 0o700)
    assert not module_file.write_keys(user, "one\n", check_mode=False)
    path.chmod(0o666)
    assert module_file.write_keys(user, "one\n", check_mode=False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_keys(user: pwd.struct_passwd, tmp_path: pathlib.Path) -> None:
    assert not module_file.write_keys(user, "", check_mode=False)
    assert not (tmp_path / ".ssh").exists()
    module_file.write_keys(user, "one\n", check_mode=False)
    assert module_file.write_keys(user, "", check_mode=False)
    assert (tmp_path / ".ssh/authorized_keys").read_text() == ""


def test_a_link_is_replaced_and_not_followed(user: pwd.struct_passwd, tmp_path: pathlib.Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (tmp_path / ".ssh").mkdir()
    for name in ("authorized_keys", "authorized_keys.railyard-staged"):
        (tmp_path / ".ssh" / name).symlink_to(elsewhere)
    assert module_file.write_keys(user, "one\n", check_mode=False)
    assert elsewhere.read_text() == "precious"
    assert not (tmp_path / ".ssh/authorized_keys").is_symlink()


def test_no_home(user: pwd.struct_passwd, tmp_path: pathlib.Path) -> None:
    nowhere = pwd.struct_passwd((*user[:5], str(tmp_path / "missing"), "/bin/sh"))
    with pytest.raises(
        CoreError, match=r"The SSH keys of alice can't be written to .*missing/.ssh/authorized_keys: No such file or directory\. Does the home directory exist"
    ):
        module_file.write_keys(nowhere, "one\n", check_mode=False)


def test_the_rights_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[t.Any] = []
    for name in ("setgroups", "setegid", "seteuid"):
        monkeypatch.setattr(module_file.os, name, lambda value, name=name: calls.append((name, value)))
    monkeypatch.setattr(module_file.os, "getgroups", lambda: [0, 4])
    alice = pwd.struct_passwd(("alice", "x", 3001, 3002, "", "/", "/bin/sh"))
    with pytest.raises(OSError), module_file.acting_as(alice):
        raise OSError
    assert calls == [("setgroups", []), ("setegid", 3002), ("seteuid", 3001), ("seteuid", 0), ("setegid", 0), ("setgroups", [0, 4])]
