# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Directories that are purged: what goes, what stays, and that a run that is killed at any point is completed by the next."""

from __future__ import annotations

import grp
import os
import pathlib
import pwd
import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils import _files
from ansible_collections.railyard.cluster.plugins.module_utils.core import files
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.modules import files as module_file

OWNER = pwd.getpwuid(os.geteuid()).pw_name
GROUP = grp.getgrgid(os.getegid()).gr_name
# What changes a directory. After one of these a node may lose its power.
STEPS = ("mkdir", "replace", "unlink", "rmdir", "symlink")


class Node:
    """A folder for hooks in a temporary place, and the module on this machine."""

    def __init__(self, root: pathlib.Path) -> None:
        self.hooks = root / "hooks.d"

    def task(self, names: t.Iterable[str], *, purge: str = "slurm", check_mode: bool = False, diff: bool = False) -> dict[str, t.Any]:
        """Run the module with the folder and one file of each name, whose content is its name."""
        owner = {"owner": OWNER, "group": GROUP}
        listed = [files.DesiredFile(str(self.hooks / name), content=name.encode(), mode=0o755, **owner) for name in names]
        payload = files.pack([files.DesiredFile(str(self.hooks), "directory", mode=0o755, purge=purge, **owner), *listed])
        module = types.SimpleNamespace(params={"_payload": payload, "secret": False}, check_mode=check_mode, _diff=diff, selinux_enabled=lambda: False)
        return module_file.work(t.cast(t.Any, module), t.cast(t.Any, None))

    def paths(self, *names: str) -> list[str]:
        return [str(self.hooks / name) for name in names]

    def there(self) -> list[str]:
        return sorted(path.name for path in self.hooks.iterdir() if not path.name.startswith("."))

    def hidden(self) -> list[str]:
        return sorted(path.name for path in self.hooks.iterdir() if path.name.startswith("."))

    def remembered(self, name: str = "slurm") -> list[str]:
        return (self.hooks / f".{name}.railyard-files").read_text().splitlines()[1:]


@pytest.fixture
def node(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    # It is held until the module's process ends, and this one goes on.
    monkeypatch.setattr(module_file, "lock", lambda: None)
    return Node(tmp_path)


def test_what_is_no_longer_listed_goes_and_what_others_put_there_stays(node: Node) -> None:
    assert node.task(["10-a", "20-b"])["changed_files"] == [str(node.hooks), *node.paths("10-a", "20-b")]
    (node.hooks / "90-theirs").write_text("theirs")
    assert node.task(["10-a", "20-b"])["changed"] is False

    foreseen = node.task(["10-a", "30-c"], check_mode=True, diff=True)
    assert (node.there(), node.remembered()) == (["10-a", "20-b", "90-theirs"], ["10-a", "20-b"])
    assert foreseen["changed_files"] == node.paths("30-c", "20-b")
    assert [(side["before_header"], side["before"], side["after"]) for side in foreseen["diff"]][-1] == (*node.paths("20-b"), "20-b", "")
    assert node.task(["10-a", "30-c"], diff=True) == foreseen
    assert (node.there(), node.remembered()) == (["10-a", "30-c", "90-theirs"], ["10-a", "30-c"])
    assert node.task(["10-a", "30-c"])["changed"] is False

    assert node.task([])["changed_files"] == node.paths("10-a", "30-c")
    assert (node.there(), node.remembered(), node.hidden()) == (["90-theirs"], [], [".slurm.railyard-files"])
    assert node.task([])["changed"] is False


def test_nothing_is_remembered_where_nothing_was_ever_listed(node: Node) -> None:
    assert node.task([])["changed_files"] == [str(node.hooks)]
    assert node.hidden() == []


def test_the_record_is_for_everyone_to_read(node: Node) -> None:
    node.task(["10-a"])
    record = node.hooks / ".slurm.railyard-files"
    assert record.read_text() == "# What Railyard put here. Of these files it removes those that it no longer lists, and no others.\n10-a\n"
    assert record.stat().st_mode & 0o777 == 0o644


def test_each_name_has_what_it_put_there(node: Node) -> None:
    node.task(["10-a"])
    assert node.task(["20-b"], purge="gpu")["changed_files"] == node.paths("20-b")
    assert node.there() == ["10-a", "20-b"]
    assert node.task([], purge="gpu")["changed_files"] == node.paths("20-b")
    assert (node.there(), node.remembered(), node.remembered("gpu")) == (["10-a"], ["10-a"], [])


def test_without_a_name_nothing_goes_and_nothing_is_remembered(node: Node) -> None:
    node.task(["10-a"], purge="")
    assert node.task(["20-b"], purge="")["changed_files"] == node.paths("20-b")
    assert (node.there(), node.hidden()) == (["10-a", "20-b"], [])


def test_what_was_there_before_it_had_a_record_is_remembered_from_then_on(node: Node) -> None:
    node.task(["10-a", "20-b"], purge="")
    assert node.task(["10-a"], check_mode=True)["changed"] is False
    assert node.hidden() == []
    assert node.task(["10-a"])["changed"] is False
    assert (node.there(), node.remembered()) == (["10-a", "20-b"], ["10-a"])


def test_what_has_gone_already_is_forgotten_without_a_change(node: Node) -> None:
    node.task(["10-a", "20-b"])
    (node.hooks / "20-b").unlink()
    assert node.task(["10-a"])["changed"] is False
    assert node.remembered() == ["10-a"]


def test_what_has_become_something_else_stays(node: Node) -> None:
    node.task(["10-a", "20-b"])
    for name in ("10-a", "20-b"):
        (node.hooks / name).unlink()
    (node.hooks / "10-a").mkdir()
    (node.hooks / "20-b").symlink_to("nowhere")
    assert node.task([])["changed_files"] == node.paths("20-b")
    assert node.there() == ["10-a"]


def test_a_record_that_is_no_file_is_not_read_and_replaced(node: Node) -> None:
    node.task([])
    (node.hooks / "50-theirs").write_text("theirs")
    record = node.hooks / ".slurm.railyard-files"
    (node.hooks / ".names").write_text("50-theirs\n")
    record.symlink_to(".names")
    assert node.task(["10-a"])["changed_files"] == node.paths("10-a")
    assert (node.there(), node.remembered(), record.is_symlink()) == (["10-a", "50-theirs"], ["10-a"], False)
    assert (node.hooks / ".names").read_text() == "50-theirs\n"


def test_a_run_that_fails_before_it_changed_anything_leaves_nothing(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    real = _files.Writer.own

    def own(writer: _files.Writer, file: files.DesiredFile, place: str | int) -> None:
        if isinstance(place, str):
            assert node.remembered() == ["10-a"]
            raise OSError(1, "Operation not permitted")
        real(writer, file, place)

    monkeypatch.setattr(_files.Writer, "own", own)
    with pytest.raises(CoreError, match=r"hooks\.d can't be written: Operation not permitted; nothing was changed\."):
        node.task(["10-a"])
    assert not node.hooks.exists()


def test_a_record_that_cannot_be_written_is_named(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.task(["10-a"])

    def replace(source: str, target: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(_files.os, "replace", replace)
    with pytest.raises(CoreError, match=r"\.slurm\.railyard-files can't be written: Read-only file system; nothing was changed\."):
        node.task(["10-a", "20-b"])
    assert (node.there(), node.hidden()) == (["10-a"], [".slurm.railyard-files"])


def killed_run(node: Node, names: list[str], after: int) -> bool:
    """Run the module in a process that dies after so many steps, as with a node's power; whether it came that far."""
    child = os.fork()
    if not child:
        left = [after]
        for step in STEPS:
            real = getattr(os, step)

            def stepping(*arguments: t.Any, real: t.Callable[..., t.Any] = real, **options: t.Any) -> None:
                if not left[0]:
                    os._exit(9)
                left[0] -= 1
                real(*arguments, **options)

            setattr(os, step, stepping)
        try:
            node.task(names)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("then", [["20-b", "30-c"], ["30-c"], ["10-a"], []])
def test_killed_at_any_point_the_next_run_leaves_what_is_listed_and_what_is_not_ours(tmp_path: pathlib.Path, node: Node, then: list[str]) -> None:
    """Whatever the interrupted run did, none of its files is lost sight of, also when the next run lists others."""
    steps = 0
    while True:
        node.hooks = tmp_path / f"hooks{steps}.d"
        node.task(["10-a", "20-b"])
        (node.hooks / "90-theirs").write_text("theirs")
        came_to_it = killed_run(node, ["20-b", "30-c"], after=steps)
        node.task(then)
        assert (node.there(), node.remembered()) == (sorted([*then, "90-theirs"]), then), f"killed after {steps} steps"
        assert node.hidden() == [".slurm.railyard-files"], f"killed after {steps} steps"
        assert node.task(then)["changed"] is False
        if not came_to_it:
            break
        steps += 1
    # It was killed before and after each of: the record, the new file, the old one, the record.
    assert steps >= 4
