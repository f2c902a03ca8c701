# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which files change, in which order, what is refused, and what is shown."""

from __future__ import annotations

import os.path
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.railyard.cluster.plugins.module_utils.core import files
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.files import Accounts, DesiredFile, FileChange, ObservedFile

ACCOUNTS = Accounts(users={"root": 0, "munge": 110, "nobody-here": None}, groups={"root": 0, "munge": 111, "nobody-here": None})
PRESENT = ObservedFile(kind="file", uid=0, gid=0, owner="root", group="root", mode=0o644, content=b"one\n")
FOLDER = ObservedFile(kind="directory", uid=0, gid=0, owner="root", group="root", mode=0o755)
FULL = ObservedFile(kind="directory", entries=3)
LINK = ObservedFile(kind="link", target="old", owner="root", group="root", mode=0o777)


def plan(file: DesiredFile, now: ObservedFile, *, folders: t.Collection[str] = ("/etc",), check_mode: bool = False) -> list[str]:
    changes = files.plan([file], {file.path: now}, accounts=ACCOUNTS, folders=folders, check_mode=check_mode)
    return [change.action for change in changes]


ONE = DesiredFile("/etc/a", content=b"one\n")


@pytest.mark.parametrize(
    ("file", "now", "expected"),
    [
        pytest.param(ONE, PRESENT, [], id="as it should be"),
        pytest.param(ONE, ObservedFile(), ["create"], id="missing"),
        pytest.param(DesiredFile("/etc/a", content=b"two\n"), PRESENT, ["replace"], id="other content"),
        pytest.param(DesiredFile("/etc/a", content=b"one\n", mode=0o600), PRESENT, ["attributes"], id="other mode"),
        pytest.param(DesiredFile("/etc/a", content=b"one\n", owner="munge"), PRESENT, ["attributes"], id="other owner"),
        pytest.param(DesiredFile("/etc/a", content=b"one\n", group="munge"), PRESENT, ["attributes"], id="other group"),
        pytest.param(ONE, LINK, ["replace"], id="a link in the place of a file"),
        pytest.param(DesiredFile("/etc/a"), LINK, ["replace"], id="a link in the place of an empty file"),
        pytest.param(DesiredFile("/etc/a", "directory", mode=0o755), FOLDER, [], id="directory"),
        pytest.param(DesiredFile("/etc/a", "directory", mode=0o755), ObservedFile(), ["create"], id="directory missing"),
        pytest.param(DesiredFile("/etc/a", "directory", mode=0o700), FOLDER, ["attributes"], id="directory with another mode"),
        pytest.param(DesiredFile("/etc/a", "link", target="old"), LINK, [], id="link"),
        pytest.param(DesiredFile("/etc/a", "link", target="new"), LINK, ["replace"], id="link elsewhere"),
        pytest.param(DesiredFile("/etc/a", "link", target="new"), PRESENT, ["replace"], id="a file in the place of a link"),
        pytest.param(DesiredFile("/etc/a", "absent"), ObservedFile(), [], id="already gone"),
        pytest.param(DesiredFile("/etc/a", "absent"), PRESENT, ["remove"], id="file to remove"),
        pytest.param(DesiredFile("/etc/a", "absent"), LINK, ["remove"], id="link to remove"),
        pytest.param(DesiredFile("/etc/a", "absent"), FOLDER, ["remove"], id="empty directory to remove"),
        pytest.param(DesiredFile("/gone/a", "absent"), ObservedFile(), [], id="gone with its directory"),
    ],
)
def test_plan(file: DesiredFile, now: ObservedFile, expected: list[str]) -> None:
    assert plan(file, now) == expected
    assert plan(file, now, check_mode=True) == expected


@pytest.mark.parametrize(
    ("file", "now", "message"),
    [
        (DesiredFile("/no/a"), ObservedFile(), "/no/a: its directory /no does not exist. List it before with state: directory, or install its package first."),
        (
            DesiredFile("/etc/a", owner="nobody-here"),
            ObservedFile(),
            "/etc/a: user nobody-here does not exist on this node. Create the user or install the package that brings it first.",
        ),
        (
            DesiredFile("/etc/a", group="nobody-here"),
            ObservedFile(),
            "/etc/a: group nobody-here does not exist on this node. Create the group or install the package that brings it first.",
        ),
    ],
)
def test_what_an_earlier_task_should_have_made_is_an_error_but_not_in_check_mode(file: DesiredFile, now: ObservedFile, message: str) -> None:
    with pytest.raises(CoreError) as error:
        plan(file, now)
    assert str(error.value) == message
    assert plan(file, now, check_mode=True) == ["create"]


@pytest.mark.parametrize(
    ("file", "now", "message"),
    [
        (ONE, FOLDER, "/etc/a is a directory, not a file, and is not replaced. Move it away first."),
        (ONE, ObservedFile(kind="other"), "/etc/a is something other than a regular file, not a file, and is not replaced. Move it away first."),
        (DesiredFile("/etc/a", "directory"), PRESENT, "/etc/a is a file, not a directory, and is not replaced. Move it away first."),
        (DesiredFile("/etc/a", "link", target="x"), FOLDER, "/etc/a is a directory, not a link, and is not replaced. Move it away first."),
        (
            DesiredFile("/etc/a", "absent"),
            ObservedFile(kind="directory", entries=3),
            "/etc/a is a directory with 3 entries and is not removed. Empty it first.",
        ),
    ],
)
def test_nothing_is_overwritten_that_is_of_another_kind(file: DesiredFile, now: ObservedFile, message: str) -> None:
    for check_mode in (False, True):
        with pytest.raises(CoreError) as error:
            plan(file, now, check_mode=check_mode)
        assert str(error.value) == message


def test_a_directory_listed_before_is_a_parent() -> None:
    desired = [DesiredFile("/etc/d", "directory", mode=0o755), DesiredFile("/etc/d/a", content=b"x")]
    observed = {file.path: ObservedFile() for file in desired}
    assert [change.desired.path for change in files.plan(desired, observed, accounts=ACCOUNTS, folders={"/etc"})] == ["/etc/d", "/etc/d/a"]
    with pytest.raises(CoreError, match="its directory /etc/d does not exist"):
        files.plan(list(reversed(desired)), observed, accounts=ACCOUNTS, folders={"/etc"})


HEAD = "# What Railyard put here. Of these files it removes those that it no longer lists, and no others."
HOOKS = DesiredFile("/etc/hooks.d", "directory", "slurm", "adm", 0o755, purge="slurm")
RECORD = "/etc/hooks.d/.slurm.railyard-files"


def hook(name: str, state: str = "file") -> DesiredFile:
    return DesiredFile(f"/etc/hooks.d/{name}", state)


def record(*names: str, text: str = "") -> files.Record:
    """The record of a task that lists ``names``, and a few files that it does not speak of."""
    others = [DesiredFile("/etc/hooks.d/sub", "directory"), DesiredFile("/etc/hooks.d/sub/deep"), DesiredFile("/etc/a"), hook("old", "absent")]
    (found,) = files.records([HOOKS, *map(hook, names), *others], {RECORD: text.encode()})
    return found


def test_a_directory_without_a_name_has_no_record() -> None:
    assert files.records([DesiredFile("/etc/hooks.d", "directory"), hook("10-a")], {}) == []


@pytest.mark.parametrize(
    ("text", "listed", "put", "gone"),
    [
        pytest.param("", ["10-a"], [], [], id="the first run knows of nothing"),
        pytest.param(f"{HEAD}\n10-a\n20-b\n", ["10-a", "20-b"], ["10-a", "20-b"], [], id="nothing new"),
        pytest.param(f"{HEAD}\n10-a\n20-b\n", ["30-c"], ["10-a", "20-b"], ["10-a", "20-b"], id="other ones"),
        pytest.param(f"{HEAD}\n10-a\n", [], ["10-a"], ["10-a"], id="none any more"),
        pytest.param(f"{HEAD}\nold\nsub\n10-a\n", ["10-a"], ["10-a", "old", "sub"], [], id="what is listed as something else is not ours to remove"),
        pytest.param("10-a", ["20-b"], ["10-a"], ["10-a"], id="without a head and a last line break"),
        pytest.param(f"{HEAD}\n../passwd\n/etc/passwd\n\n", [], [], [], id="names from elsewhere"),
        pytest.param(f"{HEAD}\n#a\na b\na\x0bb\u2028c\n", ["#a"], ["#a", "a b", "a\x0bb\u2028c"], ["a\x0bb\u2028c", "a b"], id="odd names"),
    ],
)
def test_what_a_directory_remembers(text: str, listed: list[str], put: list[str], gone: list[str]) -> None:
    found = record(*listed, text=text)
    assert (found.path, found.put, found.listed) == (RECORD, frozenset(put), frozenset(listed))
    assert found.gone == tuple(hook(name, "absent") for name in gone)


def test_a_record_reads_what_it_wrote() -> None:
    names = {"20-b", "10-a", "#c", "d e"}
    written = record().file(names)
    assert written == DesiredFile(RECORD, owner="slurm", group="adm", content=f"{HEAD}\n#c\n10-a\n20-b\nd e\n".encode())
    assert record(text=written.content.decode()).put == names


def test_a_name_reaches_the_directory() -> None:
    (entry,) = files.check_entries([{"path": "/etc/hooks.d", "state": "directory", "purge": "slurm"}])
    assert entry.file == DesiredFile("/etc/hooks.d", "directory", mode=0o755, purge="slurm")
    assert files.unpack(files.pack([HOOKS])) == [HOOKS]


def test_what_waits_is_told_from_what_is_there() -> None:
    assert files.is_staged(os.path.basename(files.staged_path("/etc/hooks.d/10-a")))
    assert [name for name in ("10-a", ".10-a", "10-a.railyard-staged", ".slurm.railyard-files") if files.is_staged(name)] == []


def test_links_are_remembered_too() -> None:
    (found,) = files.records([HOOKS, DesiredFile("/etc/hooks.d/10-a", "link", target="/x")], {RECORD: b""})
    assert found.listed == {"10-a"}


def test_each_name_and_each_directory_has_a_record_of_its_own() -> None:
    other = DesiredFile("/etc/other.d", "directory", purge="node_agent")
    desired = [HOOKS, other, hook("10-a"), DesiredFile("/etc/other.d/20-b")]
    found = files.records(desired, {RECORD: b"10-a\n", "/etc/other.d/.node_agent.railyard-files": b"10-a\n"})
    assert [([file.path for file in record.gone], sorted(record.listed)) for record in found] == [([], ["10-a"]), (["/etc/other.d/10-a"], ["20-b"])]


def test_what_is_gone_goes_last_and_only_while_it_is_a_file_or_a_link() -> None:
    gone = [hook(name, "absent") for name in ("file", "link", "missing", "folder", "full", "other")]
    kinds = (PRESENT, LINK, ObservedFile(), FOLDER, FULL, ObservedFile(kind="other"))
    observed = {ONE.path: ObservedFile(), **{file.path: now for file, now in zip(gone, kinds, strict=True)}}
    for check_mode in (False, True):
        changes = files.plan([ONE], observed, accounts=ACCOUNTS, folders={"/etc"}, gone=gone, check_mode=check_mode)
        assert [(change.desired.path, change.action, change.staged) for change in changes] == [
            ("/etc/a", "create", True),
            ("/etc/hooks.d/file", "remove", False),
            ("/etc/hooks.d/link", "remove", False),
        ]
    assert files.diff(changes[1]) == [{"before_header": "/etc/hooks.d/file", "after_header": "/etc/hooks.d/file", "before": "one\n", "after": ""}]


BASE: dict[str, t.Any] = {"path": "/etc/a", "content": "x"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "files: a list of files is needed."),
        ("/etc/a", "files: a list of files is needed."),
        (["/etc/a"], "files[0]: a dictionary with a path is needed, not a str."),
        ([BASE, BASE], "files[1]: /etc/a is listed twice. Keep one of them."),
        ([{**BASE, "modus": "x", "dest": "y"}], f"files[0]: unknown key dest, modus. Known are {', '.join(sorted(files.KEYS))}."),
        ([{"content": "x"}], "files[0]: path '' is not a plain absolute path. Write it from / on, without .., // or a slash at its end."),
        ([{**BASE, "path": "etc/a"}], "files[0]: path 'etc/a' is not a plain absolute path. Write it from / on, without .., // or a slash at its end."),
        ([{**BASE, "path": "/etc/../a"}], "files[0]: path '/etc/../a' is not a plain absolute path. Write it from / on, without .., // or a slash at its end."),
        ([{**BASE, "path": "/"}], "files[0]: path '/' is not a plain absolute path. Write it from / on, without .., // or a slash at its end."),
        ([{**BASE, "state": "there"}], "files[0]: state 'there' of /etc/a is unknown. Known are file, directory, absent, link."),
        ([{"path": "/etc/a"}], "files[0]: /etc/a needs exactly one of content, content_base64, template and source."),
        ([{**BASE, "template": "a.j2"}], "files[0]: /etc/a needs exactly one of content, content_base64, template and source."),
        ([{**BASE, "state": "absent"}], "files[0]: /etc/a has state absent, which takes no content."),
        ([{"path": "/etc/a", "state": "directory", "validate": "x %s"}], "files[0]: /etc/a has state directory, which takes no validate."),
        ([{"path": "/etc/a", "state": "link"}], "files[0]: /etc/a: target and state link belong together."),
        ([{**BASE, "target": "b"}], "files[0]: /etc/a: target and state link belong together."),
        ([{**BASE, "validate": "true"}], "files[0]: validate of /etc/a lacks %s. %s stands for the file to check."),
        (
            [{**BASE, "path": "/etc/a\nb"}],
            "files[0]: path '/etc/a\\nb' is not a plain absolute path. Write it from / on, without .., // or a slash at its end.",
        ),
        ([{**BASE, "purge": "slurm"}], "files[0]: /etc/a: purge belongs to state directory."),
        (
            [{"path": "/etc/d", "state": "directory", "purge": "slurm/x"}],
            "files[0]: purge 'slurm/x' of /etc/d is not a name. Name who lists the files, in lower-case letters, digits and _.",
        ),
        ([{**BASE, "vars": "x"}], "files[0]: vars of /etc/a is not a dictionary."),
        ([{**BASE, "mode": 420}], 'files[0]: mode 420 of /etc/a is not an octal number in quotes. Write it as "0644".'),
        ([{**BASE, "mode": "u=rw"}], "files[0]: mode 'u=rw' of /etc/a is not an octal number in quotes. Write it as \"0644\"."),
        ([{**BASE, "mode": "0999"}], "files[0]: mode '0999' of /etc/a is not an octal number in quotes. Write it as \"0644\"."),
    ],
)
def test_what_a_task_cannot_mean(given: t.Any, message: str) -> None:
    with pytest.raises(CoreError) as error:
        files.check_entries(given)
    assert str(error.value) == message


def test_defaults() -> None:
    file, folder, empty = files.check_entries([BASE, {"path": "/etc/d", "state": "directory"}, {"path": "/etc/e", "content": "", "mode": "600", "owner": None}])
    assert file.file == DesiredFile("/etc/a", "file", "root", "root", 0o644)
    assert (file.origin, file.value) == ("content", "x")
    assert folder.file == DesiredFile("/etc/d", "directory", "root", "root", 0o755)
    assert (empty.origin, empty.value, empty.file.mode, empty.file.owner) == ("content", "", 0o600, "root")


@pytest.mark.parametrize(("value", "expected"), [("text\n", b"text\n"), ("", b""), (7, b"7"), ("ü", "ü".encode())])
def test_text_content(value: t.Any, expected: bytes) -> None:
    assert files.text_content(value, "/etc/a") == expected


@pytest.mark.parametrize("value", [{"a": 1}, [1], True])
def test_data_is_not_text(value: t.Any) -> None:
    with pytest.raises(CoreError, match=r"^content of /etc/a is not text. Turn data into text with a filter, for example to_nice_json.$"):
        files.text_content(value, "/etc/a")


def test_base64_content() -> None:
    assert files.base64_content("AAH/Cg==", "/etc/a") == b"\x00\x01\xff\n"


@pytest.mark.parametrize("value", ["no base64!", "AAH/Cg", 7, ["AAH/Cg=="]])
def test_what_is_not_base64_is_refused(value: t.Any) -> None:
    with pytest.raises(CoreError, match=r"^content_base64 of /etc/a is not base64"):
        files.base64_content(value, "/etc/a")


@given(st.lists(st.builds(DesiredFile, path=st.text(), content=st.binary(), mode=st.integers(0, 0o7777), validate=st.text())))
def test_what_is_packed_arrives(desired: list[DesiredFile]) -> None:
    payload = files.pack(desired)
    assert payload.isascii()
    assert files.unpack(payload) == desired


def test_staged_content_is_hidden_and_has_no_suffix_of_its_own() -> None:
    assert files.staged_path("/etc/ssh/sshd_config.d/railyard.conf") == "/etc/ssh/sshd_config.d/.railyard.conf.railyard-staged"


def test_diff_shows_content_and_attributes() -> None:
    change = FileChange(DesiredFile("/etc/a", content=b"two\n", mode=0o600, owner="munge"), PRESENT, "replace")
    content, attributes = files.diff(change)
    assert (content["before"], content["after"], content["after_header"]) == ("one\n", "two\n", "/etc/a")
    assert attributes["before"] == "owner: root\ngroup: root\nmode: 0644\n"
    assert attributes["after"] == "owner: munge\ngroup: root\nmode: 0600\n"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (FileChange(DesiredFile("/etc/a", "absent"), PRESENT, "remove"), [("one\n", "")]),
        (FileChange(DesiredFile("/etc/a", "link", target="new"), LINK, "replace"), [("link to old\n", "link to new\n")]),
        (FileChange(DesiredFile("/etc/a", content=b"\0\1"), PRESENT, "replace"), [("one\n", "(2 bytes, not shown)\n")]),
        (FileChange(DesiredFile("/etc/a", content=b"x" * 100_001), PRESENT, "replace"), [("one\n", "(100001 bytes, not shown)\n")]),
        (
            FileChange(DesiredFile("/etc/a", "directory", mode=0o755), ObservedFile(), "create"),
            [("", "directory\n"), ("", "owner: root\ngroup: root\nmode: 0755\n")],
        ),
        (
            FileChange(DesiredFile("/etc/a", content=b"one\n", mode=0o600), PRESENT, "attributes"),
            [("owner: root\ngroup: root\nmode: 0644\n", "owner: root\ngroup: root\nmode: 0600\n")],
        ),
    ],
)
def test_diff(change: FileChange, expected: list[tuple[str, str]]) -> None:
    assert [(side["before"], side["after"]) for side in files.diff(change)] == expected
